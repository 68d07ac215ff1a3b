"""Places where a problem recurs, which get new cameras: three cases of one type within 50 m and 30 days (domain rules E8).

Here: `hot_spot`. Each has the case with which most had come together as its middle; of two such cases that are near one another the one
with more cases is the middle, then the later one, then the one with the lesser number. So no two hot spots of a type are near one another.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.dates import month_of
from assets.declare import lake_asset, table
from assets.joins import anti_join, left_join_lookup
from assets.themes.urban_management.recurrence import around, near_cases, placed
from assets.touch import own

HOT_SPOT = (
    "case_no", "problem_type", "month", "lon", "lat", "county6", "town", "grid_no", "cases", "found_since", "found_time", "case_nos",
)  # fmt: skip


def lesser(recurring: DataFrame) -> DataFrame:
    """Of every two near ones the case that is not the middle: case_no."""
    sizes = recurring.select("case_no", F.size("repeats").alias("size"), "found_time")
    others = sizes.withColumnsRenamed({c: f"other_{c}" for c in sizes.columns})
    near = near_cases(recurring).transform(left_join_lookup, sizes, "case_no").transform(left_join_lookup, others, "other_case_no")
    same_time = F.col("found_time") == F.col("other_found_time")  # the later one is then the one with the greater number
    other_stands = (F.col("other_size") > F.col("size")) | ((F.col("other_size") == F.col("size")) & same_time)
    return near.select(F.when(other_stands, F.col("case_no")).otherwise(F.col("other_case_no")).alias("case_no")).distinct()


@lake_asset("themes/urban_management/hot_spot", unit=placed, touch={"case": own(around, connects=False)})
def hot_spot(case: DataFrame = table("themes/urban_management/case")) -> DataFrame:
    """One row per hot spot, key case_no, the case in its middle; columns HOT_SPOT."""
    recurring = case.where("recurring")
    return (
        anti_join(recurring, lesser(recurring), ["case_no"])
        .withColumn("month", month_of("found_time"))
        .withColumn("cases", F.size("repeats") + 1)
        .withColumn("found_since", F.col("repeats_since"))
        .withColumn("case_nos", F.sort_array(F.concat(F.col("repeats"), F.array("case_no"))))
        .select(*HOT_SPOT)
    )
