"""The asset graph as Dagster sees it equals the one that was committed, a file per group; a change of it is a decision.

To accept one: `UPDATE_SNAPSHOTS=1 pytest tests/architecture`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.declare import declared
from contracts import load_all
from pipelines.orchestration.definitions import defs

BOOKS = {"operations/release", "operations/quarantine", "operations/maintenance", "operations/site"}
"""Made by the lake for itself: without contract and owner."""
SNAPSHOTS = Path(__file__).parent / "graph"


@pytest.fixture(scope="module")
def graph() -> dict[str, Any]:
    assets: dict[str, Any] = {}
    checks: dict[str, list[str]] = {}
    for definition in defs.resolve_asset_graph().assets_defs:
        for check in definition.check_specs:
            checks.setdefault(check.asset_key.to_user_string(), []).append(f"{check.name}{' (blocking)' if check.blocking else ''}")
        for spec in definition.specs:
            assets[spec.key.to_user_string()] = {
                "deps": sorted(d.asset_key.to_user_string() for d in spec.deps),
                "group": spec.group_name,
                "kinds": sorted(spec.kinds),
                "owners": list(spec.owners),
                "partitioned": spec.partitions_def is not None,
                "pool": definition.op.pool,
            }
    for name, found in checks.items():
        assets[name]["checks"] = sorted(found)
    jobs = {
        job.name: sorted(k.to_user_string() for k in job.asset_layer.executable_asset_keys)
        for job in defs.resolve_all_job_defs()
        if not job.name.startswith("__")
    }
    timed = map(_schedule, defs.schedules or [])
    schedules = {s.name: {"job": s.job_name, "cron": s.cron_schedule, "zone": s.execution_timezone} for s in timed}
    sensors = {s.name: {"job": s.job_name if s.targets else None, "interval": s.minimum_interval_seconds} for s in defs.sensors or []}
    return {"assets": dict(sorted(assets.items())), "jobs": dict(sorted(jobs.items())), "schedules": schedules, "sensors": sensors}


def _schedule(schedule: Any) -> dg.ScheduleDefinition:
    found = schedule if isinstance(schedule, dg.ScheduleDefinition) else defs.resolve_schedule_def(schedule.name)
    assert isinstance(found, dg.ScheduleDefinition)
    return found


def test_definitions_can_be_loaded() -> None:
    dg.Definitions.validate_loadable(defs)


def test_graph_is_the_committed_one(graph: dict[str, Any]) -> None:
    groups: dict[str, Any] = {"jobs": {part: graph[part] for part in ("jobs", "schedules", "sensors")}}
    for name, asset in graph["assets"].items():
        groups.setdefault(asset["group"], {})[name] = {k: v for k, v in asset.items() if k != "group"}
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOTS.mkdir(exist_ok=True)
        for file in SNAPSHOTS.glob("*.json"):
            file.unlink()
        for group, found in groups.items():
            (SNAPSHOTS / f"{group}.json").write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    committed = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in SNAPSHOTS.glob("*.json")}
    assert sorted(groups) == sorted(committed)
    for group in committed:
        assert groups[group] == committed[group]


def test_every_contract_has_its_asset_and_every_asset_its_contract(graph: dict[str, Any]) -> None:
    contracts = load_all()
    derived = {name for name, c in contracts.items() if c.delivery is None}
    assert set(declared()) == derived
    raw = {c.sibling("raw") for c in contracts.values() if c.delivery}
    assert set(graph["assets"]) == set(contracts) | raw | BOOKS


def test_every_table_has_a_writer_of_its_own_and_an_owner(graph: dict[str, Any]) -> None:
    pools = [a["pool"] for a in graph["assets"].values()]
    assert None not in pools
    assert len(set(pools)) == len(pools)
    assert all(a["owners"] for name, a in graph["assets"].items() if name not in BOOKS)


def test_inputs_of_a_declared_table_are_its_dependencies(graph: dict[str, Any]) -> None:
    for name, asset in declared().items():
        assert graph["assets"][name]["deps"] == sorted(set(asset.inputs.values()))


def test_keys_required_columns_and_balance_block(graph: dict[str, Any]) -> None:
    for name, contract in load_all().items():
        blocking = graph["assets"][name]["checks"]
        assert {"key_unique (blocking)", "required (blocking)"} <= set(blocking)
        if contract.delivery:
            assert {"balance (blocking)", "quarantine_share (blocking)"} <= set(blocking)
            assert "delivery_accepted" in graph["assets"][contract.sibling("raw")]["checks"]
