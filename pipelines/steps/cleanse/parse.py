"""Parse: delivered strings become typed rows with codes, each by the contract's row rules.

Here: which delivered rows are read, from the new batches, from the quarantine, and from earlier batches when a snapshot arrives late.
Not here: the rules (`quality.rows`), comparing versions of a key (`merge`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from assets.cleansed.merge import NEW
from assets.joins import anti_join
from pipelines.control.batches import Batch
from pipelines.steps.cleanse.plan import Mode, Plan
from pipelines.steps.cleanse.quarantine import JudgedAgain, judged_again
from pipelines.steps.cleanse.snapshots import snapshot_diff
from pipelines.steps.cleanse.task import Task
from quality.lineage import LINEAGE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Parsed:
    """Typed rows to be merged.

    rows: as `quality.rows.typed` returns them, and `_new`: false for rows that an earlier run has counted. delivered: the rows of the
    new batches among them, as they are in raw. again: quarantined rows among them. missing: keys that a newer snapshot no longer has,
    None when the merge finds them itself. repeated: rows of each batch that repeat the published ones and are not among the rows.
    """

    rows: DataFrame
    delivered: DataFrame
    again: JudgedAgain | None = None
    missing: DataFrame | None = None
    repeated: Mapping[Batch, int] = field(default_factory=dict)


def parse(task: Task, plan: Plan) -> Parsed:
    """Read and type the rows of the new batches, and those that have to be judged again with them."""
    delivered, missing, repeated = task.raw_rows(plan.new_ids), None, dict[Batch, int]()
    if plan.mode == Mode.CHANGED and plan.snapshots.all:
        diff = snapshot_diff(task, delivered)
        delivered, rows, missing, repeated = diff.delivered, diff.rows, diff.missing, {plan.new[0]: diff.repeated}
    else:
        kept = task.runtime.judged.of(task.runtime.spark, task.contract, plan.new_ids)
        # checkpoint: in one plan with the merge, its sort would hold every intermediate text of the rules
        rows = task.checkpoint(task.typed(delivered)) if kept is None else kept
    again = None if plan.from_scratch else judged_again(task, plan, rows)
    if again is not None:
        rows = task.checkpoint(rows.unionByName(task.typed(again.raw_rows(task))))
    rows = rows.withColumn(NEW, F.lit(True))
    if plan.snapshots.late and not plan.from_scratch:
        rows = task.checkpoint(rows.unionByName(_rows_of_earlier_batches(task, plan, again)))
    return Parsed(rows, delivered, again, missing, repeated)


def _rows_of_earlier_batches(task: Task, plan: Plan, again: JudgedAgain | None) -> DataFrame:
    """All rows of the batches that the state contains: a late snapshot can change which of them stands."""
    earlier = task.typed(task.raw_rows({b.batch_id for b in plan.delivered} - plan.new_ids))
    if again is not None:
        earlier = anti_join(earlier, again.rows, LINEAGE)
    return earlier.withColumn(NEW, F.lit(False))
