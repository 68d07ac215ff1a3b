"""F1: of several writers of one new object exactly one is first; and a store where that does not hold is found out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from resources.errors import CitylakeError
from resources.store_check import put_if_absent
from tests.servers.process import free_port

Objects = dict[str, bytes]
Put = Callable[[Objects, str, bytes, bool], int]
"""What a store does with an object and the condition; the HTTP status it answers."""


def anonymous(endpoint: str):
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, connect_timeout=2)
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config)


@contextmanager
def store(put: Put) -> Iterator[tuple[str, Objects]]:
    """A small store that keeps objects in memory and treats the condition in its own way."""
    objects: Objects = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status: int, body: bytes = b"") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(put(objects, self.path, body, self.headers["If-None-Match"] == "*"))

        def do_GET(self) -> None:
            self.answer(200, objects[self.path])

        def do_DELETE(self) -> None:
            objects.pop(self.path, None)
            self.answer(204)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", objects
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def honest(objects: Objects, key: str, body: bytes, only_new: bool) -> int:
    return 200 if objects.setdefault(key, body) is body else 412


def ignorant(objects: Objects, key: str, body: bytes, only_new: bool) -> int:
    objects[key] = body
    return 200


def look_first_write_later(objects: Objects, key: str, body: bytes, only_new: bool) -> int:
    if key in objects:
        return 412
    time.sleep(0.02)
    objects[key] = body
    return 200


def refuse_and_write_all_the_same(objects: Objects, key: str, body: bytes, only_new: bool) -> int:
    known = key in objects
    objects[key] = body
    return 412 if known else 200


def forget_who_was_first(objects: Objects, key: str, body: bytes, only_new: bool) -> int:
    objects.setdefault(key, body)
    return 412


def not_implemented(objects: Objects, key: str, body: bytes, only_new: bool) -> int:
    return 501


def test_honest_store_is_safe():
    with store(honest) as (endpoint, objects):
        verdict = put_if_absent(anonymous(endpoint), "lake", "check", threads=4, rounds=10)
        assert verdict.safe
        assert str(verdict) == "4 writers, 10 rounds: one was first in each"
        assert objects == {}


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (ignorant, "4 writers, 10 rounds: in 10 the store acknowledged several writers as the first"),
        (look_first_write_later, "acknowledged several writers as the first"),
        (refuse_and_write_all_the_same, "kept another writer's object than the one it acknowledged"),
        (forget_who_was_first, "4 writers, 10 rounds: in 10 the store acknowledged no writer as the first"),
        (not_implemented, "the store does not know the condition If-None-Match"),
    ],
)
def test_unsafe_store_is_found_out(put, said):
    with store(put) as (endpoint, objects):
        verdict = put_if_absent(anonymous(endpoint), "lake", "check", threads=4, rounds=10)
        assert not verdict.safe
        assert said in str(verdict)
        assert objects == {}


def test_store_that_does_not_answer():
    with pytest.raises(CitylakeError, match=r"STORE: the store cannot be reached .*s3://lake/check/put-if-absent-"):
        put_if_absent(anonymous(f"http://127.0.0.1:{free_port()}"), "lake", "check", threads=4, rounds=10)


def test_store_that_lets_nobody_in(minio):
    with pytest.raises(CitylakeError, match="STORE: the store denies access"):
        put_if_absent(anonymous(minio.endpoint), minio.bucket(), "check", threads=4, rounds=10)


@pytest.mark.proves("F1")
@pytest.mark.slow
def test_minio_lets_exactly_one_of_eight_writers_be_first(minio, bucket, proven):
    client = minio.client()
    client.put_object(Bucket=bucket, Key="check/kept", Body=b"not of the check")
    verdict = put_if_absent(client, bucket, "check/", threads=8, rounds=500)
    assert verdict.safe, str(verdict)
    assert verdict.one_first == 500
    assert [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket)["Contents"]] == ["check/kept"]
    proven(
        done="8 writers put one new object, 500 times, on MinIO",
        seen=f"in {verdict.one_first} of 500 rounds exactly one was told that it was first",
    )


@pytest.mark.proves("F1")
def test_minio_behind_a_gateway_that_strips_the_condition_is_unsafe(minio, proxy, proven):
    client, bucket = anonymous(proxy.endpoint), minio.bucket(public=True)
    assert put_if_absent(client, bucket, "", threads=4, rounds=10).safe
    proxy.strip_header("If-None-Match", method="PUT")
    verdict = put_if_absent(client, bucket, "", threads=4, rounds=10)
    assert (verdict.safe, verdict.several_first) == (False, 10)
    assert proxy.count("strip_header") == 40
    proven(
        done="a gateway takes the condition off the requests",
        seen=f"found out: in {verdict.several_first} of 10 rounds several were told that each was first",
    )
