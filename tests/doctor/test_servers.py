"""The doctor before real servers: healthy ones, wrong keys, nobody there, a store that may not be trusted, a clock that is off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
import sqlalchemy as sa
from botocore import UNSIGNED
from botocore.config import Config

from pipelines.cli.doctor import run_doctor
from pipelines.doctor import stores
from resources.s3 import S3
from resources.settings import Settings
from tests.doctor.installation import bootstrap, doctor, on_minio
from tests.servers.minio import Minio
from tests.servers.postgres import Postgres
from tests.servers.process import free_port
from tests.servers.proxy import Proxy

STORE = {"lake", "put-if-absent", "landing zone", "engine and lake"}
"""The checks that fail with the store."""


def everything(minio: Minio, bucket: str) -> list[str]:
    """All that a bucket holds: objects, old versions, delete markers."""
    found = minio.client().list_object_versions(Bucket=bucket)
    return [v["Key"] for kind in ("Versions", "DeleteMarkers") for v in found.get(kind, [])]


def settings_of(config: Path, **other: Any) -> Settings:
    import tomllib

    return Settings(**{**tomllib.loads(config.read_text()), **other})


def in_process(settings: Settings, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, dict[str, Any]]]:
    capsys.readouterr()
    code = run_doctor(lambda: settings, thorough=False, as_json=True)
    return code, {c["check"]: c for c in json.loads(capsys.readouterr().out)["checks"]}


@pytest.mark.slow
def test_healthy(tmp_path: Path, minio: Minio, bucket: str, postgres: Postgres) -> None:
    config = on_minio(tmp_path, minio, bucket, exchange_url=postgres.url(postgres.database()))
    bootstrap(config)
    minio.client().put_object(Bucket=bucket, Key="landing/health/archive/2019-12-31/manifest.json", Body=b"{}")
    report = doctor(config)
    assert (report.code, report.bad) == (0, set()), report.checks
    assert report.found("put-if-absent").startswith("8 writers, 20 rounds: one was first in each; ")
    assert report.found("lake").endswith("; old versions are kept")
    assert report.found("landing zone").startswith(f"s3://{bucket}/landing: folders of 1 of ")
    assert "the store" in report.found("clocks")
    assert "the exchange database" in report.found("clocks")
    assert everything(minio, bucket) == ["landing/health/archive/2019-12-31/manifest.json"], "no old version is left either"
    password = sa.make_url(postgres.url(postgres.database())).password
    assert password
    for secret in (minio.secret_key, password):
        assert secret not in report.printed


@pytest.mark.slow
def test_thorough(tmp_path: Path, minio: Minio, bucket: str) -> None:
    report = doctor(on_minio(tmp_path, minio, bucket), "--thorough")
    assert (report.code, report.bad) == (0, set()), report.checks
    assert report.found("put-if-absent").startswith("8 writers, 500 rounds: one was first in each; ")
    assert report.found("lake").endswith("; old versions are not kept (`citylake bootstrap` turns that on)")
    assert everything(minio, bucket) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"s3_secret_key": "wr0ng-s3cret"}, "STORE: the store refuses the secret key"),
        ({"s3_access_key": "nobody"}, "STORE: the store does not know the access key"),
        ({"lake": "s3://no-such-bucket/lake", "landing": "s3://no-such-bucket/landing"}, "STORE: the store has no such bucket"),
    ],
)
def test_a_store_that_refuses(tmp_path: Path, minio: Minio, bucket: str, wrong: dict[str, str], told: str) -> None:
    report = doctor(on_minio(tmp_path, minio, bucket, **wrong))
    assert (report.code, report.bad) == (1, STORE)
    assert report.found("lake").startswith(f"{told} (s3://")
    assert report.found("landing zone").startswith(told)
    assert report.verdict("put-if-absent") == "not checked"
    assert (report.verdict("engine"), report.verdict("clocks")) == ("ok", "ok"), "refusals have a date too"
    for secret in (minio.secret_key, "wr0ng-s3cret"):
        assert secret not in report.printed


def test_nobody_at_the_endpoint(tmp_path: Path, minio: Minio, bucket: str) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    report = doctor(on_minio(tmp_path, minio, bucket, s3_endpoint=endpoint))
    assert (report.code, report.bad) == (1, STORE | {"clocks"})
    assert report.found("lake").startswith("STORE: the store cannot be reached (EndpointConnectionError)")
    assert endpoint in report.found("lake")
    assert report.verdict("put-if-absent") == report.verdict("engine and lake") == "not checked"
    assert sum(c["seconds"] for c in report.checks.values()) < 60


@pytest.fixture
def unsigned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests without a signature: a gateway may change them, and the store treats them as those of a stranger."""

    def client(self: S3, *_: object) -> Any:
        config = Config(signature_version=UNSIGNED, s3={"addressing_style": "path"})
        return boto3.client("s3", endpoint_url=self.endpoint, region_name=self.region, config=config)

    monkeypatch.setattr(S3, "client", client)


@pytest.mark.slow
def test_a_gateway_that_drops_the_condition(
    tmp_path: Path, minio: Minio, proxy: Proxy, unsigned: None, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = minio.bucket(public=True)
    settings = settings_of(on_minio(tmp_path, minio, bucket, s3_endpoint=proxy.endpoint))
    _, before = in_process(settings, capsys)
    assert before["put-if-absent"]["verdict"] == "ok"

    proxy.strip_header("If-None-Match", method="PUT")
    code, checks = in_process(settings, capsys)
    assert (code, checks["lake"]["verdict"], checks["put-if-absent"]["verdict"]) == (1, "ok", "problem")
    assert checks["put-if-absent"]["found"].startswith("STORE_UNSAFE: this store is NOT safe for a lake: 8 writers, 20 rounds: in 20 ")
    assert everything(minio, bucket) == []


@pytest.mark.slow
def test_keys_that_may_write_but_not_delete(
    tmp_path: Path, minio: Minio, bucket: str, unsigned: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store answers such a deletion with a list of what it has kept: what was written is looked for."""
    may = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
    where = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    allow = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": may, "Resource": where}
    minio.client().put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    code, checks = in_process(settings_of(on_minio(tmp_path, minio, bucket)), capsys)
    assert (code, checks["lake"]["verdict"], checks["clean-up"]["verdict"]) == (1, "problem", "problem")
    assert checks["lake"]["found"].startswith("STORE: the test files cannot be removed (s3://")
    assert everything(minio, bucket) != []


@pytest.mark.slow
def test_told_to_end_in_the_middle_of_writing(tmp_path: Path, minio: Minio, proxy: Proxy, bucket: str) -> None:
    config = on_minio(tmp_path, minio, bucket, s3_endpoint=proxy.endpoint)
    proxy.latency(2, method="PUT", path="/table/")
    command = [sys.executable, "-c", "from pipelines.cli.main import entry; entry()", "doctor"]
    environment = {**os.environ, "CITYLAKE_CONFIG": str(config)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert eventually(lambda: any("_delta_log" in key for key in everything(minio, bucket)), 120), "it never wrote"
        running.terminate()
        told, _ = running.communicate(timeout=120)
    assert running.returncode != 0
    assert b"All in order" not in told
    assert everything(minio, bucket) == []


def eventually(holds: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return held


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [-90, 90])
def test_a_clock_that_is_off(
    tmp_path: Path,
    minio: Minio,
    bucket: str,
    postgres: Postgres,
    ahead: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = on_minio(tmp_path, minio, bucket, exchange_url=postgres.url(postgres.database()))
    monkeypatch.setattr(stores, "now", lambda: datetime.now(UTC) - timedelta(seconds=ahead))
    code, checks = in_process(settings_of(config), capsys)
    assert (code, {n for n, c in checks.items() if c["verdict"] == "problem"}) == (1, {"clocks"})
    way = "ahead of" if ahead > 0 else "behind"
    for whose in ("the store", "the exchange database"):
        assert f"the clock of {whose} is " in checks["clocks"]["found"]
    assert checks["clocks"]["found"].count(f"s {way} ours") == 2
    assert checks["clocks"]["remedy"].startswith("Synchronize the clocks")


def test_a_store_that_refuses_because_of_the_clock(tmp_path: Path, minio: Minio, bucket: str) -> None:
    with an_hour_behind() as endpoint:
        report = doctor(on_minio(tmp_path, minio, bucket, s3_endpoint=endpoint))
    assert (report.code, report.bad) == (1, STORE | {"clocks"})
    assert report.found("lake").startswith("STORE: the store says that this machine's clock is more than 15 minutes off")
    told = report.found("clocks")
    assert told.startswith("CLOCK: the clock of the store is 3")
    assert abs(float(told.split(" is ")[1].split()[0]) - 3600) < 30
    assert "behind ours" in told


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def an_hour_behind() -> Iterator[str]:
    """A store whose clock is wrong: it refuses every request as signed at the wrong time."""

    class Handler(BaseHTTPRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)

        def do_GET(self) -> None:
            body = b"<Error><Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message></Error>"
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_POST = do_DELETE = do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with serving(Handler) as endpoint:
        yield endpoint
