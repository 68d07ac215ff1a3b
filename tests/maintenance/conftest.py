from __future__ import annotations

from collections.abc import Callable

import pytest

from pipelines.runtime import Runtime
from resources.engine import Engine
from resources.settings import Settings
from tests.maintenance.lakes import Kept
from tests.servers.minio import Minio


@pytest.fixture(params=["folder", "bucket"])
def kept(request: pytest.FixtureRequest, installation: Callable[..., Runtime], engine: Engine) -> Kept:
    """The same city with its lake in a folder and in a bucket."""
    city = installation()
    if request.param == "bucket":
        minio: Minio = request.getfixturevalue("minio")
        place = {"lake": f"s3://{minio.bucket()}/lake", "s3_endpoint": minio.endpoint, "s3_access_key": minio.access_key}
        settings = {**city.settings.model_dump(), **place, "s3_secret_key": minio.secret_key}
        city = Runtime.of(Settings(**settings), engine)
    return Kept(city)


@pytest.fixture(autouse=True)
def a_long_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten commits are many, so that stories stay short."""
    monkeypatch.setattr("resources.maintenance.MANY_COMMITS", 10)
