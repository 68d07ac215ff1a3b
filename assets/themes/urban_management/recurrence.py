"""Cases of one type that lie near one another in space and time (domain rules E8).

Near are cases at most REACH apart and at most DAYS after one another; both limits count. Positions are whole centimetres in the plane of
EPSG:4549 and moments whole seconds, so that exactly 50 m and exactly 30 days are neither more nor less. Here: pairs of near cases, and the
units of touch declarations that follow from them. Not here: what recurrence means (`case`, `hot_spot`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.touch import named
from standards.coordinates import to_gk
from standards.dates import seconds

REACH, DAYS = 50, 30
"""Metres, days."""
CENTIMETRES, DAY = 100, 86_400
MANY = 3
"""Cases near one another, from which on a problem recurs at a place."""
SIDE = 1000
"""Cells per degree: in the city each is more than REACH wide, so that near cases lie in the same cell or in neighbours."""
ROW = 1 << 20
"""Cells are numbered row by row of so many."""
AROUND = tuple(row * ROW + column for row in (-1, 0, 1) for column in (-1, 0, 1))


def centimetres() -> tuple[Column, Column]:
    """Easting and northing of the columns lon and lat, whole centimetres; NULL without a position."""
    east, north = to_gk(F.col("lon").cast("double"), F.col("lat").cast("double"))
    return F.round(east * CENTIMETRES).cast("bigint"), F.round(north * CENTIMETRES).cast("bigint")


def cell() -> Column:
    """The number of the cell in which the columns lon and lat lie."""
    return F.floor(F.col("lat") * SIDE).cast("bigint") * ROW + F.floor(F.col("lon") * SIDE).cast("bigint")


def _span() -> Column:
    """The number of the 30 days in which a case was found: near cases lie in the same or in the next."""
    days = F.datediff(F.col("found_time").cast("date"), F.lit("2000-01-01").cast("date"))
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
    """Pairs of cases of one type that are at most REACH apart, each pair in both orders, whatever lies between them in time.

    Args:
        cases: columns case_no, problem_type, lon, lat, found_time; those without one of them are near none. More columns are kept.

    Returns:
        The columns of the one, those of the other as other_<column>, and `elapsed`: seconds from the other to the one.
    """
    x, y = centimetres()
    known = cases.withColumns({"x": x, "y": y, "at": seconds(F.col("found_time")), "cell": cell()})
    known = known.dropna(subset=["problem_type", "cell", "at"])
    others = known.select([F.col(c).alias(f"other_{c}") for c in known.columns]).withColumn(
        "other_cell", F.explode(F.array(*[F.col("other_cell") + step for step in AROUND]))
    )
    same = [F.col("problem_type") == F.col("other_problem_type"), F.col("cell") == F.col("other_cell")]
    across, along = F.col("x") - F.col("other_x"), F.col("y") - F.col("other_y")
    reach = REACH * CENTIMETRES
    return (
        known.join(others, same)
        .where((F.col("case_no") != F.col("other_case_no")) & (across * across + along * along <= reach * reach))
        .withColumn("elapsed", F.col("at") - F.col("other_at"))
        .drop("cell", "other_cell", "x", "y", "at", "other_x", "other_y", "other_at", "other_problem_type")
    )
