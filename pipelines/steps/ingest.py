"""Raw: take what a department has delivered for one business date into the lake, as it is, once.

Here: deliveries -> `raw/<department>/<table>`. A batch is a partition, so the table's own log says which deliveries
are in, and the same one twice is nothing new. Not here: reading formats (`resources.readers`), judging rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from time import perf_counter
from typing import Any

import pyarrow as pa

from contracts import SourceContract
from pipelines.control.batches import containing, contains, extracted, extracted_at, rows_of_batches
from pipelines.control.holds import DRIFT, SHRUNK
from pipelines.control.ledger import MISDATED, REPEATED, SETTLED, UNFINISHED, UNREACHABLE, commit_metadata
from pipelines.runtime import Runtime
from pipelines.steps.drift import Sample, refuse_drifted
from pipelines.steps.outcome import Outcome
from quality.balance import Account
from quality.gates import GateResult
from resources.errors import CitylakeError, DeliveryRejected
from resources.landing import CHANGED, Drop, DropReader
from resources.readers.header import ContractDiffers

PARTITIONS = ("_business_date", "_batch_id")
REFUSED = ("rejected", "held")
ON_ITS_WAY = ("DELIVERY_MISSING", "DELIVERY_DIGEST")
"""Refusals that the same manifest may outlive: its files are still being written, or are sent again."""


def pending(runtime: Runtime, contract: SourceContract, as_of: date) -> list[Drop]:
    """Complete deliveries up to a date that a run would take in, oldest first: neither in the raw table nor refused.

    One that was refused is left out, as the same files would be refused again; unless they were on their way then, or it was
    held and a person has released it, or the contract that held it has changed.
    """
    table = contract.sibling("raw")
    again = {batch for batch, hold in runtime.holds.of(table).items() if hold.tried_again(contract)}
    refusals = [r for r in runtime.ledger.rows_of(table) if r["kind"] in REFUSED]
    refused = {r["batch_id"] for r in refusals if not r["reason"].startswith(ON_ITS_WAY)} - again
    drops = [d for d in runtime.landing.drops(contract) if d.complete and d.business_date <= as_of and d.batch_id not in refused]
    return _not_taken_in(runtime, contract, drops)


def attempt(runtime: Runtime, contract: SourceContract, drop: Drop) -> str:
    """What names one try of a drop: its batch, and what has been decided about it since it was held."""
    hold = runtime.holds.of(contract.sibling("raw")).get(drop.batch_id)
    return drop.batch_id if hold is None else f"{drop.batch_id}-{hold.number}-{contract.digest}"


def _not_taken_in(runtime: Runtime, contract: SourceContract, drops: list[Drop]) -> list[Drop]:
    """Those that were never taken into the raw table: a batch without rows, or whose rows are no longer kept, has no partition."""
    raw = runtime.lake.open(contract.sibling("raw"))
    return [d for d in drops if not contains(raw, d.batch_id)]


def ingest(runtime: Runtime, contract: SourceContract, business_date: date, run_id: str) -> Outcome:
    """Take in every delivery of one business date. One that cannot be read is rejected whole, one that waits for a person or
    for its contract is held, and the others go on. What a person has refused is not looked at again.
    """
    table, started = contract.sibling("raw"), perf_counter()
    outcome = Outcome(table, runtime.lake.version(table), changed=False)
    delivered = runtime.landing.drops(contract, business_date)
    fresh = _not_taken_in(runtime, contract, [d for d in delivered if d.complete])
    for drop in fresh:
        runtime.holds.replaced_by(drop, table)
        hold = runtime.holds.of(table).get(drop.batch_id)
        if hold is not None and hold.state == "refused":
            continue
        before = _snapshot_before(runtime, contract, drop)
        try:
            if SHRUNK not in (hold.released if hold else ()):
                _refuse_shrunk(contract, drop, before)
            accounts = _take_in(runtime, contract, drop, run_id, judged=DRIFT not in (hold.released if hold else ()))
        except DeliveryRejected as e:
            outcome.problems.append(str(e))
            if e.code == CHANGED:  # no verdict on anything: what it has become is the next listing's
                continue
            held = e.code == SHRUNK or isinstance(e, ContractDiffers)
            if held:
                runtime.holds.hold(contract, drop, e, before)
            elif hold is not None and e.code not in ON_ITS_WAY:
                runtime.holds.close(table, drop.business_date, drop.batch_id, "rejected")
            accounts = _refused(runtime, table, drop, "held" if held else "rejected", str(e))
        else:
            outcome.changed = True
        outcome.accounts += accounts
        outcome.version, outcome.seconds = runtime.lake.version(table), perf_counter() - started
        with runtime.step.clock("ledger"):
            runtime.ledger.record(accounts, run_id=run_id, as_of=business_date, version=outcome.version, seconds=outcome.seconds)
    _note_unread(runtime, contract, business_date, run_id, delivered, [d for d in delivered if d.complete and d not in fresh])
    outcome.rows = sum(a.published for a in outcome.accounts)
    outcome.checks.append(_acceptance(outcome))
    outcome.seconds = perf_counter() - started
    return outcome


def _note_unread(
    runtime: Runtime, contract: SourceContract, business_date: date, run_id: str, delivered: list[Drop], known: list[Drop]
) -> None:
    """Record the folder of the date that has no manifest yet, or is another date's again, and what was unread and is so no longer. None is
    a problem: a delivery is late when its contract says so (`pipelines.control.freshness`).

    Args:
        runtime: the installation.
        contract: of the delivered table.
        business_date: the date of the folders.
        run_id: of the run.
        delivered: what lies there for the date.
        known: of these, what was taken in before this run.
    """
    table = contract.sibling("raw")
    notes = [_note(table, business_date, UNFINISHED, d.location) for d in delivered if not d.complete]
    dates = {p["_batch_id"]: p["_business_date"] for p in runtime.lake.partitions(table)} if known else {}
    again = {d.batch_id: dates.get(d.batch_id, "") for d in known}
    notes += [_note(table, business_date, REPEATED, day) for day in again.values() if day not in ("", business_date.isoformat())]
    for row in runtime.ledger.unread(table):
        day = row["business_date"]
        drops = delivered if day == business_date else runtime.landing.drops(contract, day)
        if row["kind"] == UNREACHABLE or not drops:
            notes += [] if any(n.business_date == day for n in notes) else [_note(table, day, SETTLED)]
    _record_notes(runtime, notes, run_id, business_date)


def note_misdated(runtime: Runtime, table: str, day: date, reason: str, *, run_id: str, as_of: date) -> None:
    """Record that a drop has a date to which no night comes, until its folder is gone.

    Args:
        runtime: the installation.
        table: the raw table.
        day: the date of the drop.
        reason: what is wrong with it, and what to do.
        run_id: of the night.
        as_of: the business date of the night.
    """
    _record_notes(runtime, [_note(table, day, MISDATED, reason)], run_id, as_of)


def _note(table: str, day: date, kind: str, reason: str = "") -> Account:
    return Account(table, f"no-batch-{day}", day, 0, 0, kind=kind, reason=reason)


def _record_notes(runtime: Runtime, notes: list[Account], run_id: str, as_of: date) -> None:
    """Append what is news of one table: the same again says nothing."""
    if not notes:
        return
    (table,) = {n.table for n in notes}
    known = {(r["business_date"], r["kind"], r["reason"]) for r in runtime.ledger.unread(table)}
    news = [n for n in notes if (n.business_date, n.kind, n.reason) not in known]
    runtime.ledger.record(news, run_id=run_id, as_of=as_of, version=None, seconds=0.0)


def _refused(runtime: Runtime, table: str, drop: Drop, kind: str, reason: str) -> list[Account]:
    """The account of a refused drop. Its rows count once, however often it is tried; the same verdict again says nothing new."""
    counted, last = _refused_before(runtime, table, drop)
    if last == (kind, reason):
        return []
    rows = drop.declared_rows - counted
    return [Account(table, drop.batch_id, drop.business_date, rows, 0, rejected=rows, kind=kind, reason=reason)]


def _refused_before(runtime: Runtime, table: str, drop: Drop) -> tuple[int, tuple[str, str] | None]:
    """How many rows of a drop the ledger has as rejected, and the last verdict on it: kind and reason."""
    known = [r for r in runtime.ledger.rows_of(table) if r["batch_id"] == drop.batch_id]
    return sum(r["rejected"] for r in known), (known[-1]["kind"], known[-1]["reason"]) if known else None


def _take_in(runtime: Runtime, contract: SourceContract, drop: Drop, run_id: str, *, judged: bool) -> list[Account]:
    """Stream one delivery into a stage and publish it as its own partition. judged: its values must be of the contract's types.

    Rows that were counted as rejected, when the drop was refused or held before, are taken off that account.
    """
    table = contract.sibling("raw")
    base = runtime.lake.version(table)
    stage = runtime.lake.stage(table, f"{run_id}-{drop.batch_id[:8]}")
    refusals: list[CitylakeError] = []
    sample = Sample(drop.declared_rows)
    try:
        with runtime.step.clock("stage"), runtime.landing.read(contract, drop) as delivery:
            stage.write_arrow(_extracted(delivery, drop, refusals, sample))
            rows_in, remarks = delivery.rows_read, "; ".join(filter(None, [_accepted(delivery.new_columns), *delivery.other_encodings]))
        if judged:
            with runtime.step.clock("gates"):
                refuse_drifted(runtime, contract, sample, stage, drop, run_id)
    except BaseException as e:
        stage.discard()
        raise (refusals[0] if refusals else e) from None
    accounts = [Account(table, drop.batch_id, drop.business_date, rows_in, stage.rows(), reason=remarks)]
    counted, _ = _refused_before(runtime, table, drop)
    if counted:
        reason = "ingested after all"
        accounts.append(Account(table, drop.batch_id, drop.business_date, -counted, 0, rejected=-counted, kind="adjustment", reason=reason))
    with runtime.step.clock("publish"):
        published = runtime.lake.publish(
            stage,
            base_version=base,
            mode="append",
            partition_by=PARTITIONS,
            partition=dict(zip(PARTITIONS, (drop.business_date.isoformat(), drop.batch_id), strict=True)),
            transactions=containing(drop.batch_id) | extracted(drop.batch_id, drop.extract_ts),
            metadata={**commit_metadata(contract, accounts, run_id=run_id, as_of=drop.business_date), "batch_id": drop.batch_id},
        )
    runtime.step.wrote(published)
    return accounts


def _accepted(new: list[str]) -> str:
    """What the ledger says of columns that the contract does not know and accepts."""
    return f"accepted {len(new)} new column{'s' * (len(new) > 1)}: {', '.join(n[:40] for n in new)}" if new else ""


def _extracted(delivery: DropReader, drop: Drop, refusals: list[CitylakeError], sample: Sample) -> pa.RecordBatchReader:
    """The delivery's batches with the column that says when they were extracted.

    refusals: gets the error that ends the reading, which the writer would otherwise replace by one of its own. sample: sees the rows.
    """
    schema = delivery.schema.append(pa.field("_extract_ts", pa.string()))
    moment = pa.scalar(drop.extract_ts, pa.string())

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for batch in delivery.batches():
                rows = pa.RecordBatch.from_arrays([*batch.columns, pa.repeat(moment, batch.num_rows)], schema=schema)
                sample.see(rows)
                yield rows
        except CitylakeError as e:
            refusals.append(e)
            raise

    return pa.RecordBatchReader.from_batches(schema, batches())


def _snapshot_before(runtime: Runtime, contract: SourceContract, drop: Drop) -> int | None:
    """Rows of the full snapshot before a drop: the last extract of the greatest earlier date in the lake, whenever it arrived."""
    handle = runtime.lake.open(contract.sibling("raw")) if contract.delivery.mode == "full" else None
    if handle is None:
        return None
    rows = rows_of_batches(handle)
    earlier = [key for key in rows if key[0] < drop.business_date.isoformat()]
    last = [key for key in earlier if key[0] == max(earlier)[0]]
    if len(last) > 1:
        last.sort(key=lambda k: (extracted_at(handle, k[1]) or "", k[1]))
    return rows[last[-1]] if last else None


def _refuse_shrunk(contract: SourceContract, drop: Drop, before: int | None) -> None:
    """A full snapshot much smaller than the one before would close thousands of records: it is held."""
    if before is None or drop.declared_rows >= contract.delivery.min_ratio * before:
        return
    name = f"{contract.domain}/{contract.table}"
    raise DeliveryRejected(
        SHRUNK,
        f"the full snapshot of {name} has {drop.declared_rows} rows, {1 - drop.declared_rows / before:.0%} "
        f"fewer than the {before} before; at least {contract.delivery.min_ratio * before:.0f} are expected",
        drop.location,
        "It is held and nothing is closed because of it. Ask the department whether the extract is complete: "
        f"if so, run `citylake release-hold {name} {drop.business_date}`; otherwise request a new extract",
    )


def _acceptance(outcome: Outcome) -> GateResult:
    """Not blocking: a bad delivery stops its own table's news, not the night."""
    deliveries = len({a.batch_id for a in outcome.accounts})
    found: dict[str, Any] = {"problem": "\n".join(outcome.problems)} if outcome.problems else {"deliveries": deliveries}
    found |= {f"new columns of {a.batch_id[:8]}": a.reason for a in outcome.accounts if a.kind == "batch" and a.reason}
    return GateResult("delivery_accepted", not outcome.problems, False, "every delivery can be read and agrees with its manifest", found)


def without_source(runtime: Runtime, contract: SourceContract, error: CitylakeError, business_date: date, run_id: str) -> Outcome:
    """The source could not be asked what it has delivered: the table keeps its last state, and says so."""
    table = contract.sibling("raw")
    _record_notes(runtime, [_note(table, business_date, UNREACHABLE, str(error))], run_id, business_date)
    outcome = Outcome(table, runtime.lake.version(table), changed=False, rows=0, problems=[str(error)])
    outcome.checks.append(_acceptance(outcome))
    return outcome
