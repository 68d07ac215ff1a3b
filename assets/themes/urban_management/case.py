"""Cases: where each lies, whether it was dealt with in time, and which earlier cases it repeats (domain rules E8).

Here: `case`. Not here: which cases are near one another (`recurrence`), what is counted of them (`evaluation`).
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.geography.points import towns
from assets.dates import happened
from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.flags import flags
from assets.joins import left_join_lookup
from assets.places import within
from assets.themes.urban_management.recurrence import MANY, around, near_cases, placed
from assets.touch import Turn, own
from standards.moments import seconds
from standards.tables import looked_up

KINDS = {"C": "COMPONENT", "E": "EVENT"}
MOMENTS = ("found_time", "accept_time", "file_time", "dispatch_time", "finish_time", "check_time", "close_time")
"""What has happened to a case; the time at which it is due lies ahead."""
YES = "1"
ON_TIME, LATE, OVERDUE, PENDING = "ON_TIME", "LATE", "OVERDUE", "PENDING"
HOUR = 3600
CASE = (
    "case_no", "source", "problem_type", "kind", "unit", "lon", "lat", "county6", "town", "grid_no", "component_no", *MOMENTS, "due_time",
    "state", "outcome", "late_hours", "postponed", "return_count", "satisfied", "repeats", "repeats_since", "repeated", "recurring",
    "flags", "_source_file", "_row_no", "_batch_id",
)  # fmt: skip


def outcome(as_of: date) -> Column:
    """What has become of a case when it was due: it is due on the day of due_time, that of the night included."""
    due = F.col("due_time").cast("date") <= F.lit(as_of)
    in_time = F.coalesce(F.col("finish_time") <= F.col("due_time"), F.lit(False))
    closed = F.col("close_time").isNotNull()
    return F.when(~due, PENDING).when(due & closed & in_time, ON_TIME).when(due & closed, LATE).when(due, OVERDUE)


def with_place(cases: DataFrame, division: DataFrame, grid: DataFrame) -> DataFrame:
    """town, grid_no and county6 of a position; without one, or outside the city, the county is the one that was stated. flags."""
    stated = cases.withColumnRenamed("grid_no", "_grid_stated")
    found = within(within(stated, towns(division), "town"), grid.select("grid_no", "geometry"), "grid_no")
    nowhere, inside = F.col("lon").isNull() | F.col("lat").isNull(), F.col("town").isNotNull()
    county = F.substring("town", 1, 6)
    conditions = {
        "NO_POSITION": nowhere,
        "OUTSIDE_CITY": ~nowhere & ~inside,
        "OTHER_COUNTY": county != F.col("division_county"),
        "OTHER_GRID": F.col("grid_no") != F.col("_grid_stated"),
        "FINISH_BEFORE_REPORT": F.col("_too_early"),
    }
    return found.withColumn("county6", F.coalesce(county, "division_county")).withColumn("flags", flags(conditions))


def repetitions(cases: DataFrame) -> DataFrame:
    """Per case that repeats others: these (`repeats`), found at most DAYS before it, and when the first of them was found."""
    found = cases.select(F.col("case_no").alias("other_case_no"), F.col("found_time").alias("other_found_time"))
    return (
        near_cases(cases)
        .transform(left_join_lookup, found, "other_case_no")
        .groupBy("case_no")
        .agg(F.sort_array(F.collect_list("other_case_no")).alias("repeats"), F.min("other_found_time").alias("repeats_since"))
    )


@lake_asset(
    "themes/urban_management/case",
    unit=placed,
    touch={"case": own(around, connects=False, turns=tuple(Turn(c) for c in (*MOMENTS, "due_time")))},
)
def case(
    case: DataFrame = cleansed("urban_management/case"),
    division: DataFrame = table("base/geography/division"),
    grid: DataFrame = table("base/geography/grid"),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per case, key case_no, columns CASE. What is said to have happened after the night has not happened: NULL.

    Nor is a case disposed of before it was reported: when it was is not known then, and nobody can say that it was in time.
    """
    known = case.withColumns({c: F.when(happened(c, as_of), F.col(c)) for c in MOMENTS})
    too_early = F.coalesce(F.col("finish_time") < F.col("found_time"), F.lit(False))
    known = known.withColumn("_too_early", too_early).withColumn("finish_time", F.when(~F.col("_too_early"), F.col("finish_time")))
    late = seconds(F.col("finish_time")) - seconds(F.col("due_time"))
    return (
        left_join_lookup(known, repetitions(known), "case_no")
        .transform(with_place, division, grid)
        .withColumn("kind", looked_up(KINDS, F.substring("problem_type", 1, 1)))
        .withColumn("outcome", outcome(as_of))
        .withColumn("late_hours", F.when((F.col("outcome") == LATE) & (late > 0), ((late - late % HOUR) / HOUR).cast("int")))
        .withColumn("postponed", F.col("postponed") == YES)
        .withColumn("satisfied", F.col("satisfied") == YES)
        .withColumn("repeats", F.coalesce("repeats", F.array().cast("array<string>")))
        .withColumn("repeated", F.size("repeats") > 0)
        .withColumn("recurring", F.size("repeats") + 1 >= MANY)
        .select(*CASE)
    )
