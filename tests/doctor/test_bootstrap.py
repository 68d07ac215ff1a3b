"""The places that the settings name are made, protected as far as the store can, and made once."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from resources.store import KEEP_OLD_VERSIONS_DAYS
from tests.doctor.installation import bootstrap, install, on_minio
from tests.servers.minio import Minio
from tests.story.city import citylake


def test_folders_are_made_once(tmp_path: Path) -> None:
    config = install(tmp_path, landing=str(tmp_path / "far" / "landing"))
    assert bootstrap(config).out.splitlines() == [
        f"{tmp_path}/lake: the folder was created",
        f"{tmp_path}/far/landing: the folder was created",
    ]
    (tmp_path / "lake" / "kept").write_text("a table")
    assert bootstrap(config).out.splitlines() == [
        f"{tmp_path}/lake: the folder exists",
        f"{tmp_path}/far/landing: the folder exists",
    ]
    assert (tmp_path / "lake" / "kept").read_text() == "a table"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    config = install(tmp_path, lake=str(tmp_path / "file" / "lake"))
    done = citylake("bootstrap", cwd=tmp_path, config=config)
    assert (done.code, done.err.splitlines()[-1][:43]) == (1, "error: FOLDER: the folder cannot be created")


def test_buckets_keep_old_versions_for_a_while(tmp_path: Path, minio: Minio) -> None:
    name = f"city-{secrets.token_hex(6)}"
    config = on_minio(tmp_path, minio, name)
    first = bootstrap(config).out.splitlines()
    assert first[0] == f"s3://{name}: bucket {name} was created"
    client = minio.client()
    assert client.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    (rule,) = client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert (rule["Status"], rule["NoncurrentVersionExpiration"]["NoncurrentDays"]) == ("Enabled", KEEP_OLD_VERSIONS_DAYS)

    client.put_object(Bucket=name, Key="lake/a", Body=b"1")
    client.put_object(Bucket=name, Key="lake/a", Body=b"2")
    again = bootstrap(config).out.splitlines()
    assert again == [f"s3://{name}: bucket {name} exists", *first[1:]]
    assert client.get_object(Bucket=name, Key="lake/a")["Body"].read() == b"2"
    assert len(client.list_object_versions(Bucket=name, Prefix="lake/a")["Versions"]) == 2
    assert len(client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]) == 1


def test_a_store_without_keys_for_encryption_says_so(tmp_path: Path, minio: Minio) -> None:
    """MinIO encrypts only with a key service, which this one has not: it is said, and the rest is done all the same."""
    name = f"city-{secrets.token_hex(6)}"
    done = bootstrap(on_minio(tmp_path, minio, name))
    assert "default encryption: not offered by this store (NotImplemented)" in done.out
    with pytest.raises(ClientError, match="ServerSideEncryptionConfigurationNotFound"):
        minio.client().get_bucket_encryption(Bucket=name)


def test_a_wrong_key_makes_nothing_and_is_not_shown(tmp_path: Path, minio: Minio) -> None:
    name, wrong = f"city-{secrets.token_hex(6)}", "wr0ng-" + secrets.token_hex(8)
    done = citylake("bootstrap", cwd=tmp_path, config=on_minio(tmp_path, minio, name, s3_secret_key=wrong))
    assert done.code == 1
    assert "error: STORE: the store " in done.err
    assert wrong not in done.out + done.err
    with pytest.raises(ClientError, match="404"):
        minio.client().head_bucket(Bucket=name)
