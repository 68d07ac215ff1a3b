"""Shared bikes: 5 m around a parking area, three days without a trip; and random days against plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import shapely
from pyspark.sql import DataFrame, SparkSession

from assets.themes.urban_management.bikes import bike_day, bike_position
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from tests.frames import frame
from tests.urban_management.streets import EAST, NORTH, at, division, moment

Given = dict[str, Any]
SOURCE = "cleansed/urban_management"
ZONES = [
    {"zone_no": "Z1", "capacity": 5, "geometry": shapely.box(EAST + 100, NORTH + 100, EAST + 120, NORTH + 102).wkt},
    {"zone_no": "Z2", "capacity": 2, "geometry": shapely.box(EAST + 2100, NORTH + 100, EAST + 2110, NORTH + 110).wkt},
]
FIRST = date(2019, 12, 20)
QUOTA = 1


def seen(bike: str, when: datetime, x: float, y: float, state: str | None = "AVAILABLE", company: str = "HL") -> Given:
    return {"company": company, "bike_no": bike, "measured_at": when, **at(x, y), "state": state}


def positions(spark: SparkSession, rows: list[Given]) -> DataFrame:
    """themes/urban_management/bike_position of these positions."""
    zone = frame(spark, f"{SOURCE}/parking_zone", ZONES)
    found = bike_position(frame(spark, f"{SOURCE}/bike_snapshot", rows), zone, division(spark))
    return conform(load(ROOT / "themes/urban_management/bike_position.yaml"), found)


def days(spark: SparkSession, position: DataFrame, trips: list[Given], fleet: list[Given]) -> dict[tuple[str, date, str], Any]:
    made = bike_day(position, frame(spark, f"{SOURCE}/bike_trip", trips), frame(spark, f"{SOURCE}/bike_fleet", fleet), division(spark))
    rows = conform(load(ROOT / "themes/urban_management/bike_day.yaml"), made).collect()
    return {(r.company, r.day, r.county6): r for r in rows}


def test_five_metres_around_an_area_count_as_inside(spark: SparkSession) -> None:
    when = moment("12-20 08:00")
    places = {
        "inside": (110, 101, "AVAILABLE"), "5 m beside": (110, 107, "AVAILABLE"), "5.02 m beside": (110, 107.02, "AVAILABLE"),
        "5 m off the corner": (123, 106, None), "5.1 m off the corner": (123.06, 106.08, None), "ridden": (110, 101, "IN_USE"),
        "outside the city": (-50, 101, "DAMAGED"),
    }  # fmt: skip
    rows = [seen(name, when, x, y, state) for name, (x, y, state) in places.items()]
    rows.append({**seen("nowhere", when, 0, 0), "lon": None, "lat": None})
    told = {r.bike_no: (r.zone_no, r.misplaced, r.county6) for r in positions(spark, rows).collect()}
    assert told == {
        "inside": ("Z1", False, "321002"), "5 m beside": ("Z1", False, "321002"), "5.02 m beside": (None, True, "321002"),
        "5 m off the corner": ("Z1", False, "321002"), "5.1 m off the corner": (None, True, "321002"), "ridden": (None, None, "321002"),
        "outside the city": (None, True, None), "nowhere": (None, None, None),
    }  # fmt: skip


def test_a_bike_is_idle_that_was_there_and_not_ridden_for_whole_days(spark: SparkSession) -> None:
    """Six bikes at noon of days 20 to 26; the trip of each, and on which days it is idle for three days, and for seven."""
    noon = {n: datetime(2019, 12, n, 12) for n in range(20, 28)}
    bikes = {
        "never ridden": (range(20, 27), None, range(22, 27), [26]),
        "ridden on the 22nd": (range(20, 27), (noon[22], noon[22]), [25, 26], []),
        "ridden over night": (range(20, 27), (datetime(2019, 12, 21, 23), datetime(2019, 12, 22, 1)), [25, 26], []),
        "new on the 24th": (range(24, 27), None, [26], []),
        "not seen on the 22nd": ([20, 21, 23, 24, 25, 26], None, [23, 25, 26], [26]),
    }
    rows = [seen(bike, noon[n], 110, 101) for bike, (there, *_) in bikes.items() for n in there]
    trips = [
        {"company": "HL", "trip_no": bike, "bike_no": bike, "start_time": trip[0], "end_time": trip[1]}
        for bike, (_, trip, *_) in bikes.items()
        if trip
    ]
    told = days(spark, positions(spark, rows), trips, [])
    for at_, idle in (("idle_3d", 2), ("idle_7d", 3)):
        expected = {n: sum(n in of[idle] for of in bikes.values()) for n in range(20, 27)}
        assert {n: told["HL", date(2019, 12, n), "321002"][at_] for n in expected} == expected, at_
    assert told["HL", date(2019, 12, 22), "000000"].trips == 1


def test_clocks_that_differ_by_seconds_are_one_moment(spark: SparkSession) -> None:
    """Three bikes at noon by clocks 20 s apart, two of them at one, one damaged; what lies after its delivery has not been seen."""
    noon, ahead = moment("12-20 12:00"), {"_business_date": FIRST}
    rows = [seen(f"B{n}", noon + timedelta(seconds=20 * n), 110, 101) for n in range(3)]
    rows += [seen("B0", noon + timedelta(hours=1), 110, 101), seen("B1", noon + timedelta(hours=1, seconds=1), 110, 101, "DAMAGED")]
    rows += [seen("B2", noon + timedelta(minutes=9), 110, 101), seen("B9", noon + timedelta(days=1), 110, 101) | ahead]
    trips = [{"company": "HL", "trip_no": f"{n}", "bike_no": "B0", "start_time": noon + timedelta(days=n)} | ahead for n in range(2)]
    told = days(spark, positions(spark, rows), trips, [])
    assert {(d, county): (r.fleet, r.available, r.trips) for (_, d, county), r in told.items()} == {
        (FIRST, "321002"): (3, Decimal("2.00"), 0),
        (FIRST, "000000"): (0, Decimal("0.00"), 1),
    }


def _random_days() -> tuple[list[Given], list[Given]]:
    """Positions and trips of twelve bikes over nine days, some of them damaged, outside areas or outside the city."""
    random = np.random.default_rng(8)
    rows, trips = [], []
    for n in range(12):
        for day in range(9):
            for hour in (8, 12, 18):
                if random.random() < 0.85:
                    x = (105, 118, 2105, 2500, -40)[int(random.choice(5, p=[0.4, 0.2, 0.2, 0.15, 0.05]))]
                    state = ("AVAILABLE", "DAMAGED", "IN_USE")[int(random.choice(3, p=[0.7, 0.15, 0.15]))]
                    when = datetime.combine(FIRST + timedelta(day), datetime.min.time()) + timedelta(hours=hour)
                    rows.append(seen(f"B{n}", when, x, 101, state, "HL" if n < 7 else "QJ"))
            if random.random() < 0.12:
                start = datetime.combine(FIRST + timedelta(day), datetime.min.time()) + timedelta(hours=int(random.integers(6, 24)))
                place = {f"start_{c}": v for c, v in at(float(random.choice([110, 2105])), 101).items()}
                trip = {"trip_no": f"T{len(trips)}", "bike_no": f"B{n}", "start_time": start, "end_time": start + timedelta(hours=2)}
                trips.append({"company": "HL" if n < 7 else "QJ", **trip, **place})
    return rows, trips


def half_up(above: int | Decimal, below: int | Decimal) -> Decimal | None:
    return (Decimal(above) / below).quantize(Decimal("0.01"), ROUND_HALF_UP) if below else None


def test_days_of_bikes(spark: SparkSession) -> None:
    rows, trips = _random_days()
    fleet = [{"company": "HL", "county6": "321002", "quota": QUOTA}]
    told = days(spark, positions(spark, rows), trips, fleet)
    where = {105: ("321002", True), 118: ("321002", True), 2105: ("321003", True), 2500: ("321003", False), -40: ("000000", False)}
    xs = {at(x, 101)["lon"]: x for x in where}
    of: dict[tuple[str, date, str], dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    moments, ready = defaultdict(set), defaultdict(int)
    by_bike: dict[tuple[str, str, date], list[Given]] = defaultdict(list)
    for r in rows:
        day, (county, placed) = r["measured_at"].date(), where[xs[r["lon"]]]
        moments[r["company"], day].add(r["measured_at"])
        ready[r["company"], day, county] += r["state"] != "DAMAGED"
        by_bike[r["company"], r["bike_no"], day].append(r)
        of[r["company"], day, county]["observed"] += r["state"] != "IN_USE"
        of[r["company"], day, county]["misplaced"] += r["state"] != "IN_USE" and not placed
    ridden = {(t["company"], t["bike_no"], m.date()) for t in trips for m in (t["start_time"], t["end_time"])}
    for (company, bike, day), there in by_bike.items():
        county = where[xs[max(there, key=lambda r: r["measured_at"])["lon"]]][0]
        damaged = all(r["state"] == "DAMAGED" for r in there)
        counts = of[company, day, county]
        counts["fleet"] += 1
        counts["damaged"] += damaged
        counts["active"] += not damaged
        for n in (3, 7):
            span = [day - timedelta(k) for k in range(n)]
            counts[f"idle_{n}d"] += (company, bike, span[-1]) in by_bike and not any((company, bike, d) in ridden for d in span)
    for t in trips:
        county = "321002" if t["start_lon"] == at(110, 101)["lon"] else "321003"
        of[t["company"], t["start_time"].date(), county]["trips"] += 1
    assert told.keys() == of.keys()
    for key, counts in of.items():
        row = told[key]
        names = ("fleet", "active", "damaged", "trips", "observed", "misplaced", "idle_3d", "idle_7d")
        assert {n: row[n] for n in names} == {n: counts[n] for n in names}, key
        available = half_up(ready[key], len(moments[key[:2]])) or Decimal(0)
        assert (row.available, row.turnover) == (available, half_up(counts["trips"], available)), key
        assert row.misplaced_rate == half_up(100 * counts["misplaced"], counts["observed"])
        assert row.idle_3d_rate == half_up(100 * counts["idle_3d"], counts["fleet"])
        limited = key[0] == "HL" and key[2] == "321002"
        assert row.over_quota == (max(counts["active"] - QUOTA, 0) if limited else None), key
    assert sum(r.idle_7d for r in told.values()) > 0
    assert max(r.over_quota or 0 for r in told.values()) > 0
