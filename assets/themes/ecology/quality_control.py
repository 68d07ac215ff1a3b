"""Quality control of readings in sequence: which count, and why the others do not. Excluded readings are kept.

Here: readings held against their neighbours in time, up to REACH of their intervals away, so that a late reading changes no more than that.
Not here: what is a spike and how many equal readings are too many (`standards.sensors`), tables of readings.
Source: domain rules E4.3 (quality control of sensors).
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from assets.flags import flags
from standards import sensors
from standards.arrays import without_nulls
from standards.moments import day_of, minutes

HOUR, DAY = 60, 1440
REACH = 11
"""Readings before and after one that can decide about it: the longest run less one."""
REFUSED, MISSING, DEVICE, SKEW, DUPLICATE, STUCK, SPIKE, GAP = (
    "REFUSED", "MISSING", "DEVICE", "SKEW", "DUPLICATE", "STUCK", "SPIKE", "GAP",
)  # fmt: skip
EXCLUDING = (REFUSED, MISSING, DEVICE, SKEW, DUPLICATE, STUCK, SPIKE)
"""Flags whose readings do not count; after a GAP a reading counts."""


def checked(readings: DataFrame, source: str, every: int) -> DataFrame:
    """Every reading with the hour it belongs to, its flags, and whether it counts.

    Args:
        readings: columns `source`, item, measured_at, sent_time, value, refused, device (flag of the sensor, NULL when valid).
        source: the column that names the sensor.
        every: minutes from one reading to the next: whole hours, or a part of one.

    Returns:
        The readings with day, hour (0-23), flags array<string> and valid.
    """
    slot = min(every, HOUR)
    off = F.col("_at") - F.col("_slot")
    twins = Window.partitionBy(source, "item", "_slot").orderBy(F.abs(off), "measured_at")
    ahead = minutes(F.col("sent_time")) + sensors.SKEW < F.col("_at")
    line = Window.partitionBy(source, "item").orderBy("_slot")
    around = line.rangeBetween(-sensors.AROUND * every, sensors.AROUND * every)
    conditions = {
        REFUSED: F.col("value").isNull() & F.col("refused"),
        MISSING: F.col("value").isNull() & ~F.col("refused"),
        DEVICE: F.col("device").isNotNull(),
        SKEW: F.col("_skew"),
        DUPLICATE: F.col("_twin") > 1,
        STUCK: F.col("_stuck"),
        SPIKE: sensors.spike(F.col("item"), *map(F.col, ("_reading", "_twice", "_fourfold", "_near"))),
        GAP: F.col("_before") == 0,
    }
    usable = F.col("value").isNotNull() & F.col("device").isNull() & ~F.col("_skew") & (F.col("_twin") == 1)
    at = minutes(F.col("measured_at"))
    marked = (
        readings.withColumn("_at", at)
        .withColumn("_slot", F.col("_at") + slot // 2 - F.pmod(F.col("_at") + slot // 2, F.lit(slot)))
        .withColumn("_skew", (F.abs(off) > sensors.SKEW) | F.coalesce(ahead, F.lit(False)))
        .withColumn("_twin", F.row_number().over(twins))
        .withColumn("_reading", F.when(usable, sensors.thousandths(F.col("value"))))
        .withColumn("_around", without_nulls(F.collect_list("_reading").over(around)))  # a window of Sail lists NULL, too
        .withColumn("_twice", sensors.twice_median(F.col("_around")))
        .withColumn("_apart", sensors.deviations(F.col("_around"), F.col("_twice")))
        .withColumns({"_fourfold": sensors.twice_median(F.col("_apart")), "_near": F.size("_around")})
        .withColumn("_before", F.count("value").over(line.rangeBetween(-every, -every)))
        .transform(_with_stuck, source, every)
    )
    minute = F.pmod(F.col("_slot"), F.lit(DAY))
    return (
        marked.withColumn("flags", flags(conditions))
        .withColumn("valid", ~F.arrays_overlap("flags", F.array(*map(F.lit, EXCLUDING))))
        .withColumn("day", day_of(((F.col("_slot") - minute) / DAY).cast("int")))
        .withColumn("hour", ((minute - F.pmod(minute, F.lit(HOUR))) / HOUR).cast("int"))
        .select(*readings.columns, "day", "hour", "flags", "valid")
    )


def _with_stuck(readings: DataFrame, source: str, every: int) -> DataFrame:
    """_stuck: the reading is one of so many equal ones in sequence, without a pause, that the sensor must be stuck."""
    twin = F.col("_twin") > 1
    line = Window.partitionBy(source, "item", twin).orderBy("_slot")
    goes_on = F.col("_reading").eqNullSafe(F.lag("_reading").over(line)) & (F.col("_slot") - F.lag("_slot").over(line) == every)
    runs = readings.withColumn("_new", F.when(goes_on, 0).otherwise(1)).withColumn("_run", F.sum("_new").over(line))
    length = F.count(F.lit(1)).over(Window.partitionBy(source, "item", twin, "_run"))
    stuck = F.col("_reading").isNotNull() & (length >= sensors.stuck_from(F.col("item")))
    return runs.withColumn("_stuck", F.coalesce(stuck, F.lit(False)))
