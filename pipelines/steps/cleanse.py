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
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from assets.cleansed.fold import DUPLICATE, PUBLISHED, QUARANTINED, TYPES, fold
from assets.joins import anti_join, hash_bucket, semi_join, unchanged_rows, union_materialized
from contracts import Contract
from pipelines.control.batches import containing, contains, rows_of_batches
from pipelines.control.holds import DRIFT
from pipelines.control.ledger import commit_metadata
from pipelines.runtime import Runtime
from pipelines.steps import quarantine
from pipelines.steps.checkpoints import checkpoints
from pipelines.steps.outcome import GateFailed, Outcome
from pipelines.steps.quarantine import Batch
from pipelines.steps.snapshots import Frames, Snapshots, snapshot_diff
from pipelines.steps.table_state import TableState, rule_fingerprint, state_transactions, table_state
from quality import gates
from quality.balance import Account
from quality.gates import GateResult
from quality.rows import LINEAGE, typed
from quality.table_rules import by_groups, flagged, flagged_beside
from resources import copy_on_write
from resources.change_set import record_deleted_keys
from resources.copy_on_write import FoundRows

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

FATE, NEW = "_fate", "_new"
BATCH = ("_business_date", "_batch_id")
JUDGED = ("_codes", "_op", "_seen", "_closed_on")
"""What a fold may say anew of a row that it has published before."""
WORTH_CHANGING = 100_000
"""From so many rows on a table is not written anew for a few of them."""
FOLDED_AT_ONCE = 2_000_000
"""Of so many new rows the keys are put in order beside the published ones: the versions of all keys that are looked at are in memory."""
FEW = 20
"""So many quarantined rows of a batch never stop it, however small it is."""
OF_EARLIER_RULES = ". The table also holds rows that were published by earlier rules: `citylake rebuild` judges them again"
FATES = {PUBLISHED: "published", QUARANTINED: "quarantined", DUPLICATE: "duplicates"}


@dataclass(frozen=True)
class Work:
    """What a fold is made of. delivered: all rows of new batches that may be held back, as they are in raw. rows: typed, with those
    held back that are judged `again`. state: the published rows that count beside them. unchanged: rows of each new batch that need
    no judgement. When only what changes is written: others, the keys that change beside those of the rows, and found, the published
    rows of all these keys, which are the state then; None: the whole table is."""

    delivered: DataFrame
    rows: DataFrame
    state: DataFrame | None
    again: quarantine.Again | None = None
    unchanged: dict[Batch, int] = field(default_factory=dict)
    others: DataFrame | None = None
    found: FoundRows | None = None


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
    was, rules = table_state(runtime.lake, contract), rule_fingerprint(runtime, contract)
    outdated = was.unfinished or (was.rules != rules and bool(quarantine.batches(runtime, contract, was.held)))
    outcome = Outcome(table, base, changed=False, read={raw: runtime.lake.version(raw) or 0})
    if not new and not outdated:
        return outcome
    state = runtime.lake.read(runtime.spark, table, base) if base is not None and not rebuild else None
    of_all = state is None or (was.folds == 0 and len(new) == len(everything))
    snapshots = Snapshots.of(runtime, contract, everything, new)
    partly = not outdated and was.gated == rules and _few(runtime, contract, new, snapshots)
    with checkpoints(runtime, table, run_id) as checkpoint:
        with runtime.step.clock("plan"):
            if partly and state is not None and base is not None:
                work = _changes(runtime, contract, was, state, base, new, everything, checkpoint)
            else:
                work = _everything(runtime, contract, was, state, new, everything, snapshots, checkpoint, outdated=outdated)
            # written down: what is counted, held back and published of it is not reckoned each time
            judged = checkpoint(_folded(contract, work, snapshots, checkpoint))
            found, marked, as_before = work.found, judged, None
            if found is None:
                marked = flagged(judged, contract, _live())
            elif contract.table_rules and state is not None and base is not None:
                marked, more = _flagged(contract, judged, work, state, checkpoint)
                judged = marked = checkpoint(marked)
                if more:
                    found = copy_on_write.find_rows(
                        runtime.lake, contract.name, base, judged.select(*contract.key).dropna().distinct().toArrow()
                    )
            if found is not None and work.state is not None:
                as_before = checkpoint(_as_before(contract, judged, work.state))
                judged = marked = judged.where(F.col(NEW)).unionByName(anti_join(judged.where(~F.col(NEW)), as_before, contract.key))
                found = found.less(as_before.toArrow())
        stage = runtime.lake.stage(table, run_id)
        with runtime.step.clock("stage"):
            stage.write(marked.where(F.col(FATE) == PUBLISHED).drop(FATE, NEW))
        staged = stage.frame(runtime.spark)
        with runtime.step.clock("counts"):
            late = state if snapshots.late else None
            outcome.accounts, to_publish = _accounts(runtime, contract, judged, staged, new, work, late)
        with runtime.step.clock("gates"):
            lost = to_publish - stage.rows()
            outcome.checks = _checks(runtime, contract, staged, outcome.accounts, found, lost)
        if any(c.blocking and not c.passed for c in outcome.checks):
            hint = "" if state is None or was.rules_of_all == rules else OF_EARLIER_RULES
            raise GateFailed(table, outcome.checks, outcome.accounts, stage.uri, hint)
        with runtime.step.clock("stage"):
            stays = None if found is None else found.rewritten(runtime.lake.stage(table, run_id))
            gone = {} if found is None else _gone(runtime, contract, work, staged, as_before, run_id)
        quarantine.publish(runtime, contract, was, judged.where(F.col(FATE) == QUARANTINED), new, work.delivered, work.again, run_id)
    with runtime.step.clock("publish"):
        published = runtime.lake.publish(
            stage,
            base_version=base,
            mode="overwrite" if stays is None else "append",
            beside=stays,
            transactions=containing(*[b.batch_id for b in new]) | state_transactions(was, rules, of_all=of_all),
            metadata=commit_metadata(contract, outcome.accounts, run_id=run_id, as_of=as_of) | gone,
            statistics=contract.statistics,
        )
    runtime.step.wrote(published)
    outcome.version, outcome.rows, outcome.changed = published.version, published.rows, True
    outcome.seconds = perf_counter() - started
    with runtime.step.clock("ledger"):
        runtime.ledger.record(outcome.accounts, run_id=run_id, as_of=as_of, version=published.version, seconds=outcome.seconds)
    return outcome


def _few(runtime: Runtime, contract: Contract, new: list[Batch], snapshots: Snapshots) -> bool:
    """Whether to write only what changes: a large table, of which the new batches touch the smaller part, or one newer list."""
    assert contract.delivery is not None
    rows = runtime.lake.rows(contract.name)
    if rows < WORTH_CHANGING or not by_groups(contract):
        return False
    if contract.delivery.mode == "full":
        return len(new) == 1 and not snapshots.late
    handle = runtime.lake.open(contract.sibling("raw"))
    assert handle is not None
    delivered = rows_of_batches(handle)
    return sum(delivered[b.business_date, b.batch_id] for b in new) < rows / 2


def _changes(
    runtime: Runtime, contract: Contract, was: TableState, state: DataFrame, base: int, new: list[Batch], everything: list[Batch],
    checkpoint: Frames,
) -> Work:  # fmt: skip
    """Rows that are news, and the keys that they touch or that a list no longer has."""
    assert contract.delivery is not None
    delivered, read = quarantine.raw_rows(runtime, contract, {b.batch_id for b in new}), _reader(runtime, contract)
    others, unchanged = state.select(*contract.key).where(F.lit(False)), dict[Batch, int]()
    if contract.delivery.mode == "full":
        news = snapshot_diff(contract, delivered, state, read, checkpoint)
        delivered, rows, others, unchanged = news.delivered, news.rows, news.missing, {new[0]: news.unchanged}
    else:
        rows = checkpoint(read(delivered))
    rows, again = _with_held(runtime, contract, was, everything, rows, checkpoint, everyone=False)
    keys = checkpoint(rows.select(*contract.key).dropna().unionByName(others).distinct())
    found = copy_on_write.find_rows(runtime.lake, contract.name, base, keys.toArrow())
    return Work(delivered, rows, checkpoint(semi_join(state, keys, contract.key)), again, unchanged, others, found)


def _everything(
    runtime: Runtime, contract: Contract, was: TableState, state: DataFrame | None, new: list[Batch], everything: list[Batch],
    snapshots: Snapshots, checkpoint: Frames, *, outdated: bool,
) -> Work:  # fmt: skip
    """All rows of the new batches and all of the state; when an older list arrives late, all that is in raw."""
    delivered, read = quarantine.raw_rows(runtime, contract, {b.batch_id for b in new}), _reader(runtime, contract)
    # written down: in one plan with the rules, what puts a key's rows in order holds on to every text they made on the way
    rows = checkpoint(read(delivered))
    if state is None:
        return Work(delivered, rows, state)
    rows, again = _with_held(runtime, contract, was, everything, rows, checkpoint, everyone=outdated or snapshots.late)
    if not snapshots.late:
        return Work(delivered, rows, state, again)
    others = read(quarantine.raw_rows(runtime, contract, {b.batch_id for b in everything} - {b.batch_id for b in new}))
    if again is not None:
        others = anti_join(others, again.rows, LINEAGE)
    rows = checkpoint(rows.withColumn(NEW, F.lit(True)).unionByName(others.withColumn(NEW, F.lit(False))))
    return Work(delivered, rows, state.where(~F.col("_batch_id").isin([b.batch_id for b in everything])), again)


def _folded(contract: Contract, work: Work, snapshots: Snapshots, checkpoint: Frames) -> DataFrame:
    """The rows and their fates; of many rows beside a published table in parts, each with some of the keys."""
    parts = 1 if work.state is None else 1 + work.rows.count() // FOLDED_AT_ONCE

    def of(n: int) -> DataFrame:
        state, others = (None if rows is None else hash_bucket(rows, contract.key, n, parts) for rows in (work.state, work.others))
        rows = hash_bucket(work.rows, contract.key, n, parts)
        return fold(contract, rows, state, snapshots.all, known_until=snapshots.known_until, others=others)

    return union_materialized([of(n) for n in range(parts)], checkpoint)


def _with_held(
    runtime: Runtime, contract: Contract, was: TableState, everything: list[Batch], rows: DataFrame, checkpoint: Frames, *, everyone: bool
) -> tuple[DataFrame, quarantine.Again | None]:
    """The typed rows with those held back that are judged again, and which these are."""
    again = quarantine.judged_again(runtime, contract, was, everything, rows, everyone=everyone)
    if again is not None:
        rows = checkpoint(rows.unionByName(_reader(runtime, contract)(again.raw_rows(runtime, contract))))
    return rows, again


def _reader(runtime: Runtime, contract: Contract) -> Frames:
    return partial(typed, contract, test_divisions=runtime.test_divisions)


def _as_before(contract: Contract, judged: DataFrame, state: DataFrame) -> DataFrame:
    """The keys whose published row stands beside what is new, and stays just as it was."""
    stands = judged.where((F.col(FATE) == PUBLISHED) & ~F.col(NEW)).select(*contract.key, *JUDGED)
    return unchanged_rows(stands, state, contract.key, JUDGED).select(*contract.key)


def _gone(runtime: Runtime, contract: Contract, work: Work, staged: DataFrame, as_before: DataFrame | None, run_id: str) -> dict[str, str]:
    """What the commit says of keys of which no row stands any more, such as one that two sources contest."""
    assert work.state is not None
    assert as_before is not None
    taken = anti_join(work.state.select(*contract.key), as_before, contract.key)
    return record_deleted_keys(runtime.lake, contract.name, run_id, anti_join(taken, staged.select(*contract.key), contract.key))


def _flagged(contract: Contract, judged: DataFrame, work: Work, state: DataFrame, checkpoint: Frames) -> tuple[DataFrame, bool]:
    """What the table rules say of the judged rows, with the rows beside them of which they now say something else; are there any?"""
    assert work.state is not None
    beside = anti_join(state.where(F.col("_op") != "D"), judged.select(*contract.key).distinct(), contract.key)
    beside = beside.withColumns({FATE: F.lit(PUBLISHED), NEW: F.lit(False)})
    return flagged_beside(judged, contract, _live(), work.state, beside, checkpoint)


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


def _accounts(
    runtime: Runtime, contract: Contract, judged: DataFrame, staged: DataFrame, new: list[Batch], work: Work, late: DataFrame | None
) -> tuple[list[Account], int]:
    """What became of the rows of each batch, and how many are to be published; rows_in comes from the raw table's own ledger.

    late: the state before, when an older list arrived late: a row of a newer one that only repeated it may now be the first to say so.
    Codes: E_ of the rows held back, F_ and W_ of all rows of the new batches that were judged, as they are staged.
    """
    fates: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    codes: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    to_publish = 0
    for r in judged.groupBy(*BATCH, FATE, NEW).count().collect():
        to_publish += r["count"] if r[FATE] == PUBLISHED else 0
        if r[NEW] or r[FATE] == QUARANTINED:
            fates[str(r["_business_date"]), r["_batch_id"]][FATES[r[FATE]]] += r["count"]
            if not r[NEW]:
                fates[str(r["_business_date"]), r["_batch_id"]]["published"] -= r["count"]
    fresh = {(b.business_date, b.batch_id) for b in new}
    others = judged.where(F.col(FATE) != PUBLISHED).select(*BATCH, "_codes", (F.col(FATE) == QUARANTINED).alias("held"))
    told = staged.select(*BATCH, "_codes", F.lit(False).alias("held")).unionByName(others)
    told = told.select(*BATCH, F.explode("_codes").alias("code"), "held")
    of_interest = F.when(F.col("code").contains(":E_"), F.col("held")).otherwise(F.col("_batch_id").isin([b.batch_id for b in new]))
    for r in told.where(of_interest).groupBy(*BATCH, "code").count().collect():
        codes[str(r["_business_date"]), r["_batch_id"]][r["code"]] = r["count"]
    for batch, count in (work.again.counts if work.again else {}).items():
        fates[batch.business_date, batch.batch_id]["quarantined"] -= count
    for batch, count in work.unchanged.items():
        fates[batch.business_date, batch.batch_id]["duplicates"] += count
    if late is not None:
        raised = anti_join(judged.where((F.col(FATE) == PUBLISHED) & ~F.col(NEW)), late.select(*LINEAGE), LINEAGE)
        for r in raised.groupBy(*BATCH).count().collect():
            fates[str(r["_business_date"]), r["_batch_id"]].update(published=r["count"], duplicates=-r["count"])
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
    return accounts, to_publish


def _checks(
    runtime: Runtime, contract: Contract, staged: DataFrame, accounts: list[Account], found: FoundRows | None, lost: int
) -> list[GateResult]:
    """The balance, the share of quarantined rows, and the contract's expectations on exactly the live rows to be published.

    found: the published rows in whose place the staged ones come; all others stay. lost: rows to be published that are not staged.
    """
    assert contract.delivery is not None
    out = [a.sentence() for a in accounts if not a.balanced] + ([f"{lost} rows to be published are not staged"] if lost else [])
    most = contract.delivery.max_quarantine_ratio
    released = {b for b, h in runtime.holds.of(contract.sibling("raw")).items() if DRIFT in h.released}  # a person has seen how many
    judged = [a for a in accounts if a.kind == "batch" and a.batch_id not in released]
    over = [a.sentence() for a in judged if a.quarantined > max(most * a.rows_in, FEW)]
    candidates = staged.where(F.col("_op") != "D")
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
        *gates.check(contract, candidates, runtime.valid_codes, found.others("_op", "D") if found else 0),
    ]


def _live() -> Column:
    """The rows to be published that stand: not those that only say that a key is gone."""
    return (F.col(FATE) == PUBLISHED) & (F.col("_op") != "D")
