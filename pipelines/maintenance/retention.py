"""How long raw keeps what departments delivered: as the contract's `retention` says, else for ever.

Here: which batches are beyond it, taking them out of raw and quarantine, refusing what needs them. Not here: removing the
files, which follows when nobody is promised them any more (`pipelines.maintenance.maintain`).

Counted from the business date to the newest the lake knows, never by the wall clock. A batch that is not folded into its
table yet stays. That a batch was taken in stays recorded in raw's log, and when it was extracted in the book: it is never
taken in again, and a full snapshot that is gone still closes what was missing in it.
A published row that becomes contested when its raw row is gone is held back with its place alone; it is judged no more and
contests nothing.
"""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa

from contracts import Contract
from pipelines.control.batches import contains, extracted_at
from pipelines.control.maintenance import BATCH, MaintenanceRecord
from pipelines.runtime import Runtime
from resources import maintenance
from resources.errors import CitylakeError


def prune(runtime: Runtime, table: str, run_id: str, *, dry_run: bool) -> int:
    """Take batches beyond the retention out of a raw table and its quarantine. Returns how many; 0 for other tables.

    Raises Conflict when somebody published to one of them meanwhile.
    """
    contract = next((c for c in runtime.contracts.values() if c.delivery and c.sibling("raw") == table), None)
    if contract is None or contract.retention_days is None:
        return 0
    old = _beyond(runtime, contract, contract.retention_days)
    if not old or dry_run:
        return len(old)
    book, quarantine = runtime.maintenance_log, contract.sibling("quarantine")
    known = {(u.table, u.batch_id) for u in book.rows() if u.task == BATCH}
    leaving = [u for t in (table, quarantine) for u in _held_in(runtime, t, old)]
    book.record([u for u in leaving if (u.table, u.batch_id) not in known], run_id=run_id)
    for each in (quarantine, table):  # raw last: it says what is left to do
        if runtime.lake.open(each) is not None:
            maintenance.drop(runtime.lake, each, [("_batch_id", "in", sorted(old))], run_id)
    return len(old)


def refuse_partial(runtime: Runtime) -> None:
    """Raises CitylakeError when raw no longer holds all that was ever delivered: what is made anew from it would lack rows."""
    gone = [u for u in runtime.maintenance_log.rows() if u.task == BATCH and u.table.startswith("raw/")]
    if gone:
        tables = ", ".join(sorted({u.table for u in gone}))
        raise CitylakeError(
            "RAW_PRUNED", f"raw no longer keeps {len(gone)} batches of {tables}; a rebuild would lose what came with them",
            runtime.lake.root, "Leave it; or give --partial when only what raw still has is wanted"
        )  # fmt: skip


def _beyond(runtime: Runtime, contract: Contract, days: int) -> list[str]:
    """The batches in raw and in the folded table whose date lies further back."""
    today = max((r["as_of"] for r in runtime.ledger.rows()), default=date.min)
    folded = runtime.lake.open(contract.name)
    if folded is None or today - date.min < timedelta(days):
        return []
    oldest = (today - timedelta(days)).isoformat()
    return [
        p["_batch_id"]
        for p in runtime.lake.partitions(contract.sibling("raw"))
        if p["_business_date"] < oldest and contains(folded, p["_batch_id"])
    ]


def _held_in(runtime: Runtime, table: str, batches: list[str]) -> list[MaintenanceRecord]:
    """What a table holds of these batches: date, rows and, in raw, when they were extracted."""
    handle = runtime.lake.open(table)
    if handle is None:
        return []
    files = [f for f in pa.table(handle.get_add_actions(flatten=False)).to_pylist() if f["partition"]["_batch_id"] in batches]
    days = {f["partition"]["_batch_id"]: date.fromisoformat(str(f["partition"]["_business_date"])) for f in files}
    found = []
    for batch, day in sorted(days.items()):
        extracted = extracted_at(handle, batch) if table.startswith("raw/") else None
        held = sum(f["num_records"] for f in files if f["partition"]["_batch_id"] == batch)
        found.append(MaintenanceRecord(table, BATCH, rows=held, batch_id=batch, business_date=day, extract_ts=extracted))
    return found
