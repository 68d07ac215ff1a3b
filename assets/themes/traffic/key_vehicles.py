"""Days of coaches, tour coaches and vehicles for dangerous goods, the vehicles that a transport bureau watches (domain rules B13, E3).

Positions do not say on which road a vehicle was, nor whether a coach handed its passengers over at night or drives a short line: what is
counted here is to be looked at, and proves nothing. Here: `key_vehicle_day`. Not here: the days of single vehicles (`positions`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import lake_asset, table
from assets.indicators import hundredths
from assets.themes.traffic.service_day import MINUTE
from assets.touch import own, units
from standards.positions import WATCHED, speed_limit

SUMS = ("delivered", "kept", "metres", "online_s", "gaps", "gap_s", "speeding_s", "night_s")
FOUND = {"speeding_vehicles": "SPEEDING", "night_vehicles": "NIGHT_DRIVING", "gap_vehicles": "GAP", "frozen_vehicles": "FROZEN"}
"""Vehicles -> the flag of their day."""
KEY_VEHICLE_DAY = ("day", "kind", "vehicles", "limit_kmh", *SUMS, *FOUND, "speeding_min", "night_min")


def is_watched() -> Column:
    """Over position_day: whether it is the day of a key vehicle with a position that is kept."""
    return F.coalesce(F.col("kind").isin(*WATCHED) & (F.col("kept") > 0), F.lit(False))


@lake_asset("themes/traffic/key_vehicle_day", unit=units(day="day"), touch={"vehicle": own(day="day")}, whole_above=0.5)
def key_vehicle_day(vehicle: DataFrame = table("themes/traffic/position_day")) -> DataFrame:
    """One row per day and kind of vehicle, key (day, kind), columns KEY_VEHICLE_DAY; vehicles: those with a position that is kept."""
    counts = {name: F.count_if(F.array_contains("flags", flag)) for name, flag in FOUND.items()}
    return (
        vehicle.where(is_watched())
        .groupBy("day", "kind")
        .agg(F.count(F.lit(1)).alias("vehicles"), *[F.sum(c).alias(c) for c in SUMS], *[made.alias(name) for name, made in counts.items()])
        .withColumn("limit_kmh", speed_limit(F.col("kind")))
        .withColumns({f"{of}_min": hundredths(F.col(f"{of}_s"), F.lit(MINUTE)) for of in ("speeding", "night")})
        .select(*KEY_VEHICLE_DAY)
    )
