"""Publishing: invisible until the commit, all at once, and never over somebody else's version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from resources.errors import CitylakeError
from resources.lake import Conflict, Lake
from resources.stage import Stage

TABLE = "base/population/person"
COLUMNS = "id string, n int"
PARTITIONED = "day string, id string"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


class Publisher:
    """Stages rows and publishes them."""

    def __init__(self, lake: Lake, spark: SparkSession) -> None:
        self.lake, self.spark, self.runs = lake, spark, 0

    def stage(self, rows: list[tuple[Any, ...]], columns: str = COLUMNS, partition_by: tuple[str, ...] = ()) -> Stage:
        self.runs += 1
        stage = self.lake.stage(TABLE, f"run{self.runs}")
        stage.write(self.spark.createDataFrame(rows, columns), partition_by)
        return stage

    def publish(self, rows: list[tuple[Any, ...]], columns: str = COLUMNS, **options: Any) -> int:
        stage = self.stage(rows, columns, tuple(options.get("partition_by", ())))
        return self.lake.publish(stage, base_version=self.lake.version(TABLE), **options).version

    def rows(self, version: int | None = None) -> list[tuple[Any, ...]]:
        found = self.lake.arrow(TABLE, version)
        assert found is not None
        return sorted(tuple(r.values()) for r in found.to_pylist())


@pytest.fixture
def person(lake: Lake, spark: SparkSession) -> Publisher:
    return Publisher(lake, spark)


def test_stage_is_invisible_until_it_is_published(person: Publisher, lake: Lake, spark: SparkSession) -> None:
    stage = person.stage([("a", 1)])
    assert (lake.version(TABLE), lake.tables(), lake.arrow(TABLE)) == (None, [], None)
    with pytest.raises(CitylakeError, match="never been published"):
        lake.read(spark, TABLE)
    assert (stage.rows(), stage.frame(spark).count()) == (1, 1)
    published = lake.publish(stage, base_version=None)
    assert (published.version, published.rows, lake.tables()) == (0, 1, [TABLE])

    person.stage([("b", 2)])
    assert (lake.version(TABLE), person.rows()) == (0, [("a", 1)])


def test_overwrite_and_append(person: Publisher, lake: Lake, spark: SparkSession) -> None:
    person.publish([("a", 1)])
    person.publish([("b", 2)], mode="append")
    assert person.rows() == [("a", 1), ("b", 2)]
    person.publish([("c", 3)])
    assert person.rows() == [("c", 3)]
    assert [tuple(r) for r in lake.read(spark, TABLE).collect()] == [("c", 3)]


def test_readers_of_an_older_version_still_see_it(person: Publisher, lake: Lake, spark: SparkSession) -> None:
    person.publish([("a", 1)])
    person.publish([("b", 2), ("c", 3)])
    assert (person.rows(0), person.rows(1)) == ([("a", 1)], [("b", 2), ("c", 3)])
    assert [r["id"] for r in lake.read(spark, TABLE, 0).collect()] == ["a"]


def test_replacing_partitions_leaves_the_others(person: Publisher, lake: Lake) -> None:
    person.publish([("1", "a"), ("2", "b"), ("3", "c")], PARTITIONED, partition_by=("day",))
    person.publish([("2", "new")], PARTITIONED, partition_by=("day",), replace_partitions=[("day", "in", ["2", "3"])])
    assert person.rows() == [("a", "1"), ("new", "2")]
    assert sorted(p["day"] for p in lake.partitions(TABLE)) == ["1", "2"]


@pytest.mark.parametrize("mode", ["overwrite", "append"])
def test_second_publisher_from_the_same_version_is_refused(person: Publisher, lake: Lake, mode: str) -> None:
    person.publish([("a", 1)])
    first, second = person.stage([("b", 2)]), person.stage([("c", 3)])
    lake.publish(first, base_version=0, mode=mode)
    before = person.rows()
    with pytest.raises(Conflict, match="published by somebody else since version 0") as refused:
        lake.publish(second, base_version=0, mode=mode)
    assert TABLE in str(refused.value)
    assert (lake.version(TABLE), person.rows()) == (1, before)


def test_table_made_by_somebody_else_meanwhile_is_not_overwritten(person: Publisher, lake: Lake) -> None:
    first, second = person.stage([("a", 1)]), person.stage([("b", 2)])
    lake.publish(first, base_version=None)
    with pytest.raises(Conflict):
        lake.publish(second, base_version=None)
    assert (lake.version(TABLE), person.rows()) == (0, [("a", 1)])


@pytest.mark.parametrize("mode", ["overwrite", "append"])
def test_second_publisher_is_refused_also_when_it_brings_a_column(person: Publisher, lake: Lake, mode: str) -> None:
    person.publish([("a", 1)])
    first, second = person.stage([("b", 2)]), person.stage([("c", 3, "x")], f"{COLUMNS}, extra string")
    lake.publish(first, base_version=0, mode=mode)
    with pytest.raises(Conflict):
        lake.publish(second, base_version=0, mode=mode)
    assert lake.version(TABLE) == 1


def test_new_column_is_empty_in_older_rows(person: Publisher) -> None:
    person.publish([("a", 1)])
    person.publish([("b", 2, "x")], f"{COLUMNS}, extra string", mode="append")
    assert person.rows() == [("a", 1, None), ("b", 2, "x")]


def test_crash_while_staging_leaves_the_old_version(person: Publisher, lake: Lake, spark: SparkSession) -> None:
    person.publish([("a", 1)])
    stage = lake.stage(TABLE, "crash")
    with pytest.raises(Exception, match="boom"):
        stage.write(spark.createDataFrame([("b", 2)], COLUMNS).withColumn("n", F.raise_error(F.lit("boom")).cast("int")))
    with pytest.raises(Exception):  # noqa: B017, PT011  # whatever is there is no table
        lake.publish(stage, base_version=0)
    assert (lake.version(TABLE), person.rows()) == (0, [("a", 1)])


def test_stage_of_an_earlier_attempt_is_discarded(person: Publisher, lake: Lake, spark: SparkSession) -> None:
    lake.stage(TABLE, "night").write(spark.createDataFrame([("left over", 0)], COLUMNS))
    stage = lake.stage(TABLE, "night")
    stage.write(spark.createDataFrame([("a", 1)], COLUMNS))
    lake.publish(stage, base_version=None)
    assert person.rows() == [("a", 1)]


def test_empty_frame_is_published_with_its_columns(person: Publisher, lake: Lake, spark: SparkSession) -> None:
    person.publish([])
    assert person.rows() == []
    assert [f.name for f in lake.open(TABLE).schema().fields] == ["id", "n"]  # type: ignore[union-attr]
    person.publish([("a", 1)])
    person.publish([])
    assert (person.rows(), lake.read(spark, TABLE).count(), lake.version(TABLE)) == ([], 0, 2)


def test_transactions_and_metadata_stand_in_the_commit(person: Publisher, lake: Lake) -> None:
    person.publish([("a", 1)], transactions={"batch:x": 1}, metadata={"run_id": "night"})
    person.publish([("b", 2)], transactions={"batch:y": 1})
    handle = lake.open(TABLE)
    assert handle is not None
    assert [handle.transaction_version(f"batch:{b}") for b in "xyz"] == [1, 1, None]
    assert [h.get("run_id") for h in handle.history()] == [None, "night"]


def test_columns_may_be_null_in_every_version_whatever_the_engine_thinks(person: Publisher, lake: Lake, spark: SparkSession) -> None:
    schemas = []
    for frame in (
        spark.range(1).select(F.lit("x").alias("a"), F.array(F.lit("y")).alias("b"), F.struct(F.lit(1).alias("d")).alias("c")),
        spark.range(1).select(
            *[F.lit(None).cast(t).alias(n) for n, t in (("a", "string"), ("b", "array<string>"), ("c", "struct<d:int>"))]
        ),
    ):
        stage = lake.stage(TABLE, f"v{len(schemas)}")
        stage.write(frame)
        lake.publish(stage, base_version=lake.version(TABLE))
        handle = lake.open(TABLE)
        assert handle is not None
        schemas.append(handle.schema().to_json())
    assert '"nullable":false' not in schemas[0]
    assert '"containsNull":false' not in schemas[0]
    assert schemas[0] == schemas[1]


def test_published_stage_keeps_no_log_of_its_own(person: Publisher, lake: Lake) -> None:
    stage = person.stage([("a", 1)])
    lake.publish(stage, base_version=None)
    assert [f.suffix for f in Path(stage.uri).rglob("*") if f.is_file()] == [".parquet"]


def test_bookkeeping_tables_are_appended_to(lake: Lake) -> None:
    table = "operations/ledger"
    assert lake.append(table, pa.table({"a": [1]}), {"release:x": 1}) == 0
    assert lake.append(table, pa.table({"a": [2], "b": ["new"]})) == 1
    found = lake.arrow(table)
    assert found is not None
    assert sorted(map(str, found.to_pylist())) == ["{'a': 1, 'b': None}", "{'a': 2, 'b': 'new'}"]
    assert lake.tables() == [table]
    assert lake.open(table).transaction_version("release:x") == 1  # type: ignore[union-attr]


def test_lake_can_read_raw_tables_from_another(lake: Lake, tmp_path: Path) -> None:
    beside = lake.scratch()
    assert beside.uri("raw/health/staff") == lake.uri("raw/health/staff")
    assert beside.uri("cleansed/health/staff") != lake.uri("cleansed/health/staff")
