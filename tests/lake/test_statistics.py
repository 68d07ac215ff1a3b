"""The Delta log of a table: ranges of columns that are nobody's secret, never a personal value."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from contracts import load_all
from pipelines.runtime import Runtime
from resources.lake import Lake
from tests.cleansed.nights import citizen, night
from tests.deliveries import deliver

TABLE = "health/archive"
PERSONAL = {
    "name": "欧阳测试", "phone": "13800001234", "contact_name": "司徒联系", "contact_phone": "13900004321",
    "address": "测试路一号", "hukou_addr": "测试巷二号", "birth_date": "1908-01-01", "allergy": "青霉素过敏",
    "dead_date": "2019-11-11", "ehr_no": "32109900100100077",
}  # fmt: skip
OPEN = {"empi_id": "E1", "mana_org": "321099001", "create_date": "2011-03-04", "status": "1", "update_time": "2019-12-01 08:00:00"}


def _log(folder: Path) -> str:
    return "".join(p.read_text(encoding="utf-8") for p in sorted(folder.rglob("_delta_log/*.json")))


@pytest.mark.proves("H10")
def test_log_of_every_layer_holds_no_personal_value(installation: Callable[..., Runtime], proven: Callable[..., None]) -> None:
    city = installation()
    secret = {**PERSONAL, "id_no": citizen(7), "id_type": "01"}
    held = {**secret, "empi_id": "E2", "status": "nonsense", "update_time": OPEN["update_time"]}
    deliver(city, TABLE, "2019-12-31", [{**secret, **OPEN}, held])
    night(city, TABLE, "2019-12-31")
    found = city.lake.arrow(f"cleansed/{TABLE}")
    assert found is not None
    stored = str(found.to_pylist())
    for layer in ("raw", "cleansed", "quarantine"):
        log = _log(Path(city.lake.uri(f"{layer}/{TABLE}")))
        assert log.count('"add"') == 1
        for value in (*PERSONAL.values(), citizen(7)):
            assert value not in log
    for value in ("欧阳测试", "13800001234", citizen(7)):
        assert value in stored, "the value must have been there to be left out"
    proven(done="a night of known values, the logs of every layer read as text", seen="no personal value in any")


def test_statistics_of_a_table_of_persons_are_counts_only(installation: Callable[..., Runtime]) -> None:
    city = installation()
    deliver(city, TABLE, "2019-12-31", [{**PERSONAL, **OPEN}, {**PERSONAL, **OPEN, "empi_id": "E9", "phone": ""}])
    night(city, TABLE, "2019-12-31")
    stats = _statistics(Path(city.lake.uri(f"cleansed/{TABLE}")))
    assert stats["numRecords"] == 2
    assert not stats.get("minValues")
    assert not stats.get("maxValues")


def test_a_contract_permits_ranges_only_without_personal_columns() -> None:
    permitted = {name: c.statistics for name, c in load_all().items()}
    assert permitted["themes/health/indicator"]
    for name, contract in load_all().items():
        if any(c.classification in ("L3", "L4") for c in contract.columns):
            assert not permitted[name], name


def test_table_without_personal_columns_has_ranges(tmp_path: Path, spark: SparkSession) -> None:
    lake = Lake(str(tmp_path / "lake"))
    for version, permitted in enumerate((True, False)):
        stage = lake.stage("themes/health/indicator", f"v{version}")
        rows = [("A", 1, date(2011, 3, 4), Decimal("1.50")), ("B", 9, date(2012, 5, 6), Decimal("2.50"))]
        stage.write(spark.createDataFrame(rows, "name string, n int, day date, rate decimal(7,2)").coalesce(1))
        lake.publish(stage, base_version=lake.version(stage.table), statistics=permitted)
        log = Path(lake.uri(stage.table)) / "_delta_log" / f"{version:020}.json"
        stats = _added(log.read_text())
        if permitted:
            assert stats["minValues"] == {"name": "A", "n": 1, "day": "2011-03-04", "rate": 1.5}
            assert stats["maxValues"] == {"name": "B", "n": 9, "day": "2012-05-06", "rate": 2.5}
        else:
            assert not stats.get("minValues")
        assert stats["numRecords"] == 2
        found = lake.read(spark, stage.table).where("n = 9 and day = date'2012-05-06'").collect()
        assert [r["name"] for r in found] == ["B"], "a filter must find its rows whatever the log says"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_range_of_a_local_time_does_not_depend_on_the_machine(
    tmp_path: Path, spark: SparkSession, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    lake = Lake(str(tmp_path / "lake"))
    stage = lake.stage("themes/health/indicator", "v0")
    stage.write(spark.sql("select cast('2019-12-31 08:00:00' as timestamp_ntz) as at"))
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", zone)
        time.tzset()
        lake.publish(stage, base_version=None, statistics=True)
    time.tzset()
    stats = _statistics(Path(lake.uri(stage.table)))
    assert stats["minValues"]["at"].startswith("2019-12-31T08:00:00")
    assert lake.read(spark, stage.table).where("at = cast('2019-12-31 08:00:00' as timestamp_ntz)").count() == 1


def _statistics(folder: Path) -> dict[str, Any]:
    return _added(_log(folder))


def _added(log: str) -> dict[str, Any]:
    (added,) = [a["add"] for a in map(json.loads, log.splitlines()) if "add" in a]
    return json.loads(added["stats"])  # type: ignore[no-any-return]
