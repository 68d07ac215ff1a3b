"""Cleansed: judge the rows that are new in raw, fold them into the state, publish the state and the quarantine.

Here: which batches are new, reading them, one pass over the rows, gates, the two commits, the accounts.
Not here: the rules of rows (`quality.rows`) and of versions (`assets.cleansed.fold`).

The batches a state contains are recorded in the commit that publishes it, so a rerun after any crash folds exactly
the batches that are missing. The quarantine is published first. When a run ends between the two, the next one starts from
the quarantine that belongs to the state (`standing`), so doing it again changes nothing.

When the rules have changed since (`standing.rules_now`), all rows held back are judged again, with or without new batches.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from time import perf_counter
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from assets.cleansed.fold import DUPLICATE, PUBLISHED, QUARANTINED, TYPES, fold
from contracts import Contract
from pipelines.batches import containing, contains, extracted_at, rows_of_batches
from pipelines.books.holds import DRIFT
from pipelines.books.ledger import told_by_commit
from pipelines.runtime import Runtime
from pipelines.steps.checkpoints import checkpoints
from pipelines.steps.outcome import GateFailed, Outcome
from pipelines.steps.standing import Standing, of_quarantine, of_state, rules_now, standing
from quality import gates
from quality.among import flagged
from quality.balance import Account
from quality.gates import GateResult
from quality.rows import LINEAGE, typed
from standards.text import json_object

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from resources.stage import Stage

FATE, NEW = "_fate", "_new"
PARTITIONS = ("_business_date", "_batch_id")
FEW = 20
"""So many quarantined rows of a batch never stop it, however small it is."""
CONTESTED = "key:E_KEY_CONFLICT"
OF_EARLIER_RULES = ". The table also holds rows that were published by earlier rules: `citylake rebuild` judges them again"
FATES = {PUBLISHED: "published", QUARANTINED: "quarantined", DUPLICATE: "duplicates"}


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


def cleanse(runtime: Runtime, contract: Contract, as_of: date, run_id: str, *, rebuild: bool = False) -> Outcome:
    """Fold the new batches of one table into its state; `rebuild`: all batches, into an empty one.

    Raises GateFailed when a blocking gate fails; nothing is published then.
    """
    started = perf_counter()
    raw, table = contract.sibling("raw"), contract.name
    base = runtime.lake.version(table)
    everything = sorted(Batch(p["_business_date"], p["_batch_id"]) for p in runtime.lake.partitions(raw))
    if not everything:
        return _never_delivered(runtime, contract, base, run_id)
    new = everything if rebuild else _unfolded(runtime, table, everything)
    was, rules = standing(runtime.lake, contract), rules_now(runtime, contract)
    outdated = was.unfinished or (was.rules != rules and bool(_held_batches(runtime, contract, was.held)))
    outcome = Outcome(table, base, changed=False, read={raw: runtime.lake.version(raw) or 0})
    if not new and not outdated:
        return outcome
    state = runtime.lake.read(runtime.spark, table, base) if base is not None and not rebuild else None
    whole = state is None or (was.folds == 0 and len(new) == len(everything))
    again = None if rebuild else _judged_again(runtime, contract, was, new, everything, outdated)
    snapshots = _snapshots(runtime, contract, everything)
    with checkpoints(runtime, table, run_id) as checkpoint:
        with runtime.step.clock("plan"):
            # in one plan with the rules, what puts a key's rows in order holds on to every text they made on the way
            rows = checkpoint(typed(contract, _raw_rows(runtime, raw, new, again), test_divisions=runtime.test_divisions))
            judged = flagged(fold(contract, rows, state, snapshots), contract, _live())
        stage = runtime.lake.stage(table, run_id)
        with runtime.step.clock("stage"):
            stage.write(judged, [FATE, NEW])
    staged = stage.frame(runtime.spark)

    with runtime.step.clock("counts"):
        outcome.accounts = _accounts(runtime, contract, staged, new, again)
    with runtime.step.clock("gates"):
        outcome.checks = _checks(runtime, contract, staged, outcome.accounts)
    if any(c.blocking and not c.passed for c in outcome.checks):
        hint = "" if state is None or was.rules_of_all == rules else OF_EARLIER_RULES
        raise GateFailed(table, outcome.checks, outcome.accounts, stage.uri, hint)
    _publish_quarantine(runtime, contract, was, staged, new, again, run_id)
    with runtime.step.clock("publish"):
        published = runtime.lake.publish(
            stage,
            base_version=base,
            transactions=containing(*[b.batch_id for b in new]) | of_state(was, rules, of_all=whole),
            metadata=told_by_commit(contract, outcome.accounts, run_id=run_id, as_of=as_of),
            statistics=contract.statistics,
            hidden={FATE: PUBLISHED, NEW: None},
        )
    runtime.step.wrote(published)
    outcome.version, outcome.rows, outcome.changed = published.version, published.rows, True
    outcome.seconds = perf_counter() - started
    with runtime.step.clock("ledger"):
        runtime.ledger.record(outcome.accounts, run_id=run_id, as_of=as_of, version=published.version, seconds=outcome.seconds)
    return outcome


def _never_delivered(runtime: Runtime, contract: Contract, base: int | None, run_id: str) -> Outcome:
    """A department that has not delivered yet has an empty table, so that what depends on it can be made."""
    if base is None:
        columns = [f"`{c.name}` {c.physical_type}" for c in contract.columns] + [f"`{c}` {t}" for c, t in TYPES.items()]
        stage = runtime.lake.stage(contract.name, run_id)
        stage.write(runtime.spark.createDataFrame([], ", ".join(columns)))
        published = runtime.lake.publish(stage, base_version=None, metadata={"run_id": run_id})
        runtime.step.wrote(published)
        base = published.version
    return Outcome(contract.name, base, changed=False, rows=0, problems=["no delivery has ever arrived; the table is empty"])


def _unfolded(runtime: Runtime, table: str, batches: list[Batch]) -> list[Batch]:
    """The batches that no published state contains yet."""
    handle = runtime.lake.open(table)
    return [b for b in batches if not contains(handle, b.batch_id)]


def _snapshots(runtime: Runtime, contract: Contract, batches: list[Batch]) -> list[str]:
    """Every full snapshot ever taken into raw, oldest first, as `quality.rows.snapshot` writes it; nothing for other tables."""
    assert contract.delivery is not None
    if contract.delivery.mode != "full":
        return []
    raw = contract.sibling("raw")
    handle = runtime.lake.open(raw)
    assert handle is not None
    found = {f"{b.business_date}|{extracted_at(handle, b.batch_id)}" for b in batches}
    return sorted(found | {f"{u.business_date}|{u.extract_ts}" for u in runtime.upkeep.gone_batches(raw)})


def _judged_again(
    runtime: Runtime, contract: Contract, was: Standing, new: list[Batch], everything: list[Batch], outdated: bool
) -> Again | None:
    """The rows that are judged once more together with the new ones.

    Rows held back because their key was contested: later news may decide between them. All that are held back, when the
    rules have changed, and when a full snapshot arrives late: that newer ones had its key counts. Rows whose batch is no
    longer in raw stay as they are.
    """
    assert contract.delivery is not None
    if was.held is None:
        return None
    held = runtime.lake.read(runtime.spark, contract.sibling("quarantine"), was.held)
    late = contract.delivery.mode == "full" and bool(new) and min(new) < max(everything)
    if not late and not outdated:
        held = held.where(F.array_contains("codes", CONTESTED))
    counted = held.groupBy(*PARTITIONS).count().collect()
    there = {b.batch_id for b in everything}
    counts = {Batch(str(r["_business_date"]), r["_batch_id"]): r["count"] for r in counted if r["_batch_id"] in there}
    if not counts:
        return None
    return Again(held.where(F.col("_batch_id").isin(sorted({b.batch_id for b in counts}))).select(*LINEAGE), counts)


def _held_batches(runtime: Runtime, contract: Contract, version: int | None) -> set[str]:
    """The batches of which a version of the quarantine has rows."""
    handle = None if version is None else runtime.lake.open(contract.sibling("quarantine"), version)
    return set() if handle is None else {p["_batch_id"] for p in handle.partitions()}


def _raw_rows(runtime: Runtime, raw: str, new: list[Batch], again: Again | None) -> DataFrame:
    """The rows of the new batches, and those judged again. Of no other batch is a file read."""
    everything = runtime.lake.read(runtime.spark, raw)
    rows = everything.where(F.col("_batch_id").isin([b.batch_id for b in new]) if new else F.lit(False))
    if again is not None:
        held = again.rows.withColumn("_business_date", F.col("_business_date").cast("string"))
        of_them = everything.where(F.col("_batch_id").isin(sorted(again.batches)))
        rows = rows.unionByName(of_them.join(held, list(LINEAGE), "left_semi"))
    return rows.withColumn("_business_date", F.col("_business_date").cast("date"))


def _accounts(runtime: Runtime, contract: Contract, staged: DataFrame, new: list[Batch], again: Again | None) -> list[Account]:
    """What became of the rows of each batch, counted on the staged rows; rows_in comes from the raw table's own ledger.

    Codes: E_ of the rows held back, F_ and W_ of all rows of the new batches.
    """
    fates: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    codes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for r in staged.groupBy(*PARTITIONS, FATE, NEW).count().collect():
        if r[NEW] or r[FATE] == QUARANTINED:
            fates[str(r["_business_date"]), r["_batch_id"]][FATES[r[FATE]]] += r["count"]
            if not r[NEW]:
                fates[str(r["_business_date"]), r["_batch_id"]]["published"] -= r["count"]
    fresh = {(b.business_date, b.batch_id) for b in new}
    told = staged.select(*PARTITIONS, F.explode("_codes").alias("code"), (F.col(FATE) == QUARANTINED).alias("held"), NEW)
    delivered_now = F.col(NEW) & F.col("_batch_id").isin([b.batch_id for b in new])
    of_interest = F.when(F.col("code").contains(":E_"), F.col("held")).otherwise(delivered_now)
    for r in told.where(of_interest).groupBy(*PARTITIONS, "code").count().collect():
        codes[str(r["_business_date"]), r["_batch_id"]][r["code"]] = r["count"]
    for batch, held in (again.counts if again else {}).items():
        fates[batch.business_date, batch.batch_id]["quarantined"] -= held
    handle = runtime.lake.open(contract.sibling("raw"))
    assert handle is not None
    delivered = rows_of_batches(handle)
    accounts = []
    for key in sorted(set(fates) | fresh):
        count, is_new = fates[key], key in fresh
        if is_new or any(count.values()):
            accounts.append(
                Account(
                    contract.name, key[1], date.fromisoformat(key[0]), delivered[key] if is_new else 0, count["published"],
                    count["quarantined"], count["duplicates"], kind="batch" if is_new else "adjustment", codes=dict(codes[key]),
                )
            )  # fmt: skip
    return accounts


def _checks(runtime: Runtime, contract: Contract, staged: DataFrame, accounts: list[Account]) -> list[GateResult]:
    """The balance, the share of quarantined rows, and the contract's expectations on exactly the live rows to be published."""
    assert contract.delivery is not None
    out = [a.sentence() for a in accounts if not a.balanced]
    most = contract.delivery.max_quarantine_ratio
    released = {b for b, h in runtime.holds.of(contract.sibling("raw")).items() if DRIFT in h.released}  # a person has seen how many
    judged = [a for a in accounts if a.kind == "batch" and a.batch_id not in released]
    over = [a.sentence() for a in judged if a.quarantined > max(most * a.rows_in, FEW)]
    candidates = staged.where(_live())
    return [
        GateResult(
            "balance",
            not out,
            True,
            "rows in = published + quarantined + duplicates + rejected",
            {"batches": "; ".join(out)} if out else {},
        ),
        GateResult(
            "quarantine_share",
            not over,
            True,
            f"at most {most:.0%} of a batch is quarantined",
            {"batches": "; ".join(over)} if over else {},
        ),
        *gates.check(contract, candidates, runtime.valid_codes),
    ]


def _live() -> Column:
    """The rows to be published that stand: not those that only say that a key is gone."""
    return (F.col(FATE) == PUBLISHED) & (F.col("_op") != "D")


def _publish_quarantine(
    runtime: Runtime, contract: Contract, was: Standing, staged: DataFrame, new: list[Batch], again: Again | None, run_id: str
) -> None:
    """Replace the quarantine of the batches that were judged: raw values, codes, and where each row came from."""
    quarantine, raw = contract.sibling("quarantine"), contract.sibling("raw")
    held = staged.where(F.col(FATE) == QUARANTINED).select(
        F.col("_business_date").cast("string").alias("_business_date"),
        "_batch_id",
        "_source_file",
        "_row_no",
        F.col("_codes").alias("codes"),
    )
    touched = {b.batch_id for b in new} | {r["_batch_id"] for r in held.select("_batch_id").distinct().collect()}
    if was.unfinished:
        touched |= _held_batches(runtime, contract, was.newest)
    if again is not None:
        touched |= again.batches
    delivered = {c.name: F.col(c.name) for c in contract.delivered}
    rows = runtime.lake.read(runtime.spark, raw).where(F.col("_batch_id").isin(sorted(touched)))
    found = held.join(rows, list(LINEAGE), "left").select(
        *[F.col(c).cast("date") if c == "_business_date" else F.col(c) for c in LINEAGE],
        "codes",
        json_object(delivered).alias("raw"),
        F.col("_defect_text").alias("line"),
    )
    untouched = touched - {b.batch_id for b in new}
    if was.held is not None and untouched:
        kept = runtime.lake.read(runtime.spark, quarantine, was.held).where(F.col("_batch_id").isin(sorted(untouched)))
        judged = held.withColumn("_business_date", F.col("_business_date").cast("date")).select(*LINEAGE)
        for rows_judged in [judged] if again is None else [judged, again.rows]:
            kept = kept.join(rows_judged, list(LINEAGE), "left_anti")
        found = found.unionByName(kept.select(found.columns))
    stage: Stage = runtime.lake.stage(quarantine, run_id)
    with runtime.step.clock("stage"):
        stage.write(found.orderBy("_source_file", "_row_no"), PARTITIONS)
    with runtime.step.clock("publish"):
        published = runtime.lake.publish(
            stage,
            base_version=was.newest,
            transactions=of_quarantine(was),
            replace_partitions=[("_batch_id", "in", sorted(touched))],
            partition_by=PARTITIONS,
            metadata={"run_id": run_id, "contract_version": contract.version},
        )
    runtime.step.wrote(published)
