"""Nights that `citylake run` has begun and that have not ended in a release, for `citylake status`.

Here: a file per such night in Dagster's home, locked while its process is there. Not here: nights that Dagster runs, whose page says how
they ended; ending a killed run in Dagster's storage (`orphaned_runs`).
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from pipelines.orchestration.orphaned_runs import is_locked

FOLDER = "nights"


@contextmanager
def begun(home: Path, as_of: date) -> Iterator[Callable[[], None]]:
    """Inside the block the night is running, afterwards unended, however its process ends. Yields what says that it has its release."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / as_of.isoformat()).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)  # two processes may run one night

        def released() -> None:
            for file in folder.iterdir():
                if file.name <= as_of.isoformat():  # a release makes up for the nights before it
                    file.unlink(missing_ok=True)

        yield released


def nights(home: Path) -> dict[str, bool]:
    """Return the business dates of the nights without a release, and whether a process is at it."""
    return {file.name: is_locked(file, fcntl.LOCK_EX) for file in sorted((home / FOLDER).glob("*"))}
