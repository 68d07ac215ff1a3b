"""The servers as pytest fixtures: `pytest_plugins = ["tests.servers.fixtures"]`.

One MinIO and one PostgreSQL serve the whole session; each test has buckets, databases and a proxy of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.minio import Minio, minio_server
from tests.servers.postgres import Postgres, postgres_server
from tests.servers.proxy import Proxy, proxy_server


@pytest.fixture(scope="session")
def minio() -> Iterator[Minio]:
    """The session's MinIO. A test that kills its server starts one of its own: `with minio_server() as mine`."""
    with minio_server() as server:
        yield server


@pytest.fixture
def bucket(minio: Minio) -> str:
    """The name of a new, empty bucket."""
    return minio.bucket()


@pytest.fixture
def proxy(minio: Minio) -> Iterator[Proxy]:
    """A proxy in front of MinIO that passes everything on until it is told otherwise."""
    with proxy_server(minio.endpoint) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server
