"""Orphaned runs: runs of this machine whose process was killed, while Dagster still counts them as running.

Here: detecting such runs and ending them in Dagster's storage. Not here: runs of an installation's daemon, which has its own
health check (`launcher`). A live run holds a lock on its own file; the kernel releases it however the process ends.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

FOLDER = "alive"


@contextmanager
def alive(home: Path, run_id: str) -> Iterator[None]:
    """Inside the block, mark the run as alive for other processes."""
    file = home / FOLDER / run_id
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


def alive_runs(home: Path) -> set[str]:
    """Return the runs of this machine whose process holds its lock."""
    return {file.name for file in (home / FOLDER).glob("*") if is_locked(file, fcntl.LOCK_SH)}


def is_locked(file: Path, kind: int) -> bool:
    """Return whether a process holds a lock on the file that excludes one of this kind, LOCK_SH or LOCK_EX; a missing file has none."""
    try:
        with file.open() as handle:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def active_runs(instance: dg.DagsterInstance, home: Path) -> set[str]:
    """Return the runs that are alive on this machine, and those that Dagster does not count as finished."""
    import dagster as dg
    from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

    unfinished = instance.get_runs(dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES)))
    return alive_runs(home) | {run.run_id for run in unfinished}


def end_orphaned_runs(instance: dg.DagsterInstance, home: Path) -> list[str]:
    """Fail the runs whose process is gone and free their pools, for which the next run would wait for ever."""
    ended = []
    for file in sorted((home / FOLDER).glob("*")):
        with file.open() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            run = instance.get_run_by_id(file.name)
            if run is None:  # not started yet, or in another storage
                continue
            if not run.is_finished:
                instance.report_run_failed(run, "The process of this run ended before the run was finished.")
            instance.event_log_storage.free_concurrency_slots_for_run(file.name)
            file.unlink(missing_ok=True)
            ended.append(file.name)
    return ended
