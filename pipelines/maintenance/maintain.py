"""Maintain the lake: which tables, what is promised to readers, how long raw is kept; and what was done.

Here: the policy and its order. Not here: what is done to a Delta table (`resources.maintenance`), Dagster, the screen.

What is promised: every release of the last `keep_days` days, at least the last `keep_releases`, and everything that was
the newest version of a table within these days. A release beyond that is said to be gone before its first file goes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter

from pipelines.control.ledger import Release
from pipelines.control.maintenance import RELEASE, MaintenanceRecord
from pipelines.maintenance.retention import prune
from pipelines.runtime import Runtime
from resources import maintenance
from resources.errors import CitylakeError
from resources.lake import Conflict
from resources.store import StoredFile

TRIES = 3
BESIDE = "(beside the tables)"


@dataclass
class Maintained:
    """What was done to a table, or in a dry run would be. busy: why its files were left as they are."""

    table: str
    files_before: int = 0
    files_after: int = 0
    checkpoint: bool = False
    batches: int = 0
    stages: int = 0
    removed: int = 0
    bytes_freed: int = 0
    busy: str = ""
    seconds: float = 0.0


def maintain(
    runtime: Runtime,
    run_id: str,
    *,
    tables: Collection[str] = (),
    dry_run: bool = False,
    alive: Collection[str] = (),
    now: datetime | None = None,
    progress: Callable[[str, str], None] = lambda table, event: None,
) -> list[Maintained]:
    """Maintain all tables, or only those named. Safe beside nights and readers.

    alive: runs at work now. now: the moment from which days are counted back.
    Raises CitylakeError for a table that is not there.
    """
    there, book = runtime.lake.tables(), runtime.maintenance_log
    if unknown := sorted(set(tables) - set(there)):
        raise CitylakeError("TABLE_MISSING", f"there is no table {', '.join(unknown)}", runtime.lake.root, "See `citylake tables`")
    since = (now or datetime.now(UTC)) - timedelta(days=runtime.settings.keep_days)
    kept, gone = promised(runtime, since)
    known = book.gone_releases()
    if not dry_run:
        book.record(
            [MaintenanceRecord("operations/release", RELEASE, release=r.number) for r in gone if r.number not in known], run_id=run_id
        )
    done = []
    for table in sorted(tables or there):
        started = perf_counter()
        progress(table, "start")
        versions = {r.versions[table] for r in kept if table in r.versions}
        one = _table(runtime, table, run_id, versions, since, alive, dry_run=dry_run)
        one.seconds = perf_counter() - started
        done.append(one)
        progress(table, "done")
    if not tables:
        beside = maintenance.leftovers(runtime.lake, since)
        if beside:
            done.append(_remove(runtime, Maintained(BESIDE), beside, dry_run=dry_run))
    if not dry_run:
        book.record([u for one in done for u in _upkeep(one)], run_id=run_id)
    return done


def promised(runtime: Runtime, since: datetime) -> tuple[list[Release], list[Release]]:
    """The releases that stay readable, and those that need not: once gone, a release stays gone."""
    releases, lost = runtime.ledger.releases(), runtime.maintenance_log.gone_releases()
    last = {r.number for r in releases[-runtime.settings.keep_releases :]}
    kept = [r for r in releases if r.number not in lost and (r.number in last or r.released_at >= since)]
    return kept, [r for r in releases if r not in kept]


def _table(
    runtime: Runtime, table: str, run_id: str, versions: set[int], since: datetime, alive: Collection[str], *, dry_run: bool
) -> Maintained:
    one = Maintained(table)
    try:
        if maintenance.worked_on(runtime.lake, table, alive):
            one.busy = "a run is at work on it; the next maintenance does it"
        else:
            one.batches = prune(runtime, table, run_id, dry_run=dry_run)
            _compact(runtime, one, run_id, dry_run=dry_run)
    except Conflict:
        one.busy = "somebody else published to it each time; the next maintenance does it"
    if not dry_run:
        one.checkpoint = maintenance.checkpoint(runtime.lake, table)
    return _remove(runtime, one, maintenance.unneeded(runtime.lake, table, versions, since, alive), dry_run=dry_run)


def _compact(runtime: Runtime, one: Maintained, run_id: str, *, dry_run: bool) -> None:
    """Put small files together, from the new version when somebody else was first. Raises Conflict when that happens each time."""
    for attempt in range(1, TRIES + 1):
        plan = maintenance.scattered(runtime.lake, one.table)
        if plan is None:
            return
        one.files_before, one.files_after = plan.files, plan.partitions if dry_run else plan.files
        if dry_run:
            return
        try:
            one.files_after = maintenance.compact(runtime.lake, plan, run_id, statistics=_statistics(runtime, one.table))
            return
        except Conflict:
            if attempt == TRIES:
                raise


def _statistics(runtime: Runtime, table: str) -> bool:
    """As its publishers do it: with ranges in the lake's own books and where the contract permits them."""
    contract = runtime.contracts.get(table)
    return contract.statistics if contract else table.startswith("operations/")


def _remove(runtime: Runtime, one: Maintained, files: list[StoredFile], *, dry_run: bool) -> Maintained:
    stages = {f.path.split("/stage-", 1)[1].split("/", 1)[0] for f in files if "/stage-" in f.path and "/_delta_log/" in f.path}
    one.stages, one.removed, one.bytes_freed = len(stages), len(files), sum(f.size for f in files)
    if not dry_run:
        runtime.lake.store.delete([f.path for f in files])
    return one


def _upkeep(one: Maintained) -> list[MaintenanceRecord]:
    found = []
    if one.files_after != one.files_before:
        found.append(MaintenanceRecord(one.table, "compaction", items=one.files_before - one.files_after))
    if one.checkpoint:
        found.append(MaintenanceRecord(one.table, "checkpoint"))
    if one.stages:
        found.append(MaintenanceRecord(one.table, "abandoned stages", items=one.stages))
    if one.removed:
        found.append(MaintenanceRecord(one.table, "files removed", items=one.removed, bytes=one.bytes_freed))
    return found
