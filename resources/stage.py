"""A stage: candidate rows of one table, in a Delta table of their own inside the table's folder, seen by nobody.

Here: writing and reading it. Not here: making it visible (`lake`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from resources.store import Store

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from pyspark.sql import DataFrame, SparkSession

ROWS_READ_AT_ONCE = 1 << 17
"""Of one row group: what is read by one thread. A file of a single one keeps the other processors idle."""
ROWS_LOOKED_AT = 10_000
"""Of these a writer knows which columns hold the same values over and over."""
REPEATED = 0.5
FIRST_COMMIT = f"{0:020}.json"


@dataclass(frozen=True)
class Stage:
    """Candidate rows of one table, written but seen by nobody. `path` is below the root of `store`."""

    table: str
    path: str
    store: Store
    options: dict[str, str] | None = None

    @property
    def uri(self) -> str:
        return self.store.uri(self.path)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def write(self, frame: DataFrame, partition_by: Iterable[str] = ()) -> None:
        """Write a DataFrame with the engine."""
        with self._written():
            frame.write.format("delta").partitionBy(*partition_by).save(self.uri)

    def write_arrow(self, reader: pa.RecordBatchReader, partition_by: Iterable[str] = ()) -> None:
        """Stream Arrow record batches without an engine."""
        import pyarrow as pa
        from deltalake import ColumnProperties, WriterProperties, write_deltalake

        first = _first(reader)
        plain = dict.fromkeys(_near_unique(pa.Table.from_batches(first, reader.schema)), ColumnProperties(dictionary_enabled=False))
        how = WriterProperties(compression="SNAPPY", max_row_group_size=ROWS_READ_AT_ONCE, column_properties=plain)
        rows = pa.RecordBatchReader.from_batches(reader.schema, chain(first, reader))
        with self._written():
            write_deltalake(self.uri, rows, partition_by=list(partition_by) or None, storage_options=self.options, writer_properties=how)

    @contextmanager
    def _written(self) -> Iterator[None]:
        """A stage has one writer and one commit: when that seems to fail and is there, only its answer was lost."""
        try:
            yield
        except Exception:
            if FIRST_COMMIT not in {c.name for c in self.store.children(f"{self.path}/_delta_log")}:
                raise

    def open(self) -> DeltaTable:
        """A delta-rs handle of the stage itself."""
        from deltalake import DeltaTable

        return DeltaTable(self.uri, storage_options=self.options)

    def frame(self, spark: SparkSession) -> DataFrame:
        """Exactly the staged rows."""
        return spark.read.format("delta").load(self.uri)

    def rows(self) -> int:
        """The number of staged rows, from the files' own metadata."""
        import pyarrow as pa

        return sum(pa.table(self.open().get_add_actions(flatten=True))["num_records"].to_pylist())

    def discard(self) -> None:
        self.store.remove(self.path)


def _first(reader: pa.RecordBatchReader) -> list[pa.RecordBatch]:
    """As many batches as tell what the values of each column are like; all when there are fewer."""
    taken: list[pa.RecordBatch] = []
    while sum(map(len, taken)) < ROWS_LOOKED_AT and (rows := next(reader, None)) is not None:
        taken.append(rows)
    return taken


def _near_unique(rows: pa.Table) -> list[str]:
    """Columns for which the writer need not look for repeated values: a dictionary of them would be as long as they are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(rows) < ROWS_LOOKED_AT:
        return []
    looked_at = rows.slice(0, ROWS_LOOKED_AT)
    simple = [f.name for f in rows.schema if pa.types.is_string(f.type) or pa.types.is_integer(f.type)]
    return [name for name in simple if pc.count_distinct(looked_at[name]).as_py() > ROWS_LOOKED_AT * REPEATED]
