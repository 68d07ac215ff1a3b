"""Parking areas of shared bikes: how full each is by hour and day, and how long bikes heap up there (domain rules E8).

Here: `bike_zone_hour`, `bike_zone_day`. Not here: which bike stands in which area (`bikes`). A heap is judged on its whole length, across
hours and midnight; its minutes count in the hours in which they pass, and it counts once, where it begins.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import CHECKPOINT, cleansed, lake_asset, table
from assets.indicators import hundredths
from assets.joins import Checkpoint, left_join_lookup
from assets.themes.urban_management.evaluation import PERCENT
from assets.touch import by_day, own, units
from standards.moments import at, day_of, minutes

SLOT, HEAP, KNOWN_FOR = 10, 30, 60
"""Minutes: of a slot, whose positions count as of one moment, since clocks of bikes differ and the moments of a company do not; from which
on too many bikes are a heap; for which a moment says at most what stood there."""
FULL_PERCENT = 120
"""Of the capacity of an area, above which it holds too many."""
HOUR, DAY = 60, 1440
BIKE_ZONE_HOUR = ("zone_no", "hour", "day", "capacity", "moments", "bikes", "most", "occupancy_rate", "heaps", "heap_minutes")
BIKE_ZONE_DAY = ("zone_no", "day", "capacity", "most", "heaps", "heap_minutes")


def begin_of(minute: Column, length: int) -> Column:
    """The minute with which the slot or hour of a minute begins."""
    return minute - F.pmod(minute, F.lit(length))


def stood(position: DataFrame) -> DataFrame:
    """Per area, NULL for none, and slot, in minutes since 2000-01-01: bikes, and seen_at, the first minute of its positions."""
    minute = minutes(F.col("measured_at"))
    seen = position.select("zone_no", "company", "bike_no", minute.alias("minute"), begin_of(minute, SLOT).alias("slot"))
    bikes = seen.groupBy("zone_no", "slot", "company", "bike_no").agg(F.min("minute").alias("seen_at"))
    return bikes.groupBy("zone_no", "slot").agg(F.count(F.lit(1)).alias("bikes"), F.min("seen_at").alias("seen_at"))


def moments(seen: DataFrame) -> DataFrame:
    """Per slot in which anything was seen: its moment, and slot and moment of the one before, `before` and `before_at`."""
    found = seen.groupBy("slot").agg(F.min("seen_at").alias("moment"))
    line = Window.partitionBy(F.lit(0)).orderBy("slot")  # all of them: a day has 144 at most
    return found.withColumns({"before": F.lag("slot").over(line), "before_at": F.lag("moment").over(line)})


def heaps(full: DataFrame) -> DataFrame:
    """The heaps out of the slots in which an area held too many: zone_no, began and ended, minutes since 2000-01-01.

    One lasts from its first slot to its last, without a slot in between in which fewer bikes stood there or of which nobody knows.
    """
    line = Window.partitionBy("zone_no").orderBy("slot")
    follows = (F.lag("slot").over(line) == F.col("before")) & (F.col("moment") - F.col("before_at") <= KNOWN_FOR)
    return (
        full.withColumn("first", F.when(F.coalesce(follows, F.lit(False)), 0).otherwise(1))
        .withColumn("run", F.sum("first").over(line.rowsBetween(Window.unboundedPreceding, Window.currentRow)))
        .groupBy("zone_no", "run")
        .agg(F.min("moment").alias("began"), F.max("moment").alias("ended"))
        .where(F.col("ended") - F.col("began") >= HEAP)
        .select("zone_no", "began", "ended")
    )


def by_hour(found: DataFrame) -> DataFrame:
    """Per area and hour, a minute since 2000-01-01: heaps that began in it, and heap_minutes that passed in it."""
    hours = F.sequence(begin_of(F.col("began"), HOUR), begin_of(F.col("ended"), HOUR), F.lit(HOUR).cast("bigint"))
    passed = F.least(F.col("ended"), F.col("hour") + HOUR) - F.greatest(F.col("began"), F.col("hour"))
    each = found.withColumn("hour", F.explode(hours)).withColumn("passed", passed)
    return each.groupBy("zone_no", "hour").agg(
        F.count_if(begin_of(F.col("began"), HOUR) == F.col("hour")).alias("heaps"), F.sum("passed").alias("heap_minutes")
    )


def _day() -> Column:
    return day_of(F.floor(F.col("hour") / DAY).cast("int"))


@lake_asset(
    "themes/urban_management/bike_zone_hour",
    unit=units(day="day"),
    touch={"position": by_day("measured_at", around=1)},
    whole_above=0.5,
)
def bike_zone_hour(
    position: DataFrame = table("themes/urban_management/bike_position"),
    zone: DataFrame = cleansed("urban_management/parking_zone"),
    checkpoint: Checkpoint = CHECKPOINT,
) -> DataFrame:
    """One row per parking area and hour in which a bike stood there, key (zone_no, hour), columns BIKE_ZONE_HOUR.

    bikes: the mean over the moments of the hour. What a day's heaps are follows from it and from its neighbours.
    """
    seen = checkpoint(stood(position))
    slots = moments(seen)
    known = left_join_lookup(seen.where(F.col("zone_no").isNotNull()), zone.select("zone_no", "capacity"), "zone_no")
    full = known.where(F.col("bikes") * PERCENT > F.col("capacity") * FULL_PERCENT).select("zone_no", "slot")
    found = left_join_lookup(full, slots, "slot").transform(heaps).transform(by_hour)
    counted = slots.groupBy(begin_of(F.col("slot"), HOUR).alias("hour")).agg(F.count(F.lit(1)).alias("moments"))
    hours = known.groupBy("zone_no", begin_of(F.col("slot"), HOUR).alias("hour")).agg(
        F.max("capacity").alias("capacity"), F.sum("bikes").alias("_bikes"), F.max("bikes").alias("most")
    )
    rows = hours.transform(left_join_lookup, counted, "hour").transform(left_join_lookup, found, ("zone_no", "hour"))
    return (
        rows.withColumns({c: F.coalesce(F.col(c), F.lit(0)).cast("int") for c in ("heaps", "heap_minutes")})
        .withColumn("bikes", hundredths(F.col("_bikes"), F.col("moments")))
        .withColumn("occupancy_rate", hundredths(F.col("_bikes") * PERCENT, F.col("moments") * F.col("capacity")))
        .withColumn("day", _day())
        .withColumn("hour", at(F.col("day"), (F.pmod(F.col("hour"), F.lit(DAY)) * 60).cast("int")))
        .select(*BIKE_ZONE_HOUR)
    )


@lake_asset("themes/urban_management/bike_zone_day", unit=units(day="day"), touch={"hour": own(day="day")}, whole_above=0.5)
def bike_zone_day(hour: DataFrame = table("themes/urban_management/bike_zone_hour")) -> DataFrame:
    """One row per parking area and day on which a bike stood there, key (zone_no, day), columns BIKE_ZONE_DAY: of its hours."""
    found = {"capacity": F.max("capacity"), "most": F.max("most")}
    sums = {c: F.sum(c).cast("int") for c in ("heaps", "heap_minutes")}
    return hour.groupBy("zone_no", "day").agg(*[made.alias(name) for name, made in (found | sums).items()]).select(*BIKE_ZONE_DAY)
