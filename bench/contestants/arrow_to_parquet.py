"""The least there is to do: `pyarrow.csv` reads the same data as UTF-8, on all cores, and writes it as one Parquet file."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from bench.ingestion import UTF8


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Text columns in, text columns out; seconds by part."""
    import pyarrow as pa
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    started = perf_counter()
    header = (inputs / UTF8).open(encoding="utf-8").readline().strip().split(",")
    rows = pacsv.read_csv(inputs / UTF8, convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(header, pa.string())))
    read = perf_counter()
    pq.write_table(rows, outputs / "rows.parquet")
    return {"read": read - started, "write": perf_counter() - read}
