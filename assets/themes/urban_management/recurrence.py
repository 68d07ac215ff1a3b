"""Cases of one type that lie near one another in space and time (domain rules E8).

Near are cases at most REACH apart and at most DAYS after one another; both limits count. Here: pairs of near cases, and the units of touch
declarations that follow from them. Not here: how near rows are found (`assets.nearby`), what recurrence means (`case`, `hot_spot`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.nearby import EARLIER, LATER, pairs
from assets.touch import named
from standards.moments import day_number

REACH, DAYS = 50, 30
"""Metres, days."""
DAY = 86_400
MANY = 3
"""Cases near one another, from which on a problem recurs at a place."""
SIDE = 1000
"""Cells per degree: in the city each is more than REACH wide, so that near cases lie in the same cell or in neighbours."""
ROW = 1 << 20
"""Cells are numbered row by row of so many."""
AROUND = tuple(row * ROW + column for row in (-1, 0, 1) for column in (-1, 0, 1))


def cell() -> Column:
    """The number of the cell in which the columns lon and lat lie."""
    return F.floor(F.col("lat") * SIDE).cast("bigint") * ROW + F.floor(F.col("lon") * SIDE).cast("bigint")


def _span() -> Column:
    """The number of the 30 days in which a case was found: near cases lie in the same or in the next."""
    days = day_number(F.col("found_time").cast("date"))
    return ((days - F.pmod(days, F.lit(DAYS))) / DAYS).cast("bigint")


def _unit(at: Column, span: Column) -> Column:
    return F.concat(F.lit("place:"), "problem_type", F.lit("|"), at.cast("string"), F.lit("|"), span.cast("string"))


def placed() -> Column:
    """The unit of a case: its type, cell and 30 days; one without type, position or moment is a unit of its own."""
    return named(F.coalesce(_unit(cell(), _span()), F.concat(F.lit("case:"), "case_no")))


def around() -> Column:
    """The units in which a case may be near another, and that of its own."""
    at, span = cell(), _span()
    near = [_unit(at + step, span + later) for step in AROUND for later in (-1, 0, 1)]
    return named(*near, F.concat(F.lit("case:"), "case_no"))


def near_cases(cases: DataFrame) -> DataFrame:
    """Pairs of cases of one type that are near one another, each pair once: case_no of the later one, other_case_no of the earlier one.

    Args:
        cases: columns case_no, problem_type, lon, lat, found_time; those without one of them are near none.
    """
    found = pairs(cases, "case_no", "found_time", metres=REACH, within_seconds=DAYS * DAY, same=("problem_type",))
    return found.select(F.col(LATER).alias("case_no"), F.col(EARLIER).alias("other_case_no"))
