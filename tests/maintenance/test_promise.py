"""What is promised to readers is the limit of every maintenance; what nobody needs goes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.control.ledger import RELEASE
from pipelines.runtime import Runtime
from pipelines.serving.tables import released
from resources.errors import CitylakeError
from resources.store import Folder, StoredFile
from tests.faults.tables import TABLE
from tests.maintenance.lakes import LATER, Kept


@pytest.fixture
def released_five_times(kept: Kept) -> Kept:
    for n in range(5):
        kept.table.publish({"id": f"P{n}"})
        assert kept.release() == n + 1
    kept.city.settings.keep_releases = 2
    return kept


def test_what_was_readable_in_the_last_days_stays(released_five_times: Kept) -> None:
    kept, before = released_five_times, released_five_times.files("")
    kept.maintain()
    kept.maintain(timedelta(days=29))
    assert kept.files("") == before
    assert [kept.at(v) for v in range(5)] == [[{"id": f"P{n}"}] for n in range(5)]


@pytest.mark.parametrize("replaced", ["before", "while the files are listed"])
def test_days_count_from_the_moment_a_version_was_replaced(
    installation: Callable[..., Runtime], monkeypatch: pytest.MonkeyPatch, replaced: str
) -> None:
    """What was written long ago and read until just now is not old."""
    kept = Kept(installation())
    store = kept.city.lake.store
    kept.table.publish({"id": "old"})
    for path in kept.files():
        os.utime(Path(store.uri(path)), (time.time() - LATER.total_seconds(),) * 2)
    if replaced == "before":
        kept.table.publish({"id": "new"})
    else:
        listed = store.files

        def overtaken(below: str) -> list[StoredFile]:
            found = listed(below)
            if below == TABLE and kept.table.version == 0:
                kept.table.publish({"id": "new"})
            return found

        monkeypatch.setattr(store, "files", overtaken)
    assert kept.maintain()[TABLE].removed == 0
    assert kept.at(0) == [{"id": "old"}]
    assert kept.maintain(LATER)[TABLE].removed == 1


def test_old_releases_go_but_never_the_last_ones(released_five_times: Kept) -> None:
    kept = released_five_times
    assert len(kept.data()) == 5
    found = kept.maintain(LATER, dry_run=True)[TABLE]
    assert len(kept.data()) == 5, "a dry run changes nothing"
    done = kept.maintain(LATER)[TABLE]
    assert (done.removed, done.bytes_freed) == (found.removed, found.bytes_freed)
    assert done.removed == 3
    assert [kept.at(v) for v in (3, 4)] == [[{"id": "P3"}], [{"id": "P4"}]]
    assert len(kept.data()) == 2
    for number in (1, 2, 3):
        with pytest.raises(CitylakeError, match=f"RELEASE_GONE.*release {number} is no longer kept"):
            released(kept.city.lake, number)
    assert released(kept.city.lake, 4).versions == {TABLE: 3}
    assert sorted(kept.city.lake.arrow("operations/maintenance", columns=["release"])["release"].drop_null().to_pylist()) == [1, 2, 3]  # type: ignore[index]
    kept.city.settings.keep_releases = 5
    kept.maintain(LATER)
    with pytest.raises(CitylakeError, match="RELEASE_GONE"):
        released(kept.city.lake, 1)


def test_a_second_maintenance_finds_nothing_to_do(released_five_times: Kept) -> None:
    kept = released_five_times
    kept.maintain(LATER)
    before = kept.files("")
    assert not any(m.removed or m.files_before or m.checkpoint for m in kept.maintain(LATER).values())
    assert kept.files("") == before


@pytest.mark.proves("F7")
def test_stages_of_runs_that_are_gone_go_whole(kept: Kept, proven: Callable[..., None]) -> None:
    lake = kept.city.lake
    kept.table.publish({"id": "P1"})
    published = kept.data()
    for run in ("killed", "alive"):
        lake.stage(TABLE, run).write_arrow(lake.arrow(TABLE).to_reader())  # type: ignore[union-attr]
    other = Kept(kept.city.with_lake(lake.scratch()))
    other.table.publish({"id": "P1"})
    beside = kept.files(".beside")
    assert (len(beside), len(kept.data())) == (2, 3)
    kept.maintain()
    assert len(kept.data()) == 3, "a run may still come back to it"
    done = kept.maintain(LATER, alive={"alive"})
    assert (done[TABLE].stages, done["(outside the tables)"].removed) == (1, len(beside))
    assert [f for f in kept.data() if "stage-alive-" not in f] == published
    assert len(kept.data()) == 2
    assert not any("killed" in f or f.startswith(".beside") for f in kept.files(""))
    assert kept.table.rows == [{"id": "P1"}]
    proven(
        done="stages of a killed run and of one that is alive, and a rebuild beside the lake, left for 40 days",
        seen="the killed run's stage and the folder beside gone whole, the live run's stage and the published file there",
    )


@pytest.mark.proves("H2")
@pytest.mark.parametrize("by_itself", [True, False], ids=["by publishing", "by maintenance"])
def test_the_engine_reads_what_lies_before_a_checkpoint(kept: Kept, proven: Callable[..., None], by_itself: bool, monkeypatch: Any) -> None:
    monkeypatch.setattr("resources.lake.COMMITS_SUMMED_UP", 6 if by_itself else 100)
    for n in range(14):
        kept.table.publish({"id": f"P{n}"})
        kept.release()
    lake = kept.city.lake
    assert by_itself == any("checkpoint" in c.name for c in lake.store.children(f"{TABLE}/_delta_log"))
    assert kept.maintain()[TABLE].checkpoint != by_itself
    kept.table.publish({"id": "last"})
    found = [[r["id"] for r in kept.at(v)] for v in range(14)]
    assert found == [[f"P{n}"] for n in range(14)]
    if isinstance(lake.store, Folder):  # the session's engine knows no bucket
        assert [[r["id"] for r in lake.read(kept.city.spark, TABLE, v).collect()] for v in range(14)] == found
    proven(done="14 releases, a checkpoint of the log, one more publish", seen=f"the engine reads all {len(found)} releases before it")


def test_log_is_cut_only_before_what_is_promised(kept: Kept) -> None:
    lake = kept.city.lake
    for n in range(12):
        kept.table.publish({"id": f"P{n}"}, transactions={f"batch:{n}": 1}, metadata={"told": str(n)})
    kept.release()
    assert kept.maintain()[TABLE].checkpoint
    for n in range(12, 24):
        kept.table.publish({"id": f"P{n}"})
    kept.city.settings.keep_releases = 1
    assert kept.maintain(LATER)[TABLE].checkpoint
    commits = sorted(f.rpartition("/")[2] for f in kept.files(f"{TABLE}/_delta_log") if f.endswith(".json"))
    assert commits == [f"{v:020}.json" for v in range(11, 24)]
    assert (kept.at(11), kept.at(23)) == ([{"id": "P11"}], [{"id": "P23"}])
    assert lake.open(TABLE).transaction_version("batch:0") == 1  # type: ignore[union-attr]
    if isinstance(lake.store, Folder):  # the session's engine knows no bucket
        assert sorted(r["id"] for r in lake.read(kept.city.spark, TABLE).collect()) == ["P23"]
    assert kept.city.ledger.releases()[0].number == 1
    assert RELEASE in lake.tables()
