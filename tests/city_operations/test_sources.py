"""What emergency management delivers, badly; and a delivered city, in which the reports that tell of one event are found."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import pandas as pd
from pyspark.sql import SparkSession

from assets.base.geography.address import address
from assets.themes.city_operations.hotline_address import hotline_address
from assets.themes.city_operations.report import city_report
from pipelines.runtime import Runtime
from simulator.city import build
from tests.city_operations.channels import TABLES, Write
from tests.cleansed.nights import balanced, night, published, quarantined
from tests.deliveries import deliver, write_drop
from tests.departments import OF_OPERATIONS
from tests.frames import frame

FIRST = "2019-12-29"
Installation = Callable[..., Runtime]


def test_shelters_shifts_and_stocks(installation: Installation) -> None:
    city = installation(departments=OF_OPERATIONS)
    shelter = {"name": "文昌广场", "kind": "室外", "update_time": "2019-12-29 09:00:00", "county6": "江都市"}
    rows = [
        {**shelter, "shelter_no": "B1", "area_m2": "5,200.0", "capacity": "1,200", "lon": "32.39", "lat": "119.44"},
        {**shelter, "shelter_no": "B2", "area_m2": "5,200.00元", "opened_on": "2019-05-02", "closed_on": "2019-05-01"},
        {**shelter, "shelter_no": "B2", "area_m2": "5,200.00元", "opened_on": "2019-05-02", "closed_on": "2019-05-01"},
        {**shelter, "shelter_no": "B3", "kind": "地下", "area_m2": "0.52", "capacity": "很多", "lon": "121.5", "lat": "31.2"},
        {**shelter, "shelter_no": ""},
    ]
    deliver(city, "emergency/shelter", FIRST, rows, crs="CGCS2000")
    night(city, "emergency/shelter", FIRST)
    found = published(city, "emergency/shelter", "kind", "area_m2", "capacity", "lon", "county6")
    assert found == {
        "B1": ("OUTDOOR", Decimal("5200.00"), 1200, Decimal("119.44000000"), "321012"),
        "B2": ("OUTDOOR", Decimal("5200.00"), None, None, "321012"),
        "B3": (None, None, None, None, "321012"),
    }
    codes = {n: set(c) for n, c in published(city, "emergency/shelter", "_codes").items()}
    assert {"area_m2:F_NUMBER", "lon:F_SWAP", "county6:F_DIVISION"} <= codes["B1"]
    assert any(c.endswith(":W_ORDER") for c in codes["B2"])
    assert {"kind:E_CODE", "area_m2:E_RANGE", "capacity:E_NUMBER", "lon:E_BBOX"} <= codes["B3"]
    balanced(city, "emergency/shelter", (5, 3, 1, 1))

    shift = {"day": "2019年12月28日", "shift": "夜班", "planned_from": "2019-12-28 20:00:00", "update_time": "2019-12-29 08:00:00"}
    shifts = [
        {**shift, "duty_no": "D1", "came_at": "2019-12-28T12:05:00Z", "left_at": "2019-12-27 19:00:00", "phone": "13800000000"},
        {**shift, "duty_no": "D2", "shift": "中班"},
        {**shift, "duty_no": "D3", "planned_from": "晚上"},
    ]
    deliver(city, "emergency/duty", FIRST, shifts)
    night(city, "emergency/duty", FIRST)
    [(day, kind, came, phone, codes_)] = published(city, "emergency/duty", "day", "shift", "came_at", "phone", "_codes").values()
    assert (day, kind, came, phone) == (date(2019, 12, 28), "NIGHT", datetime(2019, 12, 28, 20, 5), None)
    assert any(c.endswith(":W_ORDER") for c in codes_)
    refused = [[c for c in codes if ":E_" in c] for (codes,) in quarantined(city, "emergency/duty", "codes")]
    assert sorted(refused) == [["planned_from:E_DATE"], ["shift:E_CODE"]]
    balanced(city, "emergency/duty", (3, 1, 2, 0))

    stock = {"warehouse_no": "CK1", "kind": "沙袋", "quota": "5000", "update_time": "2019-12-28 17:00:00"}
    lines = [
        {**stock, "quantity": "4,800", "stocked_on": "2015-01-01", "usable_to": "9999-12-31"},
        {**stock, "kind": "PUMP", "quantity": "-3"},
    ]
    data = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    write_drop(Path(city.settings.landing), city.contracts["cleansed/emergency/material"], FIRST, data, len(lines))
    night(city, "emergency/material", FIRST)
    assert published(city, "emergency/material", "quantity", "usable_to") == {
        ("CK1", "SANDBAG"): (4800, None),
        ("CK1", "PUMP"): (None, None),
    }


def test_acknowledgements_of_alerts(installation: Installation) -> None:
    """Names instead of codes, another clock, an answer before its alert or after the night; a rule and a moment that nobody can read."""
    city = installation(departments=OF_OPERATIONS)
    said = {"rule": "CONGESTION_SEVERE", "place": "321002", "alerted_at": "2019-12-29 08:00:00", "post": "市应急指挥中心值班席",
            "acknowledged_at": "2019-12-29 08:10:00", "action": "INFORMED", "update_time": "2019-12-29 08:11:00"}  # fmt: skip
    rows = [
        {**said, "acknowledgement_no": "Q1", "rule": "严重拥堵", "action": "派员", "acknowledged_at": "2019-12-29T00:10:00Z"},
        {**said, "acknowledgement_no": "Q2", "acknowledged_at": "2019-12-28 23:59:00", "action": "喝茶"},
        {**said, "acknowledgement_no": "Q3", "acknowledged_at": "2019-12-30 08:10:00"},
        {**said, "acknowledgement_no": "Q3", "acknowledged_at": "2019-12-30 08:10:00"},
        {**said, "acknowledgement_no": "Q4", "rule": "堵车"},
        {**said, "acknowledgement_no": "Q5", "alerted_at": "上午"},
        {**said, "acknowledgement_no": "Q6", "post": ""},
    ]
    deliver(city, "emergency/alert_acknowledgement", FIRST, rows)
    night(city, "emergency/alert_acknowledgement", FIRST)
    found = published(city, "emergency/alert_acknowledgement", "rule", "action", "acknowledged_at")
    assert found == {
        "Q1": ("CONGESTION_SEVERE", "DISPATCHED", datetime(2019, 12, 29, 8, 10)),
        "Q2": ("CONGESTION_SEVERE", None, datetime(2019, 12, 28, 23, 59)),
        "Q3": ("CONGESTION_SEVERE", "INFORMED", datetime(2019, 12, 30, 8, 10)),
    }
    codes = {n: set(c) for n, c in published(city, "emergency/alert_acknowledgement", "_codes").items()}
    assert any(c.endswith(":W_ORDER") for c in codes["Q2"])
    assert "acknowledged_at:W_FUTURE" in codes["Q3"]
    refused = sorted([c for c in codes if ":E_" in c] for (codes,) in quarantined(city, "emergency/alert_acknowledgement", "codes"))
    assert refused == [["alerted_at:E_DATE"], ["post:E_REQUIRED"], ["rule:E_CODE"]]
    balanced(city, "emergency/alert_acknowledgement", (7, 3, 3, 1))


def test_reports_of_one_event_are_found_in_a_delivered_city(spark: SparkSession, installation: Installation, write: Write) -> None:
    """Dirt, late and repeated rows and all: pairs of reports that the lake takes for one event, against the truth."""
    city = installation(departments=OF_OPERATIONS)
    made = build(1000, departments=[t for t in OF_OPERATIONS if "/" in t] + ["emergency/accident"])
    made.deliver(0, Path(city.settings.landing), city.settings.exchange_url.get_secret_value())
    delivered = {a: t for a, t in TABLES.items() if t.startswith("cleansed/")} | {"standard": "cleansed/public_security/standard_address"}
    for name in delivered.values():
        night(city, name.removeprefix("cleansed/"), FIRST)
    tables = {a: city.lake.read(spark, t).where("_op <> 'D'") for a, t in delivered.items()}
    division = frame(spark, "base/geography/division", [])
    tables["address"] = write(address(tables.pop("standard"), division, write))
    tables["place"] = write(hotline_address(tables["order"], division))
    tables["call"] = frame(spark, TABLES["call"], [])
    grid = frame(spark, "base/geography/grid", [])
    report = city_report(**tables, division=division, grid=grid, checkpoint=write, as_of=date(2019, 12, 31))
    found = pd.DataFrame(report.select("report_no", "event_uid").collect(), columns=["report_no", "event_uid"])
    of_hotline = report.where("source = 'HOTLINE'").collect()
    assert sum(r.lon is not None for r in of_hotline) > 0.9 * len(of_hotline)
    rows = found.merge(made.truth["city_event"], on="report_no", how="left")
    ours, true = (_pairs(rows, column) for column in ("event_uid", "event"))
    assert len(true) > 80
    assert len(ours & true) / len(ours) >= 0.98, sorted(ours - true)
    assert len(ours & true) / len(true) >= 0.95, sorted(true - ours)


def _pairs(rows: pd.DataFrame, column: str) -> set[tuple[str, str]]:
    """Every two reports of one event."""
    return {pair for _, of in rows.groupby(column)["report_no"] for pair in combinations(sorted(of), 2)}
