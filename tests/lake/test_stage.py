"""A stage written without an engine: its files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from resources.lake import Lake
from resources.stage import ROWS_LOOKED_AT, ROWS_READ_AT_ONCE

TABLE = "raw/health/archive"


def test_only_values_that_repeat_are_written_as_a_dictionary(tmp_path: Path) -> None:
    n = ROWS_READ_AT_ONCE + ROWS_LOOKED_AT
    rows = pa.table(
        {"person": [f"P{i}" for i in range(n)], "line": range(n), "sex": ["1", "2"] * (n // 2), "none": pa.nulls(n, pa.string())}
    )
    stage = Lake(str(tmp_path)).stage(TABLE, "run")
    stage.write_arrow(rows.to_reader(max_chunksize=ROWS_LOOKED_AT // 4))
    (file,) = (pq.ParquetFile(f) for f in Path(stage.uri).glob("*.parquet"))
    assert [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)] == [ROWS_READ_AT_ONCE, ROWS_LOOKED_AT]
    columns = [file.metadata.row_group(0).column(c) for c in range(file.metadata.num_columns)]
    assert [c.path_in_schema for c in columns if c.has_dictionary_page] == ["sex", "none"]
    assert pq.read_table(Path(stage.uri)).sort_by("line").to_pylist() == rows.to_pylist()
