"""Positions of vehicles: what cannot be right, days of vehicles, arrivals that they confirm; counted again with shapely in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import shapely
from pyproj import Transformer
from pyspark.sql import DataFrame, SparkSession

from assets.declare import declared
from assets.themes.traffic.explain import explain_positions
from assets.themes.traffic.key_vehicles import key_vehicle_day
from assets.themes.traffic.position_trips import position_arrival, position_trip
from assets.themes.traffic.positions import position, position_day, position_dropped
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from tests.frames import frame
from tests.touch.buses import LAST, OWN, Buses
from tests.traffic.buses import DAY, LINE, Given, Rows, Write, theme
from tests.urban_management.streets import WIDE, at

THEME, TABLE = "themes/traffic", "cleansed/transport/vehicle_position"
METRES = Transformer.from_crs(4490, 4549, always_xy=True)
OUTSIDE = {"_codes": ["lon:E_BBOX", "lat:E_BBOX"]}
LIMITS = {"COACH": 100, "HAZARDOUS": 80}
Judged = list[tuple[Given, str | None]]


def sent(clock: str, x: float, speed: int | None = 30, y: float = WIDE / 2, **more: Any) -> Given:
    """A position of the bus V1 so many metres east of the corner."""
    moment = datetime.fromisoformat(f"{DAY} {clock}")
    return {"kind": "BUS", "vehicle_no": "V1", "located_at": moment, "speed_kmh": speed, **at(x, y), **more}


def late(clock: str, x: float) -> Given:
    """A position after the midnight of the day."""
    row = sent(clock, x)
    return row | {"located_at": row["located_at"] + timedelta(days=1)}


def judged(spark: SparkSession, rows: list[Given]) -> DataFrame:
    """The table of judged positions, out of delivered ones."""
    return conform(load(ROOT / f"{THEME}/position.yaml"), position(frame(spark, TABLE, rows)))


def made(spark: SparkSession, function: Callable[..., DataFrame], rows: list[Given], *others: DataFrame) -> list[Any]:
    found = function(judged(spark, rows), *others)
    return conform(load(ROOT / f"{THEME}/{function.__name__}.yaml"), found).collect()


WAYS: dict[str, tuple[list[Given], list[str | None]]] = {
    "a hundred and twenty is possible": ([sent("08:00:00", 0, 120), sent("08:00:30", 900, 121)], [None, "TOO_FAST"]),
    "without a speed": ([sent("08:00:00", 0, None)], [None]),
    "outside the city, and nowhere": (
        [sent("08:00:00", 0, 200, lon=None, lat=None, **OUTSIDE), sent("08:00:10", 0, lon=None, lat=None)],
        ["OUTSIDE", "NO_POSITION"],
    ),
    "there and back": ([sent("08:00:00", 0), sent("08:00:10", 501), sent("08:00:20", 100)], [None, "JUMP", None]),
    "five hundred metres are none": ([sent("08:00:00", 0), sent("08:00:10", 499), sent("08:00:20", 100)], [None, None, None]),
    "eleven seconds are enough": ([sent("08:00:00", 0), sent("08:00:11", 700), sent("08:00:22", 100)], [None, None, None]),
    "it goes on where it jumped to": ([sent("08:00:00", 0), sent("08:00:10", 700), sent("08:00:20", 750)], [None, None, None]),
    "after a jump the last one is dropped, too": (
        [sent("08:00:00", 0), sent("08:00:10", 700), sent("08:00:20", 20)], [None, "JUMP", "JUMP"],
    ),
    "the last one": ([sent("08:00:00", 0), sent("08:00:10", 700)], [None, "JUMP"]),
    "what cannot be right is no neighbour": (
        [sent("08:00:00", 0), sent("08:00:05", 700, 130), sent("08:00:10", 20)], [None, "TOO_FAST", None],
    ),
    "another vehicle is no neighbour": ([sent("08:00:00", 0), sent("08:00:10", 700, vehicle_no="V2")], [None, None]),
    "midnight parts no neighbours": ([sent("23:59:55", 0), late("00:00:05", 700), late("00:00:16", 100)], [None, "JUMP", None]),
    "three in the morning does": ([sent("02:59:55", 0), sent("03:00:05", 700), sent("03:00:15", 1300)], [None, None, "JUMP"]),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_what_cannot_be_right_is_dropped(spark: SparkSession, way: str) -> None:
    rows, reasons = WAYS[way]
    told = {(r.vehicle_no, r.located_at): r.reason for r in made(spark, position_dropped, rows)}
    assert [told.get((r["vehicle_no"], r["located_at"])) for r in rows] == reasons
    assert sum(r.reason is None for r in judged(spark, rows).collect()) == reasons.count(None)
    days = made(spark, position_day, rows)
    counts = (sum(getattr(d, c) for d in days) for c in ("no_position", "outside", "too_fast", "jumps"))
    assert list(counts) == [reasons.count(r) for r in ("NO_POSITION", "OUTSIDE", "TOO_FAST", "JUMP")]


def test_a_day_of_a_coach(spark: SparkSession) -> None:
    """It stands, goes, is silent for six minutes, goes too fast, and is on its way at night; its device then repeats a place."""
    said = {"kind": "COACH", "vehicle_no": "苏KA0001"}
    rows = [
        sent("01:59:50", 0, 0), sent("02:00:00", 5, 0), sent("02:00:20", 100), sent("02:00:30", 200), sent("02:06:31", 3000, 101),
        sent("02:06:41", 3290, 105), *[sent(f"05:0{n}:00", 4000, 50) for n in range(8)],
    ]  # fmt: skip
    [day] = made(spark, position_day, [r | said for r in rows])
    assert (day.delivered, day.kept, day.frozen, day.gaps, day.gap_s) == (14, 14, 7, 2, 361 + 10_399)
    assert (day.online_s, day.speeding_s, day.night_s) == (10 + 20 + 10 + 10 + 420, 10, 10 + 10)
    assert day.metres == 95 + 100 + 290
    assert day.flags == ["FROZEN", "GAP", "SPEEDING", "NIGHT_DRIVING"]
    [of_kind] = made_of(spark, [day.asDict()])
    assert (of_kind.kind, of_kind.vehicles, of_kind.limit_kmh, of_kind.speeding_vehicles, of_kind.night_vehicles) == ("COACH", 1, 100, 1, 1)
    assert (str(of_kind.speeding_min), str(of_kind.night_min)) == ("0.17", "0.33")


def test_a_day_of_a_vehicle_is_explained(spark: SparkSession) -> None:
    """Which positions were dropped, why, and where they stand."""
    rows = [sent("08:00:00", 0), sent("08:00:10", 900), sent("08:00:20", 100), sent("08:00:25", 110), sent("08:00:30", 120, 130)]
    tables = {f"{THEME}/{f.__name__}": made(spark, f, rows) for f in (position_day, position_dropped)} | {f"{THEME}/position_trip": []}

    def read(table: str, **where: Any) -> list[Given]:
        return [r.asDict() for r in tables[table] if all(r[c] == v for c, v in where.items())]

    [told] = explain_positions(read, f"{DAY}|V1")
    assert told.title == "Vehicle V1 (BUS) on 2019-12-30: 5 positions"
    assert told.lines == [
        "3 positions can be right", "1 dropped: faster than 120 km/h", "1 dropped: a jump from which the vehicle does not go on",
    ]  # fmt: skip
    assert [row[1:] for row in told.sections[1].rows] == [["JUMP", 30, 900, "f", 1], ["TOO_FAST", 130, None, "f", 1]]
    assert told.facts["dropped"] == {"NO_POSITION": 0, "OUTSIDE": 0, "TOO_FAST": 1, "JUMP": 1}
    assert explain_positions(read, "V1") == explain_positions(read, "today|V1") == explain_positions(read, f"{DAY}|V2") == []


def made_of(spark: SparkSession, days: list[Given]) -> list[Any]:
    table = f"{THEME}/key_vehicle_day"
    return conform(load(ROOT / f"{table}.yaml"), key_vehicle_day(frame(spark, f"{THEME}/position_day", days))).collect()


def test_buses_and_silent_vehicles_are_no_key_vehicles(spark: SparkSession) -> None:
    day = {"day": DAY, "delivered": 1, "kept": 1, "flags": [], **dict.fromkeys(("metres", "online_s", "gaps", "gap_s", "speeding_s"), 0)}
    rows = [day | {"vehicle_no": str(n), "kind": kind, "kept": kept, "night_s": 0}
            for n, (kind, kept) in enumerate((("BUS", 1), ("TAXI", 1), ("TOUR", 0), ("HAZARDOUS", 1), (None, 1)))]  # fmt: skip
    assert [(r.kind, r.limit_kmh) for r in made_of(spark, rows)] == [("HAZARDOUS", 80)]


STOPS = [
    {**LINE, "valid_from": date(2018, 1, 1), "seq": n, "stop_no": f"S{n}", "county6": "321002", **at(1000 * n, 1000)} for n in (1, 2, 3)
]
TRIP = {**LINE, "service_date": DAY, "trip_no": "1"}


def test_the_first_position_inside_thirty_metres_is_the_arrival(spark: SparkSession) -> None:
    """Stops a kilometre apart: 31 m before the second, then 29, and 40 m beside the line; the third is passed unseen and reported."""
    clocks = {"depart_time": datetime(2019, 12, 30, 8), "arrive_time": datetime(2019, 12, 30, 8, 10)}
    trip = frame(
        spark, f"{THEME}/bus_trip", [{**TRIP, "state": "RAN", "trip_id": "T", "vehicle_no": "V1", "run_s": 600, "flags": [], **clocks}]
    )
    stop = frame(spark, f"{THEME}/bus_stop", STOPS)
    reported = [(1, 28_810), (3, 29_300)]
    event = frame(spark, f"{THEME}/stop_event", [
        {**TRIP, "seq": n, "arrive_s": s, "arrive_time": datetime(2019, 12, 30) + timedelta(seconds=s), "flags": []} for n, s in reported
    ])  # fmt: skip
    rows = [
        sent("07:59:29", 1000), sent("07:59:30", 990, 0, y=1040), sent("08:03:00", 1969), sent("08:03:10", 1971, y=1040),
        sent("08:03:20", 2000), sent("08:04:00", 2300, y=1051), sent("08:09:00", 2900, y=1051), sent("08:15:00", 2000, y=1600),
        sent("08:15:01", 3000),
    ]  # fmt: skip
    [of_trip] = made(spark, position_trip, rows, trip, stop)
    assert (of_trip.positions, of_trip.on_line, of_trip.off_line, of_trip.flags) == (7, 4, 3, [])
    arrivals = sorted(made(spark, position_arrival, rows, trip, event, stop))
    assert [(r.seq, r.state, r.difference_s) for r in arrivals] == [
        (1, "CONFIRMED", -40),
        (2, "SEEN_ONLY", None),
        (3, "REPORTED_ONLY", None),
    ]
    assert [r.seen_time and r.seen_time.time().isoformat() for r in arrivals] == ["07:59:30", "08:03:10", None]
    wrong = [r | at(2000, 1540) for r in rows]
    [of_trip] = made(spark, position_trip, wrong, trip, stop)
    assert of_trip.flags == ["OFF_LINE"]
    assert {r.state for r in made(spark, position_arrival, wrong, trip, event, stop)} == {"REPORTED_ONLY", "NEITHER"}
    assert made(spark, position_arrival, [r | {"vehicle_no": "V2"} for r in rows], trip, event, stop) == []


def test_indicators_of_positions(spark: SparkSession) -> None:
    """A bus, a coach at night, a lorry above its limit, a tour coach without a position that can be right; five stops."""
    kinds = [
        ("BUS", 10, 8, 9, 0),
        ("COACH", 5, 5, 0, 60),
        ("HAZARDOUS", 5, 4, 30, 0),
        ("TOUR", 2, 0, 0, 0),
        ("TOUR", 3, 3, 0, 0),
        ("TAXI", 4, 4, 0, 0),
    ]
    days = [
        {"day": DAY, "vehicle_no": str(n), "kind": kind, "delivered": sent, "kept": kept, "speeding_s": fast, "night_s": night}
        for n, (kind, sent, kept, fast, night) in enumerate(kinds)
    ]
    states = ("CONFIRMED", "CONFIRMED", "DIFFERS", "REPORTED_ONLY", "SEEN_ONLY", "NEITHER")
    stops = [{**TRIP, "seq": n, "county6": "321002", "state": state} for n, state in enumerate(states)]
    rows = {"vehicle_day": days, "arrival": stops}
    asset = declared()[f"{THEME}/indicator"]
    given = {argument: frame(spark, table, rows.get(argument, [])) for argument, table in asset.inputs.items()}
    told = asset.function(**given, as_of=LAST).where("period_kind = 'day' AND div_code = '321000' AND denominator > 0").collect()
    assert {r.indicator: (r.numerator, r.denominator) for r in told} == {
        "dropped_position_rate": (5, 29), "speeding_rate": (1, 3), "night_driving_rate": (1, 2), "arrival_confirmation": (2, 4),
        "unknown_stop_rate": (1, 6),
    }  # fmt: skip


def _metres(row: Given) -> tuple[float, float]:
    return METRES.transform(float(row["lon"]), float(row["lat"]))


def _far(a: Given, b: Given) -> float:
    return float(shapely.distance(shapely.Point(_metres(a)), shapely.Point(_metres(b))))


def _soon(a: Given, b: Given) -> bool:
    return (b["located_at"] - a["located_at"]).total_seconds() <= 10


def _off_its_way(before: Given | None, r: Given, after: Given | None) -> bool:
    if before is None or not _soon(before, r) or _far(before, r) <= 500:
        return False
    return after is None or not _soon(r, after) or _far(r, after) >= _far(before, after)


def _service_day(moment: datetime) -> date:
    return (moment - timedelta(hours=3)).date()


def _judged(rows: list[Given]) -> dict[tuple[str, date], Judged]:
    """By vehicle and day of service, in the order of time, each position with why it is dropped."""
    of_day: dict[tuple[str, date], list[Given]] = defaultdict(list)
    for r in sorted(rows, key=lambda r: r["located_at"]):
        of_day[r["vehicle_no"], _service_day(r["located_at"])].append(r)
    found: dict[tuple[str, date], Judged] = {}
    for key, group in of_day.items():
        alone = [
            ("OUTSIDE" if "lon:E_BBOX" in r["_codes"] else "NO_POSITION") if r.get("lon") is None
            else "TOO_FAST" if (r["speed_kmh"] or 0) > 120 else None
            for r in group
        ]  # fmt: skip
        sound = [r for r, why in zip(group, alone, strict=True) if why is None]
        jumps = {
            id(r) for before, r, after in zip([None, *sound[:-1]], sound, [*sound[1:], None], strict=True)
            if _off_its_way(before, r, after)
        }  # fmt: skip
        found[key] = [(r, why or ("JUMP" if id(r) in jumps else None)) for r, why in zip(group, alone, strict=True)]
    return found


def _totals(kept: list[Given]) -> dict[str, float]:
    """What the legs of a day add up to."""
    told: dict[str, float] = defaultdict(float)
    for a, b in pairwise(kept):
        since, way = (b["located_at"] - a["located_at"]).total_seconds(), _far(a, b)
        low, high = sorted((a["speed_kmh"] or 0, b["speed_kmh"] or 0))
        if since > 300:
            told["gaps"] += 1
            told["gap_s"] += since
        told["frozen"] += low > 0 and way < 0.005
        if since <= 300:
            told["online_s"] += since
            told["metres"] += way if high > 0 else 0
            told["speeding_s"] += since if low > LIMITS.get(a["kind"], 999) else 0
            night = a["kind"] == "COACH" and all(2 <= r["located_at"].hour < 5 for r in (a, b))
            told["night_s"] += since if low > 0 and night else 0
    return told


@pytest.fixture(scope="module")
def rows() -> Rows:
    network = Buses(4)
    for _ in range(3):
        network.night()
    found = {table.rpartition("/")[2]: of for table, of in network.rows.items() if table.startswith(OWN)}
    found["vehicle_position"] = [{"_codes": [], **r} for r in found["vehicle_position"]]
    return found


def test_days_of_random_vehicles(spark: SparkSession, rows: Rows) -> None:
    by_service = _judged(rows["vehicle_position"])
    judged: dict[tuple[str, date], Judged] = defaultdict(list)
    for (vehicle, _), group in sorted(by_service.items()):
        for r, why in group:
            judged[vehicle, r["located_at"].date()].append((r, why))
    dropped = {(r.vehicle_no, r.located_at): r.reason for r in made(spark, position_dropped, rows["vehicle_position"])}
    assert dropped == {(r["vehicle_no"], r["located_at"]): why for group in judged.values() for r, why in group if why}
    assert set(dropped.values()) == {"OUTSIDE", "NO_POSITION", "TOO_FAST", "JUMP"}
    days = {(d.vehicle_no, d.day): d for d in made(spark, position_day, rows["vehicle_position"])}
    assert days.keys() == judged.keys()
    names = ("gaps", "gap_s", "frozen", "online_s", "speeding_s", "night_s")
    for key, group in judged.items():
        day, kept = days[key], [r for r, why in group if why is None]
        told = _totals(kept)
        assert (day.delivered, day.kept) == (len(group), len(kept))
        assert {n: getattr(day, n) for n in names} == {n: told[n] for n in names}, key
        assert abs(day.metres - told["metres"]) <= 0.51 + 0.005 * len(kept)
    assert all(sum(getattr(d, n) for d in days.values()) for n in (*names, "metres") if n != "frozen")


def test_arrivals_of_random_trips(spark: SparkSession, write: Write, rows: Rows) -> None:
    """Trips, stops and reported arrivals as the theme has them; what the positions say is found with shapely."""
    tables = theme(spark, write, {t: of for t, of in rows.items() if t != "vehicle_position"}, LAST)
    trip, stop, event = (tables[name] for name in ("bus_trip", "bus_stop", "stop_event"))
    buses = [r for r in rows["vehicle_position"] if r["kind"] == "BUS"]
    kept = {key: [r for r, why in group if why is None] for key, group in _judged(buses).items()}
    reported = {(e.line_no, e.service_date, e.trip_no, e.seq): e.arrive_s for e in event.collect()}
    stops = stop.collect()
    trips, arrivals = dict[Any, tuple[int, int]](), dict[Any, tuple[str, float | None]]()
    for t in (t for t in trip.collect() if t.run_s):
        window = t.depart_time - timedelta(seconds=30), t.arrive_time + timedelta(seconds=300)
        mine = [r for r in kept.get((t.vehicle_no, t.service_date), []) if window[0] <= r["located_at"] <= window[1]]
        if not mine:
            continue
        here = [
            s for s in stops if s.line_no == t.line_no and s.valid_from <= t.service_date and (s.valid_to or date.max) >= t.service_date
        ]
        places = {s.seq: shapely.Point(_metres(s.asDict())) for s in sorted(here, key=lambda s: s.seq)}
        line = shapely.LineString(list(places.values()))
        on_line = [r for r in mine if line.distance(shapely.Point(_metres(r))) <= 50]
        trips[t.line_no, t.service_date, t.trip_no] = len(mine), len(on_line)
        for seq, place in places.items():
            feet = ((r["located_at"], line.interpolate(line.project(shapely.Point(_metres(r))))) for r in on_line)
            seen = min((moment for moment, foot in feet if foot.distance(place) <= 30), default=None)
            said = reported.get((t.line_no, t.service_date, t.trip_no, seq))
            midnight = datetime(t.service_date.year, t.service_date.month, t.service_date.day)
            apart = (seen - midnight).total_seconds() - said if seen and said is not None else None
            arrivals[t.line_no, t.service_date, t.trip_no, seq] = _state(seen is not None, said is not None, apart), apart
    told = made(spark, position_trip, rows["vehicle_position"], trip, stop)
    assert {(r.line_no, r.service_date, r.trip_no): (r.positions, r.on_line) for r in told} == trips
    told = made(spark, position_arrival, rows["vehicle_position"], trip, event, stop)
    assert {(r.line_no, r.service_date, r.trip_no, r.seq): (r.state, r.difference_s) for r in told} == arrivals
    assert {state for state, _ in arrivals.values()} == {"CONFIRMED", "DIFFERS", "REPORTED_ONLY", "SEEN_ONLY", "NEITHER"}


def _state(seen: bool, said: bool, apart: float | None) -> str:
    if apart is not None:
        return "CONFIRMED" if abs(apart) <= 60 else "DIFFERS"
    return "SEEN_ONLY" if seen else "REPORTED_ONLY" if said else "NEITHER"
