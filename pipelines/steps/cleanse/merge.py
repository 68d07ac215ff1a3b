"""Merge: say which version of each key stands, by the source's own sequence (`assets.cleansed.merge`).

Here: merging many rows in hash buckets. Not here: the rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets.cleansed.merge import merge
from assets.joins import hash_bucket, union_materialized
from pipelines.steps.cleanse.candidates import Candidates
from pipelines.steps.cleanse.plan import Plan
from pipelines.steps.cleanse.task import Task

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ROWS_PER_BUCKET = 2_000_000
"""Above this many incoming rows, merge in hash buckets; the sort holds every version of every affected key in memory."""


def merged(task: Task, plan: Plan, candidates: Candidates) -> DataFrame:
    """Every candidate with its fate, written down: it is counted, quarantined and published without being computed again."""
    contract, published = task.contract, candidates.published
    buckets = 1 if published is None else 1 + candidates.rows.count() // ROWS_PER_BUCKET

    def bucket(n: int) -> DataFrame:
        rows, state = (None if f is None else hash_bucket(f, contract.key, n, buckets) for f in (candidates.rows, published))
        assert rows is not None
        return merge(contract, rows, state, plan.snapshots.all, known_until=plan.snapshots.known_until)

    return task.checkpoint(union_materialized([bucket(n) for n in range(buckets)], task.checkpoint))
