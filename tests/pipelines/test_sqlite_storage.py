"""Dagster's history in databases that stay open says what Dagster's own storage says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.orchestration.nights import dagster_instance
from pipelines.orchestration.sqlite_storage import OPEN_DATABASES, OpenEventLog


@dg.asset
def river() -> None: ...


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    return tmp_path / "dagster"


def _runs(instance: dg.DagsterInstance, count: int) -> list[str]:
    return [dg.materialize([river], instance=instance).run_id for _ in range(count)]


def _history(instance: dg.DagsterInstance, run_ids: list[str]) -> list[list[str]]:
    return [[str(e.dagster_event_type) for e in instance.all_logs(run_id)] for run_id in run_ids]


def test_another_process_reads_the_history_of_runs_that_is_still_open(home: Path) -> None:
    with dagster_instance(home) as instance:
        assert isinstance(instance.event_log_storage, OpenEventLog)
        run_ids = _runs(instance, OPEN_DATABASES + 2)
        before = (home / "history" / "runs" / f"{run_ids[0]}.db").stat().st_mtime_ns
        instance.report_engine_event("late", instance.get_run_by_id(run_ids[0]))
        assert (home / "history" / "runs" / f"{run_ids[0]}.db").stat().st_mtime_ns > before, "who watches the file would not know"
        (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        with dg.DagsterInstance.from_config(str(home)) as plain:
            assert not isinstance(plain.event_log_storage, OpenEventLog)
            assert _history(plain, run_ids) == _history(instance, run_ids)
            assert all("DagsterEventType.RUN_SUCCESS" in events for events in _history(plain, run_ids))
            assert plain.get_latest_materialization_event(river.key).run_id == run_ids[-1]  # type: ignore[union-attr]


def test_a_history_that_was_wiped_or_removed_begins_anew(home: Path) -> None:
    with dagster_instance(home) as instance:
        (gone,) = _runs(instance, 1)
        instance.event_log_storage.wipe()
        assert _history(instance, [gone]) == [[]]
        (kept,) = _runs(instance, 1)
        shutil.rmtree(home / "history" / "runs")
        (home / "history" / "runs").mkdir()
        assert _history(instance, [kept]) == [[]]
