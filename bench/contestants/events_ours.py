"""citylake: each day taken in, cleansed and counted as a night does it, without Dagster and without a release."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import pyarrow.parquet as pq

from assets.declare import declared
from bench.contestants.events import COUNTED, delivered
from contracts import SourceContract
from pipelines.runtime import Runtime
from pipelines.steps.cleanse import cleanse
from pipelines.steps.derive import derive
from pipelines.steps.ingest import ingest
from resources.engine import Sail
from resources.keys import create_key
from resources.settings import Settings


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Do the days; seconds by day and step. scopes.json: what was done of the last table of each day."""
    home, (event, drops) = outputs.resolve(), delivered(inputs)
    where = {
        "lake": str(home / "lake"),
        "landing": str(inputs.resolve() / "landing"),
        "key_file": home / "pseudonym.key",
        "home": home / "dagster",
    }
    settings = Settings.model_validate({**where, "profile": "demo", "departments": [event.table]})
    create_key(settings.key_file)
    runtime, seconds, scopes = Runtime.of(settings, Sail()), dict[str, float](), list[str]()
    contract = runtime.contracts[f"cleansed/{event.table}"]
    assert isinstance(contract, SourceContract)
    for number, drop in enumerate(drops, 1):
        day = date.fromisoformat(drop.name)
        steps: dict[str, Callable[[], Any]] = {
            "raw": partial(ingest, runtime, contract, day, f"raw-{day}"),
            "cleansed": partial(cleanse, runtime, contract, day, f"cleansed-{day}"),
        }
        for table in event.made:
            name = table.rpartition("/")[2]
            steps[name] = partial(derive, runtime, declared()[table], day, f"{name}-{day}")
        for step, do in steps.items():
            at = perf_counter()
            outcome = do()
            seconds[f"{number} {step}"] = perf_counter() - at
            assert not outcome.problems, outcome.problems
        scopes.append(outcome.scope)
    found = runtime.lake.arrow(event.made[-1])
    assert found is not None
    pq.write_table(found, outputs / COUNTED)
    (outputs / "scopes.json").write_text(json.dumps(scopes))
    runtime.engine.stop()
    return seconds
