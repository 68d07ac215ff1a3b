"""F4: the store takes a commit and its answer is lost: the commit is there once, and whoever made it is told so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pyarrow as pa
import pytest

from pipelines.control.ledger import LEDGER, RELEASE, Ledger
from quality.balance import Account
from resources.lake import Conflict, Lake
from tests.faults.tables import LOG, TABLE, Row, Table
from tests.servers.minio import Minio
from tests.servers.proxy import Proxy

DAY = date(2019, 12, 29)
BY_DAY = ("day",)
OLD = [{"day": "1", "id": "a"}, {"day": "2", "id": "b"}]
NEW = {"day": "2", "id": "new"}


@pytest.fixture
def root(bucket: str) -> str:
    return f"s3://{bucket}/lake"


@pytest.fixture
def seen(root: str, minio: Minio) -> Table:
    """The table as readers see it, past the proxy."""
    return Table(Lake(root, minio.s3()))


@pytest.fixture
def mine(root: str, minio: Minio, proxy: Proxy) -> Table:
    return Table(Lake(root, minio.s3(proxy.endpoint)))


@pytest.mark.proves("F4")
@pytest.mark.parametrize(
    ("old", "options", "expected"),
    [
        ([], {}, [NEW]),
        (OLD, {}, [NEW]),
        (OLD, {"replace_partitions": [("day", "in", ["2"])]}, [OLD[0], NEW]),
        (OLD, {"mode": "append", "transactions": {"batch:x": 1}}, [*OLD, NEW]),
    ],
    ids=["created", "overwritten", "partition replaced", "appended"],
)
def test_publish_whose_answer_is_lost_is_published_once(
    old: list[Row], options: dict[str, object], expected: list[Row], seen: Table, mine: Table, proxy: Proxy, proven: Callable[..., None]
) -> None:
    if old:
        seen.publish(*old, partition_by=BY_DAY)
    proxy.drop_response("PUT", LOG, times=None)
    published = mine.publish(NEW, partition_by=BY_DAY, **options)
    assert proxy.count("drop_response") == 1
    assert (published.version, published.rows) == (seen.version, 1) == (int(bool(old)), 1)
    assert seen.rows == expected
    proven(done="the answer to a commit is lost", seen=f"the row is there once: {len(seen.rows)} rows, version {seen.version}")


def test_stage_whose_answer_is_lost_is_written(seen: Table, mine: Table, proxy: Proxy) -> None:
    proxy.drop_response("PUT", r"/stage-[^/]+/_delta_log/", times=None)
    assert mine.publish(NEW).rows == 1
    assert proxy.count("drop_response") > 0
    assert seen.rows == [NEW]


def test_new_column_whose_answer_is_lost_is_there_when_the_publisher_starts_again(seen: Table, mine: Table, proxy: Proxy) -> None:
    seen.publish({"id": "a"})
    proxy.drop_response("PUT", LOG, times=1)
    with pytest.raises(Conflict):
        mine.publish({"id": "b", "extra": "x"}, mode="append")
    assert (proxy.count("drop_response"), seen.rows) == (1, [{"id": "a", "extra": None}])
    mine.publish({"id": "b", "extra": "x"}, mode="append")
    assert seen.rows == [{"id": "a", "extra": None}, {"id": "b", "extra": "x"}]


def test_publish_with_a_new_column_is_there_once_when_its_own_answer_is_lost(seen: Table, mine: Table, proxy: Proxy) -> None:
    seen.publish({"id": "a"})
    proxy.drop_response("PUT", r"/person/_delta_log/0+2\.json$")
    assert mine.publish({"id": "b", "extra": "x"}, mode="append").version == 2
    assert (proxy.count("drop_response"), seen.rows) == (1, [{"id": "a", "extra": None}, {"id": "b", "extra": "x"}])


@pytest.mark.proves("F4")
@pytest.mark.parametrize("earlier", [0, 1])
def test_ledger_row_whose_answer_is_lost_is_there_once(
    earlier: int, seen: Table, mine: Table, proxy: Proxy, proven: Callable[..., None]
) -> None:
    def record(ledger: Ledger, batch: str) -> None:
        ledger.record([Account("raw/x", batch, DAY, 7, 7)], run_id="night", as_of=DAY, version=0, seconds=0.1)

    for _ in range(earlier):
        record(Ledger(seen.lake), "earlier")
    proxy.drop_response("PUT", rf"{LEDGER}/_delta_log/\d+\.json", times=1)
    record(Ledger(mine.lake), "mine")
    assert proxy.count("drop_response") == 1
    assert seen.lake.version(LEDGER) == earlier
    assert [r["batch_id"] for r in Ledger(seen.lake).rows()] == ["earlier"] * earlier + ["mine"]
    proven(done="the answer to a line of the ledger is lost", seen=f"{len(Ledger(seen.lake).rows())} lines of {earlier + 1} batches")


@pytest.mark.parametrize("earlier", [0, 1])
def test_release_whose_answer_is_lost_is_there_once(earlier: int, seen: Table, mine: Table, proxy: Proxy) -> None:
    for n in range(earlier):
        Ledger(seen.lake).release(as_of=DAY, run_id=f"earlier{n}", versions={TABLE: n})
    proxy.drop_response("PUT", rf"{RELEASE}/_delta_log/\d+\.json", times=1)
    made = Ledger(mine.lake).release(as_of=DAY, run_id="mine", versions={TABLE: 7})
    assert (proxy.count("drop_response"), seen.lake.version(RELEASE)) == (1, earlier)
    assert Ledger(seen.lake).releases()[earlier:] == [made]


def test_another_publisher_who_was_first_is_still_a_conflict(seen: Table, mine: Table, proxy: Proxy) -> None:
    """The lost answer is that of a refusal: what is there is somebody else's."""
    seen.publish({"id": "a"})
    stage = mine.stage([{"id": "late"}])
    seen.publish({"id": "first"})
    with pytest.raises(Conflict):
        mine.lake.publish(stage, base_version=0)
    assert seen.rows == [{"id": "first"}]


def test_two_appends_of_the_same_row_are_two_rows(seen: Table) -> None:
    """Sent once each: told apart from one that was sent twice."""
    row = pa.table({"id": ["a"]})
    assert [seen.lake.append(TABLE, row), seen.lake.append(TABLE, row)] == [0, 1]
    assert seen.rows == [{"id": "a"}] * 2
