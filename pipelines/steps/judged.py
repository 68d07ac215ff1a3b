"""Judged rows: what ingesting a small delivery has typed already, kept for the step that cleanses it in the same process.

Here: writing them down, giving them out, removing them. Not here: which deliveries are typed when they are ingested (`drift`), the rules
(`quality.rows`). Nothing depends on them: where there are none, the rows are typed again.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from contracts import SourceContract
from resources.errors import LakeUnreachable
from resources.lake import Lake
from resources.stage import Stage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass
class JudgedRows:
    """The typed rows of whole deliveries, each in a stage, by batch, with the contract by which they were typed."""

    lake: Lake
    stages: dict[str, tuple[SourceContract, Stage]] = field(default_factory=dict)

    def keep(self, contract: SourceContract, batch_id: str, rows: DataFrame, run_id: str) -> Stage:
        """Write down the typed rows of a batch, in place of those kept of it before."""
        self._remove([batch_id])
        stage = self.lake.stage(contract.name, f"{run_id}-judged")
        self.stages[batch_id] = contract, stage
        stage.write(rows)
        return stage

    def of(self, spark: SparkSession, contract: SourceContract, batch_ids: Collection[str]) -> DataFrame | None:
        """The typed rows of some batches; None unless all of them are kept, typed by this contract."""
        found = [self.stages.get(batch_id) for batch_id in sorted(batch_ids)]
        if not found or any(kept is None or kept[0] != contract for kept in found):
            return None
        return reduce(lambda a, b: a.unionByName(b), [kept[1].frame(spark) for kept in found if kept])

    def forget(self, contract: SourceContract) -> None:
        """Remove what is kept of a table: it has been cleansed."""
        self._remove([batch_id for batch_id, (kept, _) in self.stages.items() if kept.name == contract.name])

    def forget_all(self) -> None:
        """Remove all that is kept."""
        self._remove(list(self.stages))

    def _remove(self, batch_ids: Collection[str]) -> None:
        for batch_id in batch_ids:
            kept = self.stages.pop(batch_id, None)
            if kept is not None:
                with suppress(LakeUnreachable):
                    kept[1].discard()
