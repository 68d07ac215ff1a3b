"""A stage written without an engine: its files, and what a commit says of them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

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


def test_rows_that_all_belong_to_one_partition_are_written_without_its_columns(tmp_path: Path, spark: SparkSession) -> None:
    lake = Lake(str(tmp_path))
    for version, (day, person) in enumerate([("2019-12-30", "A"), ("2019-12-31", "B")]):
        stage = lake.stage(TABLE, day)
        stage.write_arrow(pa.table({"person": [person]}).to_reader())
        lake.publish(stage, base_version=lake.version(TABLE), mode="append", partition_by=["day"], partition={"day": day})
        assert lake.version(TABLE) == version
    assert sorted(p["day"] for p in lake.partitions(TABLE)) == ["2019-12-30", "2019-12-31"]  # delta-rs promises no order
    assert not lake.verify(TABLE)
    found = lake.arrow(TABLE)
    assert found is not None
    assert found.sort_by("day").to_pylist() == [{"person": "A", "day": "2019-12-30"}, {"person": "B", "day": "2019-12-31"}]
    assert [tuple(r) for r in lake.read(spark, TABLE).where("day = '2019-12-31'").collect()] == [("B", "2019-12-31")]
