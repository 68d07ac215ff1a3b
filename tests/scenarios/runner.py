"""Runs a scenario through the steps and compares everything that became of it.

Here: the nights of a scenario, its comparison, running it once more. Not here: making files (`tests.scenarios.files`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from contracts import Contract, load, load_all
from pipelines.runtime import Runtime
from pipelines.steps.cleanse import cleanse
from pipelines.steps.ingest import ingest
from pipelines.steps.outcome import GateFailed
from tests.deliveries import exchange
from tests.scenarios.files import table_of, write_drop

Row = dict[str, str]
BALANCE = ("table", "date", "kind", "rows_in", "published", "quarantined", "duplicates", "rejected")


@dataclass(frozen=True)
class Scenario:
    """One folder. `steps`: folders below `input`, each a landing zone of its own."""

    folder: Path
    proves: tuple[str, ...]
    done: str
    steps: tuple[str, ...] = (".",)
    manifest: dict[str, Any] | None = None
    make: dict[str, Any] | None = None
    delivery: dict[str, Any] | None = None

    @classmethod
    def at(cls, folder: Path) -> Scenario:
        said = yaml.safe_load((folder / "scenario.yaml").read_text(encoding="utf-8"))
        proves = said.pop("proves")
        return cls(folder, **{**said, "proves": (proves,) if isinstance(proves, str) else tuple(proves)})

    def contracts(self) -> dict[str, Contract]:
        """Those the lake ships, of the suite, and of the scenario, the later ones in place of the earlier."""
        own = [*sorted((self.folder.parent / "contracts").glob("*.yaml")), *self.folder.glob("contract.yaml")]
        contracts = load_all() | {c.name: c for c in map(load, own)}
        for table, changed in (self.delivery or {}).items():
            agreed = contracts[f"cleansed/{table}"]
            contracts[agreed.name] = replace(agreed, delivery=replace(agreed.delivery, **changed))
        return contracts

    def drops(self, step: str) -> list[tuple[str, str]]:
        """(table, date) of all that a step delivers, by date."""
        prefix = "" if step == "." else f"{step}/"
        made = [Path(name.removeprefix(prefix)).parent for name in self.make or {} if name.startswith(prefix)]
        root = self.folder / "input" / step
        lying = [p.relative_to(root) for p in root.glob("*/*/*") if p.is_dir()]
        named = {(f"{p.parts[0]}/{p.parts[1]}", p.parts[2]) for p in [*made, *lying]}
        return sorted(named, key=lambda d: (d[1], d[0]))


def below(suite: str) -> list[Any]:
    """The scenarios beside a test file, for `pytest.mark.parametrize("scenario", below(__file__))`."""
    import pytest

    found = [Scenario.at(f.parent) for f in sorted(Path(suite).parent.glob("*/scenario.yaml"))]
    return [pytest.param(s, id=s.folder.name, marks=pytest.mark.proves(*s.proves)) for s in found]


def play(scenario: Scenario, runtime: Runtime, proven: Callable[..., None]) -> None:
    """Deliver, take in, cleanse, compare; then run every date once more: nothing may change."""
    runtime.contracts = scenario.contracts()
    told: list[str] = []
    dates: dict[str, set[str]] = {}
    for number, step in enumerate(scenario.steps, 1):
        drops = scenario.drops(step)
        assert drops, f"{scenario.folder.name}: step {step} delivers nothing"
        for table, day in drops:
            _deliver(scenario, runtime, step, table, day)
            dates.setdefault(table, set()).add(day)
        for table, day in drops:
            told += _run(runtime, table, day, f"run-{number}")
    seen = _seen(runtime, list(dates), told)
    expected = _expected(scenario, list(dates), seen)
    for name in sorted(seen.keys() | expected.keys()):
        assert seen.get(name) == expected.get(name), f"{scenario.folder.name}: {name}"
    _same_again(runtime, dates)
    proven(done=scenario.done, seen=_sentence(seen))


def _deliver(scenario: Scenario, runtime: Runtime, step: str, table: str, day: str) -> None:
    contract = runtime.contracts[f"cleansed/{table}"]
    drop = f"{table}/{day}" if step == "." else f"{step}/{table}/{day}"
    source = scenario.folder / "input" / drop
    if contract.delivery.format == "database":
        exchange(runtime, table, day, [dict(row) for file in sorted(source.glob("*.csv")) for row in table_of(file)])
        return
    make = {Path(name).name: how for name, how in (scenario.make or {}).items() if str(Path(name).parent) == drop}
    changed = (scenario.manifest or {}).get(drop, {})
    write_drop(Path(runtime.settings.landing) / table / day, contract, day, source, make, changed)


def _run(runtime: Runtime, table: str, day: str, run_id: str) -> Iterator[str]:
    """Take in and cleanse one date; every message of it."""
    contract, as_of = runtime.contracts[f"cleansed/{table}"], date.fromisoformat(day)
    yield from ingest(runtime, contract, as_of, f"{run_id}-{day}").problems
    try:
        outcome = cleanse(runtime, contract, as_of, f"{run_id}-{day}")
    except GateFailed as e:
        yield str(e)
    else:
        yield from [p for p in outcome.problems if not p.startswith("no delivery has ever arrived")]


def _seen(runtime: Runtime, tables: list[str], told: list[str]) -> dict[str, Any]:
    """Everything that became of the deliveries, by the name of the expected file; what is empty is not there."""
    ledger = runtime.ledger.rows()
    for row in ledger:
        assert row["rows_in"] == row["published"] + row["quarantined"] + row["duplicates"] + row["rejected"], row
    seen: dict[str, Any] = {"balance.csv": [_account(row) for row in ledger], "problems.txt": [_plain(runtime, p, ledger) for p in told]}
    for table in tables:
        place = "" if len(tables) == 1 else f"{table}/"
        seen[f"{place}published.csv"] = [_cells(row) for row in _arrow(runtime, f"cleansed/{table}")]
        seen[f"{place}quarantined.csv"] = [_held(row) for row in _arrow(runtime, f"quarantine/{table}")]
    return {name: found for name, found in seen.items() if found}


def _arrow(runtime: Runtime, table: str) -> list[dict[str, Any]]:
    found = runtime.lake.arrow(table)
    return [] if found is None else found.to_pylist()


def _account(row: dict[str, Any]) -> Row:
    return {name: str(row["business_date" if name == "date" else name]) for name in BALANCE}


def _cells(row: dict[str, Any]) -> Row:
    return {name: " ".join(value) if isinstance(value, list) else "" if value is None else str(value) for name, value in row.items()}


def _held(row: dict[str, Any]) -> Row:
    delivered = {name: value or "" for name, value in json.loads(row["raw"]).items()}
    place = {"date": str(row["_business_date"]), "file": row["_source_file"], "line": str(row["_row_no"])}
    return {**delivered, **place, "codes": " ".join(row["codes"]), "text": row["line"] or ""}


def _plain(runtime: Runtime, message: str, ledger: list[dict[str, Any]]) -> str:
    assert "\n" not in message, message
    for found, name in ((runtime.settings.landing, "{landing}"), (runtime.settings.lake, "{lake}")):
        message = message.replace(found, name)
    batches = {r["batch_id"] for r in ledger} | {p["_batch_id"] for c in runtime.contracts.values() if c.delivery
                                                  for p in runtime.lake.partitions(c.sibling("raw"))}  # fmt: skip
    message = re.sub(r"/stage-[^ )]+", "/stage", message)
    for batch in batches:
        message = message.replace(batch, "{batch}").replace(batch[:8], "{batch}")
    return message


def _expected(scenario: Scenario, tables: list[str], seen: dict[str, Any]) -> dict[str, Any]:
    """What the folder says, in the shape of `_seen`, whose rows are cut to the columns that are compared."""
    folder, expected = scenario.folder / "expected", {}
    for file in sorted(folder.rglob("*.csv")):
        name = file.relative_to(folder).as_posix()
        expected[name] = sorted(table_of(file), key=lambda r: tuple(r.values()))
        assert expected[name], f"{scenario.folder.name}: expected/{name} says nothing; leave it out"
    for name, rows in seen.items():
        if not name.endswith(".csv") or name not in expected:
            continue
        columns = list(expected[name][0])
        if name.endswith("published.csv") and "_codes" not in columns:
            assert not [r["_codes"] for r in rows if r["_codes"]], f"{scenario.folder.name}: codes that expected/{name} does not name"
        unknown = set(columns) - set(rows[0])
        assert not unknown, f"{scenario.folder.name}: expected/{name} has {unknown}"
        seen[name] = sorted(({c: r[c] for c in columns} for r in rows), key=lambda r: tuple(r.values()))
    if (folder / "problems.txt").is_file():
        expected["problems.txt"] = (folder / "problems.txt").read_text(encoding="utf-8").splitlines()
    return expected


def _same_again(runtime: Runtime, dates: dict[str, set[str]]) -> None:
    """The same landing zone, run once more."""
    names = [f"{layer}/{table}" for table in dates for layer in ("raw", "cleansed", "quarantine")]
    before = {name: runtime.lake.version(name) for name in names}
    known = {(r["table"], r["batch_id"], r["kind"]) for r in runtime.ledger.rows()}
    for table, days in dates.items():
        for day in sorted(days):
            list(_run(runtime, table, day, "again"))
    assert {name: runtime.lake.version(name) for name in names} == before
    assert {(r["table"], r["batch_id"], r["kind"]) for r in runtime.ledger.rows()} == known


def _sentence(seen: dict[str, Any]) -> str:
    """The ledger in words, and every message."""
    fates = ("published", "quarantined", "duplicates", "rejected")
    lines = [f"{r['table']} {r['date']}: {r['rows_in']} in = " + " + ".join(f"{r[f]} {f}" for f in fates if r[f] != "0")
             for r in seen.get("balance.csv", [])]  # fmt: skip
    codes = sorted({code for name, rows in seen.items() if name.endswith("quarantined.csv") for r in rows for code in r["codes"].split()})
    return "; ".join([*lines, *([f"codes {', '.join(codes)}"] if codes else []), *seen.get("problems.txt", [])])
