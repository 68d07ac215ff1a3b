"""Places where a problem recurs, which get new cameras: three cases of one type within 50 m and 30 days (domain rules E8).

Here: `hot_spot`, and the camera that is nearest to each. A hot spot has the case with which most had come together as its middle; of two
such cases that are near one another the one with more cases is the middle, then the later one, then the one with the lesser number. So no
two hot spots of a type are near one another.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.dates import month_of
from assets.declare import cleansed, lake_asset, table
from assets.joins import anti_join, left_join_lookup
from assets.places import nearest, of_points
from assets.themes.urban_management.recurrence import around, near_cases, placed
from assets.touch import own

HOT_SPOT = (
    "case_no", "problem_type", "month", "lon", "lat", "county6", "town", "grid_no", "cases", "found_since", "found_time", "case_nos",
    "camera_no", "camera_m", "camera_state", "watched",
)  # fmt: skip
LOOKED_FOR, WATCHES = 500.0, 50.0
"""Metres up to which a camera is looked for; at which one watches a place (a figure of the city's own)."""
REMOVED = "REMOVED"


def lesser(recurring: DataFrame) -> DataFrame:
    """Of every two near ones the case that is not the middle: case_no."""
    sizes = recurring.select("case_no", F.size("repeats").alias("size"), "found_time")
    others = sizes.withColumnsRenamed({c: f"other_{c}" for c in sizes.columns})
    near = near_cases(recurring).transform(left_join_lookup, sizes, "case_no").transform(left_join_lookup, others, "other_case_no")
    same_time = F.col("found_time") == F.col("other_found_time")  # the later one is then the one with the greater number
    other_stands = (F.col("other_size") > F.col("size")) | ((F.col("other_size") == F.col("size")) & same_time)
    return near.select(F.when(other_stands, F.col("case_no")).otherwise(F.col("other_case_no")).alias("case_no")).distinct()


def with_camera(spots: DataFrame, camera: DataFrame) -> DataFrame:
    """camera_no, camera_m and camera_state of the nearest camera that stands, and watched; all NULL when no camera is known at all."""
    standing = camera.where(F.coalesce(F.col("state") != REMOVED, F.lit(True)) & F.col("lon").isNotNull() & F.col("lat").isNotNull())
    points = standing.select("point_no", of_points().alias("geometry"))
    states = standing.select(F.col("point_no").alias("camera_no"), F.col("state").alias("camera_state"))
    any_known = camera.agg((F.count(F.lit(1)) > 0).alias("_known"))
    near = nearest(spots, points, "point_no", LOOKED_FOR, name="camera").withColumnRenamed("camera", "camera_no")
    found = any_known.crossJoin(near).transform(left_join_lookup, states, "camera_no")
    watched = F.coalesce(F.col("camera_m") <= WATCHES, F.lit(False))
    return found.withColumn("camera_m", F.col("camera_m").cast("decimal(6,2)")).withColumn("watched", F.when(F.col("_known"), watched))


@lake_asset("themes/urban_management/hot_spot", unit=placed, touch={"case": own(around, connects=False)})
def hot_spot(
    case: DataFrame = table("themes/urban_management/case"), camera: DataFrame = cleansed("public_security/video_point", optional=True)
) -> DataFrame:
    """One row per hot spot, key case_no, the case in its middle; columns HOT_SPOT. A camera that changes concerns all of them."""
    recurring = case.where("recurring")
    return (
        anti_join(recurring, lesser(recurring), ["case_no"])
        .withColumn("month", month_of("found_time"))
        .withColumn("cases", F.size("repeats") + 1)
        .withColumn("found_since", F.col("repeats_since"))
        .withColumn("case_nos", F.sort_array(F.concat(F.col("repeats"), F.array("case_no"))))
        .transform(with_camera, camera)
        .select(*HOT_SPOT)
    )
