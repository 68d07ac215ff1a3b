"""A whole list is delivered again: which of its rows are news, and which keys it no longer has.

Here: the list held against the state by a digest of each row's texts, so that what was delivered before as it is now is not judged
again. Not here: judging (`cleanse`), versions of a key (`assets.cleansed.fold`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from assets.joins import anti_join, semi_join
from contracts import Contract
from pipelines.control.batches import extracted_at
from pipelines.runtime import Runtime
from pipelines.steps.quarantine import Batch
from quality.rows import LINEAGE, delivered_hash

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Frames = Callable[["DataFrame"], "DataFrame"]


@dataclass(frozen=True)
class Snapshots:
    """Every whole list ever taken into raw, as `quality.rows.snapshot` writes it, oldest first; none for other tables.

    known_until: the last one that the state knows of. late: a new one is not later than that.
    """

    all: list[str]
    known_until: str | None = None
    late: bool = False

    @classmethod
    def of(cls, runtime: Runtime, contract: Contract, batches: list[Batch], new: list[Batch]) -> Snapshots:
        """batches: all that are in raw; new: those that the state does not know."""
        assert contract.delivery is not None
        if contract.delivery.mode != "full":
            return cls([])
        raw = contract.sibling("raw")
        handle = runtime.lake.open(raw)
        assert handle is not None
        written = {b: f"{b.business_date}|{extracted_at(handle, b.batch_id)}" for b in batches}
        gone = {f"{u.business_date}|{u.extract_ts}" for u in runtime.maintenance_log.gone_batches(raw)}
        known = max(gone | {s for b, s in written.items() if b not in new}, default=None)
        fresh = [s for b, s in written.items() if b in new]
        return cls(sorted(gone | set(written.values())), known, known is not None and min(fresh, default=known) <= known and bool(fresh))


@dataclass(frozen=True)
class SnapshotDiff:
    """delivered: the rows to be judged, as they are in raw; rows: they typed. missing: the keys of live rows that the list no longer
    has. unchanged: how many of its rows were delivered before as they are now, and are not among these."""

    delivered: DataFrame
    rows: DataFrame
    missing: DataFrame
    unchanged: int


def snapshot_diff(contract: Contract, delivered: DataFrame, state: DataFrame, read: Frames, checkpoint: Frames) -> SnapshotDiff:
    """What a list brings that is newer than all that the state knows.

    delivered: its rows in raw. read: types them. A row that is as before is judged all the same when its key is there with
    another row, too: which of them stands is the fold's to say.
    """
    digests = checkpoint(delivered.select(*LINEAGE, delivered_hash(contract).alias("_row_hash")))
    live = state.where(F.col("_op") != "D").select(*contract.key, "_row_hash")
    judged = checkpoint(anti_join(digests, live, ["_row_hash"]).select(*LINEAGE))
    keys = checkpoint(read(semi_join(delivered, judged, LINEAGE)).select(*contract.key).distinct())  # of a row only its key is typed
    as_before = semi_join(live, keys, contract.key).select("_row_hash")
    beside = checkpoint(semi_join(digests, as_before, ["_row_hash"]).select(*LINEAGE))
    fresh = checkpoint(semi_join(delivered, judged.unionByName(beside), LINEAGE))
    missing = checkpoint(anti_join(anti_join(live, digests, ["_row_hash"]), keys, contract.key).select(*contract.key))
    return SnapshotDiff(fresh, checkpoint(read(fresh)), missing, digests.count() - judged.count() - beside.count())
