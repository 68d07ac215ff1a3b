"""Severe congestion: how much of the roads of a county, and of the city, stands still in every five minutes (domain rules E9).

Here: `congestion_interval`, which the alerts of city operations read. Not here: the states (`congestion`), how long is too long (the rules
of alerts, `standards/city_operations/alert_rule.csv`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import lake_asset, table
from assets.indicators import UNKNOWN, percent
from assets.touch import by_day, units
from standards.divisions import CITY
from standards.rounding import scaled
from standards.traffic import SEVERE

CONGESTION_INTERVAL = (
    "place_level", "place_code", "measured_at", "day", "county6", "segments", "measured_m", "length_m", "severe_m", "severe_rate",
)  # fmt: skip
METRES = "decimal(18,1)"


@lake_asset(
    "themes/traffic/congestion_interval",
    unit=units(day="day"),
    touch={"state": by_day("measured_at")},
    whole_above=0.5,
)
def congestion_interval(state: DataFrame = table("themes/traffic/segment_state")) -> DataFrame:
    """One row per county or city and five minutes, key (place_level, place_code, measured_at), columns CONGESTION_INTERVAL.

    measured_m: length of the segments that were measured, of which length_m that of those with a state. A segment whose county is not
    known counts in the city alone.
    """
    places = F.array(
        *[
            F.struct(F.lit(level).alias("place_level"), code.alias("place_code"), county.alias("_county"))
            for level, code, county in (
                ("CITY", F.lit(CITY), F.lit(None).cast("string")),
                ("COUNTY", F.col("county6"), F.col("county6")),
            )
        ]
    )
    metres, known = F.col("length_m"), F.col("state").isNotNull()

    def total(counts: Column) -> Column:
        return F.coalesce(F.sum(F.when(counts, metres)), F.lit(0)).cast(METRES)

    return (
        state.where(metres.isNotNull())
        .withColumn("_place", F.explode(places))
        .select("measured_at", "day", "length_m", "state", "_place.*")
        .where((F.col("place_level") == "CITY") | ~F.col("place_code").isin(UNKNOWN, CITY))
        .groupBy("place_level", "place_code", "measured_at")
        .agg(
            F.max("day").alias("day"),
            F.max("_county").alias("county6"),
            F.count_if(known).cast("int").alias("segments"),
            F.sum(metres).cast(METRES).alias("measured_m"),
            total(known).alias("_known"),
            total(F.col("state") == SEVERE).alias("severe_m"),
        )
        .withColumnRenamed("_known", "length_m")
        .withColumn("severe_rate", percent(scaled(F.col("severe_m"), 1), scaled(F.col("length_m"), 1)))
        .select(*CONGESTION_INTERVAL)
    )
