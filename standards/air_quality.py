"""Ambient air: indices (IAQI, AQI), primary pollutants, grades, limits, validity of means, percentiles, the composite index.

Here: functions of Columns over tables in standards/ecology, whose rows carry edition, dates and source. Items are so2, no2, pm10, pm25,
o3 (µg/m³) and co (mg/m³); averaging is 1H, 8H or 24H, of limits YEAR as well. Not here: which hours count
(`assets.themes.ecology.quality_control`), means of stations and cities (`assets.themes.ecology.air`).
Source: HJ 633-2012 and HJ 633-2026 (indices), GB 3095-2012 and GB 3095-2026 (limits, validity), HJ 663-2013 (percentiles, composite
index); domain rules E4.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache, reduce
from itertools import pairwise
from math import lcm
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.rounding import half_even, scaled, shifted, up
from standards.tables import rows

ITEMS = ("so2", "no2", "pm10", "pm25", "co", "o3")
DECIMALS = {row["item"]: int(row["decimals"]) for row in rows("ecology/air_statistic")}
"""Decimals of a concentration, which is rounded before its index is reckoned."""
PERCENTILES = {row["item"]: int(row["percentile"]) for row in rows("ecology/air_statistic") if row["percentile"]}
"""Items whose month and year are a percentile of the days, in percent; the others are means."""
LIMIT_OF = {row["item"]: row["limit_averaging"] for row in rows("ecology/air_statistic")}
"""Averaging of the limit that the value of a month or year is held against."""
VALIDITY = {row["mean"]: int(row["least"]) for row in rows("ecology/air_validity")}
"""Kind of mean -> the least number of values that it needs."""
GRADES = tuple((row["grade"], int(row["aqi_to"]) if row["aqi_to"] else None) for row in rows("ecology/air_grade"))
GOOD_AQI, CLEAN_AQI = 100, 50
WINDOWS = range(7, 24)
"""Last hours of the 17 means over eight hours that belong to a day, 00-07 to 16-23."""
WINDOW, CLASS = 8, 2


class Segment(NamedTuple):
    """A piece of the line from concentrations, thousandths, to indices. high: None above the last break point, where the index stays."""

    edition: str
    valid_from: date | None
    valid_to: date | None
    daily: bool
    low: int
    high: int | None
    iaqi_low: int
    iaqi_high: int


def _thousandths(value: str) -> int | None:
    return round(float(value) * 1000) if value else None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@cache
def segments(item: str, averaging: str) -> tuple[Segment, ...]:
    """The pieces of all editions, each edition's from the lowest on."""
    found = [row for row in rows("ecology/air_break_point") if (row["item"], row["averaging"]) == (item, averaging)]
    return tuple(
        Segment(
            high["edition"], _day(high["valid_from"]), _day(high["valid_to"]), high["daily"] == "1",
            _thousandths(low["value"]) or 0, _thousandths(high["value"]), int(low["iaqi"]), int(high["iaqi"]),
        )
        for low, high in pairwise(found)
        if low["edition"] == high["edition"]
    )  # fmt: skip


def during(day: Column, valid_from: date | None, valid_to: date | None) -> Column:
    """Whether something was valid on a date; both days included, None for always."""
    limits = [day >= F.lit(valid_from)] * bool(valid_from) + [day <= F.lit(valid_to)] * bool(valid_to)
    return reduce(Column.__and__, limits, day.isNotNull())


def edition(day: Column) -> Column:
    """The edition of HJ 633 by which an index of the day is made."""
    editions = {s.edition: (s.valid_from, s.valid_to) for s in segments("pm25", "24H")}
    return F.coalesce(*[F.when(during(day, *dates), name) for name, dates in editions.items()])


def iaqi(item: str, averaging: str, concentration: Column, day: Column, *, daily: bool = False) -> Column:
    """The individual index of a rounded concentration, int: interpolated between its break points and rounded up.

    Args:
        item: one of ITEMS.
        averaging: 1H, 8H or 24H.
        concentration: in the item's unit; NULL and below 0 have no index.
        day: decides on the edition.
        daily: only what counts for the index of a day: of ozone, the edition of 2026 leaves the greatest hour out.

    Returns:
        NULL above the last break point of SO2 1H and O3 8H in the edition of 2012, which has the 24 hours and the hour decide; the
        edition of 2026 has 200 and 300 there.
    """
    thousandths = scaled(concentration, 3)
    found = F.when(thousandths < 0, F.lit(None).cast("int"))
    for valid_from, valid_to, piece in ((s.valid_from, s.valid_to, s) for s in segments(item, averaging) if s.daily or not daily):
        within = thousandths <= piece.high if piece.high is not None else F.lit(True)
        found = found.when(during(day, valid_from, valid_to) & within, _interpolated(thousandths, piece))
    return F.when(concentration.isNotNull(), found.otherwise(None)).cast("int")


def _interpolated(thousandths: Column, piece: Segment) -> Column:
    if piece.high is None:
        return F.lit(piece.iaqi_high).cast("bigint")
    steps = (thousandths - piece.low) * (piece.iaqi_high - piece.iaqi_low)
    return up(steps, F.lit(piece.high - piece.low).cast("bigint")) + piece.iaqi_low


def aqi(indices: Mapping[str, Column]) -> Column:
    """The index of a day: the greatest of those that are there, int; without all six items only when it is above GOOD_AQI.

    indices: name -> individual index; of ozone o3_1h and o3_8h, of which one is enough.
    """
    greatest = F.greatest(*indices.values())
    items = {name: name.partition("_")[0] for name in indices}
    there = [F.coalesce(*[indices[n] for n, i in items.items() if i == item], F.lit(None).cast("int")).isNotNull() for item in ITEMS]
    return F.when(reduce(Column.__and__, there) | (greatest > GOOD_AQI), greatest).cast("int")


def primary(indices: Mapping[str, Column]) -> Column:
    """The primary pollutants: the items with the greatest index when that is above CLEAN_AQI; array<string>, in the order of ITEMS."""
    greatest = F.greatest(*indices.values())
    items = {name: name.partition("_")[0] for name in indices}
    named = [F.when((indices[n] == greatest) & (greatest > CLEAN_AQI), items[n]) for i in ITEMS for n in indices if items[n] == i]
    return F.array_distinct(F.array_compact(F.array(*named)))


def grade(index: Column) -> Column:
    """The grade of an AQI: EXCELLENT, GOOD, LIGHT, MODERATE, HEAVY, SEVERE."""
    found = F.when(index.isNull(), F.lit(None).cast("string"))
    for name, most in GRADES:
        found = found.when(index <= most if most is not None else F.lit(True), name)
    return found


def limits(item: str, averaging: str) -> Iterator[tuple[date | None, date | None, int]]:
    """(valid_from, valid_to, limit of class II) by edition."""
    for row in rows("ecology/air_limit"):
        if (row["item"], row["averaging"], row["class"]) == (item, averaging, str(CLASS)):
            yield _day(row["valid_from"]), _day(row["valid_to"]), int(row["value"])


def limit(item: str, averaging: str, day: Column) -> Column:
    """The limit of class II (residential areas) that is valid on a date, in the item's unit, int."""
    return F.coalesce(*[F.when(during(day, start, end), value) for start, end, value in limits(item, averaging)])


def daily_max_8h(totals: Sequence[Column], counts: Sequence[Column], day: Column) -> Column:
    """The greatest mean of ozone over eight hours of a day, µg/m³, rounded; NULL when it is not valid.

    Args:
        totals: of the valid hours of each window (WINDOWS), in their order.
        counts: of the same.
        day: decides on the limit.

    Returns:
        decimal(18,0). It needs 14 of the 17 means, each of at least 6 hours; with fewer it is valid when it is above the limit.
    """
    means = [F.when(n >= VALIDITY["8H"], half_even(scaled(t, 3), n.cast("bigint") * 1000)) for t, n in zip(totals, counts, strict=True)]
    there = reduce(Column.__add__, [F.when(m.isNotNull(), 1).otherwise(0) for m in means])
    greatest = F.greatest(*means)
    return F.when((there >= VALIDITY["8H_DAY"]) | (greatest > limit("o3", "8H", day)), shifted(greatest, 0))


def days_needed(period_kind: str, first: Column) -> Column:
    """The least number of valid days of a month or year that begins on a date."""
    month = F.when(F.date_format(first, "MM") == "02", VALIDITY["FEBRUARY"]).otherwise(VALIDITY["MONTH"])
    return month if period_kind == "month" else F.lit(VALIDITY["YEAR"])


def composite_index(values: Mapping[str, Column], day: Column) -> Column:
    """The composite index of a month or year: the sum of values over their limits of class II; decimal(18,2), NULL when one is missing.

    Args:
        values: item -> its mean or percentile, rounded; all of ITEMS.
        day: the last of the period, which decides on the limits.
    """
    editions: dict[tuple[date | None, date | None], dict[str, int]] = {}
    for start, end in dict.fromkeys((start, end) for i in ITEMS for start, end, _ in limits(i, LIMIT_OF[i])):
        found = {i: value for i in ITEMS for a, b, value in limits(i, LIMIT_OF[i]) if (a, b) == (start, end)}
        editions[start, end] = found
    return F.coalesce(*[F.when(during(day, *dates), _sum_of_shares(values, found)) for dates, found in editions.items()])


def _sum_of_shares(values: Mapping[str, Column], limits: Mapping[str, int]) -> Column:
    """In whole numbers over the least common multiple of the limits, rounded once."""
    whole = lcm(*limits.values())
    above = reduce(Column.__add__, [scaled(values[i], 1) * (whole // limits[i]) for i in ITEMS])
    return shifted(half_even(above * 100, F.lit(whole * 10).cast("bigint")), 2)
