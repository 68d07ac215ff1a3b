"""The marks of manifests: what tells a changed one from one that was read before, in a folder and in a bucket."""

from __future__ import annotations

from pathlib import Path

import pytest

from resources.store import Bucket, Folder, Store
from tests.servers.minio import Minio

NAME = "manifest.json"


def put(store: Store, path: str, text: str) -> None:
    if isinstance(store, Bucket):
        store.client.put_object(Bucket=store.bucket, Key=store.key(path), Body=text.encode())
    else:
        file = Path(store.root, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Folder(str(tmp_path))
    minio: Minio = request.getfixturevalue("minio")
    return Bucket(f"s3://{minio.bucket()}/landing", minio.s3())


def test_a_mark_changes_with_its_file_only(store: Store) -> None:
    assert store.marks("health/staff", NAME) == {}
    for path in (
        "2019-12-29/manifest.json",
        "2019-12-30/manifest.json",
        "2019-12-30/a.csv",
        "2019-12-30/old/manifest.json",
        "manifest.json",
    ):
        put(store, f"health/staff/{path}", "1")
    before = store.marks("health/staff", NAME)
    assert sorted(before) == ["2019-12-29", "2019-12-30"]
    put(store, "health/staff/2019-12-30/manifest.json", "2")
    put(store, "health/staff/2019-12-29/a.csv", "1")
    after = store.marks("health/staff", NAME)
    assert [after[day] == before[day] for day in sorted(before)] == [True, False]
    store.delete(["health/staff/2019-12-29/manifest.json"])
    assert sorted(store.marks("health/staff", NAME)) == ["2019-12-30"]
