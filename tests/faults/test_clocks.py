"""F18: the machine's clock jumps by an hour, forwards and back: what is newer is decided by the source, never by the clock."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from pipelines.orchestration.nights import run_night
from pipelines.runtime import Runtime
from tests.cleansed.nights import crowd, published, staff
from tests.deliveries import deliver
from tests.differential.lakes import differences
from tests.servers.minio import Minio
from tests.servers.need import ROOT, need
from tests.story.city import Installation, toml

STAFF, DAY, NEXT = "health/staff", "2019-12-30", "2019-12-31"
SELECTED = [f"raw/{STAFF}", f"cleansed/{STAFF}"]
CITYLAKE = "from pipelines.cli.main import entry; entry()"
SKEWED = """
from pydantic import SecretStr
from resources.lake import Lake
from resources.s3 import S3
import sys
bucket, endpoint, access, secret = sys.argv[1:]
try:
    Lake(f"s3://{bucket}/lake", S3(endpoint, "us-east-1", access, SecretStr(secret))).store.check()
except Exception as e:
    print(e)
"""


def at(moved: str, root: Any, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run Python with a clock that is moved by so much, such as +1h."""
    faketime = str(need("faketime"))
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **env}
    told = [faketime, "-f", moved, sys.executable, "-c", *command]
    return subprocess.run(told, cwd=root, env=env, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.proves("F18")
@pytest.mark.slow
def test_nights_on_a_clock_that_jumps(installation: Callable[..., Runtime], proven: Any) -> None:
    """The first night at an hour too late, the second at an hour too early: by the clock it was before the first."""
    cities = [installation(name) for name in ("right", "moved")]
    first = [staff("A", title="newest", update_time="2019-12-29 08:00:00"), staff("B", title="old"), *crowd()]
    second = [
        staff("A", title="late", update_time="2019-12-28 08:00:00"),
        staff("B", title="new", update_time="2019-12-30 08:00:00"),
        *crowd(),
    ]
    for city in cities:
        deliver(city, STAFF, DAY, first)
        deliver(city, STAFF, NEXT, second)
    right, moved = cities
    shutil.copy(right.settings.key_file, moved.settings.key_file)
    desk = Installation(moved.settings.home.parent)
    desk.config.write_text(toml(desk.settings))
    for day, clock in ((DAY, "+1h"), (NEXT, "-1h")):
        assert run_night(right, date.fromisoformat(day), SELECTED).failures == []
        selected = [x for table in SELECTED for x in ("--select", table)]
        done = at(clock, desk.root, CITYLAKE, "run", "--as-of", day, *selected, CITYLAKE_CONFIG=str(desk.config))
        assert done.returncode == 0, done.stderr
    recorded = {(r["as_of"].isoformat(), r["recorded_at"]) for r in moved.ledger.rows() if r["table"] == SELECTED[1]}
    (earlier, later) = sorted(recorded, key=lambda r: r[1])
    assert (earlier[0], later[0]) == (NEXT, DAY), "the clock did jump"
    assert differences(right.lake, moved.lake) == {}
    assert published(moved, STAFF, "title") == published(right, STAFF, "title")
    proven(
        done="the first night runs with the clock an hour ahead, the second with it an hour behind",
        seen=f"the ledger's times run backwards, and all tables are those of a right clock: {published(moved, STAFF, 'title')}",
    )


@pytest.mark.proves("F18")
def test_store_says_that_the_clock_is_wrong(minio: Minio, bucket: str, tmp_path: Any, proven: Any) -> None:
    said = at("+1h", tmp_path, SKEWED, bucket, minio.endpoint, minio.access_key, minio.secret_key).stdout
    assert said.startswith("STORE: the store says that this machine's clock is more than 15 minutes off (s3://")
    assert said.rstrip().endswith("Set the clock (NTP) and try again.")
    proven(done="a store is asked by a machine whose clock is an hour ahead", seen="one sentence: the clock is more than 15 minutes off")
