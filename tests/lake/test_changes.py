"""A commit that changes some rows of a table says afterwards which those are; of any other nobody claims to know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from resources.change_set import commit_changes
from resources.lake import Lake
from resources.maintenance import Scattered, compact
from resources.table_writer import TableWriter

TABLE = "cleansed/health/staff"
SCHEMA = pa.schema([("no", pa.int64()), ("says", pa.string())])
Row = tuple[int, str]


class Rows:
    """A table that is published as a whole, or row by row."""

    def __init__(self, lake: Lake, spark: SparkSession) -> None:
        self.lake, self.spark = lake, spark

    @property
    def version(self) -> int:
        found = self.lake.version(TABLE)
        assert found is not None
        return found

    def _staged(self, rows: list[Row]) -> Any:
        stage = self.lake.stage(TABLE, "run")
        stage.write_arrow(pa.Table.from_pylist([dict(zip(SCHEMA.names, r, strict=True)) for r in rows], schema=SCHEMA).to_reader())
        return stage

    def publish(self, *rows: Row) -> None:
        self.lake.publish(self._staged(list(rows)), base_version=self.lake.version(TABLE))

    def change(self, *rows: Row, gone: tuple[int, ...] = ()) -> None:
        keys = pa.table({"no": pa.array([*(n for n, _ in rows), *gone], pa.int64())})
        writer = TableWriter(self.lake, TABLE, self.version, "run")
        changed = self.spark.createDataFrame(list(rows), "no bigint, says string")
        deleted = self.spark.createDataFrame([(n,) for n in gone], "no bigint")
        writer.publish(writer.replace_keys(changed, writer.find(keys), deleted), metadata={})

    def compact(self) -> None:
        compact(self.lake, Scattered(TABLE, self.version, None, 1, 1, self.lake.rows(TABLE)), "run", statistics=False)

    def commit_changes(self, since: int) -> tuple[list[Row], list[int]] | None:
        found = commit_changes(self.lake, TABLE, since, self.version)
        if found is None:
            return None
        stage = self.lake.stage(TABLE, "looking")
        found.write(stage)
        gone = [] if found.deleted_keys is None else [r.no for r in found.deleted_keys.frame(self.spark).collect()]
        return sorted((r.no, r.says) for r in stage.frame(self.spark).collect()), sorted(gone)


@pytest.fixture
def rows(tmp_path: Path, spark: SparkSession) -> Rows:
    rows = Rows(Lake(str(tmp_path / "lake")), spark)
    rows.publish((1, "a"), (2, "b"), (3, "c"))
    return rows


def test_what_was_added_and_changed_and_what_is_gone(rows: Rows) -> None:
    rows.change((2, "B"), (4, "d"), gone=(3,))
    assert rows.commit_changes(0) == ([(2, "B"), (4, "d")], [3])


def test_nothing_is_gone(rows: Rows) -> None:
    rows.change((4, "d"))
    assert rows.commit_changes(0) == ([(4, "d")], [])


def test_a_table_that_was_written_as_a_whole_does_not_tell(rows: Rows) -> None:
    rows.publish((1, "a"), (2, "B"))
    assert rows.commit_changes(0) is None


def test_two_nights_do_not_tell_what_both_brought(rows: Rows) -> None:
    rows.change((2, "B"))
    rows.change((1, "A"))
    assert rows.commit_changes(0) is None
    assert rows.commit_changes(1) == ([(1, "A")], [])


def test_rows_that_maintenance_wrote_anew_before_the_night_have_not_come(rows: Rows) -> None:
    rows.compact()
    rows.change((2, "B"), gone=(1,))
    assert rows.commit_changes(0) == ([(2, "B")], [1])


def test_of_rows_that_maintenance_wrote_anew_since_nobody_knows(rows: Rows) -> None:
    rows.change((2, "B"))
    rows.compact()
    assert rows.commit_changes(0) is None


def test_keys_that_are_forgotten_are_not_taken_for_none(rows: Rows) -> None:
    rows.change((2, "B"), gone=(3,))
    found = commit_changes(rows.lake, TABLE, 0, rows.version)
    assert found is not None
    assert found.deleted_keys is not None
    found.deleted_keys.discard()
    assert rows.commit_changes(0) is None
