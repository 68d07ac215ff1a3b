"""Readings that no sensor can have meant: spikes, and equal ones in sequence."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from standards import sensors

STEADY = [35, 36, 35, 37, 36, 35, 36]
CASES: dict[str, tuple[str, int, list[int], bool]] = {
    "a jump among steady readings": ("pm25", 400, [*STEADY, 400], True),
    "as far as the sixfold deviation": ("pm25", 42, [*STEADY, 42], False),
    "one unit further": ("pm25", 43, [*STEADY, 43], True),
    "equal readings have no deviation, but a resolution": ("pm25", 36, [30, 30, 30, 30, 30, 30, 36], False),
    "beyond the resolution": ("pm25", 37, [30, 30, 30, 30, 30, 30, 37], True),
    "too few readings around": ("pm25", 400, [35, 35, 35, 35, 35, 400], False),
    "a slow rise": ("o3", 160, [30, 50, 70, 95, 120, 140, 160, 150, 140, 120, 100, 80, 60], False),
    "an unknown item": ("unknown", 400, [*STEADY, 400], False),
}


def test_spikes(spark: SparkSession) -> None:
    rows = [(s, item, value * 1000, [v * 1000 for v in around]) for s, (item, value, around, _) in CASES.items()]
    frame = spark.createDataFrame(rows, "s string, item string, v bigint, around array<bigint>")
    around, twice = F.col("around"), F.col("twice")
    medians = frame.withColumn("twice", sensors.twice_median(around)).withColumn("apart", sensors.deviations(around, twice))
    spike = sensors.spike(F.col("item"), F.col("v"), twice, sensors.twice_median(F.col("apart")), F.size(around))
    found = medians.select("s", spike.alias("x")).collect()
    assert {r.s: r.x for r in found} == {s: expected for s, (*_, expected) in CASES.items()}


def test_equal_readings_that_are_too_many(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("ph",), ("do",), ("pm25",), ("nothing",)], "item string")
    found = {r.item: r.n for r in frame.select("item", sensors.stuck_from(F.col("item")).alias("n")).collect()}
    assert found == {"ph": 12, "do": 6, "pm25": 6, "nothing": None}
