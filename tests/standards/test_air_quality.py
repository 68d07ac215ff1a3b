"""Air: every vector of the standard's tables, both editions, validity, percentiles; and what holds of any concentration."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from standards import air_quality as air
from standards.rounding import half_even, mean, percentile, rounded

OLD, NEW = date(2026, 2, 28), date(2026, 3, 1)
INDICES: list[tuple[str, str, str | None, date, int | None]] = [
    *[("pm25", "24H", c, OLD, i) for c, i in (
        ("0", 0), ("35", 50), ("36", 52), ("75", 100), ("76", 102), ("115", 150), ("150", 200), ("301", 351), ("500", 500), ("600", 500),
    )],
    ("pm10", "24H", "51", OLD, 51), ("pm10", "24H", "150", OLD, 100), ("so2", "24H", "51", OLD, 51), ("so2", "24H", "475", OLD, 150),
    ("no2", "24H", "80", OLD, 100), ("no2", "24H", "81", OLD, 101), ("co", "24H", "2.1", OLD, 53), ("co", "24H", "4.0", OLD, 100),
    ("o3", "8H", "161", OLD, 101), ("o3", "8H", "215", OLD, 150), ("o3", "8H", "800", OLD, 300), ("o3", "8H", "801", OLD, None),
    ("o3", "1H", "201", OLD, 101), ("o3", "1H", "1300", OLD, 500), ("so2", "1H", "800", OLD, 200), ("so2", "1H", "801", OLD, None),
    ("pm25", "24H", "60", NEW, 100), ("pm25", "24H", "75", NEW, 114), ("pm10", "24H", "120", NEW, 100), ("pm10", "24H", "150", NEW, 112),
    ("so2", "1H", "801", NEW, 200), ("o3", "8H", "801", NEW, 300), ("so2", "24H", "475", NEW, 150), ("no2", "1H", "350", NEW, 115),
    ("pm25", "24H", None, NEW, None), ("pm25", "24H", "-1", NEW, None),
]  # fmt: skip
"""Item, averaging, concentration, day, index: the vectors of domain rules E4.1, break points, caps of both editions."""
PAIRS = sorted({(item, averaging) for item, averaging, *_ in INDICES})


def by_pair(made: Any) -> Column:
    """A function of item and averaging, over the columns item, averaging, c and day."""
    return F.coalesce(*[F.when((F.col("item") == i) & (F.col("averaging") == a), made(i, a)) for i, a in PAIRS])


def test_indices_of_both_editions(spark: SparkSession) -> None:
    rows = [(n, i, a, c and Decimal(c), day) for n, (i, a, c, day, _) in enumerate(INDICES)]
    given = spark.createDataFrame(rows, "n int, item string, averaging string, c decimal(12,3), day date")
    found = given.select("n", by_pair(lambda i, a: air.iaqi(i, a, F.col("c"), F.col("day"))).alias("iaqi"),
                         by_pair(lambda i, a: air.iaqi(i, a, F.col("c"), F.col("day"), daily=True)).alias("daily"),
                         air.edition(F.col("day")).alias("edition")).collect()  # fmt: skip
    assert {r.n: r.iaqi for r in found} == {n: expected for n, (*_, expected) in enumerate(INDICES)}
    assert {r.edition for r in found} == {"HJ 633-2012", "HJ 633-2026"}
    hourly = {r.n for r in found if INDICES[r.n][1] == "1H" and r.daily is not None}
    assert hourly == {n for n, (i, a, _, day, e) in enumerate(INDICES) if (i, a, day) == ("o3", "1H", OLD) and e is not None}


@settings(max_examples=3, deadline=None)
@given(st.lists(st.integers(0, 3_000_000), min_size=200, max_size=400))
def test_more_of_an_item_is_never_a_lower_index(spark: SparkSession, thousandths: list[int]) -> None:
    given = spark.createDataFrame([(Decimal(t) / 1000,) for t in sorted(thousandths)], "c decimal(12,3)")
    days = {f"{i}_{a}_{day:%Y}": air.iaqi(i, a, F.col("c"), F.lit(day)) for i, a in PAIRS for day in (OLD, NEW)}
    found = given.select("c", *[column.alias(name) for name, column in days.items()]).toPandas().sort_values("c")
    for name in days:
        known = found[name].dropna()
        assert known.is_monotonic_increasing, name
        assert known.between(0, 500).all()


def test_rounding_is_half_to_even(spark: SparkSession) -> None:
    cases = {"35.5": 36, "36.5": 36, "36.500001": 37, "0.499999": 0, "2.05": 2, "-0.5": 0, "-1.5": -2}
    given = spark.createDataFrame([(k, Decimal(k)) for k in cases], "k string, v decimal(12,6)")
    found = given.select("k", rounded(F.col("v"), 0).alias("whole"), rounded(F.col("v"), 1).alias("tenth")).collect()
    assert {r.k: int(r.whole) for r in found} == cases
    assert {r.k: r.tenth for r in found}["2.05"] == Decimal("2.0")
    sums = spark.createDataFrame([(Decimal("71"), 2), (Decimal("73"), 2), (Decimal("1"), 3), (None, 0)], "t decimal(12,3), n bigint")
    means = sums.select(mean(F.col("t"), F.col("n"), 0).alias("m"), half_even(F.lit(5), F.lit(2)).alias("h")).collect()
    assert [(None if r.m is None else int(r.m), r.h) for r in means] == [(36, 2), (36, 2), (0, 2), (None, 2)]


DAYS: dict[str, tuple[dict[str, int | None], int | None, list[str], str | None]] = {
    "clean": ({"so2": 10, "no2": 50, "pm10": 30, "pm25": 20, "co": 5, "o3_8h": 40}, 50, [], "EXCELLENT"),
    "two items alike": ({"so2": 10, "no2": 60, "pm10": 60, "pm25": 20, "co": 5, "o3_8h": 40}, 60, ["no2", "pm10"], "GOOD"),
    "ozone by the hour": ({"so2": 1, "no2": 1, "pm10": 1, "pm25": 1, "co": 1, "o3_8h": 140, "o3_1h": 151}, 151, ["o3"], "MODERATE"),
    "an item is missing": ({"so2": 10, "no2": 60, "pm10": 60, "co": 5, "o3_8h": 40}, None, [], None),
    "an item is missing, but the limit is passed": ({"pm25": 301}, 301, ["pm25"], "SEVERE"),
    "nothing": ({}, None, [], None),
}  # fmt: skip


def test_index_of_a_day(spark: SparkSession) -> None:
    names = ("so2", "no2", "pm10", "pm25", "co", "o3_1h", "o3_8h")
    rows = [(story, *[values.get(n) for n in names]) for story, (values, *_) in DAYS.items()]
    given = spark.createDataFrame(rows, "story string, " + ", ".join(f"{n} int" for n in names))
    indices = {n: F.col(n) for n in names}
    index = air.aqi(indices)
    found = given.select("story", index.alias("aqi"), air.grade(index).alias("grade"),
                         F.when(index.isNotNull(), air.primary(indices)).otherwise(F.array().cast("array<string>")).alias("p"))  # fmt: skip
    assert {r.story: (r.aqi, r.p, r.grade) for r in found.collect()} == {s: tuple(rest) for s, (_, *rest) in DAYS.items()}


def test_ozone_over_eight_hours(spark: SparkSession) -> None:
    """Hours with a value -> the greatest mean: 14 windows of 6 hours are needed, fewer only above the limit."""
    cases: dict[str, tuple[dict[int, int], int | None]] = {
        "all": ({h: 10 * h for h in range(24)}, 195),
        "six of eight are enough": ({h: 100 for h in range(24) if h % 4 != 3}, 100),
        "too few": (dict.fromkeys(range(12), 100), None),
        "too few, but above the limit": (dict.fromkeys(range(12), 161), 161),
        "too few and at the limit": (dict.fromkeys(range(12), 160), None),
        "nothing": ({}, None),
    }
    rows = [(s, [Decimal(sum(v for h, v in hours.items() if end - 8 < h <= end)) for end in air.WINDOWS],
             [sum(1 for h in hours if end - 8 < h <= end) for end in air.WINDOWS]) for s, (hours, _) in cases.items()]  # fmt: skip
    given = spark.createDataFrame(rows, "s string, t array<decimal(12,3)>, n array<bigint>")
    windows = range(len(air.WINDOWS))
    greatest = air.daily_max_8h([F.col("t")[i] for i in windows], [F.col("n")[i] for i in windows], F.lit(OLD))
    assert {r.s: None if r.m is None else int(r.m) for r in given.select("s", greatest.alias("m")).collect()} == {
        s: expected for s, (_, expected) in cases.items()
    }


def test_percentiles_limits_and_the_composite_index(spark: SparkSession) -> None:
    given = spark.createDataFrame([([1],), (list(range(1, 21)),), ([10, 20],), ([],)], "v array<bigint>")
    found = [
        (r.p95, r.p90) for r in given.select(percentile(F.col("v"), 95).alias("p95"), percentile(F.col("v"), 90).alias("p90")).collect()
    ]
    assert found == [(1, 1), (19, 18), (20, 19), (None, None)]
    values = {"so2": "60", "no2": "40", "pm10": "70", "pm25": "35", "co": "4.0", "o3": "160"}
    one = spark.createDataFrame([tuple(map(Decimal, values.values()))], ", ".join(f"{i} decimal(9,1)" for i in values))
    columns = {i: F.col(i) for i in values}
    days = {"old": OLD, "transition": NEW, "final": date(2031, 1, 1)}
    row = one.select(*[air.composite_index(columns, F.lit(d)).alias(k) for k, d in days.items()],
                     air.composite_index({**columns, "co": F.lit(None)}, F.lit(OLD)).alias("missing"),
                     *[air.limit("pm25", "24H", F.lit(d)).alias(f"{k}_day") for k, d in days.items()],
                     *[air.limit("pm25", "YEAR", F.lit(d)).alias(f"{k}_year") for k, d in days.items()]).collect()[0]  # fmt: skip
    assert (row.old, row.transition, row.final, row.missing) == (Decimal("6.00"), Decimal("6.33"), Decimal("9.13"), None)
    assert [(row[f"{k}_day"], row[f"{k}_year"]) for k in days] == [(75, 35), (60, 30), (50, 25)]


def test_days_that_a_period_needs(spark: SparkSession) -> None:
    given = spark.createDataFrame([(date(2019, 2, 1),), (date(2019, 3, 1),)], "d date")
    month, year = air.days_needed("month", F.col("d")), air.days_needed("year", F.col("d"))
    assert [(r.m, r.y) for r in given.select(month.alias("m"), year.alias("y")).collect()] == [(25, 324), (27, 324)]
