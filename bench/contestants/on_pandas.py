"""pandas: the job on Arrow's types, Delta read and written by delta-rs; of a table only the columns that are needed are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd
from deltalake import DeltaTable, write_deltalake

from bench.contestants import pandas_cleanup as cleanup
from bench.contestants import pandas_health as health
from bench.contestants import pandas_link as link
from bench.contestants import pandas_population as population
from bench.contestants import pandas_scored as scored
from bench.contestants.pandas_cleansed import cleansed, needed
from bench.contestants.pandas_rules import Rules
from bench.contestants.tables import in_turn


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Do the job; seconds by table."""
    spec = json.loads((inputs / "spec.json").read_text(encoding="utf-8"))
    rules, as_of, secret = Rules(spec), date.fromisoformat(spec["as_of"]), bytes.fromhex(spec["key"])

    def frame(table: Path, columns: list[str] | None) -> pd.DataFrame:
        return DeltaTable(str(table)).to_pandas(columns=columns, types_mapper=pd.ArrowDtype)

    def read(name: str, *columns: str) -> pd.DataFrame:
        return frame(outputs / name, list(columns) or None)

    def from_raw(source: str) -> pd.DataFrame:
        table = spec["tables"][source]
        return cleansed(frame(inputs / "raw" / source, needed(table)), table, rules)

    made: dict[str, Callable[[], pd.DataFrame]] = {
        **{f"cleansed/{source}": partial(from_raw, source) for source in spec["tables"]},
        "base/population/source_link": lambda: link.source_link(read, secret),
        "base/population/death": lambda: population.death(read, as_of),
        "base/population/person": lambda: population.person(read, as_of, secret),
        "base/population/scored_match": lambda: scored.scored_match(read, spec),
        "themes/health/service": lambda: health.service(read, as_of),
        "themes/health/archive": lambda: health.archive(read, as_of),
        "themes/health/cleanup_list": lambda: cleanup.cleanup_list(read),
    }
    return in_turn(made, lambda name, rows: write_deltalake(str(outputs / name), rows.reset_index(drop=True)))
