"""The servers as pytest fixtures: `pytest_plugins = ["tests.servers.fixtures"]`.

One MinIO and one PostgreSQL serve the whole session; each test has buckets, databases and a proxy of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from resources.spark import SERVER
from tests.servers.minio import Minio, minio_server
from tests.servers.postgres import Postgres, postgres_server
from tests.servers.proxy import Proxy, proxy_server
from tests.servers.spark_connect import spark_connect_server

SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Of a server that lives for minutes: Java's second compiler would take more time than it saves."""
QUICKLY = {"spark.driver.extraJavaOptions": f"{SERVER['spark.driver.extraJavaOptions']} {SHORT_LIVED}"}
SMALL = {"spark.driver.memory": "3g", **QUICKLY}


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


@pytest.fixture(scope="session")
def spark_server(minio: Minio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The session's Apache Spark, `sc://…`, which knows the session's MinIO. A JVM that has run before is several times faster."""
    store = {
        "CITYLAKE_S3_ENDPOINT": minio.endpoint,
        "CITYLAKE_S3_ACCESS_KEY": minio.access_key,
        "CITYLAKE_S3_SECRET_KEY": minio.secret_key,
        "CITYLAKE_SPARK_CONF": json.dumps(SMALL),
    }
    with spark_connect_server(tmp_path_factory.mktemp("spark"), store) as address:
        yield address
