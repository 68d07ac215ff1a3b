"""`python -m bench.passes --rows 5000000 --days 4`: days of millions of passes, from gzip files to the hours of each camera, beside others.

Here: made-up passes, the drops, the rounds, and whether all count the same. Not here: measuring (`measure`), how each does it
(`contestants/passes_….py`). Ours takes a day in as a night does: raw, judged and cleansed next to the days before, and counted again of
that day alone; so the last day says what a day costs when others lie behind it.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from bench.contestants.passes import HOURS, TABLE
from bench.measure import Cost, run
from contracts import SourceContract, load_all
from simulator.departments.traffic_police.events import NOT_READ, devices
from simulator.departments.traffic_police.register import plates
from simulator.drops import sm3, write_manifest
from simulator.sensors import moment_text

FIRST, ROWS_PER_FILE = date(2019, 12, 1), 500_000
CONTESTANTS = {"passes_ours": "citylake, on Sail", "passes_duckdb": "DuckDB", "passes_polars": "Polars"}
CAMERAS, LANES, VEHICLES = 400, 3, 200_000
UNREAD, LETTERS, COPIES, ELSEWHERE = 0.015, 0.02, 0.005, 0.15
"""Shares of passes without a plate, with O and I for 0 and 1, that are sent twice, and of vehicles of another city."""


def passes(rows: int, day: date, part: tuple[int, int], seed: int) -> pd.DataFrame:
    """Passes of a part of a day, (first, last) of its seconds, as delivered texts: no pass is in two parts."""
    rng = np.random.default_rng([seed, day.toordinal(), part[0]])
    start = np.datetime64(day, "s") + np.sort(rng.integers(*part, rows)).astype("timedelta64[s]")
    vehicle = rng.integers(0, VEHICLES, rows)
    plate = plates(vehicle, vehicle % 16 == 0)
    share = rng.random(rows)
    plate = np.where(share < ELSEWHERE, np.array([f"沪{p[1:]}" for p in plate], dtype=object), plate)
    wrong = rng.random(rows) < LETTERS
    plate[wrong] = [p[:2] + p[2:].translate(str.maketrans("01", "OI")) for p in plate[wrong]]
    plate[rng.random(rows) < UNREAD] = NOT_READ[0]
    made = pd.DataFrame(
        {
            "device_no": devices(CAMERAS, "121")[rng.integers(0, CAMERAS, rows)],
            "lane": rng.integers(1, LANES + 1, rows).astype(str),
            "passed_at": moment_text(start),
            "plate_read": plate,
            "plate_type": np.where(vehicle % 16 == 0, "52", "02"),
            "speed_kmh": np.clip(rng.normal(45, 12, rows), 0, 140).astype(int).astype(str),
            "colour": np.array(list("AJBEH"))[rng.integers(0, 5, rows)],
        }
    ).drop_duplicates(["device_no", "lane", "passed_at", "plate_read"])
    return pd.concat([made, made[rng.random(len(made)) < COPIES]])


def delivery(folder: Path, rows: int, days: int, seed: int) -> Path:
    """The folder with the drops of so many days; made when it is not there yet."""
    target, contract = folder / f"passes-{rows}-{days}-{seed}", load_all()[f"cleansed/{TABLE}"]
    assert isinstance(contract, SourceContract)
    if (target / "complete").exists():
        return target
    shutil.rmtree(target, ignore_errors=True)
    for day in (FIRST + timedelta(days=n) for n in range(days)):
        drop, files, total = target / "landing" / TABLE / day.isoformat(), list[dict[str, Any]](), 0
        drop.mkdir(parents=True)
        firsts = range(0, rows, ROWS_PER_FILE)
        for part, first in enumerate(firsts):
            seconds = 86_400 * part // len(firsts), 86_400 * (part + 1) // len(firsts)
            made = passes(min(ROWS_PER_FILE, rows - first), day, seconds, seed)
            name, text = f"pass_{part:03}.csv.gz", io.BytesIO()
            columns = [pa.array(made[c.name].astype(str)) for c in contract.delivered]
            pacsv.write_csv(pa.table(columns, names=[c.source or c.name for c in contract.delivered]), text)
            data = gzip.compress(text.getvalue(), compresslevel=1, mtime=0)
            (drop / name).write_bytes(data)
            files.append({"name": name, "sm3": sm3(data), "bytes": len(data)})
            total += len(made)
        write_manifest(drop, contract, day, day, total, files)
    (target / "complete").touch()
    return target


def counted(outputs: Path) -> tuple[int, ...]:
    """What a contestant has counted: hours, and the sums of all counts."""
    found = pq.read_table(outputs / HOURS).to_pandas()
    return len(found), *(int(found[c].sum()) for c in ("passes", "read", "corrected", "unread", "local"))


def _row(name: str, cost: Cost, days: int, rows: int) -> str:
    last = sum(s for step, s in cost.seconds.items() if step.startswith(f"{days} "))
    figures = (
        f"{cost.wall:.1f} | {cost.cpu:.1f} | {cost.memory >> 20:,} | {cost.written >> 20:,} | {last:.1f} | {rows / max(last, 0.001):,.0f}"
    )
    return f"| {CONTESTANTS[name]} | {figures} |"


def main() -> int:
    """Measure every contestant once a round and print a table; return 1 when they count differently."""
    parser = argparse.ArgumentParser(prog="bench.passes", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="passes of a day")
    parser.add_argument("--days", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="of inputs, which are kept, and outputs")
    parser.add_argument("--only", nargs="*", default=list(CONTESTANTS), choices=CONTESTANTS)
    parser.add_argument("--json", type=Path, help="file for the figures")
    asked = parser.parse_args()
    source, found, same = delivery(asked.folder, asked.rows, asked.days, asked.seed), dict[str, Any](), set[tuple[int, ...]]()
    print(f"{asked.days} days of {asked.rows:,} passes\n")
    print("| | wall s | CPU s | peak MiB | written MiB | last day s | rows/s of it |\n|---|---:|---:|---:|---:|---:|---:|")
    for name in asked.only:
        outputs = asked.folder / f"outputs-{name}"
        cost = run(name, source, outputs)
        same.add(counted(outputs))
        found[name] = vars(cost)
        print(_row(name, cost, asked.days, asked.rows), flush=True)
        shutil.rmtree(outputs)
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if len(same) > 1:
        print(f"they count differently: {sorted(same)}")
    return int(len(same) > 1)


if __name__ == "__main__":
    raise SystemExit(main())
