"""Two nights of a small lake, on disk and in a bucket, made without an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from pipelines.control.ledger import Ledger
from pipelines.serving.endpoint import Endpoint
from pipelines.serving.engine import Backend
from pipelines.serving.flight import FlightSql
from pipelines.serving.tables import Tables, released, tables_of
from resources.lake import Lake
from resources.s3 import S3
from tests.servers.minio import Minio

ARCHIVE, PERSON, INDICATOR = "themes/health/archive", "base/population/person", "themes/health/indicator"
NIGHTS: list[dict[str, list[dict[str, Any]]]] = [
    {
        ARCHIVE: [{"ehr_no": "1", "state": "ACTIVE", "person_uid": "a"}, {"ehr_no": "2", "state": "ACTIVE", "person_uid": "b"}],
        PERSON: [{"person_uid": "a", "name": "欧阳测试"}, {"person_uid": "b", "name": "司徒测试"}],
        INDICATOR: [{"indicator": "archive_rate", "period": "2019", "value": 0.5}],
    },
    {
        ARCHIVE: [
            {"ehr_no": "1", "state": "DECEASED", "person_uid": "a"},
            {"ehr_no": "2", "state": "ACTIVE", "person_uid": "b"},
            {"ehr_no": "3", "state": "ACTIVE", "person_uid": "c"},
        ],
        PERSON: [{"person_uid": p, "name": n} for p, n in (("a", "欧阳测试"), ("b", "司徒测试"), ("c", "上官测试"))],
        INDICATOR: [{"indicator": "archive_rate", "period": "2019", "value": 0.75}],
    },
]


@dataclass(frozen=True)
class City:
    """A lake, and what a process must be told to reach it."""

    root: str
    s3: S3 | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def lake(self) -> Lake:
        return Lake(self.root, self.s3)

    @property
    def tables(self) -> Tables:
        return tables_of(self.lake, released(self.lake, 1))


def _made(city: City) -> City:
    for number, night in enumerate(NIGHTS, start=1):
        versions = {}
        for table, rows in night.items():
            stage = city.lake.stage(table, f"night{number}")
            stage.write_arrow(pa.Table.from_pylist(rows).to_reader())
            versions[table] = city.lake.publish(stage, base_version=city.lake.version(table), statistics=table == INDICATOR).version
        Ledger(city.lake).release(as_of=date(2019, 12, 28 + number), run_id=f"run{number}", versions=versions)
    return city


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """The lake on disk. Its newest release is 2; tests that serve it serve release 1."""
    return _made(City(str(tmp_path_factory.mktemp("analysts") / "lake")))


@pytest.fixture(scope="session")
def bucket_city(minio: Minio) -> City:
    """The same lake in a bucket."""
    s3 = minio.s3()
    settings = {
        "CITYLAKE_S3_ENDPOINT": minio.endpoint, "CITYLAKE_S3_ACCESS_KEY": minio.access_key, "CITYLAKE_S3_SECRET_KEY": minio.secret_key
    }  # fmt: skip
    return _made(City(f"s3://{minio.bucket()}/lake", s3, settings))


@pytest.fixture(params=["disk", "bucket"])
def any_city(request: pytest.FixtureRequest) -> City:
    """Each of the two."""
    found: City = request.getfixturevalue("city" if request.param == "disk" else "bucket_city")
    return found


@pytest.fixture(scope="session")
def backend() -> Iterator[Backend]:
    backend = Backend()
    yield backend
    backend.stop()


@pytest.fixture(scope="session")
def address(city: City, backend: Backend) -> Iterator[str]:
    """Where release 1 is served."""
    endpoint = Endpoint(city.tables, backend, "127.0.0.1", 0)
    yield endpoint.address
    endpoint.stop()


@pytest.fixture(scope="session")
def flight(city: City, backend: Backend) -> Iterator[str]:
    server = FlightSql(city.tables, backend, "127.0.0.1", 0)
    yield f"grpc://{server.address}"
    server.shutdown()


@pytest.fixture(scope="session")
def analyst(address: str) -> Iterator[SparkSession]:
    """A plain PySpark client of the endpoint."""
    session = SparkSession.builder.remote(f"sc://{address}").create()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file outside the lake that nobody may read."""
    file = tmp_path_factory.mktemp("outside") / "secret.txt"
    file.write_text("not-for-analysts\n")
    return file


@pytest.fixture
def untouched(city: City, tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """Afterwards the lake is what it was, and the folder given out is empty."""
    before = sorted(str(p) for p in Path(city.root).rglob("*"))
    (tmp_path / "out").mkdir()
    yield lambda: tmp_path / "out"
    assert not list((tmp_path / "out").iterdir())
    assert sorted(str(p) for p in Path(city.root).rglob("*")) == before
