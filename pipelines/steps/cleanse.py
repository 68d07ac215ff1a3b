"""Cleansed: judge the rows that are new in raw, fold them into the state, publish the state and the quarantine.

Here: which batches are new, one pass over the rows, gates, the state's commit, the accounts.
Not here: the rules of rows (`quality.rows`) and of versions (`assets.cleansed.fold`), the quarantine (`held`).

The batches a state contains are recorded in the commit that publishes it, so a rerun after any crash folds exactly
the batches that are missing. The quarantine is published first. When a run ends between the two, the next one starts from
the quarantine that belongs to the state (`standing`), so doing it again changes nothing.

When the rules have changed since (`standing.rules_now`), all rows held back are judged again, with or without new batches.
"""

from __future__ import annotations

from collections import Counter, defaultdict
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
from pipelines.steps import held
from pipelines.steps.checkpoints import checkpoints
from pipelines.steps.held import Batch
from pipelines.steps.outcome import GateFailed, Outcome
from pipelines.steps.standing import of_state, rules_now, standing
from quality import gates
from quality.among import flagged
from quality.balance import Account
from quality.gates import GateResult
from quality.rows import typed

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

FATE, NEW = "_fate", "_new"
BATCH = ("_business_date", "_batch_id")
FEW = 20
"""So many quarantined rows of a batch never stop it, however small it is."""
OF_EARLIER_RULES = ". The table also holds rows that were published by earlier rules: `citylake rebuild` judges them again"
FATES = {PUBLISHED: "published", QUARANTINED: "quarantined", DUPLICATE: "duplicates"}


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
    outdated = was.unfinished or (was.rules != rules and bool(held.batches(runtime, contract, was.held)))
    outcome = Outcome(table, base, changed=False, read={raw: runtime.lake.version(raw) or 0})
    if not new and not outdated:
        return outcome
    state = runtime.lake.read(runtime.spark, table, base) if base is not None and not rebuild else None
    whole = state is None or (was.folds == 0 and len(new) == len(everything))
    snapshots = _snapshots(runtime, contract, everything)
    with checkpoints(runtime, table, run_id) as checkpoint:

        def read(rows: DataFrame) -> DataFrame:
            return typed(contract, rows, test_divisions=runtime.test_divisions)

        with runtime.step.clock("plan"):
            # written down: in one plan with the rules, what puts a key's rows in order holds on to every text they made on the way
            rows = checkpoint(read(held.raw_rows(runtime, contract, {b.batch_id for b in new})))
            again = None if rebuild else held.judged_again(runtime, contract, was, new, everything, rows, everyone=outdated)
            if again is not None:
                rows = checkpoint(rows.unionByName(read(again.raw_rows(runtime, contract))))
            newest = not outdated and _newest(runtime, contract, new, everything)
            judged = flagged(fold(contract, rows, state, snapshots, newest=newest), contract, _live())
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
        held.publish(runtime, contract, was, staged.where(F.col(FATE) == QUARANTINED), new, again, run_id)
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


def _newest(runtime: Runtime, contract: Contract, new: list[Batch], everything: list[Batch]) -> bool:
    """Whether the new batches are full snapshots, each of a later date than every other one ever taken into raw."""
    assert contract.delivery is not None
    others = {b.business_date for b in set(everything) - set(new)}
    others |= {str(u.business_date) for u in runtime.upkeep.gone_batches(contract.sibling("raw"))}
    return contract.delivery.mode == "full" and max(others, default="") < min(b.business_date for b in new)


def _accounts(runtime: Runtime, contract: Contract, staged: DataFrame, new: list[Batch], again: held.Again | None) -> list[Account]:
    """What became of the rows of each batch, counted on the staged rows; rows_in comes from the raw table's own ledger.

    Codes: E_ of the rows held back, F_ and W_ of all rows of the new batches.
    """
    fates: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    codes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for r in staged.groupBy(*BATCH, FATE, NEW).count().collect():
        if r[NEW] or r[FATE] == QUARANTINED:
            fates[str(r["_business_date"]), r["_batch_id"]][FATES[r[FATE]]] += r["count"]
            if not r[NEW]:
                fates[str(r["_business_date"]), r["_batch_id"]]["published"] -= r["count"]
    fresh = {(b.business_date, b.batch_id) for b in new}
    told = staged.select(*BATCH, F.explode("_codes").alias("code"), (F.col(FATE) == QUARANTINED).alias("held"), NEW)
    delivered_now = F.col(NEW) & F.col("_batch_id").isin([b.batch_id for b in new])
    of_interest = F.when(F.col("code").contains(":E_"), F.col("held")).otherwise(delivered_now)
    for r in told.where(of_interest).groupBy(*BATCH, "code").count().collect():
        codes[str(r["_business_date"]), r["_batch_id"]][r["code"]] = r["count"]
    for batch, count in (again.counts if again else {}).items():
        fates[batch.business_date, batch.batch_id]["quarantined"] -= count
    handle = runtime.lake.open(contract.sibling("raw"))
    assert handle is not None
    delivered = rows_of_batches(handle)
    accounts = []
    for key in sorted(set(fates) | fresh):
        fate, is_new = fates[key], key in fresh
        if is_new or any(fate.values()):
            accounts.append(
                Account(
                    contract.name, key[1], date.fromisoformat(key[0]), delivered[key] if is_new else 0, fate["published"],
                    fate["quarantined"], fate["duplicates"], kind="batch" if is_new else "adjustment", codes=dict(codes[key]),
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
