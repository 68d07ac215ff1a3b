"""Split: stage what is to be published, select what is quarantined, and count both against what was delivered.

Here: the staged candidate and the accounts of every batch. Not here: whether they may be published (`gate`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from assets.cleansed.merge import BOOKKEEPING_JUDGED, FATE, NEW, Fate
from assets.joins import anti_join, unchanged_rows
from contracts.model import Mode as DeliveryMode
from pipelines.control.batches import Batch, rows_of_batches
from pipelines.steps.cleanse.candidates import Candidates
from pipelines.steps.cleanse.parse import Parsed
from pipelines.steps.cleanse.plan import Mode, Plan
from pipelines.steps.cleanse.table_rules import Judged
from pipelines.steps.cleanse.task import Task
from quality.balance import FIGURES, Account
from quality.lineage import LINEAGE
from resources.table_writer import Candidate

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row

BATCH = ("_business_date", "_batch_id")
COUNTED_AS = {Fate.PUBLISHED: "published", Fate.QUARANTINED: "quarantined", Fate.DUPLICATE: "duplicates"}


@dataclass(frozen=True)
class Split:
    """candidate: the staged rows. quarantined: the rows to be held back. accounts: what became of the rows of each batch.
    expected: how many rows the fates say are staged."""

    candidate: Candidate
    quarantined: DataFrame
    accounts: list[Account]
    expected: int


def split(task: Task, plan: Plan, parsed: Parsed, candidates: Candidates, judged: Judged) -> Split:
    """Divide the judged rows into published and quarantined ones, and account for every row of every batch."""
    if plan.mode == Mode.FULL:
        with task.runtime.step.clock("stage"):
            candidate = task.writer.overwrite(judged.published.drop(FATE, NEW))
    else:
        assert candidates.published is not None
        judged, candidate = _changes(task, candidates.published, judged)
    with task.runtime.step.clock("counts"):
        accounts, expected = _accounts(task, plan, parsed, judged.rows, candidate)
    return Split(candidate, judged.rows.where(F.col(FATE) == Fate.QUARANTINED), accounts, expected)


def _changes(task: Task, published: DataFrame, judged: Judged) -> tuple[Judged, Candidate]:
    """The judged rows without published ones that stay as they are, and the rest staged to replace what was published of its keys."""
    key, writer = task.contract.key, task.writer
    stays = judged.rows.where((F.col(FATE) == Fate.PUBLISHED) & ~F.col(NEW)).select(*key, *BOOKKEEPING_JUDGED)
    unchanged = task.checkpoint(unchanged_rows(stays, published, key, BOOKKEEPING_JUDGED).select(*key))
    rows = judged.rows.where(F.col(NEW)).unionByName(anti_join(judged.rows.where(~F.col(NEW)), unchanged, key))
    before = anti_join(published.select(*key), unchanged, key)
    to_publish = rows.where(F.col(FATE) == Fate.PUBLISHED).drop(FATE, NEW)
    beside = rows.where((F.col(FATE) == Fate.PUBLISHED) & ~F.col(NEW)).select(*key)
    touched = before.unionByName(beside).distinct()
    with task.runtime.step.clock("stage"):
        candidate = writer.replace_keys(to_publish, writer.find(touched.toArrow()), before)
        staged_keys = candidate.frame(task.runtime.spark).select(*key)
        candidate = replace(candidate, deleted=anti_join(before, staged_keys, key))
    return Judged(rows, to_publish), candidate


def _accounts(task: Task, plan: Plan, parsed: Parsed, rows: DataFrame, candidate: Candidate) -> tuple[list[Account], int]:
    """What became of the rows of each batch, and how many rows are to be published; `rows_in` comes from the raw table's log."""
    fates, expected = _fates(rows)
    if parsed.again is not None:
        for batch, count in parsed.again.counts.items():
            fates[batch]["quarantined"] -= count
    for batch, count in parsed.repeated.items():
        fates[batch]["duplicates"] += count
    if plan.snapshots.late and not plan.from_scratch:
        for batch, count in _first_to_say_so(task, rows).items():
            fates[batch].update(published=count, duplicates=-count)
    codes = _codes(plan, rows, candidate.frame(task.runtime.spark))
    raw = task.runtime.lake.open(task.contract.sibling("raw"))
    assert raw is not None
    delivered, accounts = rows_of_batches(raw), []
    for batch in sorted({*fates, *plan.new}):
        fate, is_new = fates[batch], batch in plan.new
        if is_new or any(fate.values()):
            rows_in = delivered[batch.business_date, batch.batch_id] if is_new else 0
            reason = "every row had been delivered before" if _brings_nothing(task, rows_in, fate) else ""
            accounts.append(
                Account(
                    task.contract.name, batch.batch_id, date.fromisoformat(batch.business_date), rows_in, fate["published"],
                    fate["quarantined"], fate["duplicates"],
                    kind="batch" if is_new else "adjustment", reason=reason, codes=dict(codes[batch]),
                )
            )  # fmt: skip
    return accounts + (_replaced(task, plan) if plan.from_scratch else []), expected


def _brings_nothing(task: Task, rows_in: int, fate: Mapping[str, int]) -> bool:
    """Whether a batch of events or changes says nothing that was not delivered before, as an earlier one that is sent again does; a list
    that is delivered whole may well be the one of yesterday."""
    return task.contract.delivery.mode != DeliveryMode.FULL and fate["duplicates"] == rows_in > 0


def _replaced(task: Task, plan: Plan) -> list[Account]:
    """What takes back the earlier accounts of batches that are merged again, as by a rebuild: each row counts once."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for row in task.runtime.ledger.rows_of(task.contract.name):
        sums[row["batch_id"]].subtract({f: row[f] for f in FIGURES})
    again = [(b, sums[b.batch_id]) for b in plan.new if any(sums[b.batch_id].values())]
    return [
        Account(
            task.contract.name, b.batch_id, date.fromisoformat(b.business_date), counts["rows_in"], counts["published"],
            counts["quarantined"], counts["duplicates"], counts["rejected"], kind="adjustment", reason="replaced by a rebuild",
        )
        for b, counts in again
    ]  # fmt: skip


def _batch(row: Row) -> Batch:
    return Batch(str(row["_business_date"]), row["_batch_id"])


def _fates(rows: DataFrame) -> tuple[dict[Batch, Counter[str]], int]:
    """Rows by batch and fate that this run adds to the ledger, and all rows to be published.

    A row that was published before and is quarantined now moves from one count to the other.
    """
    fates: dict[Batch, Counter[str]] = defaultdict(lambda: Counter(dict.fromkeys(COUNTED_AS.values(), 0)))
    expected = 0
    for r in rows.groupBy(*BATCH, FATE, NEW).count().collect():
        expected += r["count"] if r[FATE] == Fate.PUBLISHED else 0
        if r[NEW]:
            fates[_batch(r)][COUNTED_AS[Fate(r[FATE])]] += r["count"]
        elif r[FATE] == Fate.QUARANTINED:
            fates[_batch(r)].update(quarantined=r["count"], published=-r["count"])
    return fates, expected


def _first_to_say_so(task: Task, rows: DataFrame) -> Counter[Batch]:
    """Rows that were duplicates of an older one and are now the first to say so, because a snapshot arrived late."""
    raised = anti_join(rows.where((F.col(FATE) == Fate.PUBLISHED) & ~F.col(NEW)), task.published().select(*LINEAGE), LINEAGE)
    return Counter({_batch(r): r["count"] for r in raised.groupBy(*BATCH).count().collect()})


def _codes(plan: Plan, rows: DataFrame, staged: DataFrame) -> dict[Batch, dict[str, int]]:
    """Rows by batch and code: E_ of quarantined rows, F_ and W_ of all judged rows of the new batches, as they are staged."""
    others = rows.where(F.col(FATE) != Fate.PUBLISHED).select(*BATCH, "_codes", (F.col(FATE) == Fate.QUARANTINED).alias("quarantined"))
    coded = staged.select(*BATCH, "_codes", F.lit(False).alias("quarantined")).unionByName(others)
    coded = coded.select(*BATCH, F.explode("_codes").alias("code"), "quarantined")
    counts = F.when(F.col("code").contains(":E_"), F.col("quarantined")).otherwise(F.col("_batch_id").isin(sorted(plan.new_ids)))
    codes: dict[Batch, dict[str, int]] = defaultdict(dict)
    for r in coded.where(counts).groupBy(*BATCH, "code").count().collect():
        codes[_batch(r)][r["code"]] = r["count"]
    return codes
