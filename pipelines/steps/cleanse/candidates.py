"""Candidates: the typed rows, and the published rows that compete with them for a key. One shape for every mode.

Here: which published rows those are. Not here: which row stands (`merge`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from assets.joins import semi_join
from pipelines.steps.cleanse.parse import Parsed
from pipelines.steps.cleanse.plan import Mode, Plan
from pipelines.steps.cleanse.task import Task

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Candidates:
    """rows: the typed rows. published: the published rows next to them, None when there are none: of a whole table all (without those
    that are among the rows), of a table that changes in part those of the rows' keys and of missing keys."""

    rows: DataFrame
    published: DataFrame | None


def candidates(task: Task, plan: Plan, parsed: Parsed) -> Candidates:
    """Put the published rows next to the typed ones."""
    if plan.from_scratch:
        return Candidates(parsed.rows, None)
    published, key = task.published(), task.contract.key
    if plan.mode == Mode.CHANGED:
        keys = parsed.rows.select(*key).dropna()
        if parsed.missing is not None:
            keys = keys.unionByName(parsed.missing)
        published = task.checkpoint(semi_join(published, task.checkpoint(keys.distinct()), key))
    elif plan.snapshots.late:
        published = published.where(~F.col("_batch_id").isin([b.batch_id for b in plan.delivered]))
    return Candidates(parsed.rows, published)
