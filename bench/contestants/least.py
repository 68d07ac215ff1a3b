"""The least there is to do for each table: its inputs scanned and its rows written, by plain Arrow with every processor.

Here: scanning Parquet files that Delta names, column by column, and writing ready rows as Parquet files, one a processor. What is in
`reads.json` of the inputs says which. Not here: Delta's log, anything between reading and writing.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from deltalake import DeltaTable

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds

READS = "reads.json"
"""Table -> its folder, and of every folder that it is made of the columns that are read."""
ROUNDS = 5


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Seconds by `scan/<table>` and `write/<table>`, and the processor's for both by `cpu/<table>`."""
    seconds: dict[str, float] = {}
    for table, told in json.loads((inputs / READS).read_text(encoding="utf-8")).items():
        made = _dataset(told["folder"])
        sources = [(_dataset(folder), columns) for folder, columns in told["reads"].items()]
        scan = _quickest(partial(_scan, sources))
        write = _quickest(partial(_write, made.to_table(), _codec(made), outputs / table))
        seconds |= {f"scan/{table}": scan[0], f"write/{table}": write[0], f"cpu/{table}": scan[1] + write[1]}
        shutil.rmtree(outputs / table)
    return seconds


def _dataset(folder: str) -> ds.Dataset:
    import pyarrow.dataset as ds

    return ds.dataset(DeltaTable(folder).file_uris(), format=ds.ParquetFileFormat(pre_buffer=False))  # that is for stores far away


def _quickest(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds, and the processor's, of the quickest round."""
    rounds = []
    for _ in range(ROUNDS):
        began, spent = perf_counter(), process_time()
        work()
        rounds.append((perf_counter() - began, process_time() - spent))
    return min(rounds)


def _scan(sources: list[tuple[ds.Dataset, list[str]]]) -> None:
    for source, columns in sources:
        for _ in source.to_batches(columns=[c for c in columns if c in source.schema.names]):  # partitions are in the log, not in the files
            pass


def _codec(made: ds.Dataset) -> str:
    """How the files are compressed."""
    parts = (part.metadata.row_group(0) for part in made.get_fragments() if part.metadata.num_row_groups)
    return next((part.column(0).compression for part in parts), "snappy")


def _write(rows: pa.Table, codec: str, folder: Path) -> None:
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    workers = os.cpu_count() or 1
    part = -(-len(rows) // workers)
    with ThreadPoolExecutor(workers) as pool:
        todo = [pool.submit(pq.write_table, rows.slice(i * part, part), folder / f"{i}.parquet", compression=codec) for i in range(workers)]
    for written in todo:
        written.result()
