"""Maintain the lake: compact, checkpoint, apply retention, remove files that no kept release needs.

Here: the policy and its order. Not here: the operations on a Delta table (`resources.maintenance`), Dagster, the screen.

Kept readable are all releases of the last `keep_days` days, at least the last `keep_releases`, and every version that was the
newest of its table within these days. An older release is recorded as gone before its first file is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter

from pipelines.control.ledger import Release
from pipelines.control.maintenance import MaintenanceRecord, Task
from pipelines.maintenance.retention import prune
from pipelines.runtime import Runtime
from pipelines.wrong_use import WrongUse
from resources import maintenance
from resources.lake import Conflict
from resources.store import StoredFile

TRIES = 3
OUTSIDE_TABLES = "(outside the tables)"


@dataclass
class Maintained:
    """What was done to a table, or would be done in a dry run. busy: why its files were left as they are."""

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
    """Maintain all tables, or only some. Safe while nights and readers are active.

    Args:
        runtime: the installation.
        run_id: names this maintenance in `operations/maintenance`.
        tables: only these; default all.
        dry_run: compute what would be done and change nothing.
        alive: runs that are active now; their stages are kept.
        now: the moment from which `keep_days` are counted back; default the wall clock.
        progress: called with a table's name and "start" or "done".

    Returns:
        One entry per table, and one for leftovers outside the tables.

    Raises:
        WrongUse: a table does not exist.
    """
    existing, log = runtime.lake.tables(), runtime.maintenance_log
    if unknown := sorted(set(tables) - set(existing)):
        raise WrongUse(
            "TABLE_MISSING", f"there is no table {', '.join(unknown)}", runtime.lake.root, "List the tables with `citylake tables`"
        )
    since = (now or datetime.now(UTC)) - timedelta(days=runtime.settings.keep_days)
    kept, gone = kept_releases(runtime, since)
    known = log.gone_releases()
    if not dry_run:
        log.record(
            [MaintenanceRecord("operations/release", Task.RELEASE, release=r.number) for r in gone if r.number not in known], run_id=run_id
        )
    done = []
    for table in sorted(tables or existing):
        started = perf_counter()
        progress(table, "start")
        versions = {r.versions[table] for r in kept if table in r.versions}
        one = _table(runtime, table, run_id, versions, since, alive, dry_run=dry_run)
        one.seconds = perf_counter() - started
        done.append(one)
        progress(table, "done")
    if not tables:
        leftovers = maintenance.leftovers(runtime.lake, since)
        if leftovers:
            done.append(_remove(runtime, Maintained(OUTSIDE_TABLES), leftovers, dry_run=dry_run))
    if not dry_run:
        log.record([r for one in done for r in _records(one)], run_id=run_id)
    return done


def kept_releases(runtime: Runtime, since: datetime) -> tuple[list[Release], list[Release]]:
    """Split the releases into those that stay readable and those that do not; one that is gone stays gone."""
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
            one.busy = "a run is writing to it; the next maintenance does it"
        else:
            one.batches = prune(runtime, table, run_id, dry_run=dry_run)
            _compact(runtime, one, run_id, dry_run=dry_run)
    except Conflict:
        one.busy = "another run published to it each time; the next maintenance does it"
    if not dry_run:
        one.checkpoint = maintenance.checkpoint(runtime.lake, table)
    return _remove(runtime, one, maintenance.unneeded(runtime.lake, table, versions, since, alive), dry_run=dry_run)


def _compact(runtime: Runtime, one: Maintained, run_id: str, *, dry_run: bool) -> None:
    """Compact small files; start over from the new version after a conflicting commit. Raises Conflict after TRIES conflicts."""
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
    """Whether the log gets minimum and maximum: for control tables, and where the contract permits it."""
    contract = runtime.contracts.get(table)
    return contract.statistics if contract else table.startswith("operations/")


def _remove(runtime: Runtime, one: Maintained, files: list[StoredFile], *, dry_run: bool) -> Maintained:
    stages = {f.path.split("/stage-", 1)[1].split("/", 1)[0] for f in files if "/stage-" in f.path and "/_delta_log/" in f.path}
    one.stages, one.removed, one.bytes_freed = len(stages), len(files), sum(f.size for f in files)
    if not dry_run:
        runtime.lake.store.delete([f.path for f in files])
    return one


def _records(one: Maintained) -> list[MaintenanceRecord]:
    found = []
    if one.files_after != one.files_before:
        found.append(MaintenanceRecord(one.table, Task.COMPACTION, items=one.files_before - one.files_after))
    if one.checkpoint:
        found.append(MaintenanceRecord(one.table, Task.CHECKPOINT))
    if one.stages:
        found.append(MaintenanceRecord(one.table, Task.ABANDONED_STAGES, items=one.stages))
    if one.removed:
        found.append(MaintenanceRecord(one.table, Task.FILES_REMOVED, items=one.removed, bytes=one.bytes_freed))
    return found
