"""Polars: the job as expressions, Delta read and written by Polars through delta-rs; tables are read back column by column."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import perf_counter

import polars as pl

from bench.contestants import polars_cleanup as cleanup
from bench.contestants import polars_health as health
from bench.contestants import polars_link as link
from bench.contestants import polars_population as population
from bench.contestants.polars_cleansed import cleansed
from bench.contestants.polars_rules import Rules


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Do the job; seconds by table."""
    spec = json.loads((inputs / "spec.json").read_text(encoding="utf-8"))
    rules, seconds = Rules(spec), {}
    for source, table in spec["tables"].items():
        at = perf_counter()
        rows = cleansed(pl.scan_delta(str(inputs / "raw" / source)), table, rules)
        rows.write_delta(str(outputs / "cleansed" / source))
        seconds[f"cleansed/{source}"] = perf_counter() - at

    def read(name: str) -> pl.LazyFrame:
        return pl.scan_delta(str(outputs / name))

    as_of, secret = date.fromisoformat(spec["as_of"]), bytes.fromhex(spec["key"])
    derived: dict[str, Callable[[], pl.DataFrame]] = {
        "base/population/source_link": lambda: link.source_link(read, secret),
        "base/population/death": lambda: population.death(read, as_of),
        "base/population/person": lambda: population.person(read, as_of, secret),
        "themes/health/service": lambda: health.service(read, as_of),
        "themes/health/archive": lambda: health.archive(read, as_of),
        "themes/health/cleanup_list": lambda: cleanup.cleanup_list(read),
    }
    for name, made in derived.items():
        at = perf_counter()
        made().write_delta(str(outputs / name))
        seconds[name] = perf_counter() - at
    return seconds
