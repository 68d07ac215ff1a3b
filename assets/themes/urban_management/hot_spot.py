"""Places where a problem recurs, which get new cameras: three cases of one type within 50 m and 30 days (domain rules E8).

Here: `hot_spot`. Each has the case with which most had come together as its middle; of two such cases that are near one another the one
with more cases is the middle, then the later one, then the one with the lesser number. So no two hot spots of a type are near one another.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import lake_asset, table
from assets.joins import anti_join
from assets.themes.urban_management.recurrence import DAY, DAYS, around, near_cases, placed
from assets.touch import own

HOT_SPOT = (
    "case_no", "problem_type", "month", "lon", "lat", "county6", "town", "grid_no", "cases", "found_since", "found_time", "case_nos",
)  # fmt: skip


def _greater(one: str, other: str) -> Column:
    """Whether the other case is the middle rather than the one."""
    more, less = (F.size(F.col(f"{c}repeats")) for c in (other, one))
    later, number = F.col("elapsed") < 0, F.col(f"{other}case_no") < F.col(f"{one}case_no")
    return (more > less) | ((more == less) & (later | ((F.col("elapsed") == 0) & number)))


@lake_asset("themes/urban_management/hot_spot", unit=placed, touch={"case": own(around, connects=False)})
def hot_spot(case: DataFrame = table("themes/urban_management/case")) -> DataFrame:
    """One row per hot spot, key case_no, the case in its middle; columns HOT_SPOT."""
    recurring = case.where("recurring")
    kept = ("case_no", "problem_type", "lon", "lat", "found_time", "repeats")
    near = near_cases(recurring.select(*kept)).where(F.abs("elapsed") <= DAYS * DAY)
    lesser = near.where(_greater("", "other_")).select("case_no").distinct()
    return (
        anti_join(recurring, lesser, ["case_no"])
        .withColumn("month", F.date_format("found_time", "yyyyMM"))
        .withColumn("cases", F.size("repeats") + 1)
        .withColumn("found_since", F.col("repeats_since"))
        .withColumn("case_nos", F.sort_array(F.concat(F.col("repeats"), F.array("case_no"))))
        .select(*HOT_SPOT)
    )
