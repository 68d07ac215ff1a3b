"""The same deliveries, with all their dirt, on every engine and every store: every table comes out equal, row by row.

Spark is slow on so few rows: night after night is run on it for a table of each mode, and every base and thematic table is made on it once,
out of what Sail has cleansed. A night on Spark with an object store and PostgreSQL is compared in `tests/installation`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from assets.declare import in_order
from pipelines.runtime import Runtime
from pipelines.steps.derive import derive
from resources.keys import create_key
from resources.lake import Lake
from resources.settings import Settings
from simulator import build
from tests.departments import ABOUT_PERSONS
from tests.differential.lakes import differences
from tests.servers.minio import Minio
from tests.story.city import citylake, toml

PEOPLE = 300
NIGHTS = 2
EACH_MODE = ("health/archive", "public_security/resident", "health/outpatient_visit")
"""Tables of each mode (full, inc, append)."""
FEW_ROWS = {"spark.sql.shuffle.partitions": "2"}
INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
"""Compiling code takes longer than interpreting it for so few rows: the first night and the base and thematic tables are interpreted. The
second night and that of `tests/installation` run compiled."""
FRESH = ("sail", "disk")
"""What the others are held against, in Pythons of their own."""
LAYERS = {"raw", "cleansed", "quarantine", "operations"}


@dataclass(frozen=True)
class Deliveries:
    """What the departments have delivered on two days, in a folder and, the same files, in a bucket."""

    root: Path
    bucket: str
    days: tuple[str, ...]


@pytest.fixture(scope="module")
def deliveries(minio: Minio, tmp_path_factory: pytest.TempPathFactory) -> Deliveries:
    root, city, bucket = tmp_path_factory.mktemp("city"), build(PEOPLE, 11, departments=ABOUT_PERSONS), minio.bucket()
    create_key(root / "pseudonym.key")
    for night in range(NIGHTS):
        city.deliver(night, root / "landing", f"sqlite:///{root}/exchange.db")
    for file in [f for f in (root / "landing").rglob("*") if f.is_file()]:
        minio.client().upload_file(str(file), bucket, file.relative_to(root).as_posix())
    return Deliveries(root, bucket, tuple(d.isoformat() for d in city.nights[:NIGHTS]))


Run = Callable[..., Lake]


@pytest.fixture(scope="module")
def run(deliveries: Deliveries, minio: Minio) -> Run:
    """`run("sail", "disk", day, …)`: nights as a user runs them, each in a process of its own, on one engine and one store.

    `tables`: only these, in raw and cleansed.
    """
    root = deliveries.root

    def once(engine: str, store: str, *days: str, tables: tuple[str, ...] = (), **more: str) -> Lake:
        name = f"{engine}-{store}-{len(days)}"
        (root / name).mkdir()
        place = {"disk": root.as_posix(), "minio": f"s3://{deliveries.bucket}"}[store]
        settings = {
            "lake": f"{place}/{name}/lake", "landing": f"{place}/landing", "exchange_url": f"sqlite:///{root}/exchange.db",
            "key_file": f"{root}/pseudonym.key", "home": f"{root}/{name}/dagster", "profile": "demo", "engine": engine,
            "departments": ABOUT_PERSONS,
            "s3_endpoint": minio.endpoint, "s3_access_key": minio.access_key, "s3_secret_key": minio.secret_key, **more,
        }  # fmt: skip
        config = root / name / "citylake.toml"
        for night, day in enumerate(days):
            conf = {f'"{name}"': value for name, value in (FEW_ROWS if night else FEW_ROWS | INTERPRETED).items()}
            session = "[spark_conf]\n" + toml(conf) if engine == "spark" else ""
            config.write_text(toml(settings) + session)
            selected = [f"--select={layer}/{t}" for t in tables for layer in ("raw", "cleansed")]
            result = citylake("run", "--as-of", day, *selected, cwd=root / name, config=config, fresh=(engine, store) == FRESH)
            assert result.code == 0, f"{name}, {day}: {result.out}{result.err}"
        return Lake(settings["lake"], minio.s3())

    return once


@pytest.mark.slow
def test_night_after_night_on_a_disk(run: Run, deliveries: Deliveries, spark_server: str) -> None:
    sail = run("sail", "disk", *deliveries.days, tables=EACH_MODE)
    spark = run("spark", "disk", *deliveries.days, tables=EACH_MODE, spark=spark_server)
    assert {t.split("/")[0] for t in sail.tables()} == LAYERS
    assert differences(sail, spark) == {}


@pytest.fixture(scope="module")
def whole(run: Run, deliveries: Deliveries) -> Lake:
    """One night of all tables, on Sail and a disk."""
    return run("sail", "disk", deliveries.days[-1])


@pytest.mark.slow
def test_sail_on_an_object_store(run: Run, deliveries: Deliveries, whole: Lake) -> None:
    assert differences(whole, run("sail", "minio", deliveries.days[-1])) == {}


@pytest.mark.slow
def test_every_function_makes_on_spark_what_it_makes_on_sail(deliveries: Deliveries, whole: Lake, spark_server: str) -> None:
    root = deliveries.root / "functions"
    for layer in ("raw", "cleansed"):
        shutil.copytree(f"{whole.root}/{layer}", root / "lake" / layer)
    settings = Settings(
        lake=f"{root}/lake", landing=f"{deliveries.root}/landing", key_file=deliveries.root / "pseudonym.key", home=root / "dagster",
        profile="demo", departments=ABOUT_PERSONS, engine="spark", spark=spark_server, spark_conf=FEW_ROWS | INTERPRETED,
    )  # fmt: skip
    runtime, day = Runtime.of(settings), date.fromisoformat(deliveries.days[-1])
    try:
        made = [derive(runtime, asset, day, "spark").table for asset in in_order() if asset.name in runtime.contracts]
    finally:
        runtime.engine.stop()
    assert {"base/population/person", "themes/health/archive", "themes/health/indicator"} <= set(made)
    assert differences(whole, runtime.lake, made) == {}


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
