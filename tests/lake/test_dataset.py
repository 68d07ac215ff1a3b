"""The rows of a table in a folder without an engine: Arrow opens the files itself."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyarrow.fs import LocalFileSystem

from resources.rows import dataset

ROWS = pa.table({"day": ["1", "1", "2"], "person": ["A", "B", "C"]})


@pytest.mark.parametrize("folder", ["lake", "a lake", "扬州"])
def test_no_thread_needs_the_interpreter_to_let_go_of_what_it_read(tmp_path: Path, folder: str) -> None:
    place = str(tmp_path / folder)
    write_deltalake(place, ROWS, partition_by=["day"])
    found = dataset(DeltaTable(place))
    assert isinstance(found.filesystem.base_fs, LocalFileSystem)
    assert found.to_table().sort_by("person").select(["day", "person"]).to_pylist() == ROWS.to_pylist()


def test_partitions(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path), ROWS, partition_by=["day"])
    assert dataset(DeltaTable(str(tmp_path)), [("day", "=", "2")]).to_table(columns=["person"]).to_pylist() == [{"person": "C"}]
