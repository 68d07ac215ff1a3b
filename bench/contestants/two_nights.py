"""Ours, twice: a whole night that makes everything, then one in which a hundredth has changed.

Both as users run them, in one process, after raw was taken in.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from time import perf_counter

from bench.changes import DAY, deliver_changes
from bench.installation import installation
from bench.job import AS_OF

ONE_OF = 100
BUILD, NIGHT = "build", "night"


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Seconds by night, and by night and table, `build/…`, `night/…`."""
    from pipelines.nights import run_night

    shutil.copytree(inputs / "raw", outputs / "raw", copy_function=os.link)
    shutil.copy(inputs / "exchange.db", outputs)
    runtime, began, seconds = installation(outputs, outputs / "landing"), dict[str, float](), dict[str, float]()

    def told(table: str, event: str) -> None:
        if event == "start":
            began[table] = perf_counter()
        else:
            seconds[f"{name}/{table}"] = perf_counter() - began[table]

    runtime.progress = told
    try:
        for name, day in ((BUILD, AS_OF), (NIGHT, DAY)):
            if name == NIGHT:
                deliver_changes(runtime.lake, ONE_OF)
            at = perf_counter()
            report = run_night(runtime, day)
            seconds[name] = perf_counter() - at
            if report.failures or report.release is None:
                raise RuntimeError("\n".join([*report.failures, *report.problems]))
            runtime.engine.stop()
    finally:
        runtime.engine.stop()
    return seconds
