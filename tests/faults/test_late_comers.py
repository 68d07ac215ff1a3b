"""F8, F14: a run that was stopped in the middle of a publish, or killed after it, and others that have gone on since.

Nothing that follows from an older version is ever committed, and no account stands in the ledger twice. Here a run is stopped at a
point, another run does all of the same work, and the first goes on.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import CommitProperties

from contracts import load_all
from pipelines.control.ledger import LEDGER, Ledger, commit_metadata
from pipelines.runtime import Runtime
from pipelines.steps.release import release
from quality.balance import Account
from resources.lake import Conflict, Lake
from tests.cleansed.nights import crowd, fold, ledger, published, staff, take_in
from tests.deliveries import deliver
from tests.faults.points import dying
from tests.servers.need import ROOT
from tests.story.city import Installation, toml

STAFF, DAY, NEXT = "health/staff", "2019-12-30", "2019-12-31"
Make = Callable[..., Runtime]


@pytest.mark.proves("F14")
def test_a_delivery_is_taken_in_once_by_two_runs(installation: Make, proven: Any) -> None:
    city = installation()
    deliver(city, STAFF, DAY, [staff("A")])
    with pytest.raises(Conflict), dying("commit-before", f"raw/{STAFF}", death=lambda: take_in(city, STAFF, DAY)):
        take_in(city, STAFF, DAY)
    again = take_in(city, STAFF, DAY)
    rows = city.lake.arrow(f"raw/{STAFF}")
    assert rows is not None
    assert (again.changed, again.version, rows.num_rows) == (False, 0, 1)
    assert [r["rows_in"] for r in city.ledger.rows()] == [1]
    proven(
        done="a run stops before it commits a batch; another one commits the same batch; the first goes on",
        seen="the first is refused; from the read on it finds nothing new: 1 version, 1 row, 1 account",
    )


@pytest.mark.proves("F14")
def test_a_state_that_is_out_of_date_is_not_published(installation: Make, proven: Any) -> None:
    city = installation()
    deliver(city, STAFF, DAY, [staff("A", title="old"), *crowd()])
    take_in(city, STAFF, DAY)

    def overtake() -> None:
        deliver(city, STAFF, NEXT, [staff("A", title="new", update_time="2019-12-31 08:00:00"), *crowd()])
        take_in(city, STAFF, NEXT)
        fold(city, STAFF, NEXT)

    with pytest.raises(Conflict), dying("commit-before", f"cleansed/{STAFF}", death=overtake):
        fold(city, STAFF, DAY)
    assert fold(city, STAFF, DAY).changed is False
    assert published(city, STAFF, "title") == {"A": "new"}
    assert [r["business_date"].isoformat() for r in ledger(city, STAFF)] == [DAY, NEXT]
    proven(
        done="a run stops before it commits a state; another one folds the next delivery too; the first goes on",
        seen="the first is refused; readers keep the newer state, each batch has one account",
    )


@pytest.mark.proves("F14")
def test_an_account_that_another_run_has_completed_is_not_written_again(tmp_path: Path, proven: Any) -> None:
    """The first run stops between its commit and its ledger row, the next one completes the ledger, the first goes on."""
    lake = Lake(str(tmp_path))
    commits(lake, 1)

    def record() -> None:
        Ledger(lake).record([account(0)], run_id="run0", as_of=date.fromisoformat(DAY), version=0, seconds=1.0)

    with dying("ledger-before", death=lambda: Ledger(lake).complete(TABLE)):
        record()
    record()
    (row,) = Ledger(lake).rows()
    assert (row["batch_id"], lake.version(LEDGER)) == ("batch0", 0)
    proven(
        done="the ledger is completed by another run while the first stands before its own row; the first goes on, twice",
        seen="1 row, 1 version of the ledger",
    )


class Overtaken(Lake):
    """Before its first row of a book another run writes one."""

    other: Callable[[], object] | None

    def append(self, *args: Any, **kwargs: Any) -> int:
        other, self.other = self.other, None
        if other is not None:
            other()
        return super().append(*args, **kwargs)


def test_two_releases_at_once_have_two_numbers(tmp_path: Path) -> None:
    lake, slow = Lake(str(tmp_path)), Overtaken(str(tmp_path))
    slow.other = lambda: Ledger(lake).release(as_of=date.fromisoformat(DAY), run_id="first", versions={TABLE: 0})
    Ledger(slow).release(as_of=date.fromisoformat(DAY), run_id="second", versions={TABLE: 1})
    assert [(r.number, r.run_id) for r in Ledger(lake).releases()] == [(1, "first"), (2, "second")]


TABLE = "cleansed/health/staff"


def account(number: int) -> Account:
    return Account(TABLE, f"batch{number}", date.fromisoformat(DAY), 7, 7)


def commits(lake: Lake, times: int) -> None:
    """Publishes whose accounts have not got into the ledger."""
    contract = load_all()[TABLE]
    for number in range(times):
        stage = lake.stage(TABLE, "run")
        stage.write_arrow(pa.table({"id": [str(number)]}).to_reader())
        told = commit_metadata(contract, [account(number)], run_id=f"run{number}", as_of=date.fromisoformat(DAY))
        lake.publish(stage, base_version=lake.version(TABLE), mode="append", metadata=told)


@pytest.mark.proves("F8")
def test_ledger_is_completed_from_every_commit_it_does_not_know(tmp_path: Path, proven: Any) -> None:
    """Also when a commit of somebody else, which accounts for nothing, is the newest one by then."""
    lake = Lake(str(tmp_path))
    commits(lake, 1)
    Ledger(lake).complete(TABLE)
    contract = load_all()[TABLE]
    for number in (1, 2, 3):
        stage = lake.stage(TABLE, "run")
        stage.write_arrow(pa.table({"id": [str(number)]}).to_reader())
        told = commit_metadata(contract, [account(number)], run_id=f"run{number}", as_of=date.fromisoformat(DAY))
        lake.publish(stage, base_version=lake.version(TABLE), mode="append", metadata=told)
    handle = lake.open(TABLE)
    assert handle is not None
    handle.optimize.compact(commit_properties=CommitProperties(custom_metadata={"by": "somebody else"}))
    for _ in range(2):
        Ledger(lake).complete(TABLE)
        told_rows = sorted((r["batch_id"], r["run_id"], r["version"]) for r in Ledger(lake).rows())
        assert told_rows == [(f"batch{n}", f"run{n}", n) for n in range(4)]
    proven(
        done="three commits have no row in the ledger, and a compaction is the newest commit",
        seen="each account once, with the version of its own commit; doing it again changes nothing",
    )


def test_same_versions_are_released_once(installation: Make) -> None:
    city = installation()
    commits(city.lake, 1)
    assert [release(city, date.fromisoformat(DAY), run).number for run in ("one", "other")] == [1, 1]


STOPPING = """
import os, signal, sys, time
from tests.faults.points import dying
from pipelines.cli.main import entry
def stop():
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(1)  # a signal reaches one thread of the process first
with dying("commit-before", sys.argv.pop(1), death=stop):
    entry()
"""


@pytest.mark.proves("F14")
@pytest.mark.slow
def test_process_that_is_stopped_and_goes_on_later(tmp_path: Path, installation: Make, proven: Any) -> None:
    """Two machines, each with a Dagster of its own, so that nothing but the table itself keeps them apart."""
    city = installation()
    deliver(city, STAFF, DAY, [staff("A"), staff("B")])
    table, running = f"raw/{STAFF}", []

    def start(home: str, *before: str) -> subprocess.Popen[str]:
        config = tmp_path / f"{home}.toml"
        settings = {**Installation(tmp_path / "city").settings, "home": str(tmp_path / home)}
        config.write_text(toml(settings))
        env = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "CITYLAKE_CONFIG": str(config)}
        told = [*before, "run", "--as-of", DAY, "--select", table]
        running.append(subprocess.Popen([sys.executable, "-c", *told], env=env, cwd=tmp_path, text=True, stderr=subprocess.PIPE))
        return running[-1]

    try:
        stopped = start("one", STOPPING, table)
        while Path(f"/proc/{stopped.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            assert stopped.poll() is None, stopped.stderr.read() if stopped.stderr else ""
            time.sleep(0.05)
        assert city.lake.version(table) is None
        other = start("other", "from pipelines.cli.main import entry; entry()")
        assert other.wait(120) == 0
        os.kill(stopped.pid, signal.SIGCONT)
        assert stopped.wait(120) == 0
    finally:
        for process in running:
            process.kill()
            process.communicate()
    rows = city.lake.arrow(table)
    assert rows is not None
    assert (city.lake.version(table), rows.num_rows) == (0, 2)
    assert [(r["table"], r["rows_in"]) for r in city.ledger.rows()] == [(table, 2)]
    proven(
        done="SIGSTOP before the commit; another process takes the same delivery in; SIGCONT",
        seen="the first is refused, tries again from the read and ends well: 1 version, 2 rows, 1 account",
    )
