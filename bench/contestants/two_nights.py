"""Ours, twice: a whole night that makes everything, then one in which a hundredth has changed.

Both as users run them, in one process, after raw was taken in.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from bench.changes import DAY, deliver_changes
from bench.installation import night, with_raw
from bench.job import AS_OF

ONE_OF = 100
BUILD, NIGHT = "build", "night"


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Seconds by night, and by night and table, `build/…`, `night/…`."""
    runtime, seconds = with_raw(inputs, outputs), dict[str, float]()
    for name, day in ((BUILD, AS_OF), (NIGHT, DAY)):
        if name == NIGHT:
            deliver_changes(runtime.lake, ONE_OF)
        at = perf_counter()
        tables = night(runtime, day)
        seconds |= {name: perf_counter() - at, **{f"{name}/{table}": took for table, took in tables.items()}}
    return seconds
