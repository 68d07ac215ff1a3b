"""The task of one run for one cleansed table: what every stretch of the road needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from contracts import SourceContract
from pipelines.runtime import Runtime
from pipelines.steps.checkpoints import Checkpoint
from quality.rows import typed
from resources.table_writer import TableWriter

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Frames = Callable[["DataFrame"], "DataFrame"]


@dataclass(frozen=True)
class Task:
    """runtime, contract: where and for which table. as_of, run_id: for which night, by which run. base: the table's version when the
    run started, None when it has never been published. checkpoint: writes rows down for the duration of the run and reads them back."""

    runtime: Runtime
    contract: SourceContract
    as_of: date
    run_id: str
    base: int | None
    checkpoint: Checkpoint

    @property
    def writer(self) -> TableWriter:
        return TableWriter(self.runtime.lake, self.contract.name, self.base, self.run_id)

    def published(self) -> DataFrame:
        """The published rows, as the run found them."""
        return self.runtime.lake.read(self.runtime.spark, self.contract.name, self.base)

    def raw_rows(self, batch_ids: set[str]) -> DataFrame:
        """The rows of some batches as they were delivered. No file of another batch is read."""
        from pyspark.sql import functions as F

        raw = self.runtime.lake.read(self.runtime.spark, self.contract.sibling("raw"))
        rows = raw.where(F.col("_batch_id").isin(sorted(batch_ids)) if batch_ids else F.lit(False))
        return rows.withColumn("_business_date", F.col("_business_date").cast("date"))

    def typed(self, raw: DataFrame) -> DataFrame:
        """Delivered rows by the contract's row rules (`quality.rows.typed`)."""
        return typed(self.contract, raw, test_divisions=self.runtime.test_divisions)
