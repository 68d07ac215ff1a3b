"""Bad readings of stations and laboratories: each is judged as its contract says, and every row is accounted for."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from contracts import Contract
from pipelines.runtime import Runtime
from tests.cleansed.nights import balanced, night, published, quarantined, take_in
from tests.deliveries import deliver, exchange, write_drop
from tests.departments import OF_NATURE

FIRST, SECOND = "2019-12-29", "2019-12-30"
MIDNIGHT = datetime(2019, 12, 29)
Installation = Callable[..., Runtime]


def refused(city: Runtime, table: str) -> list[list[str]]:
    """The errors of every quarantined row."""
    return [[code for code in codes if ":E_" in code] for (codes,) in quarantined(city, table, "codes")]


def hour(station: str, measured_at: str, pm25: str, sent_time: str, **others: str) -> dict[str, Any]:
    return {"station_code": station, "measured_at": measured_at, "pm25": pm25, "sent_time": sent_time, **others}


def test_of_an_hour_the_version_that_was_sent_last_counts_whatever_the_order_of_arrival(installation: Installation) -> None:
    city, table = installation(departments=OF_NATURE), "environment/air_hour"
    first = [
        hour("YZ01", "2019-12-29 07:00:00", "88", "2019-12-29 08:05:00"),
        hour("YZ01", "2019-12-29 08:00:00", "41", "2019-12-29 11:00:00"),
        hour("YZ01", "2019-12-29 08:00:00", "55", "2019-12-29 09:05:00"),
        hour("YZ02", "2019-12-28 24:00:00", "30", "2019-12-29 01:05:00"),
        hour("YZ03", "2019-12-28T16:00:00Z", "31", "2019-12-29 01:05:00"),
        hour("YZ04", "2019-12-29 上午0:00:00", "-5", "2019-12-29 01:05:00", co="800", pm25_flag="有效性不足", o3="99999", no2="未检出"),
        hour("YZ05", "中午", "33", "2019-12-29 12:05:00"),
    ]
    deliver(city, table, FIRST, first)
    night(city, table, FIRST)
    later = [
        hour("YZ01", "2019-12-29 07:00:00", "91", "2019-12-29 07:30:00"),  # sent before the one that is known
        hour("YZ01", "2019-12-29 08:00:00", "39", "2019-12-30 10:00:00"),
    ]
    deliver(city, table, SECOND, later)
    night(city, table, SECOND)

    found = published(city, table, "pm25", "pm25_flag", "co", "o3", "no2", "_codes")
    assert {key: row[0] for key, row in found.items()} == {
        ("YZ01", datetime(2019, 12, 29, 7)): 88,
        ("YZ01", datetime(2019, 12, 29, 8)): 39,
        ("YZ02", MIDNIGHT): 30,
        ("YZ03", MIDNIGHT): 31,
        ("YZ04", MIDNIGHT): None,
    }
    codes = {key[0]: set(row[-1]) for key, row in found.items() if key[1] == MIDNIGHT}
    assert codes["YZ02"] == {"measured_at:F_DATE"}
    assert codes["YZ03"] == {"measured_at:F_ZONE"}
    assert found["YZ04", MIDNIGHT][1:5] == ("H", Decimal("0.800"), None, None)
    assert codes["YZ04"] >= {"pm25:E_RANGE", "pm25_flag:F_CODE", "co:F_UNIT", "o3:E_RANGE", "no2:E_NUMBER"}
    assert refused(city, table) == [["measured_at:E_DATE"]]
    balanced(city, table, (7, 5, 1, 1), (2, 1, 0, 1))


def _workbook(contract: Contract, rows: list[dict[str, str]]) -> bytes:
    """A laboratory's report: a title, the header, the samples, a total."""
    book = Workbook()
    sheet = book.active
    sheet.append(["扬州市地表水水质手工监测"])
    sheet.append([c.source for c in contract.delivered])
    for row in rows:
        sheet.append([row.get(c.name) for c in contract.delivered])
    sheet.append(["合计", len(rows)])
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def test_a_result_below_the_limit_of_detection_is_the_limit_with_its_qualifier(installation: Installation) -> None:
    city, table = installation(departments=OF_NATURE), "environment/water_manual"
    contract = city.contracts[f"cleansed/{table}"]
    sample = {"section_code": "DM321001", "month": "2019年12月", "sample_date": "2019/12/5", "sent_time": "2019-12-14 16:30:00"}
    samples = [
        {**sample, "sample_no": "S1", "cu": "0.02L", "zn": "ND", "hg": "<0.00004", "cd": "未检出", "nh3n": "0.35"},
        {**sample, "sample_no": "S2", "nh3n": "410", "do": "30", "ph": "-1", "cod": "约18", "tp": "0.1234567", "oil": "0.02 L"},
        {**sample, "sample_no": "S3", "sample_date": "2019-12-32"},
    ]
    write_drop(Path(city.settings.landing), contract, FIRST, _workbook(contract, samples), len(samples))
    night(city, table, FIRST)
    items = ("cu", "cu_qualifier", "zn", "zn_qualifier", "hg", "hg_qualifier", "cd", "cd_qualifier", "nh3n", "nh3n_qualifier")
    assert published(city, table, *items) == {
        ("DM321001", "201912", "S1"): (
            *(Decimal("0.02"), "L"), *(None, "ND"), *(Decimal("0.00004"), "<"), *(None, "ND"), *(Decimal("0.35"), None),
        ),
        ("DM321001", "201912", "S2"): (None,) * 8 + (Decimal("0.41"), None),
    }  # fmt: skip
    wrong = published(city, table, "do", "ph", "cod", "tp", "oil", "oil_qualifier", "_codes")["DM321001", "201912", "S2"]
    assert wrong[:6] == (None, None, None, None, Decimal("0.02"), "L")
    expected = {"nh3n:F_UNIT", "do:E_RANGE", "ph:E_RANGE", "cod:E_NUMBER", "tp:E_SCALE", "oil:F_QUALIFIER"}
    assert expected <= set(wrong[6])
    assert refused(city, table) == [["sample_date:E_DATE"]]
    balanced(city, table, (3, 2, 1, 0))


def test_a_list_with_coordinates_says_in_which_system_and_a_station_may_move(installation: Installation) -> None:
    city, table = installation(departments=OF_NATURE), "environment/air_station"
    station = {"station_code": "YZ01", "name": "城东", "level": "国控", "county6": "江都市", "lon": "119.57", "lat": "32.434"}
    other = {**station, "station_code": "YZ02", "lon": "32.4", "lat": "119.4", "county6": "321081", "update_time": "2019-12-01 08:00:00"}
    elsewhere = {**other, "station_code": "YZ03", "lon": "121.5", "lat": "31.2"}
    rows = [{**station, "update_time": "2019-12-01 08:00:00"}, other, elsewhere]
    for crs in ({}, {"crs": "YANGZHOU"}, {"crs": "GCJ02"}):
        deliver(city, table, FIRST, rows, **crs)
        assert "agreed is 'WGS84'" in str(take_in(city, table, FIRST).problems), crs
    assert city.lake.rows(f"raw/{table}") == 0

    deliver(city, table, FIRST, rows, crs="WGS84")
    night(city, table, FIRST)
    before = city.lake.version(f"cleansed/{table}")
    deliver(city, table, SECOND, [{**rows[0], "lon": "119.58", "update_time": "2019-12-30 08:00:00"}, *rows[1:]], crs="WGS84")
    night(city, table, SECOND)
    found = published(city, table, "lon", "lat", "level", "county6")
    assert found == {
        "YZ01": (Decimal("119.58"), Decimal("32.434"), "NATIONAL", "321012"),
        "YZ02": (Decimal("119.4"), Decimal("32.4"), "NATIONAL", "321081"),
        "YZ03": (None, None, "NATIONAL", "321081"),
    }
    codes = published(city, table, "_codes")
    assert {"lon:F_SWAP", "lat:F_SWAP"} <= set(codes["YZ02"])
    assert {"lon:E_BBOX", "lat:E_BBOX"} <= set(codes["YZ03"])
    earlier = city.lake.arrow(f"cleansed/{table}", version=before)
    assert earlier is not None
    assert {r["station_code"]: r["lon"] for r in earlier.to_pylist()}["YZ01"] == Decimal("119.57")
    raw = city.lake.arrow(f"raw/{table}", columns=["station_code", "lon"])
    assert raw is not None
    assert sorted(r["lon"] for r in raw.to_pylist() if r["station_code"] == "YZ01") == ["119.57", "119.58"]


def test_a_level_without_a_datum_is_kept_and_flagged(installation: Installation) -> None:
    city, table = installation(departments=OF_NATURE), "water_resources/water_level"
    levels = [
        ("SW01", "6.12", "废黄河"), ("SW02", "5.75", "85高程"), ("SW03", "5.10", None), ("SW04", "6.60", "吴淞高程"),
        ("SW05", "612", "85高程"),
        ("SW06", "-12", "85高程"),
    ]  # fmt: skip
    time = {"measured_at": "2019-12-29 08:00:00", "sent_time": "2019-12-29 09:05:00"}
    exchange(city, table, FIRST, [{"station_code": code, "level": level, "datum": datum, **time} for code, level, datum in levels])
    night(city, table, FIRST)
    found = {key[0]: row for key, row in published(city, table, "level", "datum", "_codes").items()}
    assert {code: row[:2] for code, row in found.items()} == {
        "SW01": (Decimal("6.12"), "FHH"),
        "SW02": (Decimal("5.75"), "CNHD85"),
        "SW03": (Decimal("5.10"), None),
        "SW04": (Decimal("6.60"), None),
        "SW05": (None, "CNHD85"),
        "SW06": (None, "CNHD85"),
    }
    assert set(found["SW03"][2]) == {"level:W_REFERENCE"}
    assert set(found["SW04"][2]) == {"level:W_REFERENCE", "datum:E_CODE"}
    assert [set(found[code][2]) for code in ("SW05", "SW06")] == [{"level:E_RANGE", "datum:F_CODE"}] * 2
    balanced(city, table, (6, 6, 0, 0))


def test_a_scene_in_an_unknown_unit_and_an_area_that_cannot_be_drawn_are_quarantined(installation: Installation) -> None:
    city, scenes, areas = installation(departments=OF_NATURE), "environment/remote_sensing_scene", "natural_resources/red_line"
    scene = {
        "platform": "卫星",
        "product": "CHLA",
        "captured_at": "2019-12-28 10:30:00",
        "sent_time": "2019-12-28 16:30:00",
        "value_mean": "18.5",
    }
    box = {"west": "119.25", "south": "32.7", "east": "119.4", "north": "32.98"}
    lines = [{**scene, **box, "scene_id": f"RS{n}", "unit": unit} for n, unit in enumerate(("µg/L", "mg/m³", "NTU", "ppb", ""))]
    data = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    write_drop(Path(city.settings.landing), city.contracts[f"cleansed/{scenes}"], FIRST, data, len(lines), crs="WGS84")
    night(city, scenes, FIRST)
    assert published(city, scenes, "unit") == {"RS0": "UG_L", "RS1": "UG_L", "RS2": "NTU"}
    assert refused(city, scenes) == [["unit:E_CODE"], ["unit:E_REQUIRED"]]
    balanced(city, scenes, (5, 3, 2, 0))

    ring = "450000 3590000,451000 3590000,451000 3591000,450000 3590000"
    drawn = {
        "RL0001": f"POLYGON(({ring}))", "RL0002": f"MULTIPOLYGON((({ring})))", "RL0003": f"POLYGON(({ring[:-15]}))",
        "RL0004": "POLYGON((119.4 32.4,119.5 32.4,119.5 32.5,119.4 32.4))", "RL0005": "见附图",
    }  # fmt: skip
    area = {"kind": "生态红线", "county6": "321012", "valid_from": "2018-06-09", "update_time": "2018-06-30 10:00:00"}
    deliver(city, areas, FIRST, [{**area, "red_line_code": code, "geometry": text} for code, text in drawn.items()], crs="GK120")
    night(city, areas, FIRST)
    assert published(city, areas, "geometry") == {(code, date(2018, 6, 9)): drawn[code] for code in ("RL0001", "RL0002")}
    assert refused(city, areas) == [["geometry:E_GEOMETRY"]] * 3
    balanced(city, areas, (5, 2, 3, 0))
