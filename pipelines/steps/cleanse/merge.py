"""Merge: say which version of each key stands, by the source's own sequence (`assets.cleansed.merge`).

Here: which rows are written down for it. Not here: the rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets.cleansed.merge import competing, merge
from pipelines.steps.cleanse.candidates import Candidates
from pipelines.steps.cleanse.plan import Plan
from pipelines.steps.cleanse.task import Task

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def merged(task: Task, plan: Plan, candidates: Candidates) -> DataFrame:
    """Every candidate with its fate. Table rules mention the rows several times: for these they are written down."""
    contract, snapshots, published = task.contract, plan.snapshots, candidates.published
    if published is not None and published.isEmpty():  # events of new days
        published = None
    known = competing(contract, candidates.rows, published, snapshots.known_until)
    rows = merge(contract, known, snapshots.all, task.checkpoint)
    return task.checkpoint(rows) if contract.table_rules else rows
