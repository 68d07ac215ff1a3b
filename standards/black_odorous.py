"""Black-odorous waters: how bad a reading, a point, a reach and a water body is.

Here: functions of Columns over standards/ecology/black_odorous_limit.csv. Levels are 0 (none), 1 (LIGHT) and 2 (HEAVY); items sd_cm
(transparency, cm), do (mg/L), orp_mv (mV), nh3n (mg/L). Not here: which readings belong to a period (`assets.themes.ecology`).
Source: 城市黑臭水体整治工作指南 (建城〔2015〕130号) table 1; domain rules E4.3. Where the water is shallower than 25 cm, the limit
of transparency is 40 % of the depth. The same rule at the level LIGHT, for bodies after treatment, is the project's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.tables import rows

ITEMS = ("sd_cm", "do", "orp_mv", "nh3n")
GRADES = {2: "HEAVY", 1: "LIGHT", 0: "NONE"}
ONE_ITEM, TWO_ITEMS, BODY = 60, 30, 60
"""Percent of the readings of one item, of each of two items, and of the points of a body."""
LEAST_READINGS, LEAST_POINTS, REACH = 3, 3, 3


def reading_level(item: str, value: Column, depth: Column) -> Column:
    """The level of a reading, int; NULL without a value. depth: of the water, cm; NULL when it is not known."""
    found = F.when(value.isNull(), F.lit(None).cast("int"))
    for row in rows("ecology/black_odorous_limit"):
        if row["item"] == item:
            found = found.when(_reached(row, value, depth), {name: level for level, name in GRADES.items()}[row["level"]])
    return found.otherwise(0)


def _reached(row: Mapping[str, str], value: Column, depth: Column) -> Column:
    limit = F.lit(Decimal(row["below"] or row["above"]))
    if row["shallow_cm"]:
        shallow = depth * F.lit(Decimal(row["shallow_share"]))
        limit = F.when(depth < int(row["shallow_cm"]), F.least(limit, shallow)).otherwise(limit)
    beyond = value < limit if row["below"] else value > limit
    return beyond | (value == limit) if row["including"] == "1" else beyond


def point_level(readings: Mapping[str, Column], levels: Mapping[tuple[str, int], Column]) -> Column:
    """The level of a point: one item with 60 % of its readings, or two with 30 %, at a level or worse; int, NULL without readings.

    Args:
        readings: item -> number of its readings.
        levels: (item, level) -> number of its readings at this level or a worse one.
    """
    found = F.when(F.greatest(*readings.values()) == 0, F.lit(None).cast("int"))
    for level in (2, 1):
        found = found.when(_holds(readings, {item: levels[item, level] for item in readings}), level)
    return found.otherwise(0)


def _holds(readings: Mapping[str, Column], reached: Mapping[str, Column]) -> Column:
    def share(item: str, percent: int) -> Column:
        return (readings[item] > 0) & (reached[item] * 100 >= readings[item] * percent)

    several = sum((F.when(share(item, TWO_ITEMS), 1).otherwise(0) for item in readings), F.lit(0))
    return reduce(Column.__or__, [share(item, ONE_ITEM) for item in readings], several >= 2)


def reach_level(before: Sequence[Column], level: Column, after: Sequence[Column]) -> Column:
    """The level of the reach around a point: of three consecutive points the least, of the triples with the point the greatest; int.

    Args:
        before: levels of the second and of the first point before it, 0 where there is none.
        level: of the point.
        after: levels of the first and of the second point after it.
    """
    line = [*before, level, *after]
    return F.greatest(*[F.least(*line[n : n + REACH]) for n in range(REACH)])


def body_level(points: Column, light: Column, heavy: Column, reach: Column) -> Column:
    """The level of a water body: 60 % of its points at a level; one with a black-odorous reach is at least light; int, NULL without points.

    Args:
        points: number of points with a level.
        light: of them, those that are light or heavy.
        heavy: of them, those that are heavy.
        reach: the worst level of its reaches.
    """
    return (
        F.when(points == 0, F.lit(None).cast("int"))
        .when(heavy * 100 >= points * BODY, 2)
        .when((light * 100 >= points * BODY) | (reach > 0), 1)
        .otherwise(0)
    )


def grade(level: Column) -> Column:
    """The grade of a level: HEAVY, LIGHT, NONE."""
    return F.coalesce(*[F.when(level == number, name) for number, name in GRADES.items()])
