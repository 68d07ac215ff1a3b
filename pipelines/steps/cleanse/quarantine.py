"""The quarantine of a table: which of its rows are judged again, and how it is published.

Here: rows held back and where they are in raw, `quarantine/<department>/<table>`. Not here: judging them (`merge`), counting them
(`pipelines.quarantine`), how the quarantine and the table relate (`table_state`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from assets.joins import semi_join
from contracts import SourceContract
from pipelines.control.batches import Batch
from pipelines.runtime import Runtime
from pipelines.steps.cleanse.table_state import quarantine_transactions
from quality.lineage import LINEAGE
from resources.table_writer import Partitions, TableWriter
from standards.text import json_object

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.steps.cleanse.parse import Parsed
    from pipelines.steps.cleanse.plan import Plan
    from pipelines.steps.cleanse.task import Task

CONTESTED = "key:E_KEY_CONFLICT"
PARTITIONS = ("_business_date", "_batch_id", "contested")


@dataclass(frozen=True)
class JudgedAgain:
    """Quarantined rows that are judged once more: where they are in raw (LINEAGE), and how many there are of each batch."""

    rows: DataFrame
    counts: dict[Batch, int]

    @property
    def batch_ids(self) -> set[str]:
        return {b.batch_id for b in self.counts}

    def raw_rows(self, task: Task) -> DataFrame:
        """The rows as they were delivered."""
        return semi_join(task.raw_rows(self.batch_ids), self.rows, LINEAGE)


def judged_again(task: Task, plan: Plan, rows: DataFrame) -> JudgedAgain | None:
    """The quarantined rows that are judged once more together with the new ones; None when there are none.

    These are rows whose key was contested and is delivered again: later news may decide between them. All quarantined rows are judged
    again when the rules have changed, and when a full snapshot arrives late (that newer ones had its key counts). Rows whose batch
    is no longer in raw stay in quarantine.

    Args:
        task: the table.
        plan: says whether all of them are judged again.
        rows: the new rows, typed.
    """
    runtime, contract, version = task.runtime, task.contract, plan.state.quarantine
    if version is None or not (plan.rejudge_all or batches(runtime, contract, version, contested=True)):
        return None
    held = runtime.lake.read(runtime.spark, contract.sibling("quarantine"), version)
    if not plan.rejudge_all:
        delivered = rows.select(_key(contract).alias("key")).distinct()
        held = held.where(F.col("contested")).join(delivered, "key", "left_semi")
    counted = held.groupBy("_business_date", "_batch_id").count().collect()
    in_raw = {b.batch_id for b in plan.delivered}
    counts = {Batch(str(r["_business_date"]), r["_batch_id"]): r["count"] for r in counted if r["_batch_id"] in in_raw}
    if not counts:
        return None
    held = held.where(F.col("_batch_id").isin(sorted({b.batch_id for b in counts})))
    return JudgedAgain(held.select(LINEAGE[0], F.col("_business_date").cast("date"), *LINEAGE[2:]), counts)


def batches(runtime: Runtime, contract: SourceContract, version: int | None, *, contested: bool = False) -> set[str]:
    """The ids of the batches that have rows in quarantine, from its log alone.

    Args:
        runtime: the installation.
        contract: of the cleansed table.
        version: of the quarantine; None when there is none.
        contested: only batches with a row whose key is contested.
    """
    handle = None if version is None else runtime.lake.open(contract.sibling("quarantine"), version)
    return set() if handle is None else {p["_batch_id"] for p in handle.partitions() if not contested or p["contested"].lower() == "true"}


def publish(task: Task, plan: Plan, parsed: Parsed, quarantined: DataFrame) -> None:
    """Replace the quarantine of the batches that were judged: key, raw values, codes, and where each row came from.

    Args:
        task: the table.
        plan: the new batches, and the version of the quarantine that belongs to the published table.
        parsed: the delivered rows, and the quarantined ones that were judged again.
        quarantined: the rows that are held back now.
    """
    runtime, contract = task.runtime, task.contract
    quarantine, again = contract.sibling("quarantine"), parsed.again
    held = quarantined.select(*LINEAGE, _key(contract).alias("key"), F.col("_codes").alias("codes"))
    touched = plan.new_ids | {r["_batch_id"] for r in held.select("_batch_id").distinct().collect()}
    if plan.state.unfinished:
        touched |= batches(runtime, contract, plan.state.newest_quarantine)
    if again is not None:
        touched |= again.batch_ids
    earlier = touched - plan.new_ids
    delivered = parsed.delivered.unionByName(task.raw_rows(earlier)) if earlier else parsed.delivered
    found = held.join(delivered, list(LINEAGE), "left").select(
        *LINEAGE,
        "key",
        "codes",
        json_object({c.name: F.col(c.name) for c in contract.delivered}).alias("raw"),
        F.col("_defect_text").alias("line"),
        F.array_contains("codes", CONTESTED).alias("contested"),
    )
    if plan.state.quarantine is not None and earlier:
        kept = runtime.lake.read(runtime.spark, quarantine, plan.state.quarantine).where(F.col("_batch_id").isin(sorted(earlier)))
        kept = kept.withColumn("_business_date", F.col("_business_date").cast("date"))
        for judged in [held.select(*LINEAGE)] if again is None else [held.select(*LINEAGE), again.rows]:
            kept = kept.join(judged, list(LINEAGE), "left_anti")
        found = found.unionByName(kept.select(found.columns))
    writer = TableWriter(runtime.lake, quarantine, plan.state.newest_quarantine, task.run_id)
    partitions = Partitions(PARTITIONS, [("_batch_id", "in", sorted(touched))])
    with runtime.step.clock("stage"):
        candidate = writer.replace_partitions(found.orderBy("_source_file", "_row_no"), partitions)
    with runtime.step.clock("publish"):
        published = writer.publish(
            candidate,
            metadata={"run_id": task.run_id, "contract_version": contract.version},
            transactions=quarantine_transactions(plan.state),
        )
    runtime.step.wrote(published)


def _key(contract: SourceContract) -> Column:
    """The business key as one text, NULL when a part of it could not be read."""
    first, *more = (F.col(c).cast("string") for c in contract.key)
    return F.concat(first, *(part for c in more for part in (F.lit("|"), c)))
