"""The quarantine of a table: which of its rows are judged again, and how it is published.

Here: rows held back, where they stand in raw, `quarantine/<department>/<table>`. Not here: judging them (`cleanse`), counting them
(`pipelines.quarantine`), how the quarantine and the state belong together (`standing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from assets.joins import semi_join
from contracts import Contract
from pipelines.runtime import Runtime
from pipelines.steps.table_state import TableState, quarantine_transactions
from quality.rows import LINEAGE
from standards.text import json_object

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from resources.stage import Stage

CONTESTED = "key:E_KEY_CONFLICT"
PARTITIONS = ("_business_date", "_batch_id", "contested")


@dataclass(frozen=True, order=True)
class Batch:
    business_date: str
    batch_id: str


@dataclass(frozen=True)
class Again:
    """Rows held back that are judged once more: where they stand (LINEAGE), and how many there are of each batch."""

    rows: DataFrame
    counts: dict[Batch, int]

    @property
    def batches(self) -> set[str]:
        return {b.batch_id for b in self.counts}

    def raw_rows(self, runtime: Runtime, contract: Contract) -> DataFrame:
        """They as they were delivered."""
        return semi_join(raw_rows(runtime, contract, self.batches), self.rows, LINEAGE)


def raw_rows(runtime: Runtime, contract: Contract, of: set[str]) -> DataFrame:
    """The rows of these batches in raw. Of no other batch is a file read."""
    everything = runtime.lake.read(runtime.spark, contract.sibling("raw"))
    rows = everything.where(F.col("_batch_id").isin(sorted(of)) if of else F.lit(False))
    return rows.withColumn("_business_date", F.col("_business_date").cast("date"))


def judged_again(
    runtime: Runtime, contract: Contract, was: TableState, everything: list[Batch], rows: DataFrame, *, everyone: bool
) -> Again | None:
    """The rows that are judged once more together with the new ones.

    Rows held back because their key was contested and is delivered again: later news may decide between them. All that are
    held back with `everyone`, as when the rules have changed, and when a full snapshot arrives late: that newer ones had its key
    counts. Rows whose batch is no longer in raw stay as they are.
    rows: the new ones, typed.
    """
    if was.held is None or not (everyone or batches(runtime, contract, was.held, contested=True)):
        return None
    held = runtime.lake.read(runtime.spark, contract.sibling("quarantine"), was.held)
    if not everyone:
        delivered = rows.select(_key(contract).alias("key")).distinct()
        held = held.where(F.col("contested")).join(delivered, "key", "left_semi")
    counted = held.groupBy("_business_date", "_batch_id").count().collect()
    there = {b.batch_id for b in everything}
    counts = {Batch(str(r["_business_date"]), r["_batch_id"]): r["count"] for r in counted if r["_batch_id"] in there}
    if not counts:
        return None
    of_them = held.where(F.col("_batch_id").isin(sorted({b.batch_id for b in counts})))
    return Again(of_them.select(LINEAGE[0], F.col("_business_date").cast("date"), *LINEAGE[2:]), counts)


def batches(runtime: Runtime, contract: Contract, version: int | None, *, contested: bool = False) -> set[str]:
    """The batches of which a version of the quarantine has rows, or rows whose key is contested; its log knows."""
    handle = None if version is None else runtime.lake.open(contract.sibling("quarantine"), version)
    return set() if handle is None else {p["_batch_id"] for p in handle.partitions() if not contested or p["contested"].lower() == "true"}


def publish(
    runtime: Runtime, contract: Contract, was: TableState, staged: DataFrame, new: list[Batch], delivered: DataFrame, again: Again | None,
    run_id: str,
) -> None:  # fmt: skip
    """Replace the quarantine of the batches that were judged: key, raw values, codes, and where each row came from.

    staged: the rows to be held back. delivered: those of the new batches that may be among them, as they are in raw.
    """
    quarantine = contract.sibling("quarantine")
    held = staged.select(*LINEAGE, _key(contract).alias("key"), F.col("_codes").alias("codes"))
    touched = {b.batch_id for b in new} | {r["_batch_id"] for r in held.select("_batch_id").distinct().collect()}
    if was.unfinished:
        touched |= batches(runtime, contract, was.newest)
    if again is not None:
        touched |= again.batches
    untouched = touched - {b.batch_id for b in new}
    if untouched:
        delivered = delivered.unionByName(raw_rows(runtime, contract, untouched))
    found = held.join(delivered, list(LINEAGE), "left").select(
        *LINEAGE,
        "key",
        "codes",
        json_object({c.name: F.col(c.name) for c in contract.delivered}).alias("raw"),
        F.col("_defect_text").alias("line"),
        F.array_contains("codes", CONTESTED).alias("contested"),
    )
    if was.held is not None and untouched:
        kept = runtime.lake.read(runtime.spark, quarantine, was.held).where(F.col("_batch_id").isin(sorted(untouched)))
        kept = kept.withColumn("_business_date", F.col("_business_date").cast("date"))
        for judged in [held.select(*LINEAGE)] if again is None else [held.select(*LINEAGE), again.rows]:
            kept = kept.join(judged, list(LINEAGE), "left_anti")
        found = found.unionByName(kept.select(found.columns))
    stage: Stage = runtime.lake.stage(quarantine, run_id)
    with runtime.step.clock("stage"):
        stage.write(found.orderBy("_source_file", "_row_no"), PARTITIONS)
    with runtime.step.clock("publish"):
        published = runtime.lake.publish(
            stage,
            base_version=was.newest,
            transactions=quarantine_transactions(was),
            replace_partitions=[("_batch_id", "in", sorted(touched))],
            partition_by=PARTITIONS,
            metadata={"run_id": run_id, "contract_version": contract.version},
        )
    runtime.step.wrote(published)


def _key(contract: Contract) -> Column:
    """What a row is about: its key as text, NULL when not all of it could be read."""
    first, *more = (F.col(c).cast("string") for c in contract.key)
    return F.concat(first, *(part for c in more for part in (F.lit("|"), c)))
