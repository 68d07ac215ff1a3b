"""`python -m bench.events positions --rows 5000000`: days of millions of events, from gzip files to what is counted of them, beside others.

Here: the drops, the rounds, and whether all count the same. Not here: made-up passes of cameras (`passing`) and positions of vehicles
(`moving`), measuring (`measure`), how each does it (`contestants/events_….py`). Ours takes a day in as a night does: raw, judged and
cleansed next to the days before, and counted again of that day alone; so the last day says what a day costs when others lie behind it.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from bench.contestants.events import COUNTED, EVENTS, Event
from bench.measure import Cost, run
from bench.moving import positions
from bench.passing import passes
from contracts import SourceContract, load_all
from simulator.drops import sm3, write_manifest

FIRST, ROWS_PER_FILE = date(2019, 12, 1), 500_000
CONTESTANTS = {"events_ours": "citylake, on Sail", "events_duckdb": "DuckDB", "events_polars": "Polars"}
MADE: dict[str, Callable[[int, date, tuple[int, int], int], pd.DataFrame]] = {"passes": passes, "positions": positions}
"""Event -> the rows of a part of a day: how many, the day, the first and last of its seconds, the seed."""
MILLIONTH = 1e-6
"""Relative; by so much sums of whole numbers may differ in which lengths were rounded."""


def delivery(folder: Path, event: Event, rows: int, days: int, seed: int) -> Path:
    """The folder with the drops of so many days; made when it is not there yet."""
    target, contract = folder / f"{event.name}-{rows}-{days}-{seed}", load_all()[f"cleansed/{event.table}"]
    assert isinstance(contract, SourceContract)
    if (target / "complete").exists():
        return target
    shutil.rmtree(target, ignore_errors=True)
    for day in (FIRST + timedelta(days=n) for n in range(days)):
        drop, files, total = target / "landing" / event.table / day.isoformat(), list[dict[str, Any]](), 0
        drop.mkdir(parents=True)
        firsts = range(0, rows, ROWS_PER_FILE)
        for part, first in enumerate(firsts):
            seconds = 86_400 * part // len(firsts), 86_400 * (part + 1) // len(firsts)
            made = MADE[event.name](min(ROWS_PER_FILE, rows - first), day, seconds, seed)
            name, text = f"{event.name}_{part:03}.csv.gz", io.BytesIO()
            columns = [pa.array(made[c.name].astype(str)) for c in contract.delivered]
            pacsv.write_csv(pa.table(columns, names=[c.source or c.name for c in contract.delivered]), text)
            data = gzip.compress(text.getvalue(), compresslevel=1, mtime=0)
            (drop / name).write_bytes(data)
            files.append({"name": name, "sm3": sm3(data), "bytes": len(data)})
            total += len(made)
        write_manifest(drop, contract, day, day, total, files)
    (target / "complete").touch()
    return target


def counted(event: Event, outputs: Path) -> tuple[int, ...]:
    """What a contestant has counted: rows, and the sums of all counts."""
    found = pq.read_table(outputs / COUNTED, columns=list(event.counts)).to_pandas()
    return len(found), *(int(found[c].sum()) for c in event.counts)


def alike(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two contestants have counted the same."""
    return all(abs(a - b) <= MILLIONTH * max(a, b) for a, b in zip(one, other, strict=True))


def _row(name: str, cost: Cost, days: int, rows: int) -> str:
    last = sum(s for step, s in cost.seconds.items() if step.startswith(f"{days} "))
    figures = (
        f"{cost.wall:.1f} | {cost.cpu:.1f} | {cost.memory >> 20:,} | {cost.written >> 20:,} | {last:.1f} | {rows / max(last, 0.001):,.0f}"
    )
    return f"| {CONTESTANTS[name]} | {figures} |"


def main() -> int:
    """Measure every contestant once a round and print a table; return 1 when they count differently."""
    parser = argparse.ArgumentParser(prog="bench.events", description=__doc__)
    parser.add_argument("event", choices=EVENTS)
    parser.add_argument("--rows", type=int, default=100_000, help="events of a day")
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="of inputs, which are kept, and outputs")
    parser.add_argument("--only", nargs="*", default=list(CONTESTANTS), choices=CONTESTANTS)
    parser.add_argument("--json", type=Path, help="file for the figures")
    asked = parser.parse_args()
    event, found, sums = EVENTS[asked.event], dict[str, Any](), dict[str, tuple[int, ...]]()
    source = delivery(asked.folder, event, asked.rows, asked.days, asked.seed)
    print(f"{asked.days} days of {asked.rows:,} {event.name}\n")
    print("| | wall s | CPU s | peak MiB | written MiB | last day s | rows/s of it |\n|---|---:|---:|---:|---:|---:|---:|")
    for name in asked.only:
        outputs = asked.folder / f"outputs-{name}"
        cost = run(name, source, outputs)
        sums[name] = counted(event, outputs)
        found[name] = vars(cost)
        print(_row(name, cost, asked.days, asked.rows), flush=True)
        shutil.rmtree(outputs)
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    first, *others = sums.values()
    same = all(alike(first, other) for other in others)
    if not same:
        print(f"they count differently: {sums}")
    return int(not same)


if __name__ == "__main__":
    raise SystemExit(main())
