"""Polars: the job as expressions, Delta read and written by Polars through delta-rs; tables are read back column by column."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter

import polars as pl

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
    return seconds
