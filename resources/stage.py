"""A stage: candidate rows of one table, in a Delta table of their own inside the table's folder, seen by nobody.

Here: writing and reading it. Not here: making it visible (`lake`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resources.store import Store

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from pyspark.sql import DataFrame, SparkSession

ROWS_READ_AT_ONCE = 1 << 17
"""Of one row group: what is read by one thread. A file of a single one keeps the other processors idle."""
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
        from deltalake import WriterProperties, write_deltalake

        groups = WriterProperties(compression="SNAPPY", max_row_group_size=ROWS_READ_AT_ONCE)
        with self._written():
            write_deltalake(
                self.uri, reader, partition_by=list(partition_by) or None, storage_options=self.options, writer_properties=groups
            )

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
