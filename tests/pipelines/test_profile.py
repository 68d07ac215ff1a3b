"""Where a night's time goes: measured step by step, kept in a book, shown in Dagster and on the command line."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from typer.testing import CliRunner

from pipelines.cli.main import app
from pipelines.control.ledger import PROFILE
from pipelines.control.profile import SECONDS, costs
from pipelines.measure import PARTS, Clock, Profile
from pipelines.orchestration.definitions import installation as installation_of_dagster
from pipelines.orchestration.nights import NightReport, dagster_instance, run_night
from pipelines.runtime import Runtime
from quality import gates
from quality.gates import GateResult
from resources import memory
from resources.engine import Engine
from resources.errors import LakeUnreachable
from resources.lake import Lake
from tests.cleansed.nights import staff
from tests.deliveries import deliver

Installation = Callable[..., Runtime]
RAW, CLEANSED = "raw/health/staff", "cleansed/health/staff"
D29, D30 = "2019-12-29", "2019-12-30"
SLOW = 4.0
"""Seconds; everything else of these steps takes far less, also on a busy machine."""
ALLOCATED = 300


@pytest.fixture
def city_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the environment names as the installation."""
    for name in ("lake", "landing", "home"):
        monkeypatch.setenv(f"CITYLAKE_{name.upper()}", str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def night(city: Runtime, day: str, people: int = 10) -> NightReport:
    """A night of one table: one row of its delivery is held back. Up to 20 rows are not looked at for drift."""
    deliver(city, "health/staff", day, [staff(f"{day}-{i}") for i in range(people - 1)] + [staff("X", status="?!")])
    return run_night(city, date.fromisoformat(day), [RAW, CLEANSED])


def cost(city: Runtime, table: str = CLEANSED) -> dict[str, Any]:
    """The newest row of a table."""
    return [r for r in costs(city.lake) if r["table"] == table][-1]


def test_a_slow_gate_shows_in_the_gates_and_nowhere_else(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    city, real = installation(), gates.check

    def slow(*arguments: Any) -> list[GateResult]:
        time.sleep(SLOW)
        return real(*arguments)

    monkeypatch.setattr(gates, "check", slow)
    assert night(city, D29).succeeded
    found = cost(city)
    assert found["seconds_gates"] >= SLOW
    assert found["seconds_total"] >= SLOW
    others = {p: found[f"seconds_{p}"] for p in (*PARTS, "other") if p != "gates"}
    assert max(others.values()) < SLOW, others
    assert found["seconds_cpu"] < found["seconds_total"] - SLOW / 2, "who sleeps takes no processor"
    assert sum(others.values()) + found["seconds_gates"] == pytest.approx(found["seconds_total"])
    assert all(others[p] > 0 for p in ("plan", "stage", "counts", "publish", "ledger")), others
    assert cost(city, RAW)["seconds_total"] < SLOW


def test_figures_are_what_is_on_the_disk_and_was_asked_of_the_engine(installation: Installation) -> None:
    city = installation()
    assert night(city, D29).succeeded
    root = Path(city.settings.lake)
    for table, places, rows in ((RAW, [RAW], 10), (CLEANSED, [CLEANSED, "quarantine/health/staff"], 9)):
        found = cost(city, table)
        files = [f for place in places for f in (root / place).rglob("*.parquet")]
        assert files
        assert found["bytes_written"] == sum(f.stat().st_size for f in files), table
        assert found["files_written"] == len(files), table
        assert (found["rows"], found["outcome"], str(found["as_of"]), found["bytes_spilled"]) == (rows, "made", D29, 0)
    assert cost(city, RAW)["engine_jobs"] == 0
    assert cost(city, CLEANSED)["engine_jobs"] > 0


def test_what_is_spilled_is_not_known_where_memory_has_a_limit(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine.spilled() == 0
    monkeypatch.setenv("SAIL_RUNTIME__MEMORY_POOL__TYPE", "fair")
    assert engine.spilled() is None


def test_a_job_is_a_plan_that_is_carried_out(engine: Engine, tmp_path: Path) -> None:
    numbers = engine.session.range(5)
    before = engine.jobs
    assert numbers.columns == ["id"]
    assert engine.jobs == before, "a question about a plan is none"
    numbers.collect()
    numbers.count()
    numbers.write.parquet(str(tmp_path / "numbers"))
    assert engine.jobs == before + 3


def test_a_part_within_a_part_is_not_counted_twice() -> None:
    clock = Clock()
    with clock("plan"):
        time.sleep(0.1)
        with clock("start"):
            time.sleep(0.3)
    assert clock.seconds["start"] >= 0.3
    assert 0.1 <= clock.seconds["plan"] < 0.3


@pytest.mark.skipif(not memory.forget_peak(), reason="this system does not let a process ask for its peak anew")
def test_the_peak_of_memory_is_that_of_the_step(engine: Engine) -> None:
    measure = Profile(engine)
    with measure.of("large", run_id="r", job="j"):
        _ = len(bytearray(b"x") * (ALLOCATED << 20))
    with measure.of("small", run_id="r", job="j"):
        pass
    large, small = (m.peak_memory_mb for m in measure.taken())
    assert large is not None
    assert small is not None
    assert large - small > ALLOCATED / 2
    assert measure.taken() == []


def test_where_the_system_does_not_tell_there_is_no_number(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "PROCESSES", tmp_path / "nothing")
    measure = Profile(engine)
    with measure.of("any", run_id="r", job="j") as measured:
        pass
    assert measured.peak_memory_mb is None


def test_what_failed_was_paid_for_too(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    city = installation()
    monkeypatch.setattr(gates, "check", lambda *_: [GateResult("key_unique", False, True, "one row per key")])
    assert not night(city, D29).succeeded
    assert [(r["table"], r["outcome"]) for r in costs(city.lake)] == [(RAW, "made"), (CLEANSED, "failed")]
    assert cost(city)["seconds_stage"] > 0


class Panic(BaseException):
    """As the panic of a library: no Exception."""


@pytest.mark.parametrize("failure", [OSError("the disk has gone"), Panic("at the disco")], ids=["error", "panic"])
def test_a_book_that_cannot_be_written_leaves_the_night_alone(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: BaseException
) -> None:
    city, real = installation(), Lake.append

    def append(lake: Lake, table: str, *arguments: Any, **named: Any) -> int:
        if table == PROFILE:
            raise failure
        return real(lake, table, *arguments, **named)

    monkeypatch.setattr(Lake, "append", append)
    with caplog.at_level(logging.WARNING):
        report = night(city, D29)
    assert report.succeeded
    assert city.lake.version(CLEANSED) == 0
    assert costs(city.lake) == []
    assert f"the profile of the run could not be written: {failure}" in caplog.text


def test_a_lake_that_was_given_up_is_not_asked_to_keep_it(installation: Installation) -> None:
    city = installation()
    with city.profile.of(CLEANSED, run_id="r", job="nightly"):
        pass
    city.lost = LakeUnreachable("STORE", "away", "somewhere", "wait")
    city.note_costs()
    city.lost = None
    city.note_costs()
    assert costs(city.lake) == [], "and it does not stay for the next run"


def test_a_run_of_the_daemon_keeps_it_when_its_installation_is_given_back(city_settings: Path) -> None:
    """Whether or not all of its steps have succeeded."""
    with suppress(RuntimeError), dg.build_resources({"runtime": installation_of_dagster}) as resources:
        city: Runtime = resources.runtime  # type: ignore[attr-defined]
        with city.profile.of(CLEANSED, run_id="r", job="nightly"):
            raise RuntimeError("a step")
    assert [(r["table"], r["outcome"]) for r in costs(Lake(str(city_settings / "lake")))] == [(CLEANSED, "failed")]


def test_two_nights_in_dagster_and_on_the_command_line(installation: Installation) -> None:
    city = installation()

    def ask(*arguments: str) -> str:
        done = CliRunner().invoke(app, [*arguments, "--lake", city.settings.lake])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "No night has been measured yet" in ask("profile")
    first, second = night(city, D29), night(city, D30)
    assert first.succeeded
    assert second.succeeded
    assert city.lake.version(PROFILE) == 1, "one commit for each run"
    assert run_night(city, date.fromisoformat(D30), [RAW, CLEANSED]).succeeded
    assert city.lake.version(PROFILE) == 1, "the same date again makes nothing and says nothing"
    newest = cost(city)

    with dagster_instance(city.settings.home) as instance:
        records = instance.fetch_materializations(dg.AssetKey(CLEANSED.split("/")), limit=2).records
        made = next(r.asset_materialization for r in records if r.run_id == second.run_ids[-1])
    assert made is not None
    shown = {name: made.metadata[name].value for name in made.metadata}
    for name in (*(f"seconds_{s}" for s in SECONDS), "peak_memory_mb"):
        assert shown[name] == pytest.approx(newest[name], abs=0.001), name
    for name in ("bytes_written", "files_written", "engine_jobs"):
        assert shown[name] == newest[name] > 0
    assert shown["bytes_spilled"] == newest["bytes_spilled"] == 0

    told = json.loads(ask("profile", "--json"))
    assert [n["as_of"] for n in told["nights"]] == [D29, D30]
    for n, report in zip(told["nights"], (first, second), strict=True):
        rows = [r for r in costs(city.lake) if r["run_id"] == report.run_ids[-1]]
        assert (n["tables_made"], n["bytes_written"]) == (2, sum(r["bytes_written"] for r in rows))
        assert n["seconds_wall"] >= n["seconds_steps"] == pytest.approx(sum(r["seconds_total"] for r in rows))
    table = next(t for t in told["tables"] if t["table"] == CLEANSED)
    earlier = next(r for r in costs(city.lake) if r["table"] == CLEANSED)
    assert (table["seconds"], table["median"]) == (newest["seconds_total"], earlier["seconds_total"])
    assert table["times"] == pytest.approx(newest["seconds_total"] / earlier["seconds_total"])
    assert json.loads(ask("profile", "--json", "--nights", "1"))["tables"][0]["median"] is None

    screen = ask("profile")
    assert f"Tables of {D30}, slowest first" in screen
    assert f"{newest['seconds_total']:,.2f}" in screen
    assert f"{newest['seconds_gates']:,.2f}" in ask("profile", "--table", CLEANSED)
    assert CliRunner().invoke(app, ["profile", "--table", "cleansed/x/y", "--lake", city.settings.lake]).exit_code == 1

    status = ask("status")
    assert f"Where the time of the night of {D30} went" in status
    assert f"{told['nights'][1]['engine_jobs']} engine jobs" in status
    last = json.loads(ask("status", "--json"))["last_night_cost"]
    assert (last["as_of"], last["slowest"][0]["table"]) == (D30, CLEANSED)
