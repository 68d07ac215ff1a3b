"""One engine for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    _, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "Asia/Shanghai")
    yield session
    session.stop()
    server.stop()
