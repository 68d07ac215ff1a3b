"""Congestion: the state of every road segment, its free speed, and the travel time index of the roads (domain rules E3; GB/T 33171).

Here: `segment_state`, `free_speed`, `congestion_hour`. Not here: the break points (`standards.traffic`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import month_of
from assets.declare import cleansed, lake_asset, table
from assets.indicators import hundredths, known_county, percent
from assets.joins import left_join_lookup
from assets.themes.traffic.passes import day_of, hour_of
from assets.touch import by_day, own, units
from standards.rounding import half_even, percentile, scaled, shifted
from standards.traffic import CONGESTED, FREE_FLOW_FROM, FREE_FLOW_PERCENT, FREE_FLOW_TO, tti_grade
from standards.traffic import segment_state as state_of

DOUBTFUL = ("speed_kmh:W_STUCK", "speed_kmh:W_SPIKE")
"""Codes of readings of a sensor that is stuck or jumps: they have no state."""
SEGMENT_STATE = (
    "segment_no", "measured_at", "day", "road_class", "county6", "length_m", "vehicles", "speed_kmh", "usable", "state", "_source_file",
    "_row_no", "_batch_id",
)  # fmt: skip
FREE_SPEED = ("segment_no", "month", "readings", "free_kmh")
CONGESTION_HOUR = (
    "county6", "road_class", "day", "hour", "readings", "length_m", "congested_m", "congested_rate", "travel_s", "free_s", "tti", "grade",
)  # fmt: skip


@lake_asset(
    "themes/traffic/segment_state",
    unit=units(day="day"),
    touch={"speed": by_day("measured_at")},
    whole_above=0.5,
)
def segment_state(speed: DataFrame = cleansed("traffic_police/segment_speed")) -> DataFrame:
    """One row per segment and five minutes, key (segment_no, measured_at), columns SEGMENT_STATE; the state of usable readings."""
    doubtful = F.exists("_codes", lambda code: code.isin(*DOUBTFUL))
    return (
        speed.withColumn("day", day_of("measured_at"))
        .withColumn("county6", known_county())
        .withColumn("usable", F.col("speed_kmh").isNotNull() & ~F.coalesce(doubtful, F.lit(False)))
        .withColumn("state", F.when(F.col("usable"), state_of(F.col("road_class"), F.col("speed_kmh"))))
        .select(*SEGMENT_STATE)
    )


@lake_asset(
    "themes/traffic/free_speed",
    unit=units(month="month"),
    touch={"state": own(month=lambda: month_of("day"), reads=("segment_no", "measured_at", "usable", "speed_kmh"))},
    whole_above=0.5,
)
def free_speed(state: DataFrame = table("themes/traffic/segment_state")) -> DataFrame:
    """One row per segment and month with readings at night, key (segment_no, month), columns FREE_SPEED; the 85th percentile, km/h."""
    hour = hour_of("measured_at")
    night = (hour >= FREE_FLOW_FROM) | (hour < FREE_FLOW_TO)
    return (
        state.where(F.col("usable") & night)
        .groupBy("segment_no", month_of("day").alias("month"))
        .agg(F.count(F.lit(1)).alias("readings"), F.sort_array(F.collect_list(scaled(F.col("speed_kmh"), 1))).alias("_speeds"))
        .withColumn("free_kmh", shifted(percentile(F.col("_speeds"), FREE_FLOW_PERCENT), 1))
        .select(*FREE_SPEED)
    )


def hundredths_of_seconds(speed: str) -> Column:
    """How long the length of a segment takes at a speed, 0.01 s, bigint; NULL where it stands still."""
    tenths = scaled(F.col(speed), 1)
    return half_even(scaled(F.col("length_m"), 1) * 360, F.when(tenths > 0, tenths))


@lake_asset(
    "themes/traffic/congestion_hour",
    unit=units(month=lambda: month_of("day")),
    touch={
        "state": own(month=lambda: month_of("day"), reads=(*SEGMENT_STATE[:6], "speed_kmh", "usable", "state")),
        "free": own(month="month"),
    },
    whole_above=0.5,
)
def congestion_hour(
    state: DataFrame = table("themes/traffic/segment_state"), free: DataFrame = table("themes/traffic/free_speed")
) -> DataFrame:
    """One row per county, class of road, day and hour, key (county6, road_class, day, hour), columns CONGESTION_HOUR.

    tti: travel time over that at free speed, of readings that have both; where all stands still, which takes no finite time, there is none.
    grade: by the index before it is rounded. Lengths are summed over readings with a state, those that stand still among them.
    """
    known = state.where(F.col("state").isNotNull() & F.col("length_m").isNotNull()).withColumn("month", month_of("day"))
    rows = known.transform(left_join_lookup, free.select("segment_no", "month", "free_kmh"), ("segment_no", "month"))
    times = {"_travel": hundredths_of_seconds("speed_kmh"), "_free": hundredths_of_seconds("free_kmh")}
    both = F.col("_travel").isNotNull() & F.col("_free").isNotNull()
    metres = F.col("length_m")
    return (
        rows.withColumns(times)
        .groupBy("county6", "road_class", "day", hour_of("measured_at").alias("hour"))
        .agg(
            F.count(F.lit(1)).alias("readings"), F.sum(metres).cast("decimal(18,1)").alias("length_m"),
            F.coalesce(F.sum(F.when(F.col("state").isin(*CONGESTED), metres)), F.lit(0)).cast("decimal(18,1)").alias("congested_m"),
            *[F.coalesce(F.sum(F.when(both, F.col(c))), F.lit(0)).alias(c) for c in times],
        )
        .withColumn("congested_rate", percent(scaled(F.col("congested_m"), 1), scaled(F.col("length_m"), 1)))
        .withColumn("travel_s", shifted(F.col("_travel"), 2))
        .withColumn("free_s", shifted(F.col("_free"), 2))
        .withColumn("tti", hundredths(F.col("_travel"), F.col("_free")))
        .withColumn("grade", tti_grade(F.col("_travel"), F.col("_free")))
        .select(*CONGESTION_HOUR)
    )  # fmt: skip
