"""citylake: each day taken in, cleansed and counted as a night does it, without Dagster and without a release."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from time import perf_counter

import pyarrow.parquet as pq

from assets.declare import declared
from bench.contestants.passes import HOURS, TABLE
from contracts import SourceContract
from pipelines.runtime import Runtime
from pipelines.steps.cleanse import cleanse
from pipelines.steps.derive import derive
from pipelines.steps.ingest import ingest
from resources.engine import Sail
from resources.keys import create_key
from resources.settings import Settings


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Do the days; seconds by day and step. scopes.json: what was done of the hours of each day."""
    home, table = outputs.resolve(), "themes/traffic/pass_hour"
    where = {
        "lake": str(home / "lake"),
        "landing": str(inputs.resolve() / "landing"),
        "key_file": home / "pseudonym.key",
        "home": home / "dagster",
    }
    settings = Settings.model_validate({**where, "profile": "demo", "departments": [TABLE]})
    create_key(settings.key_file)
    runtime, seconds, scopes = Runtime.of(settings, Sail()), dict[str, float](), list[str]()
    contract, asset = runtime.contracts[f"cleansed/{TABLE}"], declared()[table]
    assert isinstance(contract, SourceContract)
    for number, drop in enumerate(sorted((inputs / "landing" / TABLE).iterdir()), 1):
        day = date.fromisoformat(drop.name)
        for step, do in {
            "raw": lambda d=day: ingest(runtime, contract, d, f"raw-{d}"),
            "cleansed": lambda d=day: cleanse(runtime, contract, d, f"cleansed-{d}"),
            "hours": lambda d=day: derive(runtime, asset, d, f"hours-{d}"),
        }.items():
            at = perf_counter()
            outcome = do()
            seconds[f"{number} {step}"] = perf_counter() - at
            assert not outcome.problems, outcome.problems
        scopes.append(outcome.scope)
    found = runtime.lake.arrow(table)
    assert found is not None
    pq.write_table(found, outputs / HOURS)
    (outputs / "scopes.json").write_text(json.dumps(scopes))
    runtime.engine.stop()
    return seconds
