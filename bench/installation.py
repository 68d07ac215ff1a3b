"""An installation of the lake of a contestant's own, in its outputs, and its nights."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from bench.job import DEPARTMENTS, KEY

if TYPE_CHECKING:
    from datetime import date

    from pipelines.runtime import Runtime

CONFIG = """\
lake = "{root}"
landing = "{landing}"
exchange_url = "sqlite:///{root}/exchange.db"
key_file = "{root}/pseudonym.key"
home = "{root}/home"
profile = "demo"
departments = {departments}
"""


def installation(root: Path, landing: Path) -> Runtime:
    """Its runtime, engine not started yet; its settings also for the processes it starts."""
    from pipelines.runtime import Runtime
    from resources.settings import CONFIG_VARIABLE, load

    for folder in (landing, root / "home"):
        folder.mkdir(exist_ok=True)
    (root / "pseudonym.key").write_text(KEY.hex())
    config = root / "citylake.toml"
    config.write_text(CONFIG.format(root=root.as_posix(), landing=landing.as_posix(), departments=json.dumps(DEPARTMENTS)))
    os.environ[CONFIG_VARIABLE] = str(config)
    return Runtime.of(load())


def with_raw(inputs: Path, root: Path) -> Runtime:
    """An installation whose raw tables are there already, as after a night's first steps."""
    shutil.copytree(inputs / "raw", root / "raw", copy_function=os.link)
    shutil.copy(inputs / "exchange.db", root)
    return installation(root, root / "landing")


def night(runtime: Runtime, day: date) -> dict[str, float]:
    """Run a whole night; seconds by table. Raises RuntimeError when it does not end in a release."""
    from pipelines.orchestration.nights import run_night

    began, seconds = dict[str, float](), dict[str, float]()

    def told(table: str, event: str) -> None:
        if event == "start":
            began[table] = perf_counter()
        else:
            seconds[table] = perf_counter() - began[table]

    runtime.progress = told
    try:
        report = run_night(runtime, day)
    finally:
        runtime.engine.stop()
    if report.failures or report.release is None:
        raise RuntimeError("\n".join([*report.failures, *report.problems]))
    return seconds
