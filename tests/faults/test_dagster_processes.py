"""F15: a run's process, the daemon or the code server is killed in the middle of a run: it fails, is run again, and nothing waits for it.

Dagster as in an installation, with the same launcher, monitoring, retries and pools, on files of its own instead of PostgreSQL.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from click.testing import CliRunner
from dagster._cli import cli
from dagster._core.storage.tags import PARENT_RUN_ID_TAG

from pipelines.control.ledger import Ledger
from pipelines.runtime import Runtime
from tests.cleansed.nights import staff
from tests.deliveries import deliver
from tests.servers.need import ROOT
from tests.servers.process import Process, free_port, listens
from tests.story.city import Installation, toml

pytestmark = pytest.mark.slow
STAFF, DAYS = "health/staff", ("2019-12-29", "2019-12-30", "2019-12-31")
POOL = "raw_health_staff"
PATIENCE = 300
QUICKLY = {"poll_interval_seconds": 2, "free_slots_after_run_end_seconds": 1}
AT_ONCE = {"dequeue_interval_seconds": 1}
"""The daemon would look at the queue, and for runs that are lost, every five seconds."""
ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)


@dataclass(frozen=True)
class Dagster:
    city: Runtime
    home: Path
    instance: dg.DagsterInstance
    code: Process
    daemon: Process

    @property
    def hold(self) -> Path:
        return self.home / "hold"

    def start(self, process: Process) -> None:
        port = int(process.command[-1]) if process is self.code else None
        process.start(lambda: port is None or listens(port), PATIENCE)

    def launch(self, day: str) -> str:
        """Put a run into the queue, by Dagster's command, which asks the code server; its id."""
        known = {r.run_id for r in self.instance.get_runs()}
        told = ["job", "launch", "-w", str(self.home / "workspace.yaml"), "-j", "ingest", "--tags", json.dumps({"dagster/partition": day})]
        done = CliRunner().invoke(cli, told, env={"DAGSTER_HOME": str(self.home)})
        assert done.exit_code == 0, (done.output, done.exception)
        (run_id,) = {r.run_id for r in self.instance.get_runs()} - known
        return run_id

    def until(self, happened: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE
        while not (found := happened()):
            assert time.monotonic() < deadline, f"it never happened\n{self.daemon.last_words()}\n{self.code.last_words()}"
            time.sleep(0.2)
        return found

    def held(self) -> int:
        """Wait until a run stands before its commit; its process."""
        file = self.home / "held"
        number = int(self.until(lambda: file.exists() and file.read_text()))
        file.unlink()
        return number

    def ended(self, run_id: str) -> dg.DagsterRunStatus:
        return self.until(lambda: (s := self.instance.get_run_by_id(run_id).status) in ENDED and s)  # type: ignore[union-attr, no-any-return]

    def again(self, run_id: str) -> str:
        """The run in place of a lost one."""
        (run,) = self.until(lambda: self.instance.get_runs(dg.RunsFilter(tags={PARENT_RUN_ID_TAG: run_id})))
        return str(run.run_id)

    def slots(self) -> set[str]:
        """The runs that hold the table's pool."""
        told = self.instance.event_log_storage.get_concurrency_info(POOL)
        return {s.run_id for s in told.claimed_slots}


@pytest.fixture
def dagster(installation: Callable[..., Runtime], tmp_path: Path) -> Iterator[Dagster]:
    city = installation()
    for day in DAYS:
        deliver(city, STAFF, day, [staff("A"), staff("B")])
    home, port = city.settings.home, free_port()
    home.mkdir()
    told = yaml.safe_load((ROOT / "deploy" / "dagster.yaml").read_text())
    kept = {name: told[name] for name in ("concurrency", "run_queue", "run_launcher", "run_monitoring", "run_retries", "telemetry")}
    kept["run_monitoring"] |= QUICKLY
    kept["run_queue"] |= AT_ONCE
    (home / "dagster.yaml").write_text(yaml.safe_dump(kept))
    server = {"host": "127.0.0.1", "port": port, "location_name": "citylake"}
    (home / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
    desk = Installation(home.parent)
    desk.config.write_text(toml(desk.settings))
    env = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "DAGSTER_HOME": str(home),
        "CITYLAKE_CONFIG": str(desk.config),
        "DAGSTER_EVENT_LOG_CONSUMER_DAEMON_INTERVAL_SECONDS": "1",
    }
    code = [sys.executable, "-m", "dagster", "api", "grpc", "-m", "tests.faults.held", "-h", "127.0.0.1", "-p", str(port)]
    daemon = [sys.executable, "-m", "dagster._daemon", "run", "-w", str(home / "workspace.yaml")]
    with ExitStack() as stack:
        instance = stack.enter_context(dg.DagsterInstance.from_config(str(home)))
        processes = [Process(c, tmp_path / f"{n}.log", env=env, folder=home) for n, c in (("code", code), ("daemon", daemon))]
        running = Dagster(city, home, instance, *processes)
        for process in processes:
            stack.callback(process.kill)
            running.start(process)
        yield running


@pytest.mark.proves("F15")
def test_processes_that_are_killed_in_a_run(dagster: Dagster, proven: Any) -> None:
    proved = []

    def check_run_again(run_id: str, day: str) -> None:
        assert dagster.ended(run_id) == dg.DagsterRunStatus.FAILURE
        again = dagster.again(run_id)
        dagster.hold.unlink()
        assert dagster.ended(again) == dg.DagsterRunStatus.SUCCESS
        dagster.until(lambda: not dagster.slots())
        rows = [r for r in Ledger(dagster.city.lake).rows() if (r["table"], r["business_date"].isoformat()) == (f"raw/{STAFF}", day)]
        assert [(r["rows_in"], r["run_id"]) for r in rows] == [(2, again)]

    dagster.hold.touch()
    run_id = dagster.launch(DAYS[0])
    worker = dagster.held()
    assert dagster.slots() == {run_id}
    os.kill(worker, signal.SIGKILL)
    check_run_again(run_id, DAYS[0])
    proved.append("a run's process")

    (dagster.home / "held").unlink(missing_ok=True)
    dagster.hold.touch()
    run_id = dagster.launch(DAYS[1])
    dagster.held()
    dagster.daemon.kill()
    dagster.hold.unlink()
    assert dagster.ended(run_id) == dg.DagsterRunStatus.SUCCESS, "a run goes on without the daemon"
    waiting = dagster.launch(DAYS[1])
    dagster.start(dagster.daemon)
    assert dagster.ended(waiting) == dg.DagsterRunStatus.SUCCESS, "what was put into the queue meanwhile is run by the next daemon"
    proved.append("the daemon")

    (dagster.home / "held").unlink(missing_ok=True)
    dagster.hold.touch()
    run_id = dagster.launch(DAYS[2])
    dagster.held()
    dagster.code.kill()
    dagster.start(dagster.code)
    check_run_again(run_id, DAYS[2])
    proved.append("the code server with the run's process")

    rows = dagster.city.lake.arrow(f"raw/{STAFF}")
    assert rows is not None
    assert rows.num_rows == 2 * len(DAYS)
    proven(
        done=f"killed with SIGKILL while a run stands before a commit: {', '.join(proved)}",
        seen="the run FAILED and was run again with success; the pool was free; each delivery was taken in once",
    )
