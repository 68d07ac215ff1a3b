"""What the transport department delivers, badly: each row is judged as its contract says, and every row is accounted for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pipelines.runtime import Runtime
from simulator.world.ground import gcj02
from tests.cleansed.nights import balanced, night, published, quarantined
from tests.deliveries import deliver
from tests.departments import OF_BUSES

FIRST, SECOND = "2019-12-29", "2019-12-30"
Installation = Callable[..., Runtime]
TRIP = {"line_no": "1", "direction": "上行", "service_date": "2019-12-28"}


def test_plans_go_on_after_midnight_and_runs_are_put_right(installation: Installation) -> None:
    """Clocks of a plan over midnight and in words, a plan that is sent again; times in UTC, metres for kilometres, runs out of order."""
    city, plan, run = installation(departments=OF_BUSES), "transport/bus_plan", "transport/bus_trip"
    clocks = {"1": "06:30", "2": "6时30分", "3": "24:30", "4": "次日00:45", "5": "25:61", "6": "", "7": "23:50"}
    rows = [{**TRIP, "trip_no": n, "plan_depart": c, "sent_time": "2019-12-27 15:00:00"} for n, c in clocks.items()]
    again = {**TRIP, "trip_no": "7", "plan_depart": "23:55", "sent_time": "2019-12-27 18:00:00"}
    deliver(city, plan, FIRST, [*rows, rows[0], again, {**again, "direction": "东", "trip_no": "8"}])
    night(city, plan, FIRST)
    day = date(2019, 12, 28)
    told = published(city, plan, "plan_depart")
    assert told == {("1", "UP", day, n): s for n, s in (("1", 23_400), ("2", 23_400), ("3", 88_200), ("4", 89_100), ("7", 86_100))}
    codes = {key[-1]: set(c) for key, c in published(city, plan, "_codes").items()}
    assert codes["2"] == codes["4"] == {"direction:F_CODE", "plan_depart:F_CLOCK"}
    refused = sorted([c for c in codes if ":E_" in c] for (codes,) in quarantined(city, plan, "codes"))
    assert refused == [["direction:E_CODE"], ["plan_depart:E_CLOCK"], ["plan_depart:E_REQUIRED"]]
    balanced(city, plan, (10, 5, 3, 2))

    ran = {**TRIP, "direction": "UP", "trip_no": "1", "sent_time": "2019-12-28 08:00:00", "valid": "有"}
    rows = [
        {**ran, "trip_id": "A", "depart_time": "2019-12-27T22:31:00Z", "arrive_time": "2019-12-28 上午7:02:00", "km": "10500"},
        {**ran, "trip_id": "B", "depart_time": "2019-12-28 23:50:00", "arrive_time": "2019-12-28 24:00:00", "km": "一十"},
        {**ran, "trip_id": "C", "depart_time": "2019-12-28 08:00:00", "arrive_time": "2019-12-27 08:30:00", "valid": "可能"},
        {**ran, "trip_id": "D", "service_date": "2019-02-30"},
        {**ran, "trip_id": "A", "valid": "否", "sent_time": "2019-12-28 07:59:00"},
    ]
    deliver(city, run, FIRST, rows)
    night(city, run, FIRST)
    assert published(city, run, "depart_time", "arrive_time", "km", "valid") == {
        "A": (datetime(2019, 12, 28, 6, 31), datetime(2019, 12, 28, 7, 2), Decimal("10.500"), "1"),
        "B": (datetime(2019, 12, 28, 23, 50), datetime(2019, 12, 29), None, "1"),
        "C": (datetime(2019, 12, 28, 8), datetime(2019, 12, 27, 8, 30), None, None),
    }
    codes = {key: set(c) for key, c in published(city, run, "_codes").items()}
    assert {"depart_time:F_ZONE", "km:F_UNIT", "valid:F_CODE"} <= codes["A"]
    assert {"km:E_NUMBER", "arrive_time:F_DATE"} <= codes["B"]
    assert any(c.endswith(":W_ORDER") for c in codes["C"])
    balanced(city, run, (5, 3, 1, 1))


def test_stops_lie_where_the_map_says(installation: Installation) -> None:
    """GCJ-02 by contract; swapped, in millionths, nowhere, outside the city; an arrival that a vehicle sends again."""
    city, stop, arrival = installation(departments=OF_BUSES), "transport/bus_stop", "transport/bus_arrival"
    lon, lat = (f"{v:.6f}" for v in gcj02(119.44, 32.39))
    edition: dict[str, Any] = {"line_no": "1", "direction": "0", "valid_from": "2018年1月1日", "update_time": "2019-01-01 08:00:00"}
    places = {"1": (lon, lat), "2": (lat, lon), "3": (lon.replace(".", ""), lat.replace(".", "")), "4": ("0", "0"), "5": ("121.5", "31.2")}
    rows = [{**edition, "seq": n, "stop_no": f"S{n}", "lon": x, "lat": y, "run_min": "5"} for n, (x, y) in places.items()]
    deliver(city, stop, FIRST, [*rows, {**rows[0], "seq": "0", "stop_no": "S0"}], crs="GCJ02")
    night(city, stop, FIRST)
    told = {key[-1]: (c, x and round(x, 4)) for key, (c, x) in published(city, stop, "_codes", "lon").items()}
    assert {n: x for n, (_, x) in told.items()} == {1: Decimal("119.44"), 2: Decimal("119.44"), 3: Decimal("119.44"), 4: None, 5: None}
    for seq, code in ((1, "F_CRS"), (2, "F_SWAP"), (3, "F_UNIT"), (4, "F_NULL"), (5, "E_BBOX")):
        assert f"lon:{code}" in told[seq][0], seq
    assert [[c for c in codes if ":E_" in c] for (codes,) in quarantined(city, stop, "codes")] == [["seq:E_RANGE"]]
    balanced(city, stop, (6, 5, 1, 0))

    came = {"trip_id": "A", "seq": "1", "stop_no": "S1", "arrive_time": "2019-12-28 08:00:00", "sent_time": "2019-12-28 08:01:00"}
    deliver(city, arrival, FIRST, [came, came, {**came, "seq": "2", "sent_time": "刚才"}])
    night(city, arrival, FIRST)
    deliver(city, arrival, SECOND, [{**came, "arrive_time": "2019-12-28 08:00:30", "sent_time": "2019-12-28 09:00:00"}])
    night(city, arrival, SECOND)
    assert published(city, arrival, "arrive_time") == {("A", 1): datetime(2019, 12, 28, 8, 0, 30)}
    balanced(city, arrival, (3, 1, 1, 1), (1, 1, 0, 0))


def test_positions_lie_where_their_device_says(installation: Installation) -> None:
    """GCJ-02 by contract; swapped, outside, nowhere; labels for kinds, UTC, a row twice, a moment that is none; a day that comes late."""
    city, table = installation(departments=OF_BUSES), "transport/vehicle_position"
    lon, lat = (f"{v:.6f}" for v in gcj02(119.44, 32.39))
    sent = {"kind": "公交车", "vehicle_no": "GJ00001", "speed_kmh": "31"}
    places = {"08:00:00": (lon, lat), "08:00:10": (lat, lon), "08:00:20": ("121.5", "31.2"), "08:00:30": ("0", "0")}
    rows = [{**sent, "located_at": f"{SECOND} {clock}", "lon": x, "lat": y} for clock, (x, y) in places.items()]
    odd = [{**rows[0], "located_at": "早上"}, {**rows[0], "located_at": f"{SECOND}T00:00:40Z", "speed_kmh": "999", "kind": "电车"}]
    deliver(city, table, SECOND, [*rows, rows[0], *odd], crs="GCJ02")
    night(city, table, SECOND)
    told = {key[1].strftime("%H:%M:%S"): v for key, v in published(city, table, "kind", "lon", "speed_kmh", "_codes").items()}
    assert {clock: lon and round(lon, 4) for clock, (_, lon, *_) in told.items()} == {
        "08:00:00": Decimal("119.44"), "08:00:10": Decimal("119.44"), "08:00:20": None, "08:00:30": None, "08:00:40": Decimal("119.44"),
    }  # fmt: skip
    assert {kind for kind, *_ in told.values()} == {"BUS", None}
    assert told["08:00:40"][2] is None
    for clock, code in (("08:00:10", "lon:F_SWAP"), ("08:00:20", "lon:E_BBOX"), ("08:00:40", "located_at:F_ZONE")):
        assert code in told[clock][-1], clock
    deliver(city, table, FIRST, [{**rows[0], "located_at": f"{FIRST} 08:00:00"}], crs="GCJ02")
    night(city, table, FIRST)
    assert len(published(city, table, "lon")) == 6
    balanced(city, table, (7, 5, 1, 1), (1, 1, 0, 0))
