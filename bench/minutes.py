"""`python -m bench.minutes`: stations that report every minute, day after day: does a night stay as short as the first, and memory bounded?

Here: a copy of the contract of the hours for minutes, made-up readings, hourly means of those that pass the quality control, a night
for each day. Not here: many small tables (`bench.many_tables`), a large city (`bench.nights`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset
from assets.themes.ecology import quality_control
from assets.themes.ecology.air import by_item
from assets.touch import by_day, units
from bench.many_tables import timed
from contracts import SourceContract, load_all
from contracts.loader import load
from pipelines.runtime import Runtime
from pipelines.steps import input_changes
from resources.engine import Sail
from resources.keys import create_key
from resources.settings import Settings
from simulator.drops import write_drop
from standards.moments import hour_begin

FIRST, MINUTES = date(2026, 1, 1), 24 * 60
SOURCE, TABLE = "environment/air_minute", "themes/ecology/air_minute_hour"
DELIVERED = cleansed(SOURCE)
HOURS = Path(__file__).with_name("air_minute_hour.yaml")
ITEMS = {"pm25": (40, 0), "pm10": (70, 0), "so2": (9, 0), "no2": (30, 0), "o3": (60, 0), "co": (0.8, 1)}
"""Item -> a usual value and the decimals that are delivered."""


def contract() -> SourceContract:
    """The contract of minutes: that of the hours, with a reading every minute."""
    hours = load_all()["cleansed/environment/air_hour"]
    assert isinstance(hours, SourceContract)
    rules = tuple(replace(r, options=tuple((k, "1" if k == "every" else v) for k, v in r.options)) for r in hours.table_rules)
    return replace(hours, name=f"cleansed/{SOURCE}", table_rules=rules)


def _day() -> Column:
    return F.col("measured_at").cast("date")


def hourly(minute: DataFrame = DELIVERED) -> DataFrame:
    """One row per station and hour: readings and the mean of each item, of the readings that pass the quality control."""
    checked = quality_control.checked(by_item(minute), "station_code", 1)
    hour = hour_begin(F.col("measured_at")).alias("measured_at")
    means = [F.avg(F.when(F.col("valid") & (F.col("item") == item), F.col("value"))).cast("decimal(12,3)").alias(item) for item in ITEMS]
    return checked.groupBy("station_code", hour).agg(F.countDistinct("measured_at").cast("int").alias("readings"), *means)


def readings(agreed: SourceContract, stations: int, day: date) -> pd.DataFrame:
    """What the stations report of one day, as delivered texts."""
    draw, n = np.random.default_rng(day.toordinal()), stations * MINUTES
    times = [f"{day} {m // 60:02}:{m % 60:02}:00" for m in range(MINUTES)]
    rows = pd.DataFrame({c.name: np.full(n, "", dtype=object) for c in agreed.delivered})
    rows["station_code"] = np.repeat([f"M{s:04}" for s in range(stations)], MINUTES)
    rows["measured_at"] = np.tile(np.array(times, dtype=object), stations)
    for item, (usual, decimals) in ITEMS.items():
        rows[item] = np.char.mod(f"%.{decimals}f", usual * draw.lognormal(0, 0.2, n)).astype(object)
    rows["sent_time"] = f"{day + timedelta(days=1)} 00:05:00"
    return rows


def main() -> int:
    """Run a night for each day and print a table; return 1 when a table failed."""
    parser = argparse.ArgumentParser(prog="bench.minutes", description=__doc__)
    parser.add_argument("--stations", type=int, default=200)
    parser.add_argument("--days", type=int, default=17)
    parser.add_argument("--json", type=Path, help="file for the figures")
    asked = parser.parse_args()
    agreed = contract()
    load_all()[agreed.name] = agreed
    load_all()[TABLE] = load(HOURS)
    lake_asset(TABLE, unit=units(day=_day), touch={"minute": by_day("measured_at", around=1)}, whole_above=0.9)(hourly)
    input_changes.PART_FROM_ROWS = 1  # as in the middle of a year, when the table is large
    root = Path(tempfile.mkdtemp(prefix="minutes-"))
    (root / "landing").mkdir()
    where = {"lake": str(root / "lake"), "landing": str(root / "landing"), "key_file": root / "pseudonym.key", "home": root / "dagster"}
    settings = Settings.model_validate({**where, "profile": "demo", "departments": [SOURCE]})
    create_key(settings.key_file)
    runtime, found = Runtime.of(settings, Sail()), []
    print(f"{asked.stations} stations, {asked.stations * MINUTES:,} rows a day, {os.cpu_count()} processors\n")
    print("| night | seconds | processor | engine jobs | peak MiB so far |\n|---|---:|---:|---:|---:|")
    for n in range(asked.days):
        day = FIRST + timedelta(days=n)
        write_drop(root / "landing", agreed, readings(agreed, asked.stations, day), day, day)
        found.append(timed(day.isoformat(), day, runtime))
    hours = runtime.lake.rows(TABLE)
    assert hours == asked.stations * asked.days * 24, f"{hours} hours"
    runtime.engine.stop()
    shutil.rmtree(root)
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(any(f["failures"] for f in found))


if __name__ == "__main__":
    raise SystemExit(main())
