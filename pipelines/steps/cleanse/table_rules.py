"""Table rules: warnings that only show next to other rows of the table (`quality.table_rules`), on the rows to be published.

Here: applying them to a whole table, or to what changes and its neighbours. Not here: the rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from assets.cleansed.merge import FATE, NEW, Fate
from assets.joins import anti_join
from pipelines.steps.cleanse.candidates import Candidates
from pipelines.steps.cleanse.plan import Mode, Plan
from pipelines.steps.cleanse.task import Task
from quality.beside import flagged_beside
from quality.table_rules import flagged

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


@dataclass(frozen=True)
class Judged:
    """rows: every row with its fate. published: those to be published, with the codes of the table rules."""

    rows: DataFrame
    published: DataFrame


def judged(task: Task, plan: Plan, candidates: Candidates, merged: DataFrame) -> Judged:
    """Add the codes of the table rules to the rows to be published.

    Of a table that changes in part, published rows whose codes change because a neighbour came or went join the rows.
    """
    rows, contract = merged, task.contract
    if plan.mode == Mode.CHANGED and contract.table_rules:
        assert candidates.published is not None
        others = anti_join(task.published().where(F.col("_op") != "D"), rows.select(*contract.key).distinct(), contract.key)
        others = others.withColumns({FATE: F.lit(Fate.PUBLISHED), NEW: F.lit(False)})
        rows = task.checkpoint(flagged_beside(rows, contract, _live(), candidates.published, others, task.checkpoint))
        return Judged(rows, _to_publish(rows))
    return Judged(rows, _to_publish(flagged(rows, contract, _live()) if plan.mode == Mode.FULL else rows))


def _to_publish(rows: DataFrame) -> DataFrame:
    return rows.where(F.col(FATE) == Fate.PUBLISHED)


def _live() -> Column:
    """The rows to be published that exist today: no tombstones."""
    return (F.col(FATE) == Fate.PUBLISHED) & (F.col("_op") != "D")
