"""Polars: the job as expressions, Delta read and written by Polars through delta-rs; tables are read back column by column."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl

from bench.contestants import polars_cleanup as cleanup
from bench.contestants import polars_health as health
from bench.contestants import polars_link as link
from bench.contestants import polars_population as population
from bench.contestants import polars_scored as scored
from bench.contestants.polars_cleansed import cleansed
from bench.contestants.polars_rules import Rules
from bench.contestants.tables import in_turn


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Do the job; seconds by table."""
    spec = json.loads((inputs / "spec.json").read_text(encoding="utf-8"))
    rules, as_of, secret = Rules(spec), date.fromisoformat(spec["as_of"]), bytes.fromhex(spec["key"])

    def read(name: str) -> pl.LazyFrame:
        return pl.scan_delta(str(outputs / name))

    def from_raw(source: str) -> pl.DataFrame:
        return cleansed(pl.scan_delta(str(inputs / "raw" / source)), spec["tables"][source], rules)

    made: dict[str, Callable[[], pl.DataFrame]] = {
        **{f"cleansed/{source}": partial(from_raw, source) for source in spec["tables"]},
        "base/population/source_link": lambda: link.source_link(read, secret),
        "base/population/death": lambda: population.death(read, as_of),
        "base/population/person": lambda: population.person(read, as_of, secret),
        "base/population/scored_match": lambda: scored.scored_match(read, spec),
        "themes/health/service": lambda: health.service(read, as_of),
        "themes/health/archive": lambda: health.archive(read, as_of),
        "themes/health/cleanup_list": lambda: cleanup.cleanup_list(read),
    }
    return in_turn(made, lambda name, rows: rows.write_delta(str(outputs / name)))
