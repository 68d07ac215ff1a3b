"""Some rows of a table change: one commit, in which only files are replaced that hold one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from resources.commit import RetainedRows
from resources.copy_on_write import find_rows
from resources.lake import Conflict, Lake

TABLE = "cleansed/health/staff"
SCHEMA = pa.schema([("kind", pa.string()), ("no", pa.int64()), ("says", pa.list_(pa.string()))])


class Rows:
    """A table whose every publication is a file of its own."""

    def __init__(self, lake: Lake) -> None:
        self.lake, self.runs = lake, 0

    def _staged(self, rows: list[tuple[Any, ...]]) -> Any:
        self.runs += 1
        stage = self.lake.stage(TABLE, f"run{self.runs}")
        table = pa.Table.from_pylist([dict(zip(SCHEMA.names, r, strict=True)) for r in rows], schema=SCHEMA)
        stage.write_arrow(table.to_reader())
        return stage

    def publish(self, *rows: tuple[Any, ...], **options: Any) -> Any:
        return self.lake.publish(self._staged(list(rows)), base_version=self.lake.version(TABLE), **options)

    def without(self, keys: list[tuple[Any, ...]], version: int | None = None) -> RetainedRows:
        table = pa.table({"kind": [k for k, _ in keys], "no": pa.array([n for _, n in keys], pa.int64())})
        newest = self.lake.version(TABLE)
        assert newest is not None
        handle = self.lake.open(TABLE, newest if version is None else version)
        assert handle is not None
        return find_rows(handle, table).retain_others(self.lake.stage(TABLE, "rewriting"))

    def replace(self, *rows: tuple[Any, ...], also: tuple[tuple[Any, ...], ...] = ()) -> Any:
        return self.publish(*rows, mode="append", retained=self.without([r[:2] for r in rows] + list(also)))

    def __call__(self, version: int | None = None) -> list[tuple[Any, ...]]:
        found = self.lake.arrow(TABLE, version)
        assert found is not None
        return sorted(((r["kind"], r["no"], r["says"]) for r in found.to_pylist()), key=repr)

    @property
    def files(self) -> set[str]:
        handle = self.lake.open(TABLE)
        assert handle is not None
        return set(handle.file_uris())


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    rows = Rows(Lake(str(tmp_path / "lake")))
    rows.publish(("a", 1, ["x"]), ("a", 2, []), ("b", 1, None))
    rows.publish(("c", 1, ["y"]), ("c", 2, ["z"]), mode="append")
    return rows


def test_a_row_is_replaced_and_the_others_stay_in_every_version(rows: Rows) -> None:
    before = rows()
    done = rows.replace(("a", 2, ["new"]), ("d", 9, []))
    assert rows() == [("a", 1, ["x"]), ("a", 2, ["new"]), ("b", 1, None), ("c", 1, ["y"]), ("c", 2, ["z"]), ("d", 9, [])]
    assert (done.version, done.rows, rows.lake.rows(TABLE)) == (2, 6, 6)
    assert rows(1) == before


def test_files_without_a_touched_row_are_not_touched(rows: Rows) -> None:
    before = rows.files
    rows.replace(("a", 2, ["new"]))
    assert len(before & rows.files) == 1
    before = rows.files
    rows.replace(("new", 1, []))
    assert before < rows.files, "new keys are only added"


def test_both_parts_of_a_key_count(rows: Rows) -> None:
    found = rows.without([("a", 9), ("b", 2), ("a\x1f1", 1)])
    assert (found.stage, found.files, found.rows) == (None, {}, 5)


def test_a_key_that_is_not_known_in_whole_takes_nothing(rows: Rows) -> None:
    rows.publish((None, 1, ["nobody"]), mode="append")
    assert rows.without([(None, 1)]).rows == 6
    assert rows.without([("a", 1)]).rows == 5


def test_a_file_of_which_nothing_stays_is_only_taken_out(rows: Rows) -> None:
    rows.replace(("e", 1, []), also=(("c", 1), ("c", 2)))
    assert rows() == [("a", 1, ["x"]), ("a", 2, []), ("b", 1, None), ("e", 1, [])]


def test_what_is_written_anew_is_sealed_and_leaves_no_log_behind(rows: Rows) -> None:
    rows.replace(("a", 2, ["new"]))
    assert rows.lake.verify(TABLE) == []
    assert [f for f in Path(rows.lake.uri(TABLE)).rglob("*.json") if "stage-" in str(f)] == []


def test_who_read_an_older_version_is_refused(rows: Rows) -> None:
    late = rows.without([("c", 1)])
    rows.replace(("a", 2, ["new"]))
    after = rows()
    with pytest.raises(Conflict, match="since version 1"):
        rows.lake.publish(rows._staged([("c", 1, ["late"])]), base_version=1, mode="append", retained=late)
    assert rows() == after
