"""`python -m bench.many_tables`: what a night costs when there are many small tables.

Here: sources and derived tables copied under other names, a night with news, a date without, the same date again, and that after a year
of nights in the ledger. Not here: large tables (`bench.nights`), where the engine's work outweighs what each table costs anyway.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml

from assets.declare import declared, lake_asset
from bench.job import DEPARTMENTS
from contracts import SourceContract, load_all, sources
from contracts.model import Format
from pipelines.control.ledger import LEDGER
from pipelines.orchestration.nights import DAGSTER_YAML, run_night
from pipelines.runtime import Runtime
from pipelines.taking_part import contracts_of
from resources.engine import Sail
from resources.keys import create_key
from resources.settings import Settings
from simulator import build
from simulator.city import City
from simulator.drops import write_drop

PEOPLE, SEED, ROWS = 400, 11, 20
COPIED = ("base/population/death", "themes/health/service")
"""Derived tables that are copied: they read other tables and none reads their copies."""
YEAR = 365
CUSTOM = {"module": "pipelines.orchestration.postgres_storage", "class": "OpenPostgresStorage"}
FILES, POSTGRESQL = "files", "postgresql"
"""Dagster's storage without an installation, and that of one."""


def _copied_sources(copies: int) -> list[tuple[SourceContract, str]]:
    """Every source that comes as files and its copies, each with the table whose rows it has."""
    originals = [c for c in sources(contracts_of(DEPARTMENTS)).values() if c.delivery.format != Format.DATABASE]
    found = [(c, f"{c.domain}/{c.table}") for c in originals]
    for n in range(copies):
        for original in originals:
            copy = replace(original, name=f"{original.name}_{n}")
            load_all()[copy.name] = copy
            found.append((copy, f"{original.domain}/{original.table}"))
    return found


def _copied_tables(copies: int) -> None:
    """Derived tables under further names."""
    for name in COPIED:
        original, contract = declared()[name], load_all()[name]
        for n in range(copies):
            load_all()[f"{name}_{n}"] = replace(contract, name=f"{name}_{n}")
            lake_asset(f"{name}_{n}")(original.function)


def _deliver(city: City, tables: Iterable[tuple[SourceContract, str]], night: int, landing: Path) -> None:
    first = city.nights[night] if night else date(2009, 1, 1)
    for contract, rows_of in tables:
        write_drop(landing, contract, city.tables[rows_of][night].head(ROWS), city.nights[night], first, 1)


def _a_year_of_nights(runtime: Runtime) -> int:
    """Repeat the ledger's rows for the days of a year before them; return how many there are then."""
    import pyarrow as pa

    rows = runtime.ledger.rows()
    last = max(r["as_of"] for r in rows)
    one_night = [r for r in rows if r["as_of"] == last]
    earlier = [
        {**r, "run_id": f"{r['run_id']}-{back}", "batch_id": f"{r['batch_id']}-{back}", "as_of": r["as_of"] - timedelta(days=back),
         "business_date": r["business_date"] - timedelta(days=back), "recorded_at": datetime(2019, 1, 1, tzinfo=UTC) - timedelta(days=back)}
        for back in range(1, YEAR + 1)
        for r in one_night
    ]  # fmt: skip
    table = runtime.lake.arrow(LEDGER)
    assert table is not None
    runtime.lake.append(LEDGER, pa.Table.from_pylist(earlier, schema=table.schema))
    return len(rows) + len(earlier)


def timed(name: str, day: date, runtime: Runtime) -> dict[str, Any]:
    """Run the night of a day: what it is called, its seconds, the processor's seconds, the engine's jobs, peak memory so far in MiB."""
    jobs, wall, used = runtime.engine.jobs, perf_counter(), os.times()
    report = run_night(runtime, day)
    now = os.times()
    figures = {
        "night": name,
        "seconds": round(perf_counter() - wall, 1),
        "processor": round(now.user + now.system - used.user - used.system, 1),
        "jobs": runtime.engine.jobs - jobs,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "failures": len(report.failures),
    }
    print(f"| {name} | {figures['seconds']} | {figures['processor']} | {figures['jobs']:,} | {figures['peak_mib']:,} |", flush=True)
    for failure in report.failures[:3]:
        print(f"failed: {failure}", flush=True)
    return figures


def _kept_in(home: Path, url: str) -> None:
    """Let Dagster keep its history in PostgreSQL instead of files; all else as it is without."""
    told = yaml.safe_load(DAGSTER_YAML) | {"storage": {"custom": CUSTOM | {"config": {"postgres_url": url}}}}
    home.mkdir()
    (home / "dagster.yaml").write_text(yaml.safe_dump(told))


@contextmanager
def _storage(name: str, home: Path) -> Iterator[None]:
    """Dagster's storage inside the block: `files`, the address of a PostgreSQL, or `postgresql`, a server that lives as long."""
    with ExitStack() as stack:
        if name == POSTGRESQL:
            from tests.servers.postgres import DURABLE, postgres_server

            server = stack.enter_context(postgres_server(DURABLE))
            name = server.url(server.database("dagster")).replace("+psycopg:", "+psycopg2:")
        if name != FILES:
            _kept_in(home, name)
        yield


def measure(copies: int, derived: int, storage: str) -> list[dict[str, Any]]:
    """Run the nights in a new lake, print a table, return its lines.

    Args:
        copies: of each source that comes as files.
        derived: copies of each of the derived tables.
        storage: of Dagster.
    """
    tables = _copied_sources(copies)
    _copied_tables(derived)
    root = Path(tempfile.mkdtemp(prefix="many-tables-"))
    landing, found = root / "landing", list[dict[str, Any]]()
    landing.mkdir()
    where = {"lake": str(root / "lake"), "landing": str(landing), "key_file": root / "pseudonym.key", "home": root / "dagster"}
    settings = Settings.model_validate({**where, "profile": "demo", "departments": DEPARTMENTS})
    create_key(settings.key_file)
    city, runtime = build(PEOPLE, SEED, departments=DEPARTMENTS), Runtime.of(settings, Sail())
    kept = storage if storage in (FILES, POSTGRESQL) else "a PostgreSQL elsewhere"
    made = len(declared().keys() & runtime.contracts.keys())
    told = f"{len(tables)} sources of {ROWS} rows, {made} derived tables, {os.cpu_count()} processors, Dagster's history in {kept}"
    print(f"{told}\n\n| night | seconds | processor | engine jobs | peak MiB so far |\n|---|---:|---:|---:|---:|", flush=True)
    with _storage(storage, settings.home):
        for night, name in enumerate(("the first night", "a night with news")):
            _deliver(city, tables, night, landing)
            found.append(timed(name, city.nights[night], runtime))
        empty = city.nights[1] + timedelta(days=1)
        found.append(timed("a date without news", empty, runtime))
        found.append(timed("the same date again", empty, runtime))
        rows = _a_year_of_nights(runtime)
        found.append(timed(f"the same date again, {rows:,} rows in the ledger", empty, runtime))
        runtime.engine.stop()
    shutil.rmtree(root)
    print(flush=True)
    return [{"storage": kept, **figures} for figures in found]


def main() -> int:
    """Run the nights with each storage, in a process of its own; return 1 when a table failed."""
    parser = argparse.ArgumentParser(prog="bench.many_tables", description=__doc__)
    parser.add_argument("--copies", type=int, default=6, help="of each source that comes as files")
    parser.add_argument("--derived", type=int, default=10, help=f"copies of each of {', '.join(COPIED)}")
    parser.add_argument(
        "--storage", nargs="+", default=[FILES],
        help=f"where Dagster keeps its history, one after the other: {FILES}, {POSTGRESQL} (a server of its own), or postgresql+psycopg2://…",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, help="file for the figures")
    asked = parser.parse_args()
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as processes:
        found = [f for s in asked.storage for f in processes.submit(measure, asked.copies, asked.derived, s).result()]
    if asked.json:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(any(f["failures"] for f in found))


if __name__ == "__main__":
    raise SystemExit(main())
