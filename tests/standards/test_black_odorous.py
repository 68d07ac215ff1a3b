"""Black-odorous waters: every vector of domain rules E4.3: readings, points, reaches, bodies."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from standards import black_odorous as black

READINGS = [
    ("sd_cm", "9.9", None, 2), ("sd_cm", "10", None, 1), ("sd_cm", "25", None, 1), ("sd_cm", "25.1", None, 0),
    ("sd_cm", "7", "20", 2), ("sd_cm", "8", "20", 1), ("sd_cm", "8.1", "20", 0), ("sd_cm", "9", "25", 2),
    ("do", "0.19", None, 2), ("do", "0.2", None, 1), ("do", "2.0", None, 1), ("do", "2.1", None, 0),
    ("orp_mv", "-200.1", None, 2), ("orp_mv", "-200", None, 1), ("orp_mv", "50", None, 1), ("orp_mv", "51", None, 0),
    ("nh3n", "15.1", None, 2), ("nh3n", "15", None, 1), ("nh3n", "8", None, 1), ("nh3n", "7.9", None, 0), ("nh3n", None, None, None),
]  # fmt: skip
"""Item, value, depth in cm, level."""
POINTS: dict[str, tuple[dict[str, list[str]], str | None]] = {
    "60 % of one item heavy": ({"sd_cm": ["8", "9", "7", "12", "15"]}, "HEAVY"),
    "light": ({"sd_cm": ["20", "22", "24"], "do": ["1", "1.1", "0.9"], "nh3n": ["9", "9.5", "10"]}, "LIGHT"),
    "two items with a third each": ({"sd_cm": ["9", "12", "20"], "do": ["0.1", "1", "1"]}, "HEAVY"),
    "one item with a third": ({"sd_cm": ["9", "12", "20"], "do": ["3", "3", "3"]}, "LIGHT"),
    "clear": ({"sd_cm": ["30", "35", "40"], "do": ["4", "5", "6"], "orp_mv": ["90", "100", "120"], "nh3n": ["1", "1.5", "2"]}, "NONE"),
    "nothing measured": ({}, None),
}


def test_readings(spark: SparkSession) -> None:
    rows = [(n, i, v and Decimal(v), d and Decimal(d)) for n, (i, v, d, _) in enumerate(READINGS)]
    frame = spark.createDataFrame(rows, "n int, item string, v decimal(9,3), depth decimal(9,1)")
    level = F.coalesce(*[F.when(F.col("item") == i, black.reading_level(i, F.col("v"), F.col("depth"))) for i in black.ITEMS])
    assert {r.n: r.level for r in frame.select("n", level.alias("level")).collect()} == {n: e for n, (*_, e) in enumerate(READINGS)}


def test_points(spark: SparkSession) -> None:
    long = [(p, i, Decimal(v)) for p, (items, _) in POINTS.items() for i, values in items.items() for v in values]
    long += [(p, None, None) for p in POINTS]
    frame = spark.createDataFrame(long, "point string, item string, v decimal(9,3)")
    of = {i: F.when(F.col("item") == i, black.reading_level(i, F.col("v"), F.lit(None))) for i in black.ITEMS}
    counts = frame.groupBy("point").agg(*[F.count(of[i]).alias(i) for i in black.ITEMS],
                                        *[F.count_if(of[i] >= n).alias(f"{i}_{n}") for i in black.ITEMS for n in (1, 2)])  # fmt: skip
    level = black.point_level({i: F.col(i) for i in black.ITEMS}, {(i, n): F.col(f"{i}_{n}") for i in black.ITEMS for n in (1, 2)})
    assert {r.point: r.g for r in counts.select("point", black.grade(level).alias("g")).collect()} == {p: g for p, (_, g) in POINTS.items()}


def test_reaches_and_bodies(spark: SparkSession) -> None:
    reaches = {(0, 2, 2, 2, 0): 2, (2, 2, 2, 0, 0): 2, (0, 0, 2, 2, 2): 2, (0, 2, 2, 1, 0): 1, (2, 2, 0, 2, 2): 0, (0, 1, 2, 0, 1): 0}
    frame = spark.createDataFrame(list(reaches), "a int, b int, c int, d int, e int")
    level = black.reach_level((F.col("a"), F.col("b")), F.col("c"), (F.col("d"), F.col("e")))
    assert {(r.a, r.b, r.c, r.d, r.e): r.level for r in frame.select("*", level.alias("level")).collect()} == reaches
    bodies = {(5, 3, 3, 0): 2, (5, 4, 2, 0): 1, (5, 2, 2, 0): 0, (10, 3, 3, 2): 1, (5, 0, 0, 0): 0, (0, 0, 0, 0): None}
    given = spark.createDataFrame(list(bodies), "n int, light int, heavy int, reach int")
    body = black.body_level(F.col("n"), F.col("light"), F.col("heavy"), F.col("reach"))
    assert {(r.n, r.light, r.heavy, r.reach): r.level for r in given.select("*", body.alias("level")).collect()} == bodies
