"""Whole nights on a store that fails: what is published is right, what is not is said in one sentence, a rerun ends as if nothing had been.

Here: lost answers (F4), an overloaded store (F5), a store or a run that is killed (F7 to F9), one that stays away.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from pipelines.control.ledger import LEDGER
from resources.lake import Lake
from tests.faults.city import City
from tests.servers.minio import Minio, minio_server
from tests.servers.proxy import Proxy, proxy_server

pytestmark = pytest.mark.slow
Make = Callable[..., City]
EVERY_COMMIT = r"^(?!.*/stage-).*/_delta_log/\d+\.json$"
STAGES = r"/stage-[^/]+/_delta_log/0{20}\.json$"
STAGED = r"/stage-[^/]+/.*\.parquet$"
LOST = r"error: STORE: .*\. [A-Z].*\.$"
SELECTED = [f"{layer}/health/{table}" for table in ("archive", "staff") for layer in ("raw", "cleansed")]
"""One night is whole, the others are of these: what a store does to a table it does to forty."""
RAW = [f"raw/health/{table}" for table in ("archive", "death_certificate", "examination", "outpatient_visit", "staff")]
SECONDS_TO_GIVE_UP = 120
SILENT_FOR = 10
"""The setting `s3_timeout` of a night whose store never answers: by default it waits three times as long."""


PANIC = re.compile(
    r"^thread '[^']*' \(\d+\) panicked at .*object_store.*:\n"
    r"Already shut down\n"
    r"(stack backtrace:\n( +.*\n)*)?"
    r"note: .*\n",
    re.MULTILINE,
)
"""delta-rs' buffered writer, asked once more after its upload has failed: its thread writes this past everything of Python's."""


def sentences(err: str) -> list[str]:
    """What a run said, without its progress and without what a library's own thread says."""
    return [line for line in PANIC.sub("", err).splitlines() if line.strip() and not line.strip().startswith("night of ")]


def check_complete(city: City, *selected: str) -> None:
    """As an undisturbed run: the tables and each account once; of a whole night, one release that names what readers see."""
    assert city.differs(selected) == {}
    accounts = Counter((r["table"], r["batch_id"], r["kind"], r["business_date"]) for r in city.ledger.rows())
    assert set(accounts.values()) == {1}
    if selected:
        assert set(selected) <= set(city.lake.tables())
        return
    (release,) = city.ledger.releases()
    assert release.versions == {t: city.lake.version(t) for t in city.lake.tables() if not t.startswith("operations/")}


def check_whole_versions(lake: Lake) -> None:
    """Every version that a reader can see can be read to its last file."""
    for table in lake.tables():
        handle = lake.open(table)
        assert handle is not None
        for version in range(handle.version() + 1):
            there = lake.arrow(table, version)
            assert there is not None
            assert there.num_rows == sum(lake.open(table, version).get_add_actions(flatten=True)["num_records"].to_pylist())  # type: ignore[union-attr]


def commits(proxy: Proxy) -> int:
    """How many commits have passed so far, those of stages too."""
    return sum(e.method == "PUT" and e.status == 200 and "/_delta_log/" in e.path for e in proxy.log)


@pytest.mark.proves("F4")
def test_night_in_which_the_answer_to_every_commit_is_lost(minio: Minio, proxy: Proxy, city: Make, proven: Callable[..., None]) -> None:
    mine = city(minio, proxy.endpoint)
    for path in (EVERY_COMMIT, STAGES):
        proxy.drop_response("PUT", path, times=None)
    done = mine.run(*SELECTED)
    assert done.code == 0, done.err
    made = {t: mine.lake.version(t) for t in mine.lake.tables()}
    assert sum(re.search(EVERY_COMMIT, e.path) is not None for e in proxy.log if e.action == "drop_response") == sum(
        (version or 0) + 1 for version in made.values()
    )
    check_complete(mine, *SELECTED)
    proven(
        done=f"a night of {len(SELECTED)} tables, the answer to every commit is lost",
        seen=f"{sum((v or 0) + 1 for v in made.values())} versions, each once; tables as undisturbed",
    )


@pytest.mark.proves("F5")
def test_night_on_an_overloaded_store(minio: Minio, proxy: Proxy, city: Make, proven: Callable[..., None]) -> None:
    mine = city(minio, proxy.endpoint)
    proxy.answer_503(0.2, seed=11)
    done = mine.run(*SELECTED)
    assert proxy.count("answer_503") > 50
    assert done.code == 0 or (done.code == 1 and re.fullmatch(LOST, "\n".join(sentences(done.err)))), done.err
    proxy.clear()
    again = mine.run(*SELECTED)
    assert again.code == 0, again.err
    check_complete(mine, *SELECTED)
    proven(
        done="the store answers 503 to a fifth of the requests of a night",
        seen=f"the night ended with {done.code}, the rerun as an undisturbed run",
    )


@pytest.mark.proves("F9")
@pytest.mark.parametrize(("after", "selected"), [(5, SELECTED), (60, [])], ids=["of some tables", "whole"])
def test_store_that_is_killed_in_a_night_and_comes_back(after: int, selected: list[str], city: Make, proven: Callable[..., None]) -> None:
    """It is away for as long as it takes to start, or until the run gives up: the run may end well or say so."""
    with minio_server() as minio, proxy_server(minio.endpoint) as proxy:
        mine = city(minio, proxy.endpoint)
        with mine.night(*selected) as night:
            night.until(lambda: commits(proxy) >= after)
            minio.kill()
            minio.start_again()
            check_whole_versions(mine.lake)
            done = night.result()
        assert done.code == 0 or (done.code == 1 and re.fullmatch(LOST, "\n".join(sentences(done.err)))), done.err
        check_whole_versions(mine.lake)
        again = mine.run(*selected)
        assert again.code == 0, again.err
        check_complete(mine, *selected)
    proven(
        done=f"the store is killed after {after} commits of a night and comes back",
        seen=f"the night ended with {done.code}, whole versions only; the rerun as an undisturbed run",
    )


@pytest.mark.proves("F9")
def test_store_that_stays_away_ends_the_night_in_one_sentence(city: Make, proven: Callable[..., None]) -> None:
    with minio_server() as minio, proxy_server(minio.endpoint) as proxy:
        mine = city(minio, proxy.endpoint)
        with mine.night(*SELECTED) as night:
            night.until(lambda: any(re.search(STAGED, e.path) for e in proxy.log))
            minio.kill()
            begin = time.monotonic()
            done = night.result()
        assert time.monotonic() - begin < SECONDS_TO_GIVE_UP
        assert (done.code, done.out) == (1, "")
        said = "\n".join(sentences(done.err))
        assert re.fullmatch(LOST, said), said
        assert "the store cannot be reached" in said
        minio.start_again()
        check_whole_versions(mine.lake)
        again = mine.run(*SELECTED)
        assert again.code == 0, again.err
        check_complete(mine, *SELECTED)
    proven(
        done="the store is killed while data files are uploaded",
        seen="one sentence, whole versions only; the rerun as an undisturbed run",
    )


@pytest.mark.proves("F5")
def test_store_that_never_answers_ends_the_night_in_one_sentence(minio: Minio, proxy: Proxy, city: Make, proven: Any) -> None:
    """It takes every request from the first staged file of the engine on, and gives no answer."""
    mine = city(minio, proxy.endpoint, s3_timeout=SILENT_FOR)
    with mine.night(*SELECTED) as night:
        night.until(lambda: any(re.search(r"/cleansed/.*" + STAGED, e.path) for e in proxy.log))
        proxy.latency(3600)
        begin = time.monotonic()
        done = night.result()
    seconds = time.monotonic() - begin
    assert seconds < SECONDS_TO_GIVE_UP, "no time limit of its own has ended it: the engine's is three minutes"
    assert (done.code, done.out) == (1, "")
    said = "\n".join(sentences(done.err))
    assert re.fullmatch(LOST, said), said
    proxy.clear()
    check_whole_versions(mine.lake)
    again = mine.run(*SELECTED)
    assert again.code == 0, again.err
    proven(
        done="in the middle of a night the store takes every request and answers none",
        seen=f"given up after {seconds:.0f} s in one sentence; what is published is whole, the next night ends well",
    )


@pytest.mark.proves("F8")
def test_run_that_is_killed_between_a_commit_and_its_ledger_row(
    minio: Minio, proxy: Proxy, city: Make, proven: Callable[..., None]
) -> None:
    """The fourth row of the ledger never arrives: its table is published then, is not published again, and the row is there in the end."""
    mine = city(minio, proxy.endpoint)
    proxy.latency(3600, "PUT", rf"/{LEDGER}/_delta_log/0+3\.json$")
    with mine.night(*RAW) as night:
        night.until(lambda: len([t for t in mine.lake.tables() if t.startswith("raw/")]) == 4)
    before = {t: mine.lake.version(t) for t in mine.lake.tables()}
    assert before[LEDGER] == 2
    proxy.clear()
    again = mine.run(*RAW)
    assert again.code == 0, again.err
    assert {t: mine.lake.version(t) for t in before if t.startswith("raw/")} == {t: v for t, v in before.items() if t != LEDGER}
    check_complete(mine, *RAW)
    proven(
        done="a run is killed between a commit and its line in the ledger",
        seen="the table is not published again, the line is there after the next run",
    )
