"""The test servers themselves: they are real, they refuse strangers, and the proxy breaks what it was asked to break."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, IncompleteReadError, ResponseStreamingError
from deltalake import DeltaTable, write_deltalake
from pyarrow import table

from tests.servers.minio import Minio, minio_server
from tests.servers.postgres import Postgres
from tests.servers.proxy import Proxy

BIG = os.urandom(6 << 20)


@pytest.fixture
def client(minio, proxy):
    return minio.client(proxy.endpoint)


def body(client, bucket, key):
    return client.get_object(Bucket=bucket, Key=key)["Body"].read()


def keys(client, bucket):
    return [entry["Key"] for entry in client.list_objects_v2(Bucket=bucket).get("Contents", [])]


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def storage(minio: Minio, proxy: Proxy) -> dict[str, str]:
    return {
        "endpoint_url": proxy.endpoint,
        "allow_http": "true",
        "region": "us-east-1",
        "access_key_id": minio.access_key,
        "secret_access_key": minio.secret_key,
    }


def test_everything_passes_through_the_proxy(client, bucket, proxy):
    client.put_object(Bucket=bucket, Key="云/a b+c.txt", Body="扬州".encode())
    client.put_object(Bucket=bucket, Key="empty", Body=b"")
    client.put_object(Bucket=bucket, Key="big", Body=BIG)
    assert body(client, bucket, "云/a b+c.txt").decode() == "扬州"
    assert body(client, bucket, "empty") == b""
    assert body(client, bucket, "big") == BIG
    assert client.head_object(Bucket=bucket, Key="big")["ContentLength"] == len(BIG)
    assert client.get_object(Bucket=bucket, Key="big", Range="bytes=5-9")["Body"].read() == BIG[5:10]
    assert keys(client, bucket) == ["big", "empty", "云/a b+c.txt"]
    client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "big"}, {"Key": "empty"}]})
    assert keys(client, bucket) == ["云/a b+c.txt"]
    with pytest.raises(ClientError, match="NoSuchKey"):
        body(client, bucket, "big")
    assert {entry.action for entry in proxy.log} == {"pass"}


def test_multipart_upload_passes_through_the_proxy(client, bucket):
    begun = client.create_multipart_upload(Bucket=bucket, Key="parts")
    upload = {"Bucket": bucket, "Key": "parts", "UploadId": begun["UploadId"]}
    sent = [(n, client.upload_part(**upload, PartNumber=n, Body=piece)["ETag"]) for n, piece in ((1, BIG), (2, b"end"))]
    client.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": n, "ETag": tag} for n, tag in sent]})
    assert body(client, bucket, "parts") == BIG + b"end"


def test_delta_table_through_the_proxy(minio, bucket, proxy):
    at, options = f"s3://{bucket}/persons", storage(minio, proxy)
    for person in ("A", "B"):
        write_deltalake(at, table({"person": [person]}), mode="append", storage_options=options)
    read = DeltaTable(at, storage_options=options)
    assert sorted(read.to_pyarrow_table()["person"].to_pylist()) == ["A", "B"]
    assert len(read.history()) == 2  # asked with Python's lock held: a proxy in this process would never answer
    assert proxy.count("pass") == len(proxy.log) > 0


def test_wrong_signature_is_still_refused(minio, bucket, proxy):
    minio_secret, minio.secret_key = minio.secret_key, "wrong"
    stranger = minio.client(proxy.endpoint)
    minio.secret_key = minio_secret
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.list_objects_v2(Bucket=bucket)


def test_dropped_response_is_an_error_though_the_object_is_there(client, minio, bucket, proxy):
    proxy.drop_response("PUT", r"/commit\.json", times=1)
    with pytest.raises(ConnectionClosedError):
        client.put_object(Bucket=bucket, Key="commit.json", Body=b"1")
    assert body(minio.client(), bucket, "commit.json") == b"1"
    with pytest.raises(ClientError, match="PreconditionFailed"):  # the second try finds the first one's object
        client.put_object(Bucket=bucket, Key="commit.json", Body=b"2", IfNoneMatch="*")
    assert [(entry.action, entry.status) for entry in proxy.log] == [("drop_response", 200), ("pass", 412)]


def test_refusal_is_answered_and_does_not_use_the_fault_up(client, bucket, proxy):
    client.put_object(Bucket=bucket, Key="a", Body=b"1")
    proxy.drop_response("PUT", "/a", times=1)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket=bucket, Key="a", Body=b"2", IfNoneMatch="*")
    with pytest.raises(ConnectionClosedError):
        client.put_object(Bucket=bucket, Key="a", Body=b"3")


def test_share_of_requests_is_answered_slow_down(client, bucket, proxy):
    proxy.answer_503(0.2, seed=7)
    told, refused = [], set()
    for n in range(100):
        try:
            client.put_object(Bucket=bucket, Key=str(n), Body=b"x" * 2000)
            told.append(str(n))
        except ClientError as e:
            refused.add(e.response["Error"]["Code"])
    assert refused == {"SlowDown"}
    assert 10 <= proxy.count("answer_503") == 100 - len(told) <= 30
    proxy.clear()
    assert keys(client, bucket) == sorted(told)


@pytest.mark.parametrize("after", [0, 100_000, 1 << 30])
def test_reset_in_the_middle_of_an_upload_leaves_no_object(client, bucket, proxy, after):
    proxy.reset_in_body("PUT", "/big", times=1, after_bytes=after)
    with pytest.raises(BotoCoreError):
        client.put_object(Bucket=bucket, Key="big", Body=BIG)
    assert keys(client, bucket) == []
    client.put_object(Bucket=bucket, Key="big", Body=BIG)
    assert body(client, bucket, "big") == BIG
    assert proxy.count("reset_in_body") == 1


def test_truncated_response_is_noticed(client, bucket, proxy):
    client.put_object(Bucket=bucket, Key="big", Body=BIG)
    proxy.truncate_response("GET", "/big", times=1, after_bytes=1000)
    with pytest.raises((IncompleteReadError, ResponseStreamingError)):
        body(client, bucket, "big")
    assert body(client, bucket, "big") == BIG


def test_latency(client, bucket, proxy):
    proxy.latency(0.3, method="PUT")
    begin = time.monotonic()
    client.put_object(Bucket=bucket, Key="a", Body=b"1")
    assert time.monotonic() - begin > 0.3
    assert [entry.action for entry in proxy.log] == ["latency"]


def test_killed_server_keeps_what_it_acknowledged():
    with minio_server() as server:
        bucket, pid = server.bucket(), server.pid
        server.client().put_object(Bucket=bucket, Key="a", Body=b"1")
        server.kill()
        assert gone(pid)
        with pytest.raises(BotoCoreError):
            keys(server.client(), bucket)
        server.start_again()
        assert body(server.client(), bucket, "a") == b"1"
        pid, folder = server.pid, server.folder
    assert gone(pid)
    assert not folder.exists()


def test_postgres_knows_its_password(postgres: Postgres):
    name = postgres.database()
    url = sa.make_url(postgres.url(name))
    with sa.create_engine(url, poolclass=sa.pool.NullPool).connect() as connection:
        assert connection.execute(sa.text("SELECT current_database(), '扬州'")).one() == (name, "扬州")
    stranger = sa.create_engine(url.set(password="wrong"), poolclass=sa.pool.NullPool)
    with pytest.raises(sa.exc.OperationalError, match="password authentication failed"):
        stranger.connect()
