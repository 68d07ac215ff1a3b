"""F2: two processes publish as fast as they can: every acknowledged publish is a version of its own, none is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from resources.lake import Lake
from resources.s3 import S3
from tests.faults.tables import Table
from tests.servers.minio import Minio
from tests.servers.need import ROOT
from tests.servers.proxy import Proxy

TIMES = 40
WITH_AN_ENGINE = 12
"""Each stage is a job of the engine."""
TIDYING_SECONDS = 3
ONE, OTHER = "base/population/person", "base/population/death"


@dataclass(frozen=True)
class Place:
    """A lake, and how another process gets to it."""

    root: str
    store: S3 | None = None

    @property
    def lake(self) -> Lake:
        return Lake(self.root, self.store)

    def order(self, writer: str, table: str, engine: str | None, times: int) -> dict[str, object]:
        keys = {"endpoint": None}
        if self.store and self.store.secret_key:
            keys = {
                "endpoint": self.store.endpoint,
                "access_key": self.store.access_key,
                "secret_key": self.store.secret_key.get_secret_value(),
            }
        return {"root": self.root, "table": table, "writer": writer, "engine": engine, "times": times, **keys}


@dataclass(frozen=True)
class Told:
    """What a publisher was told."""

    versions: list[int]
    conflicts: int


class Publisher:
    def __init__(self, order: dict[str, object]) -> None:
        command = [sys.executable, "-m", "tests.faults.publisher"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.say(json.dumps(order))

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the publisher ended with {self.process.wait()}"
        return line

    def told(self) -> Told:
        return Told(**json.loads(self.hear()))


@contextmanager
def publisher(order: dict[str, object]) -> Iterator[Publisher]:
    made = Publisher(order)
    try:
        yield made
    finally:
        assert made.process.stdin is not None
        made.process.stdin.close()  # the engine of a process that is waiting goes down with it
        try:
            made.process.wait(30)
        except subprocess.TimeoutExpired:
            made.process.kill()
            made.process.wait()


def race(place: Place, *writers: tuple[str, str | None], times: int = TIMES) -> list[Told]:
    """One process for each (table, engine); they begin together."""
    with ExitStack() as stack:
        running = [stack.enter_context(publisher(place.order(str(n), table, engine, times))) for n, (table, engine) in enumerate(writers)]
        for process in running:
            assert process.hear() == "ready\n"
        for process in running:
            process.say("go")
        return [process.told() for process in running]


def written(lake: Lake, table: str) -> tuple[list[str], list[tuple[str, int]]]:
    """Who made each version, oldest first, and all rows."""
    handle, rows = lake.open(table), lake.arrow(table)
    assert handle is not None
    assert rows is not None
    return [commit["writer"] for commit in reversed(handle.history())], sorted((r["writer"], r["number"]) for r in rows.to_pylist())


def log(lake: Lake, table: str) -> list[str]:
    return [c.name for c in lake.store.children(f"{table}/_delta_log") if c.name.endswith(".json")]


def check_one_table(place: Place, told: list[Told], times: int = TIMES) -> None:
    """What both were told is exactly what is there."""
    makers, rows = written(place.lake, ONE)
    acknowledged = {version: str(n) for n, one in enumerate(told) for version in one.versions}
    assert sum(len(one.versions) for one in told) == 2 * times
    assert acknowledged == dict(enumerate(makers))
    assert log(place.lake, ONE) == [f"{version:020}.json" for version in range(2 * times)]
    assert rows == [(str(n), number) for n in (0, 1) for number in range(times)]
    assert sum(one.conflicts for one in told) > 0, "they never met"


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return Place(str(tmp_path / "lake"))
    minio: Minio = request.getfixturevalue("minio")
    return Place(f"s3://{minio.bucket()}/lake", minio.s3())


@pytest.mark.proves("F2")
@pytest.mark.slow
def test_on_one_table_every_publish_is_a_version_and_the_losers_are_told(place: Place, proven: Callable[..., None]) -> None:
    told = race(place, (ONE, None), (ONE, None))
    check_one_table(place, told)
    versions, conflicts = sum(len(one.versions) for one in told), sum(one.conflicts for one in told)
    proven(done=f"two processes publish {TIMES} times each, to one table", seen=f"{versions} versions, {conflicts} conflicts told")


@pytest.mark.proves("F2")
@pytest.mark.slow
def test_on_two_tables_nobody_is_in_the_way(place: Place, proven: Callable[..., None]) -> None:
    told = race(place, (ONE, None), (OTHER, None))
    assert told == [Told(list(range(TIMES)), 0)] * 2
    for number, table in enumerate((ONE, OTHER)):
        assert written(place.lake, table) == ([str(number)] * TIMES, [(str(number), n) for n in range(TIMES)])
    proven(
        done=f"two processes publish {TIMES} times each, to two tables",
        seen=f"{sum(len(one.versions) for one in told)} versions, {sum(one.conflicts for one in told)} conflicts",
    )


def test_publisher_is_told_its_own_version_also_when_the_next_one_is_there_by_then(minio: Minio, bucket: str, proxy: Proxy) -> None:
    """The first tidies its stage up, slowly, while the second publishes."""
    mine, other = (Table(Lake(f"s3://{bucket}/lake", minio.s3(endpoint))) for endpoint in (proxy.endpoint, None))
    other.publish({"id": "old"})
    proxy.latency(TIDYING_SECONDS, "POST", "delete")
    with ThreadPoolExecutor() as threads:
        first = threads.submit(mine.publish, {"id": "first"})
        while other.version == 0:
            assert not first.done()
        assert other.publish({"id": "second"}).version == 2
        assert not first.done()
        assert first.result().version == 1


@pytest.mark.slow
def test_stages_of_both_engines_go_into_one_table(minio: Minio, spark_server: str) -> None:
    place = Place(f"s3://{minio.bucket()}/lake", minio.s3())
    check_one_table(place, race(place, (ONE, "sail"), (ONE, spark_server), times=WITH_AN_ENGINE), WITH_AN_ENGINE)
