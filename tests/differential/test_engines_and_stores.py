"""The same deliveries, with all their dirt, on every engine and every store: every table comes out equal, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import SecretStr

from resources.keys import create_key
from resources.lake import Lake
from resources.s3 import S3
from simulator import build
from tests.differential.lakes import differences
from tests.servers.minio import Minio
from tests.story.city import citylake

PEOPLE = 300
NIGHTS = 2
LAYERS = {"raw", "cleansed", "quarantine", "base", "themes", "operations"}


@dataclass(frozen=True)
class Deliveries:
    """What the departments have delivered, in a folder and, the same files, in a bucket."""

    root: Path
    bucket: str
    days: tuple[str, ...]


def s3_of(minio: Minio) -> S3:
    return S3(minio.endpoint, "us-east-1", minio.access_key, SecretStr(minio.secret_key))


@pytest.fixture(scope="module")
def deliveries(minio: Minio, tmp_path_factory: pytest.TempPathFactory) -> Deliveries:
    root, city, bucket = tmp_path_factory.mktemp("city"), build(PEOPLE, 11), minio.bucket()
    create_key(root / "pseudonym.key")
    days = city.nights[:NIGHTS]
    for night in range(NIGHTS):
        city.deliver(night, root / "landing", f"sqlite:///{root}/exchange.db")
    for file in [f for f in (root / "landing").rglob("*") if f.is_file()]:
        minio.client().upload_file(str(file), bucket, file.relative_to(root).as_posix())
    return Deliveries(root, bucket, tuple(d.isoformat() for d in days))


def nights(deliveries: Deliveries, minio: Minio, name: str, lake: str, landing: str, engine: dict[str, str]) -> Lake:
    """Run the nights as a user does, each in a process of its own, on one engine and one store."""
    here = deliveries.root / name
    here.mkdir()
    settings = {
        "lake": lake, "landing": landing, "exchange_url": f"sqlite:///{deliveries.root}/exchange.db",
        "key_file": f"{deliveries.root}/pseudonym.key", "home": f"{here}/dagster", "profile": "demo",
        "s3_endpoint": minio.endpoint, "s3_access_key": minio.access_key, "s3_secret_key": minio.secret_key, **engine,
    }  # fmt: skip
    config = here / "citylake.toml"
    few = '[spark_conf]\n"spark.sql.shuffle.partitions" = "2"\n' if engine["engine"] == "spark" else ""
    config.write_text("".join(f'{key} = "{value}"\n' for key, value in settings.items()) + few)
    for day in deliveries.days:
        result = citylake("run", "--as-of", day, cwd=here, config=config)
        assert result.code == 0, f"{name}, {day}: {result.out}{result.err}"
    return Lake(lake, s3_of(minio))


@pytest.fixture(scope="module")
def reference(deliveries: Deliveries, minio: Minio) -> Lake:
    """The embedded default: Sail on a folder."""
    root = deliveries.root
    return nights(deliveries, minio, "sail-disk", f"{root}/sail-disk/lake", f"{root}/landing", {"engine": "sail"})


@pytest.mark.slow
def test_sail_on_minio(deliveries: Deliveries, minio: Minio, reference: Lake) -> None:
    root = f"s3://{deliveries.bucket}"
    lake = nights(deliveries, minio, "sail-minio", f"{root}/sail/lake", f"{root}/landing", {"engine": "sail"})
    assert {t.split("/")[0] for t in lake.tables()} == LAYERS
    assert differences(reference, lake) == {}


@pytest.mark.slow
@pytest.mark.parametrize("store", ["disk", "minio"])
def test_spark(store: str, deliveries: Deliveries, minio: Minio, spark_server: str, reference: Lake) -> None:
    name, folder, bucket = f"spark-{store}", str(deliveries.root), f"s3://{deliveries.bucket}"
    lake, landing = (f"{folder}/{name}/lake", f"{folder}/landing") if store == "disk" else (f"{bucket}/spark/lake", f"{bucket}/landing")
    made = nights(deliveries, minio, name, lake, landing, {"engine": "spark", "spark": spark_server})
    assert differences(reference, made) == {}


def test_a_difference_is_found(tmp_path: Path) -> None:
    def lake(name: str, **columns: list[object]) -> Lake:
        made = Lake(str(tmp_path / name))
        made.append("themes/health/x", pa.table(columns))
        return made

    one = lake("one", key=[1, 2], value=[0.1 + 0.2, 1.0])
    assert differences(one, lake("same", key=[2, 1], value=[1.0, 0.3])) == {}
    assert "1 rows, the first: [('value', 1.0, 1.1)]" in differences(one, lake("value", key=[1, 2], value=[0.3, 1.1]))["themes/health/x"]
    assert "3 rows" in differences(one, lake("more", key=[1, 2, 2], value=[0.3, 1.0, 1.0]))["themes/health/x"]
    assert "types" in differences(one, lake("type", key=["1", "2"], value=[0.3, 1.0]))["themes/health/x"]
    assert "tables" in differences(one, Lake(str(tmp_path / "empty")))
