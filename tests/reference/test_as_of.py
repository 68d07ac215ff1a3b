"""Reference tables are joined as of a date: the row that was valid then, and what happens before the first and after the last."""

from __future__ import annotations

from datetime import date

from pyspark.sql import SparkSession

from assets.joins import join_as_of

Y25, Y26 = (date(2025, 1, 1), date(2025, 12, 31)), (date(2026, 1, 1), date(2026, 12, 31))
LIMIT = "kind string, valid_from date, valid_to date, amount int, edition string"


def test_every_row_gets_what_was_valid_on_its_date(spark: SparkSession) -> None:
    """Limits that a notice sets for one year: kind b had none in 2025, and c is set no more."""
    limits = spark.createDataFrame(
        [("a", *Y25, 100, "25"), ("a", *Y26, 110, "26"), ("b", *Y26, 7, "26"), ("c", None, Y25[1], 5, "25")], LIMIT
    )
    cases = [
        (1, "a", date(2025, 12, 31), 100, "25", False),
        (2, "a", date(2026, 1, 1), 110, "26", False),
        (3, "a", date(2027, 5, 1), 110, "26", True),  # until the notice on 2027
        (4, "a", date(2024, 12, 31), None, None, False),
        (5, "b", date(2025, 6, 1), None, None, False),
        (6, "c", date(1990, 1, 1), 5, "25", False),
        (7, "c", date(2027, 1, 1), None, None, True),  # the notice on 2026 did not set it
        (8, "x", date(2026, 1, 1), None, None, False),
        (9, None, date(2026, 1, 1), None, None, False),
        (10, "a", None, None, None, False),
    ]
    rows = spark.createDataFrame([case[:3] for case in cases], "i int, kind string, day date")
    found = join_as_of(rows, limits, "day", ["kind"])
    assert found.columns == ["i", "kind", "day", "amount", "edition", "provisional"]
    assert sorted(map(tuple, found.collect())) == cases


def test_what_is_valid_until_it_is_changed_is_never_provisional(spark: SparkSession) -> None:
    """Of a table that knows every date, a row that has ended has ended."""
    limits = spark.createDataFrame([("a", Y25[0], None, 1, "25"), ("b", None, Y25[1], 2, "24")], LIMIT)
    rows = spark.createDataFrame([(k, date(2099, 1, 1)) for k in "ab"], "kind string, day date")
    assert sorted(map(tuple, join_as_of(rows, limits, "day", ["kind"]).select("kind", "amount", "provisional").collect())) == [
        ("a", 1, False), ("b", None, False),
    ]  # fmt: skip
