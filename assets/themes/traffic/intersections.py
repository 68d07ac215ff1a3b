"""Intersections by quarter of an hour: delay, queue, saturation, level of service (domain rules E3: dws_intersection_15min).

Here: `intersection_quarter`. Not here: the break points of levels (`standards.traffic`).
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset
from assets.flags import flags
from assets.joins import left_join_lookup
from assets.themes.traffic.passes import day_of
from assets.touch import by_day, units, via
from standards.moments import quarter_begin
from standards.rounding import half_even, mean, percentile, scaled, shifted
from standards.traffic import CJJ_MEASURES, SATURATION_FLOW, level, worst

SLOTS_OF_HOUR, QUEUE_PERCENT = 12, 95
"""Readings of an hour, the percentile of queues."""
STUCK = SLOTS_OF_HOUR
"""Equal readings of a lane from which on its detector is stuck (D36): an hour, as of the speeds of segments."""
PLACE = ("intersection_no", "approach", "quarter_start")
INTERSECTION_QUARTER = (
    *PLACE, "day", "county6", "vehicles", "readings", "stuck", "delay_total_s", "delay_vehicles", "delay_s", "queue_m", "queue_p95_m",
    "stops", "cycles", "residual_cycles", "saturation", "hcm_level", "cjj_level", "decided_by", "flags",
)  # fmt: skip


def with_stuck(queue: DataFrame) -> DataFrame:
    """Readings with `_stuck`: whether it is one of STUCK and more of a lane and day that follow one another and say exactly the same of
    vehicles, delay and queue. An empty lane may do so; NULL vehicles never do, as they count nowhere."""
    lane = ("intersection_no", "approach", "lane", "_day")
    line = Window.partitionBy(*lane).orderBy("measured_at")
    same = reduce(Column.__and__, [F.col(c).eqNullSafe(F.lag(c).over(line)) for c in ("vehicles", "avg_delay_s", "max_queue_m")])
    used = F.coalesce((F.col("vehicles") > 0) | (F.col("max_queue_m") > 0), F.lit(False)) & F.col("vehicles").isNotNull()
    return (
        queue.withColumn("_day", day_of("measured_at"))
        .withColumn("_other", F.when(same, 0).otherwise(1))
        .withColumn("_run", F.sum("_other").over(line))
        .withColumn("_stuck", used & (F.count(F.lit(1)).over(Window.partitionBy(*lane, "_run")) >= STUCK))
        .drop("_day", "_other", "_run")
    )


def of_queues(queue: DataFrame) -> DataFrame:
    """Of every approach and quarter: vehicles, readings, delay, queues and stops of all lanes whose detector is not stuck.

    queue: readings with `_stuck`.
    """

    def sound(column: str) -> Column:
        return F.when(~F.col("_stuck"), F.col(column))

    vehicles, delay, queue_m = (sound(c) for c in ("vehicles", "avg_delay_s", "max_queue_m"))
    delayed = delay.isNotNull() & vehicles.isNotNull()
    return queue.groupBy("intersection_no", "approach", quarter_begin(F.col("measured_at")).alias("quarter_start")).agg(
        F.coalesce(F.sum(vehicles), F.lit(0)).alias("vehicles"),
        F.count(vehicles).alias("readings"),
        F.count_if("_stuck").alias("stuck"),
        F.sum(F.when(delayed, delay * vehicles)).cast("decimal(18,1)").alias("delay_total_s"),
        F.coalesce(F.sum(F.when(delayed, vehicles)), F.lit(0)).alias("delay_vehicles"),
        F.max(queue_m).alias("queue_m"),
        F.sort_array(F.collect_list(scaled(queue_m, 1))).alias("_queues"),
        F.sum(sound("stops")).alias("stops"),
    )


def of_cycles(signal: DataFrame) -> DataFrame:
    """Of every approach and quarter, the cycles that began in it: of how many it is known what they left behind, how many left vehicles
    behind, and the length and green of all."""
    return signal.groupBy("intersection_no", "approach", quarter_begin(F.col("started_at")).alias("quarter_start")).agg(
        F.count("left_behind").alias("cycles"),
        F.count_if(F.col("left_behind") > 0).alias("residual_cycles"),
        F.sum("cycle_s").alias("_cycle"),
        F.sum("green_s").alias("_green"),
    )


def flow() -> Column:
    """Vehicles that pass a lane in an hour, on average, by the seconds of the cycles; whole number, a fraction over `capacity`."""
    return F.col("vehicles").cast("bigint") * SLOTS_OF_HOUR * F.col("_cycle")


def capacity() -> Column:
    """Vehicles that the green lets pass; the saturation is x = q / (s g/C), flow over capacity. NULL or 0 without signals or readings."""
    return F.col("readings") * SATURATION_FLOW * F.col("_green")


def measured() -> dict[str, tuple[Column, Column]]:
    """The measures of a quarter as fractions of whole numbers, by name: seconds of delay a vehicle, saturation, metres of queue."""
    return {
        "delay_s": (scaled(F.col("delay_total_s"), 1), F.col("delay_vehicles") * 10),
        "saturation": (flow(), capacity()),
        "queue_m": (scaled(F.col("queue_m"), 1), F.lit(10)),
    }


@lake_asset(
    "themes/traffic/intersection_quarter",
    unit=units(day="day"),
    touch={
        "queue": by_day("measured_at"),
        "signal": by_day("started_at"),
        "intersection": via(
            "queue",
            on=("intersection_no",),
            to=("intersection_no",),
            day=lambda: day_of("measured_at"),
            reads=("intersection_no", "county6"),
        ),
    },
    whole_above=0.5,
)
def intersection_quarter(
    queue: DataFrame = cleansed("traffic_police/queue"),
    signal: DataFrame = cleansed("traffic_police/signal_cycle", optional=True),
    intersection: DataFrame = cleansed("traffic_police/intersection", optional=True),
) -> DataFrame:
    """One row per intersection, approach and quarter of an hour with readings, key PLACE, columns INTERSECTION_QUARTER.

    The level by CJJ 152 is the worst of delay, saturation and queue, as they are before they are rounded; decided_by: those that have it.
    Readings of a detector that is stuck count nowhere.
    """
    of = measured()
    levels = {measure: level("CJJ", measure, *of[measure]) for measure in CJJ_MEASURES}
    return (
        of_queues(with_stuck(queue))
        .transform(left_join_lookup, of_cycles(signal), PLACE)
        .transform(left_join_lookup, intersection.select("intersection_no", "county6"), "intersection_no")
        .withColumn("day", day_of("quarter_start"))
        .withColumn("cycles", F.coalesce("cycles", F.lit(0)))
        .withColumn("residual_cycles", F.coalesce("residual_cycles", F.lit(0)))
        .withColumn("delay_s", mean(F.col("delay_total_s"), F.col("delay_vehicles"), 2))
        .withColumn("queue_p95_m", shifted(percentile(F.col("_queues"), QUEUE_PERCENT), 1))
        .withColumn("saturation", shifted(half_even(flow() * 1000, F.when(capacity() > 0, capacity())), 3))
        .withColumn("hcm_level", level("HCM", "delay_s", *of["delay_s"]))
        .withColumn("cjj_level", worst(levels.values()))
        .withColumn("decided_by", flags({measure: found == F.col("cjj_level") for measure, found in levels.items()}))
        .withColumn("flags", flags({"STUCK": F.col("stuck") > 0}))
        .select(*INTERSECTION_QUARTER)
    )
