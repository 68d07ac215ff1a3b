"""Vehicles that passed cameras, counted by hour (domain rules B13, E3: dws_pass_hour).

Here: `pass_hour`. Passes come by millions a day, so a day is a unit of its own: a late day is counted again alone, and nothing of a pass
but its plate and speed is looked at.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset
from assets.indicators import UNKNOWN, percent
from assets.touch import by_day, units
from standards import plates
from standards.divisions import county_today
from standards.rounding import mean

PASS_HOUR = (
    "device_no", "county6", "day", "hour", "passes", "read", "corrected", "unread", "local", "unread_rate", "mean_speed_kmh",
)  # fmt: skip


def day_of(moment: str) -> Column:
    """The day of a moment."""
    return F.col(moment).cast("date")


def hour_of(moment: str) -> Column:
    """The hour of a moment, 0 to 23, int."""
    return F.hour(moment)


def county_of_device(device_no: Column) -> Column:
    """The county in the number of a device (GB/T 28181), by its code of today; UNKNOWN where the number names none."""
    return F.coalesce(county_today(F.substring(device_no, 1, 6)), F.lit(UNKNOWN))


@lake_asset(
    "themes/traffic/pass_hour",
    unit=units(day="day"),
    touch={"passed": by_day("passed_at")},
    whole_above=0.9,
)
def pass_hour(passed: DataFrame = cleansed("traffic_police/pass")) -> DataFrame:
    """One row per camera, day and hour, key (device_no, day, hour), columns PASS_HOUR.

    read: passes with a plate, of which corrected have one only when O and I count as 0 and 1. local: with a plate of the city.
    """
    text = plates.normalise(F.col("plate_read"))
    seen = passed.select(
        "device_no", day_of("passed_at").alias("day"), hour_of("passed_at").alias("hour"), "speed_kmh", text.alias("_text")
    )
    judged = seen.withColumn("_plate", plates.suggested(F.col("_text")))
    counts = {
        "passes": F.count(F.lit(1)),
        "read": F.count("_plate"),
        "corrected": F.count_if(F.col("_plate") != F.col("_text")),
        "local": F.count_if(plates.is_local(F.col("_plate"))),
    }
    speed = mean(F.sum(F.col("speed_kmh").cast("bigint")), F.count("speed_kmh"), 1)
    return (
        judged.groupBy("device_no", "day", "hour")
        .agg(*[made.alias(name) for name, made in counts.items()], speed.alias("mean_speed_kmh"))
        .withColumn("county6", county_of_device(F.col("device_no")))
        .withColumn("unread", F.col("passes") - F.col("read"))
        .withColumn("unread_rate", percent(F.col("unread"), F.col("passes")))
        .select(*PASS_HOUR)
    )
