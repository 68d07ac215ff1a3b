"""Runs of this machine that ended without a word, killed or cut off: Dagster still counts them as running.

Here: telling such a run from one that is alive, ending it in Dagster's books. Not here: runs of an installation's daemon,
which watches its own (`launcher`). A run that is alive holds a lock on a file of its own; the kernel gives it back however
the process ends.
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
    """Inside the block this process carries out the run, for others to see."""
    file = home / FOLDER / run_id
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


def alive_runs(home: Path) -> set[str]:
    """The runs of this machine whose process holds its lock."""
    return {file.name for file in (home / FOLDER).glob("*") if _locked(file)}


def _locked(file: Path) -> bool:
    try:
        with file.open() as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def active_runs(instance: dg.DagsterInstance, home: Path) -> set[str]:
    """The runs that are alive on this machine, and those that Dagster's books do not call finished."""
    import dagster as dg
    from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

    unfinished = instance.get_runs(dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES)))
    return alive_runs(home) | {run.run_id for run in unfinished}


def end_orphaned_runs(instance: dg.DagsterInstance, home: Path) -> list[str]:
    """End the runs whose process is gone and free the pools they hold, which the next run would wait for without end."""
    ended = []
    for file in sorted((home / FOLDER).glob("*")):
        with file.open() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            run = instance.get_run_by_id(file.name)
            if run is None:  # not begun yet, or in other books
                continue
            if not run.is_finished:
                instance.report_run_failed(run, "The process of this run ended in the middle of it.")
            instance.event_log_storage.free_concurrency_slots_for_run(file.name)
            file.unlink(missing_ok=True)
            ended.append(file.name)
    return ended
