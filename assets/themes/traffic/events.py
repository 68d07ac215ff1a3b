"""Accidents, violations, and pedestrians who cross the road (domain rules E3).

Here: `accident_month`, `violation_day`, `crossing_hour`.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.geography.points import towns
from assets.dates import happened, month_of
from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.indicators import UNKNOWN, known_county, percent
from assets.places import within
from assets.themes.traffic.passes import county_of_device, day_of, hour_of
from assets.touch import Turn, by_day, own, units
from standards.rounding import mean, percentile, scaled, shifted

YES, OTHER = "1", "UNKNOWN"
WAIT_PERCENT = 90
ACCIDENT_MONTH = ("month", "county6", "cause", "accidents", "dead", "injured", "loss")
VIOLATION_DAY = ("day", "county6", "code", "violations", "paid", "points", "fine", "fine_paid")
CROSSING_HOUR = (
    "device_no", "county6", "day", "hour", "pedestrians", "groups", "requests", "yields", "yield_rate", "waits", "wait_total_s",
    "wait_mean_s", "wait_p90_s",
)  # fmt: skip


def _total(column: Column) -> Column:
    return F.coalesce(F.sum(column), F.lit(0))


@lake_asset(
    "themes/traffic/accident_month",
    unit=units(month="month"),
    touch={"accident": own(month=lambda: month_of("occurred_at"), turns=(Turn("occurred_at"),))},
    whole_above=0.5,
)
def accident_month(
    accident: DataFrame = cleansed("traffic_police/accident"),
    division: DataFrame = table("base/geography/division", optional=True),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per month, county and cause, key (month, county6, cause), columns ACCIDENT_MONTH. The county is that of the position."""
    placed = within(accident.where(happened("occurred_at", as_of)).withColumnRenamed("county6", "_stated"), towns(division), "town")
    county = F.coalesce(F.substring("town", 1, 6), "_stated", F.lit(UNKNOWN))
    return (
        placed.groupBy(month_of("occurred_at").alias("month"), county.alias("county6"), F.coalesce("cause", F.lit(OTHER)).alias("cause"))
        .agg(F.count(F.lit(1)).alias("accidents"), *[_total(F.col(c)).alias(c) for c in ("dead", "injured", "loss")])
        .select(*ACCIDENT_MONTH)
    )


@lake_asset(
    "themes/traffic/violation_day",
    unit=units(day="day"),
    touch={"violation": by_day("occurred_at", turns=(Turn("occurred_at"), Turn("paid_at")))},
    whole_above=0.5,
)
def violation_day(violation: DataFrame = cleansed("traffic_police/violation"), as_of: date = AS_OF) -> DataFrame:
    """One row per day, county and code, key (day, county6, code), columns VIOLATION_DAY; paid: those paid by the night."""
    paid = happened("paid_at", as_of)
    place = [known_county(), F.coalesce("code", F.lit(OTHER)).alias("code")]
    return (
        violation.where(happened("occurred_at", as_of))
        .groupBy(day_of("occurred_at").alias("day"), *place)
        .agg(
            F.count(F.lit(1)).alias("violations"), F.count_if(paid).alias("paid"), _total(F.col("points")).alias("points"),
            _total(F.col("fine")).alias("fine"), _total(F.when(paid, F.col("fine"))).alias("fine_paid"),
        )
        .select(*VIOLATION_DAY)
    )  # fmt: skip


@lake_asset(
    "themes/traffic/crossing_hour",
    unit=units(day="day"),
    touch={"crossing": by_day("measured_at")},
    whole_above=0.5,
)
def crossing_hour(crossing: DataFrame = cleansed("traffic_police/pedestrian_crossing")) -> DataFrame:
    """One row per crossing, day and hour, key (device_no, day, hour), columns CROSSING_HOUR.

    yields: requests of pedestrians to which the first vehicle yielded. Waits are those of requests.
    """
    requested = F.coalesce(F.col("requested") == YES, F.lit(False))
    wait = F.when(requested, F.col("wait_s"))
    return (
        crossing.groupBy("device_no", day_of("measured_at").alias("day"), hour_of("measured_at").alias("hour"))
        .agg(
            _total(F.col("pedestrians")).alias("pedestrians"), F.count(F.lit(1)).alias("groups"), F.count_if(requested).alias("requests"),
            F.count_if(requested & (F.col("yielded") == YES)).alias("yields"), F.count(wait).alias("waits"),
            _total(wait).cast("decimal(18,1)").alias("wait_total_s"), F.sort_array(F.collect_list(scaled(wait, 1))).alias("_waits"),
        )
        .withColumn("county6", county_of_device(F.col("device_no")))
        .withColumn("yield_rate", percent(F.col("yields"), F.col("requests")))
        .withColumn("wait_mean_s", mean(F.col("wait_total_s"), F.col("waits"), 1))
        .withColumn("wait_p90_s", shifted(percentile(F.col("_waits"), WAIT_PERCENT), 1))
        .select(*CROSSING_HOUR)
    )  # fmt: skip
