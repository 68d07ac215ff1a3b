"""What urban management delivers, badly: each row is judged as its contract says, and every row is accounted for."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.runtime import Runtime
from simulator.world.ground import gcj02
from tests.cleansed.nights import balanced, night, published, quarantined, take_in
from tests.deliveries import deliver, write_drop
from tests.departments import OF_STREETS

FIRST, SECOND = "2019-12-29", "2019-12-30"
Installation = Callable[..., Runtime]


def report(case_no: str, update_time: str, **others: str) -> dict[str, Any]:
    return {"case_no": case_no, "found_time": "2019-12-28 08:00:00", "update_time": update_time, **others}


def test_a_case_moves_on_and_lies_where_the_map_says(installation: Installation) -> None:
    """GCJ-02 only by contract; a repeated row, a closed case that is still being checked, labels, an older version that comes later."""
    city, table = installation(departments=OF_STREETS), "urban_management/case"
    lon, lat = (f"{v:.6f}" for v in gcj02(119.44, 32.39))
    rows = [
        report("A1", "2019-12-28 09:00:00", lon=lon, lat=lat, problem_type="店外经营", source="12345", state="已派遣"),
        report("A1", "2019-12-28 09:00:00", lon=lon, lat=lat, problem_type="店外经营", source="12345", state="已派遣"),
        report("A2", "2019-12-29 09:00:00", lon=lat, lat=lon, state="核查", close_time="2019-12-29 08:30:00"),
        report("A3", "2019-12-29 09:00:00", lon="0", lat="0", return_count="三次", problem_type="E9999"),
        report("A4", "昨天"),
        report("A5", "2019-12-29 09:00:00", lon="121.5", lat="31.2", finish_time="2019-12-27 08:00:00", accept_time="2019-12-28 08:00:00"),
    ]
    for crs in ({}, {"crs": "CGCS2000"}):
        deliver(city, table, FIRST, rows, **crs)
        assert "agreed is 'GCJ02'" in str(take_in(city, table, FIRST).problems), crs
    deliver(city, table, FIRST, rows, crs="GCJ02")
    night(city, table, FIRST)
    later = [
        report("A1", "2019-12-29 20:00:00", lon=lon, lat=lat, problem_type="E0504", state="结案", close_time="2019-12-29 19:00:00"),
        report("A2", "2019-12-28 09:00:00", state="立案"),
    ]
    deliver(city, table, SECOND, later, crs="GCJ02")
    night(city, table, SECOND)

    found = published(city, table, "problem_type", "state", "lon", "lat", "close_time")
    assert found.keys() == {"A1", "A2", "A3", "A5"}
    assert [found[n][:2] for n in ("A1", "A2", "A3")] == [("E0504", "CLOSED"), (None, "CLOSED"), (None, None)]
    for name in ("A1", "A2"):
        assert [abs(a - Decimal(b)) < Decimal("0.00001") for a, b in zip(found[name][2:4], ("119.44", "32.39"), strict=True)] == [
            True,
            True,
        ]
    assert [found[n][2:4] for n in ("A3", "A5")] == [(None, None)] * 2
    codes = {n: set(c) for n, c in published(city, table, "_codes").items()}
    assert codes["A2"] == {"lon:F_SWAP", "lat:F_SWAP", "lon:F_CRS", "lat:F_CRS", "state:F_CODE", "state:F_STATUS"}
    assert codes["A3"] == {"lon:F_NULL", "lat:F_NULL", "return_count:E_NUMBER", "problem_type:E_CODE"}
    assert {"lon:E_BBOX", "lat:E_BBOX"} <= codes["A5"]
    assert any(c.endswith(":W_ORDER") for c in codes["A5"])
    assert sum("lon:F_CRS" in c for c in codes.values()) == sum(row[2] is not None for row in found.values()) == 2
    assert [[c for c in codes if ":E_" in c] for (codes,) in quarantined(city, table, "codes")] == [["update_time:E_DATE"]]
    balanced(city, table, (6, 4, 1, 1), (2, 1, 0, 1))


def test_positions_alerts_and_swept_roads(installation: Installation) -> None:
    city = installation(departments=OF_STREETS)
    bike = {"company": "HL", "bike_no": "B1", "measured_at": "2019-12-29 08:00:00"}
    east, north = gcj02(119.44, 32.39)
    rows = [
        {**bike, "lon": f"{east:.6f}", "lat": f"{north:.6f}", "state": "故障", "sent_time": "2019-12-29 08:01:00"},
        {**bike, "lon": str(round(east * 1e6)), "lat": str(round(north * 1e6)), "state": "可用", "sent_time": "2019-12-29 08:02:00"},
        {**bike, "bike_no": "", "sent_time": "2019-12-29 08:02:00"},
    ]
    deliver(city, "urban_management/bike_snapshot", FIRST, rows, crs="GCJ02")
    night(city, "urban_management/bike_snapshot", FIRST)
    [(state, lon, codes)] = published(city, "urban_management/bike_snapshot", "state", "lon", "_codes").values()
    assert (state, round(lon, 4)) == ("AVAILABLE", Decimal("119.44"))
    assert {"lon:F_UNIT", "lon:F_CRS", "state:F_CODE"} <= set(codes)
    balanced(city, "urban_management/bike_snapshot", (3, 1, 1, 1))

    alert = {"alert_no": "1", "alerted_at": "2019-12-29T08:00:00Z", "sent_time": "2019-12-29 16:00:01", "problem_type": "暴露垃圾"}
    lines = [
        {**alert, "confidence": "93.5"},
        {**alert, "confidence": "0.935", "verdict": "属实", "sent_time": "2019-12-29 17:00:00"},
        {**alert, "alert_no": "2", "confidence": "很高", "verdict": "也许"},
    ]
    data = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    write_drop(Path(city.settings.landing), city.contracts["cleansed/urban_management/video_patrol"], FIRST, data, len(lines))
    night(city, "urban_management/video_patrol", FIRST)
    assert published(city, "urban_management/video_patrol", "confidence", "verdict", "alerted_at", "problem_type") == {
        "1": (Decimal("0.9350"), "CONFIRMED", datetime(2019, 12, 29, 16), "E0102"),
        "2": (None, None, datetime(2019, 12, 29, 16), "E0102"),
    }
    balanced(city, "urban_management/video_patrol", (3, 2, 0, 1))

    swept = {"section_no": "LD1", "day": "2019年12月28日", "sent_time": "2019-12-28 21:00:00", "county6": "江都市"}
    rows = [
        {**swept, "vehicle_no": "V1", "length_m": "1.25", "planned_passes": "3", "done_passes": "2"},
        {**swept, "vehicle_no": "V2", "length_m": "1,250.0", "planned_passes": "三", "done_passes": "-1"},
        {**swept, "vehicle_no": "V3", "day": "2019-02-30"},
    ]
    deliver(city, "urban_management/sanitation", FIRST, rows)
    night(city, "urban_management/sanitation", FIRST)
    day = date(2019, 12, 28)
    assert published(city, "urban_management/sanitation", "length_m", "planned_passes", "done_passes", "county6") == {
        ("LD1", day, "V1"): (Decimal("1250.0"), 3, 2, "321012"),
        ("LD1", day, "V2"): (Decimal("1250.0"), None, None, "321012"),
    }
    balanced(city, "urban_management/sanitation", (3, 2, 1, 0))
