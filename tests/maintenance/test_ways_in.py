"""`citylake maintain` and the job `maintenance`: what they say."""

from __future__ import annotations

import json
from collections.abc import Callable

import dagster as dg
import pytest

from pipelines.cli.maintain import run_maintain
from pipelines.orchestration.definitions import build
from pipelines.orchestration.nights import dagster_instance
from pipelines.runtime import Runtime
from tests.faults.tables import TABLE
from tests.maintenance.lakes import Kept


@pytest.fixture
def city(installation: Callable[..., Runtime]) -> Runtime:
    city = installation()
    for n in range(12):
        Kept(city).table.publish({"id": f"P{n}"}, mode="append")
    return city


def test_command_line(city: Runtime, capsys: pytest.CaptureFixture[str]) -> None:
    def told(*, dry_run: bool) -> dict[str, object]:
        assert run_maintain(city.settings, [TABLE], dry_run=dry_run, as_json=True) == 0
        (table,) = json.loads(capsys.readouterr().out)["tables"]
        return {name: table[name] for name in ("table", "files_before", "files_after", "checkpoint", "busy")}

    expected = {"table": TABLE, "files_before": 12, "files_after": 1, "checkpoint": False, "busy": ""}
    assert told(dry_run=True) == expected
    assert Kept(city).table.version == 11
    assert told(dry_run=False) == {**expected, "checkpoint": True}
    assert Kept(city).table.version == 12
    assert run_maintain(city.settings, None, dry_run=False, as_json=False) == 0
    assert "2 tables, 2 with nothing to do" in capsys.readouterr().out


def test_job(city: Runtime) -> None:
    definitions = build(dg.ResourceDefinition.hardcoded_resource(city), city.contracts)
    with dagster_instance(None) as instance:
        result = definitions.resolve_job_def("maintenance").execute_in_process(instance=instance)
        (event,) = result.get_asset_materialization_events()
        shown = event.materialization.metadata
    assert (shown["files before"].value, shown["files after"].value) == (12, 1)
    assert [r.data["table"] for r in shown["tables"].records] == [TABLE]  # type: ignore[attr-defined]
    assert Kept(city).table.version == 12
