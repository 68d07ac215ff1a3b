"""Compaction: the same rows in fewer files, and nobody takes it for news."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from assets.declare import declared
from pipelines.maintenance.maintain import maintain
from pipelines.runtime import Runtime
from pipelines.steps.derive import derive
from pipelines.steps.release import release
from quality.balance import Account
from resources import maintenance
from resources.lake import Conflict
from tests.cleansed.nights import certificate, fold, night
from tests.deliveries import deliver
from tests.faults.tables import TABLE
from tests.maintenance.lakes import LATER, Kept

Installation = Callable[..., Runtime]
NAME, NUMBER = "欧阳测试", "320000000000"
"""What stands in personal columns."""
BURST = 12


def person(n: int) -> dict[str, Any]:
    return {"id": f"P{n:02}", "name": f"{NAME}{n}", "number": f"{NUMBER}{n:02}", "died": date(2019, 1, 1)}


def test_many_small_files_become_one_and_tell_the_same(kept: Kept) -> None:
    lake = kept.city.lake
    for n in range(20):
        kept.table.publish(person(n), mode="append", transactions={f"batch:{n}": 1}, metadata={"run_id": f"r{n}", "made_from": f"m{n}"})
    kept.release()
    rows, notes = kept.table.rows, lake.notes(TABLE)
    done = kept.maintain()[TABLE]
    assert (done.files_before, done.files_after, done.checkpoint) == (20, 1, True)
    assert (kept.table.version, lake.content(TABLE)) == (20, 19)
    assert kept.table.rows == rows == kept.at(19)
    carried = lake.notes(TABLE)
    assert {name: carried[name] for name in ("run_id", "made_from")} == {name: notes[name] for name in ("run_id", "made_from")}
    handle = lake.open(TABLE)
    assert handle is not None
    assert [handle.transaction_version(f"batch:{n}") for n in range(20)] == [1] * 20
    said = kept.log()
    assert "numRecords" in said
    for secret in (NAME, NUMBER, "P07", "2019-01-01"):
        assert secret not in said, "a real value stands in the log"
    again = kept.maintain()[TABLE]
    assert (again.files_before, kept.table.version) == (0, 20)
    kept.table.publish(person(77))
    assert (kept.table.version, lake.content(TABLE)) == (21, 21), "the next publish is news again"


def test_only_scattered_partitions_are_touched(kept: Kept) -> None:
    lake = kept.city.lake
    for n in range(10):
        kept.table.publish({"id": f"P{n}", "day": "busy"}, mode="append", partition_by=("day",))
    kept.table.publish({"id": "Q", "day": "calm"}, mode="append", partition_by=("day",))
    rows, calm = kept.table.rows, [f for f in kept.data() if "day=calm" in f]
    assert kept.maintain()[TABLE].files_after == 1
    handle = lake.open(TABLE)
    assert handle is not None
    assert [f for f in handle.file_uris() if "day=calm" in f] == [lake.store.uri(f) for f in calm]
    assert (len(handle.file_uris()), kept.table.rows) == (2, rows)


@pytest.mark.proves("F16")
def test_nights_after_maintenance_have_nothing_to_do(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, proven: Callable[..., None]
) -> None:
    city, day = installation(), "2019-12-29"
    asset = declared()["base/population/death"]
    deliver(city, "health/death_certificate", day, [certificate("C1"), certificate("C2"), certificate("C3", death_datetime="?")])
    night(city, "health/death_certificate", day)
    for table in sorted(set(asset.inputs.values()) - {"cleansed/health/death_certificate"}):
        if table.startswith("cleansed/"):
            fold(city, table.removeprefix("cleansed/"), day)
    for name in ("base/population/source_link", "base/population/death"):
        for table in declared()[name].inputs.values():
            if city.lake.version(table) is None:
                fold(city, table.removeprefix("cleansed/"), day)
        assert derive(city, declared()[name], date(2019, 12, 29), "first").changed
    first = release(city, date(2019, 12, 29), "first")
    before = {t: city.lake.version(t) or 0 for t in city.lake.tables()}
    monkeypatch.setattr(maintenance, "MANY_FILES", 0)
    maintain(city, "care")
    monkeypatch.undo()
    versions = {t: city.lake.version(t) or 0 for t in city.lake.tables()}
    compacted = {t for t in before if versions[t] > before[t]}
    assert {"cleansed/health/death_certificate", "raw/health/death_certificate", "quarantine/health/death_certificate"} <= compacted
    assert {"operations/ledger", "operations/release"} <= compacted

    for table in sorted(compacted):
        assert len(city.lake.read(city.spark, table).collect()) == len(city.lake.arrow(table) or [])

    told = len(city.ledger.rows())
    for table in sorted(before):
        city.ledger.complete(table)
    assert not night(city, "health/death_certificate", day).changed
    for name in ("base/population/source_link", "base/population/death"):
        assert not derive(city, declared()[name], date(2019, 12, 29), "second").changed
    assert release(city, date(2019, 12, 29), "second") == first
    assert len(city.ledger.rows()) == told
    assert {t: city.lake.version(t) or 0 for t in city.lake.tables()} == versions
    proven(
        done="every table of a night compacted, then the same night again",
        seen=f"{len(compacted)} tables compacted; no new version, no new release, no new line in the ledger",
    )


def test_accounts_that_a_killed_run_left_in_the_commit_survive(kept: Kept) -> None:
    from dataclasses import asdict
    from json import dumps

    lost = Account(TABLE, "b1", date(2019, 12, 31), 10, 10, kind="derived")
    told = {"run_id": "killed", "as_of": "2019-12-31", "accounts": dumps([asdict(lost)], default=str)}
    for n in range(10):
        kept.table.publish(person(n), mode="append", metadata=told if n == 9 else {})
    assert kept.maintain()[TABLE].files_after == 1
    kept.city.ledger.complete(TABLE)
    assert [(r["batch_id"], r["run_id"], r["published"]) for r in kept.city.ledger.rows()] == [("b1", "killed", 10)]


def test_who_publishes_meanwhile_wins(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(10):
        kept.table.publish(person(n), mode="append")
    plan, newcomers = maintenance.scattered, iter(range(10, 99))

    def overtaken(times: int) -> None:
        left = iter(range(times))

        def planned(*asked: Any) -> Any:
            found = plan(*asked)
            if asked[1] == TABLE and next(left, None) is not None:
                kept.table.publish(person(next(newcomers)), mode="append")
            return found

        monkeypatch.setattr(maintenance, "scattered", planned)

    overtaken(2)
    done = kept.maintain()[TABLE]
    assert (done.files_before, done.files_after, done.busy) == (12, 1, "")
    for _ in range(9):
        kept.table.publish(person(next(newcomers)), mode="append")
    overtaken(99)
    beaten = kept.maintain()[TABLE]
    assert "the next maintenance does it" in beaten.busy
    assert kept.table.rows == [person(n) for n in range(24)]
    assert not [f for f in kept.files() if "/stage-care" in f and "/_delta_log/" in f], "a stage was left behind"


def test_a_table_that_a_run_is_at_work_on_is_left_alone(kept: Kept) -> None:
    for n in range(10):
        kept.table.publish(person(n), mode="append")
    kept.city.lake.stage(TABLE, "tonight").write_arrow(kept.city.lake.arrow(TABLE).to_reader())  # type: ignore[union-attr]
    left = kept.maintain(alive={"tonight", "other"})[TABLE]
    assert (left.busy, kept.table.version) == ("a run is writing to it; the next maintenance does it", 9)
    assert kept.maintain(alive={"other"})[TABLE].files_after == 1


@pytest.mark.proves("F13")
def test_beside_publishers_and_readers(kept: Kept, proven: Callable[..., None]) -> None:
    """A publisher and a reader of a release while maintenance runs again and again, today's and that of long after."""
    kept.table.publish(*[person(n) for n in range(5)])
    kept.release()
    old, publishes, conflicts, reads = kept.at(0), 2 * BURST, 0, 0
    wanted, done_with = threading.Event(), threading.Event()

    def publisher() -> None:
        nonlocal conflicts
        for n in range(publishes):
            while True:
                try:
                    kept.table.publish(person(10 + n), mode="append")
                    break
                except Conflict:
                    conflicts += 1
            if n % BURST == BURST - 1:  # let a compaction come through between the bursts
                wanted.clear()
                assert wanted.wait(60)

    def reader() -> None:
        nonlocal reads
        while not done_with.is_set():
            assert kept.at(0) == old
            reads += 1

    compacted = removed = 0
    with ThreadPoolExecutor() as threads:
        publishing, reading = threads.submit(publisher), threads.submit(reader)
        try:
            while not publishing.done():
                done = kept.maintain(tables=[TABLE])[TABLE]
                removed += kept.maintain(LATER, tables=[TABLE], alive={"run"})[TABLE].removed
                if done.files_after < done.files_before:
                    compacted += 1
                    wanted.set()
        finally:
            done_with.set()
            wanted.set()
        publishing.result()
        reading.result()
    assert kept.table.rows == sorted([*old, *[person(10 + n) for n in range(publishes)]], key=str)
    assert compacted >= 1
    assert reads > 0
    proven(
        done=f"{publishes} publishes and a reader of a release beside maintenance in a loop",
        seen=f"{compacted} compactions, {conflicts} conflicts of the publisher, {removed} files removed, {reads} reads; no row lost",
    )
