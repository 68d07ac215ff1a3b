"""What the traffic police deliver, badly: each row is judged as its contract says, and every row is accounted for."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from pipelines.runtime import Runtime
from simulator.world.ground import gcj02
from tests.cleansed.nights import balanced, citizen, night, published, quarantined
from tests.deliveries import deliver, write_drop
from tests.departments import OF_ROADS

FIRST, SECOND = "2019-12-29", "2019-12-30"


def test_vehicles_accidents_and_crossings(installation: Callable[..., Runtime]) -> None:
    """Plates in other forms, owners of two kinds, dates in the wrong order; an accident in GCJ-02 sent again; impossible waits."""
    city = installation(departments=OF_ROADS)
    known = {"plate_type": "小型汽车", "status": "正常", "update_time": "2019-12-01 08:00:00", "county6": "江都市"}
    rows = [
        {
            **known,
            "plate": "苏k·a1234",
            "owner_no": citizen(1),
            "first_registered": "2018年3月5日",
            "inspection_valid_to": "2020-03-31",
            "vin": "lsvaa49j132047371",
            "brand": "大众",
        },
        {
            **known,
            "plate": "苏KD12345",
            "plate_type": "52",
            "vin": "LZZFAKE100A000001",
            "owner_no": "91321002MA0FAKE170",
            "first_registered": "2019-12-30",
        },
        {**known, "plate": "苏KD12345", "plate_type": "02", "first_registered": "2018-03-05", "inspection_valid_to": "2017-03-05"},
        {**known, "plate": "苏KO1234"},
        {**known, "plate": "未识别"},
        {**known, "plate": "苏K12345", "plate_type": "99"},
    ]
    deliver(city, "traffic_police/vehicle", FIRST, rows)
    night(city, "traffic_police/vehicle", FIRST)
    found = published(city, "traffic_police/vehicle", "owner_no_kind", "first_registered", "county6", "_codes")
    assert {k: v[:3] for k, v in found.items()} == {
        ("苏KA1234", "02"): ("PERSON", date(2018, 3, 5), "321012"),
        ("苏KD12345", "52"): ("USCC", date(2019, 12, 30), "321012"),
        ("苏KD12345", "02"): (None, date(2018, 3, 5), "321012"),
    }
    assert published(city, "traffic_police/vehicle", "vin", "brand")["苏KA1234", "02"] == ("LSVAA49J132047371", "大众")
    assert published(city, "traffic_police/vehicle", "vin")["苏KD12345", "52"] is None
    assert "vin:E_CHECK" in found["苏KD12345", "52"][3]
    assert {"plate:F_FORM", "plate_type:F_CODE", "first_registered:F_DATE"} <= set(found["苏KA1234", "02"][3])
    assert "first_registered:W_FUTURE" in found["苏KD12345", "52"][3]
    assert any(c.endswith(":W_ORDER") for c in found["苏KD12345", "02"][3])
    refused = sorted([code for code in codes if ":E_" in code] for (codes,) in quarantined(city, "traffic_police/vehicle", "codes"))
    assert refused == [["plate:E_PLATE"], ["plate:E_PLATE"], ["plate_type:E_CODE"]]
    balanced(city, "traffic_police/vehicle", (6, 3, 3, 0))

    lon, lat = (f"{v:.6f}" for v in gcj02(119.44, 32.39))
    accident = {
        "accident_no": "1",
        "occurred_at": "2019-12-28T23:30:00Z",
        "lon": lat,
        "lat": lon,
        "cause": "酒驾",
        "duty": "全责",
        "dead": "0",
    }
    deliver(city, "traffic_police/accident", FIRST, [{**accident, "update_time": "2019-12-29 09:00:00"}], crs="GCJ02")
    night(city, "traffic_police/accident", FIRST)
    again = [
        {**accident, "dead": "1", "update_time": "2019-12-30 09:00:00"},
        {**accident, "dead": "三", "update_time": "2019-12-01 09:00:00"},
    ]
    deliver(city, "traffic_police/accident", SECOND, again, crs="GCJ02")
    night(city, "traffic_police/accident", SECOND)
    assert list(published(city, "traffic_police/accident", "duty").values()) == ["FULL"]
    [(dead, cause, at, east)] = published(city, "traffic_police/accident", "dead", "cause", "occurred_at", "lon").values()
    assert (dead, cause, at, round(east, 4)) == (1, "DRUNK", datetime(2019, 12, 29, 7, 30), Decimal("119.44"))
    balanced(city, "traffic_police/accident", (1, 1, 0, 0), (2, 1, 0, 1))

    group = {"device_no": "32100200031300000001", "measured_at": "2019-12-29 08:00:00", "requested": "是"}
    lines = [
        {**group, "wait_s": "12.5", "yielded": "Y"},
        {**group, "wait_s": "12.5", "yielded": "Y"},
        {**group, "measured_at": "2019-12-29 08:01:00", "wait_s": "-1", "yielded": "也许"},
    ]
    data = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    contract = city.contracts["cleansed/traffic_police/pedestrian_crossing"]
    write_drop(Path(city.settings.landing), contract, FIRST, data, len(lines))
    night(city, "traffic_police/pedestrian_crossing", FIRST)
    assert sorted(published(city, "traffic_police/pedestrian_crossing", "wait_s", "requested", "yielded").values(), key=str) == [
        (Decimal("12.5"), "1", "1"),
        (None, "1", None),
    ]
    balanced(city, "traffic_police/pedestrian_crossing", (3, 2, 0, 1))
