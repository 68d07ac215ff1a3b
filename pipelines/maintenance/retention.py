"""Retention of raw: batches are kept as long as the contract's `retention` says, else for ever.

Here: which batches have expired, removing them from raw and quarantine, refusing a rebuild that needs them. Not here: removing
the files, which follows when no kept release needs them (`pipelines.maintenance.maintain`).

The age is counted from the business date to the newest one in the ledger, never by the wall clock. A batch that is not yet
folded into its table is kept. Raw's log still records that an expired batch was ingested, and the maintenance log when it was
extracted: it is never ingested again, and an expired full snapshot still closes the records that were missing in it.
A published row whose key becomes contested after its raw row has expired is quarantined with batch, file and line only; it is
not judged again and contests no other row.
"""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa

from contracts import Contract
from pipelines.control.batches import contains, extracted_at
from pipelines.control.maintenance import MaintenanceRecord, Task
from pipelines.runtime import Runtime
from resources import maintenance
from resources.errors import CitylakeError


def prune(runtime: Runtime, table: str, run_id: str, *, dry_run: bool) -> int:
    """Remove expired batches from a raw table and its quarantine.

    Args:
        runtime: the installation.
        table: any table of the lake.
        run_id: names the commits and the records.
        dry_run: only count.

    Returns:
        The number of expired batches; 0 for tables that are not raw.

    Raises:
        Conflict: another run published to one of the tables meanwhile.
    """
    contract = next((c for c in runtime.contracts.values() if c.delivery and c.sibling("raw") == table), None)
    if contract is None or contract.retention_days is None:
        return 0
    old = _expired(runtime, contract, contract.retention_days)
    if not old or dry_run:
        return len(old)
    log, quarantine = runtime.maintenance_log, contract.sibling("quarantine")
    known = {(r.table, r.batch_id) for r in log.rows() if r.task is Task.BATCH}
    leaving = [r for t in (table, quarantine) for r in _batch_records(runtime, t, old)]
    log.record([r for r in leaving if (r.table, r.batch_id) not in known], run_id=run_id)
    for each in (quarantine, table):  # raw last: its batches are the work that is left after a crash
        if runtime.lake.open(each) is not None:
            maintenance.drop(runtime.lake, each, [("_batch_id", "in", sorted(old))], run_id)
    return len(old)


def refuse_partial(runtime: Runtime) -> None:
    """Refuse a rebuild when raw no longer has every batch. Raises CitylakeError."""
    gone = [r for r in runtime.maintenance_log.rows() if r.task is Task.BATCH and r.table.startswith("raw/")]
    if gone:
        tables = ", ".join(sorted({r.table for r in gone}))
        raise CitylakeError(
            "RAW_PRUNED", f"{len(gone)} batches of {tables} are no longer in raw; a rebuild would lose their rows",
            runtime.lake.root, "Do not rebuild; give --partial only if the rows of these batches may be lost"
        )  # fmt: skip


def _expired(runtime: Runtime, contract: Contract, days: int) -> list[str]:
    """Return the batches that are folded into their table and older than the retention."""
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


def _batch_records(runtime: Runtime, table: str, batches: list[str]) -> list[MaintenanceRecord]:
    """Describe what a table has of these batches: date, rows and, for raw, when they were extracted."""
    handle = runtime.lake.open(table)
    if handle is None:
        return []
    files = [f for f in pa.table(handle.get_add_actions(flatten=False)).to_pylist() if f["partition"]["_batch_id"] in batches]
    days = {f["partition"]["_batch_id"]: date.fromisoformat(str(f["partition"]["_business_date"])) for f in files}
    found = []
    for batch, day in sorted(days.items()):
        extracted = extracted_at(handle, batch) if table.startswith("raw/") else None
        rows = sum(f["num_records"] for f in files if f["partition"]["_batch_id"] == batch)
        found.append(MaintenanceRecord(table, Task.BATCH, rows=rows, batch_id=batch, business_date=day, extract_ts=extracted))
    return found
