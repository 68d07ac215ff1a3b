"""Raw: take what a department has delivered for one business date into the lake, as it is, once.

Here: deliveries -> `raw/<department>/<table>`. A batch is a partition, so the table's own log says which deliveries
are in, and the same one twice is nothing new. Not here: reading formats (`resources.readers`), judging rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from time import perf_counter

import pyarrow as pa

from contracts import Contract
from pipelines.ledger import told_by_commit
from pipelines.runtime import Runtime
from pipelines.steps.outcome import Outcome
from quality.balance import Account
from quality.gates import GateResult
from resources.errors import CitylakeError, DeliveryRejected
from resources.landing import CHANGED, Delivery, Drop

PARTITIONS = ("_business_date", "_batch_id")
ADDED = (("_business_date", pa.string()), ("_batch_id", pa.string()), ("_extract_ts", pa.string()))
HELD = "DELIVERY_SHRUNK"
REFUSED = ("rejected", "held")


def pending(runtime: Runtime, contract: Contract, as_of: date) -> list[Drop]:
    """Complete deliveries up to a date that are not in the raw table yet, oldest first.

    Those refused before (rejected or held) are left out: the same files would be refused again.
    """
    table = contract.sibling("raw")
    refused = {r["batch_id"] for r in runtime.ledger.rows() if r["table"] == table and r["kind"] in REFUSED}
    drops = [d for d in runtime.landing.drops(contract) if d.complete and d.business_date <= as_of and d.batch_id not in refused]
    return _not_taken_in(runtime, contract, drops)


def _not_taken_in(runtime: Runtime, contract: Contract, drops: list[Drop]) -> list[Drop]:
    """Those that were never taken into the raw table. One whose rows are no longer kept there is not taken in again."""
    handle = runtime.lake.open(contract.sibling("raw"))
    return [d for d in drops if handle is None or handle.transaction_version(f"batch:{d.batch_id}") is None]


def ingest(runtime: Runtime, contract: Contract, business_date: date, run_id: str) -> Outcome:
    """Take in every delivery of one business date. A delivery that cannot be read is rejected whole, and the others go on."""
    table, started = contract.sibling("raw"), perf_counter()
    outcome = Outcome(table, runtime.lake.version(table), changed=False)
    delivered = [d for d in runtime.landing.drops(contract) if d.business_date == business_date]
    for drop in _not_taken_in(runtime, contract, [d for d in delivered if d.complete]):
        try:
            _refuse_shrunk(runtime, contract, drop)
            account = _take_in(runtime, contract, drop, run_id)
        except DeliveryRejected as e:
            outcome.problems.append(str(e))
            if e.code == CHANGED:  # no verdict on anything: what it has become is the next listing's
                continue
            account = Account(table, drop.batch_id, drop.business_date, drop.declared_rows, 0, rejected=drop.declared_rows,
                              kind="held" if e.code == HELD else "rejected", reason=str(e))  # fmt: skip
        else:
            outcome.changed = True
        outcome.accounts.append(account)
        outcome.version, outcome.seconds = runtime.lake.version(table), perf_counter() - started
        runtime.ledger.record([account], run_id=run_id, as_of=business_date, version=outcome.version, seconds=outcome.seconds)
    outcome.problems += [d.problem for d in delivered if not d.complete and d.problem]
    outcome.rows = sum(a.published for a in outcome.accounts)
    outcome.checks.append(_acceptance(outcome))
    outcome.seconds = perf_counter() - started
    return outcome


def _take_in(runtime: Runtime, contract: Contract, drop: Drop, run_id: str) -> Account:
    """Stream one delivery into a stage and publish it as its own partition."""
    table = contract.sibling("raw")
    base = runtime.lake.version(table)
    stage = runtime.lake.stage(table, f"{run_id}-{drop.batch_id[:8]}")
    refusals: list[CitylakeError] = []
    try:
        with runtime.landing.read(contract, drop) as delivery:
            stage.write_arrow(_with_batch(delivery, drop, refusals), PARTITIONS)
            rows_in = delivery.rows_read
    except BaseException as e:
        stage.discard()
        raise (refusals[0] if refusals else e) from None
    account = Account(table, drop.batch_id, drop.business_date, rows_in, stage.rows())
    runtime.lake.publish(
        stage,
        base_version=base,
        mode="append",
        partition_by=PARTITIONS,
        transactions={f"batch:{drop.batch_id}": 1},
        metadata={**told_by_commit(contract, [account], run_id=run_id, as_of=drop.business_date), "batch_id": drop.batch_id},
    )
    return account


def _with_batch(delivery: Delivery, drop: Drop, refusals: list[CitylakeError]) -> pa.RecordBatchReader:
    """The delivery's batches with the columns that say which batch a row came with.

    refusals: gets the error that ends the reading, which the writer would otherwise replace by one of its own.
    """
    values = (drop.business_date.isoformat(), drop.batch_id, drop.extract_ts)
    schema = delivery.schema
    for name, kind in ADDED:
        schema = schema.append(pa.field(name, kind))

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for batch in delivery.batches():
                added = [pa.repeat(pa.scalar(v, pa.string()), batch.num_rows) for v in values]
                yield pa.RecordBatch.from_arrays([*batch.columns, *added], schema=schema)
        except CitylakeError as e:
            refusals.append(e)
            raise

    return pa.RecordBatchReader.from_batches(schema, batches())


def _refuse_shrunk(runtime: Runtime, contract: Contract, drop: Drop) -> None:
    """A full snapshot much smaller than the one before would close thousands of records: it is held."""
    assert contract.delivery is not None
    if contract.delivery.mode != "full":
        return
    table = contract.sibling("raw")
    earlier = [r for r in runtime.ledger.rows() if r["table"] == table and r["kind"] == "batch" and r["business_date"] < drop.business_date]
    if not earlier:
        return
    before = max(earlier, key=lambda r: (r["business_date"], r["recorded_at"]))["rows_in"]
    least = contract.delivery.min_ratio * before
    if drop.declared_rows < least:
        raise DeliveryRejected(
            HELD,
            f"the full snapshot of {contract.domain}/{contract.table} has {drop.declared_rows} rows, {1 - drop.declared_rows / before:.0%} "
            f"fewer than the {before} before; at least {least:.0f} are expected",
            drop.location,
            "It is held and nothing is closed because of it. Ask the department whether the extract is complete, and for a new one",
        )


def _acceptance(outcome: Outcome) -> GateResult:
    """Not blocking: a bad delivery stops its own table's news, not the night."""
    found = {"problem": "\n".join(outcome.problems)} if outcome.problems else {"deliveries": len(outcome.accounts)}
    return GateResult("delivery_accepted", not outcome.problems, False, "every delivery can be read and agrees with its manifest", found)


def without_source(runtime: Runtime, contract: Contract, error: CitylakeError) -> Outcome:
    """The source could not be asked what it has delivered: the table keeps its last state, and says so."""
    table = contract.sibling("raw")
    outcome = Outcome(table, runtime.lake.version(table), changed=False, rows=0, problems=[str(error)])
    outcome.checks.append(_acceptance(outcome))
    return outcome
