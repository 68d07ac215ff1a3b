"""F6: a connection breaks in the middle of a transfer: nobody sees half of anything, and the next try ends right."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from deltalake.exceptions import DeltaError

from resources.errors import LakeUnreachable
from resources.lake import Lake
from tests.faults.tables import LOG, TABLE, Table
from tests.servers.minio import Minio
from tests.servers.proxy import Proxy

pytestmark = pytest.mark.slow

OLD, NEW = {"id": "old"}, {"id": "new"}
DATA = r"/stage-[^/]+/.*\.parquet$"
BROKE_OFF = r"^STORE: a transfer from or to the store broke off \(s3://.*\)\. Run it again\.$"
AFTER_BYTES = 100


@pytest.fixture
def seen(bucket: str, minio: Minio) -> Table:
    """The table as readers see it, past the proxy; the old row is published."""
    table = Table(Lake(f"s3://{bucket}/lake", minio.s3()))
    table.publish(OLD)
    return table


@pytest.fixture
def mine(bucket: str, minio: Minio, proxy: Proxy, seen: Table) -> Table:
    proxy.clear()
    return Table(Lake(f"s3://{bucket}/lake", minio.s3(proxy.endpoint)))


@pytest.mark.proves("F6")
def test_data_file_that_breaks_off_every_time_leaves_nothing(seen: Table, mine: Table, proxy: Proxy, proven: Callable[..., None]) -> None:
    before = seen.objects
    proxy.reset_in_body("PUT", DATA, times=None, after_bytes=AFTER_BYTES)
    with pytest.raises(DeltaError) as failed:
        mine.publish(NEW)
    assert re.match(BROKE_OFF, str(mine.lake.fault(failed.value)))
    assert proxy.count("reset_in_body") > 1
    assert (seen.objects, seen.version, seen.rows) == (before, 0, [OLD])
    proxy.clear()
    mine.publish(NEW)
    assert seen.rows == [NEW]
    proven(
        done="every upload of a data file breaks off",
        seen="one sentence, no object left, the old row readable; the next publish is there",
    )


def test_data_file_that_breaks_off_once_is_sent_again(seen: Table, mine: Table, proxy: Proxy) -> None:
    proxy.reset_in_body("PUT", DATA, times=1, after_bytes=AFTER_BYTES)
    mine.publish(NEW)
    assert (proxy.count("reset_in_body"), seen.rows) == (1, [NEW])


@pytest.mark.proves("F6")
def test_commit_that_breaks_off_is_no_commit(seen: Table, mine: Table, proxy: Proxy, proven: Callable[..., None]) -> None:
    stage, commits = mine.stage([NEW]), [x for x in seen.objects if x.startswith("_delta_log/")]
    proxy.reset_in_body("PUT", LOG, times=1, after_bytes=AFTER_BYTES)
    with pytest.raises(LakeUnreachable, match=BROKE_OFF):
        mine.lake.publish(stage, base_version=0)
    assert (proxy.count("reset_in_body"), seen.version, seen.rows) == (1, 0, [OLD])
    assert [x for x in seen.objects if x.startswith("_delta_log/")] == commits
    assert mine.lake.publish(stage, base_version=0).version == 1
    assert seen.rows == [NEW]
    proven(done="the upload of a commit breaks off", seen="one sentence, no commit; the same stage is published afterwards")


@pytest.mark.proves("F6")
@pytest.mark.parametrize("what", [r"/person/.*\.parquet$", LOG], ids=["data", "log"])
def test_answer_that_breaks_off_every_time_gives_no_rows(what: str, mine: Table, proxy: Proxy, proven: Callable[..., None]) -> None:
    proxy.truncate_response("GET", what, times=None, after_bytes=AFTER_BYTES)
    with pytest.raises(LakeUnreachable, match=BROKE_OFF):
        mine.lake.arrow(TABLE)
    assert proxy.count("truncate_response") > 0
    proxy.clear()
    assert mine.rows == [OLD]
    proven(done="every download breaks off", seen="one sentence and no rows; all of them when the store is well")


def test_data_that_breaks_off_once_is_read_again(mine: Table, proxy: Proxy) -> None:
    proxy.truncate_response("GET", r"/person/.*\.parquet$", times=1, after_bytes=AFTER_BYTES)
    assert (mine.rows, proxy.count("truncate_response")) == ([OLD], 1)
