"""Full snapshots: which of their rows are new or different, and which keys they no longer have.

Here: comparing a snapshot with the published table by a digest of each row's texts, so that rows delivered again unchanged are not
judged again. Not here: judging (`merge`), versions of a key (`assets.cleansed.merge`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from assets.joins import anti_join, semi_join
from contracts import SourceContract
from pipelines.control.batches import Batch, extracted_at
from pipelines.runtime import Runtime
from quality.lineage import LINEAGE
from quality.rows import delivered_hash

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.steps.cleanse.task import Task


@dataclass(frozen=True)
class Snapshots:
    """Every snapshot ever ingested, as `quality.rows.snapshot` writes it, oldest first; none for tables delivered in another mode.

    known_until: the newest one that the published table contains. late: a new one is not newer than that.
    """

    all: tuple[str, ...] = ()
    known_until: str | None = None
    late: bool = False

    @classmethod
    def of(cls, runtime: Runtime, contract: SourceContract, delivered: Sequence[Batch], new: Sequence[Batch]) -> Snapshots:
        """Read them from the log of raw and from the record of raw batches that are no longer kept.

        Args:
            runtime: the installation.
            contract: of the cleansed table.
            delivered: every batch in raw.
            new: those that the published table does not contain.
        """
        if contract.delivery.mode != "full":
            return cls()
        raw = contract.sibling("raw")
        handle = runtime.lake.open(raw)
        assert handle is not None
        in_raw = {b: f"{b.business_date}|{extracted_at(handle, b.batch_id)}" for b in delivered}
        removed = {f"{r.business_date}|{r.extract_ts}" for r in runtime.maintenance_log.gone_batches(raw)}
        known = max(removed | {s for b, s in in_raw.items() if b not in new}, default=None)
        fresh = [s for b, s in in_raw.items() if b in new]
        late = known is not None and bool(fresh) and min(fresh) <= known
        return cls(tuple(sorted(removed | set(in_raw.values()))), known, late)


@dataclass(frozen=True)
class SnapshotDiff:
    """delivered: the rows to be judged, as they are in raw; rows: the same, typed. missing: keys of live rows that the snapshot no longer
    has. repeated: how many of its rows repeat a published one and are not among these."""

    delivered: DataFrame
    rows: DataFrame
    missing: DataFrame
    repeated: int


def snapshot_diff(task: Task, delivered: DataFrame) -> SnapshotDiff:
    """Compare a snapshot, newer than all that the published table contains, with the live rows.

    A row that repeats a published one is judged all the same when its key is delivered with another row, too: the merge decides
    which of them stands. Of a new row only the key is typed to find that out.
    """
    key, checkpoint = task.contract.key, task.checkpoint
    digests = checkpoint(delivered.select(*LINEAGE, delivered_hash(task.contract).alias("_row_hash")))
    live = task.published().where(F.col("_op") != "D").select(*key, "_row_hash")
    changed = checkpoint(anti_join(digests, live, ["_row_hash"]).select(*LINEAGE))
    keys = checkpoint(task.typed(semi_join(delivered, changed, LINEAGE)).select(*key).distinct())
    competing = semi_join(live, keys, key).select("_row_hash")
    repeats = checkpoint(semi_join(digests, competing, ["_row_hash"]).select(*LINEAGE))
    to_judge = checkpoint(semi_join(delivered, changed.unionByName(repeats), LINEAGE))
    missing = checkpoint(anti_join(anti_join(live, digests, ["_row_hash"]), keys, key).select(*key))
    repeated = digests.count() - changed.count() - repeats.count()
    return SnapshotDiff(to_judge, checkpoint(task.typed(to_judge)), missing, repeated)
