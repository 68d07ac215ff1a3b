"""Days of taxis: rides, how far, how long, and orders that came to nothing (domain rules E3).

An order whose time of boarding cannot be read is neither a ride nor cancelled: nobody knows what came of it, and it is in no rate.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.geography.points import towns
from assets.declare import cleansed, lake_asset, table
from assets.flags import refused
from assets.indicators import UNKNOWN, hundredths, percent
from assets.joins import left_join_lookup
from assets.places import within
from assets.themes.traffic.service_day import MINUTE
from assets.themes.traffic.trips import METRES
from assets.touch import own, units
from standards.moments import seconds

CENTS = 100
OF_DAY = ("company", "day", "county6")
COUNTS = ("orders", "rides", "cancelled", "unclear", "measured_rides", "metres", "timed_rides", "ride_s", "paid_rides", "fare_cents")
TAXI_DAY = (*OF_DAY, *COUNTS, "vehicles", "cancelled_rate", "mean_km", "mean_min", "mean_fare")


def _day() -> Column:
    return F.col("order_time").cast("date")


@lake_asset("themes/traffic/taxi_day", unit=units(day="day"), touch={"order": own(day=_day)}, whole_above=0.5)
def taxi_day(order: DataFrame = cleansed("transport/taxi_order"), division: DataFrame = table("base/geography/division")) -> DataFrame:
    """One row per company, day and county of boarding, key (company, day, county6), columns TAXI_DAY, by the day of the order."""
    took = seconds(F.col("alight_time")) - seconds(F.col("board_time"))
    rode, unclear = F.col("board_time").isNotNull(), F.col("board_time").isNull() & refused("board_time")
    measured = {"_took": took, "_metres": (F.col("km") * METRES).cast("bigint"), "_cents": (F.col("fare") * CENTS).cast("bigint")}
    rides = (
        within(order, towns(division), "town", lon="board_lon", lat="board_lat")
        .withColumns({"day": _day(), "county6": F.coalesce(F.substring("town", 1, 6), F.lit(UNKNOWN))})
        .withColumns({name: F.when(rode & (of > 0), of) for name, of in measured.items()})
    )
    counts = {
        "orders": F.count(F.lit(1)), "rides": F.count_if(rode), "cancelled": F.count_if(~rode & ~unclear), "unclear": F.count_if(unclear),
        "measured_rides": F.count("_metres"), "metres": _sum("_metres"), "timed_rides": F.count("_took"), "ride_s": _sum("_took"),
        "paid_rides": F.count("_cents"), "fare_cents": _sum("_cents"),
    }  # fmt: skip
    vehicles = rides.where(rode).select(*OF_DAY, "vehicle_no").distinct().groupBy(*OF_DAY).agg(F.count("vehicle_no").alias("vehicles"))
    return (
        rides.groupBy(*OF_DAY)
        .agg(*[made.alias(name) for name, made in counts.items()])
        .transform(left_join_lookup, vehicles, OF_DAY)
        .withColumn("vehicles", F.coalesce("vehicles", F.lit(0)))
        .withColumn("cancelled_rate", percent(F.col("cancelled"), F.col("orders") - F.col("unclear")))
        .withColumn("mean_km", hundredths(F.col("metres"), F.col("measured_rides") * METRES))
        .withColumn("mean_min", hundredths(F.col("ride_s"), F.col("timed_rides") * MINUTE))
        .withColumn("mean_fare", hundredths(F.col("fare_cents"), F.col("paid_rides") * CENTS))
        .select(*TAXI_DAY)
    )


def _sum(of: str) -> Column:
    return F.coalesce(F.sum(of), F.lit(0))
