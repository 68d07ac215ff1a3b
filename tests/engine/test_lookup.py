"""Joins of many rows with what is known of some of them, on the engine of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assets.joins import anti_join, changed_rows, left_join_lookup, semi_join, split_unique_keys

ROWS = [("A", 1, "first"), ("A", 2, "second"), ("B", 1, "third"), (None, 1, "fourth"), ("B", None, "fifth")]


@pytest.fixture
def rows(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(ROWS, "office string, no int, note string")


def test_rows_whose_key_is_not_known_in_whole_are_in_no_list_of_keys(spark: SparkSession, rows: DataFrame) -> None:
    keys = spark.createDataFrame([("A", 2), ("B", 1), (None, 1), ("C", 9)], "office string, no int")
    left = anti_join(rows, keys, ("office", "no"))
    assert left.columns == rows.columns
    assert sorted(r["note"] for r in left.collect()) == ["fifth", "first", "fourth"]


def test_rows_of_a_list_of_keys_keep_their_columns(spark: SparkSession, rows: DataFrame) -> None:
    keys = spark.createDataFrame([(2, "A", "x"), (1, "B", "y"), (1, None, "z"), (9, "C", "x")], "no int, office string, of string")
    found = semi_join(rows, keys, ("office", "no"))
    assert found.columns == rows.columns
    assert sorted(r["note"] for r in found.collect()) == ["second", "third"]


def test_every_row_stays_with_what_is_known_of_it(spark: SparkSession, rows: DataFrame) -> None:
    known = spark.createDataFrame([("A", "north"), ("D", "south")], "office string, side string")
    found = rows.transform(left_join_lookup, known, "office").select("note", "office", "side").collect()
    assert sorted((r["note"], r["office"], r["side"]) for r in found) == [
        ("fifth", "B", None), ("first", "A", "north"), ("fourth", None, None), ("second", "A", "north"), ("third", "B", None),
    ]  # fmt: skip


def test_the_engine_of_a_run_holds_what_is_known_and_lets_the_rows_pass(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sail takes the filtered rows for a fifth of them all, fewer than there may be keys, and would hold them if it were allowed to."""
    numbers = spark.range(1000).select(F.col("id").alias("key"), F.col("id").cast("string").alias("wide"))
    numbers.write.format("delta").save(f"{tmp_path}/rows")
    rows = spark.read.format("delta").load(f"{tmp_path}/rows")
    keys = rows.groupBy("key").count().select("key")
    anti_join(rows.where(F.col("wide") != "x"), keys, ["key"]).explain(True)
    physical = capsys.readouterr().out.split("== Physical Plan ==")[1]
    assert "join_type=Right" in physical
    assert "join_type=Left" not in physical


def test_rows_are_divided_into_those_alone_and_those_that_share_their_key(spark: SparkSession, rows: DataFrame) -> None:
    several = rows.unionByName(spark.createDataFrame([("A", 1, "sixth"), (None, 1, "seventh")], rows.schema))
    alone, together = split_unique_keys(several, ("office", "no"))
    assert alone.columns == together.columns == rows.columns
    assert sorted(r["note"] for r in together.collect()) == ["first", "sixth"]
    assert sorted(r["note"] for r in alone.collect()) == ["fifth", "fourth", "second", "seventh", "third"]


def test_rows_are_divided_by_a_column_that_has_one_value_in_a_file(spark: SparkSession, rows: DataFrame, tmp_path: Path) -> None:
    rows.where(F.col("office") == "A").write.format("delta").save(f"{tmp_path}/rows")
    alone, together = split_unique_keys(spark.read.format("delta").load(f"{tmp_path}/rows"), ["office"])
    assert (alone.count(), together.count()) == (0, 2)


def test_rows_of_very_many_columns_are_held_against_others(spark: SparkSession) -> None:
    names = [f"c{n}" for n in range(150)]
    ddl = ", ".join(["no int", *(f"{c} string" for c in names), "codes array<string>"])
    was = [(no, *["x"] * 149, None, ["A"]) for no in range(4)]
    now = [was[0], (1, *["x"] * 149, "y", ["A"]), (2, *["x"] * 149, None, ["B"]), (9, *was[3][1:])]
    found = changed_rows(spark.createDataFrame(now, ddl), spark.createDataFrame(was, ddl), ["no"])
    assert sorted(r["no"] for r in found.collect()) == [1, 2, 9]
    assert found.columns == ["no", *names, "codes"]
