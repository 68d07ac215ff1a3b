"""Candidates: the typed rows, and the published rows that compete with them for a key. One shape for every mode.

Here: which published rows those are. Not here: which row stands (`merge`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from assets.dates import around_days
from assets.joins import semi_join
from pipelines.steps.cleanse.parse import Parsed
from pipelines.steps.cleanse.plan import Mode, Plan
from pipelines.steps.cleanse.task import Task

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MOST_DAYS = 400
"""Keys of more days are looked for among all published rows."""


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
        keys = task.checkpoint(keys.distinct())
        published = task.checkpoint(semi_join(_of_their_days(task, published, keys), keys, key))
    elif plan.snapshots.late:
        published = published.where(~F.col("_batch_id").isin([b.batch_id for b in plan.delivered]))
    return Candidates(parsed.rows, published)


def _of_their_days(task: Task, published: DataFrame, keys: DataFrame) -> DataFrame:
    """The published rows without most of those that cannot have one of the keys, because a date or moment of the key is of another day.

    Events come day by day, so the rows of most days are passed over without being read.
    """
    for column in (c.name for c in task.contract.columns if c.key_position is not None and c.physical_type in ("date", "timestamp_ntz")):
        days = keys.select(F.col(column).cast("date").alias("day")).distinct().limit(MOST_DAYS + 1).collect()
        if len(days) <= MOST_DAYS:
            published = published.where(around_days(column, [row["day"] for row in days]))
    return published
