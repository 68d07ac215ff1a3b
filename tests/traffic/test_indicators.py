"""All indicators of roads, counted again from the cleansed rows in plain Python; and events by month and day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.reference.calendar import workday
from assets.themes.traffic.congestion import congestion_hour, free_speed, segment_state
from assets.themes.traffic.events import accident_month, crossing_hour, violation_day
from assets.themes.traffic.indicator import indicator
from assets.themes.traffic.intersections import intersection_quarter
from assets.themes.traffic.passes import pass_hour
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from tests.frames import frame
from tests.touch.roads import GROUND, OWN, Roads
from tests.urban_management.streets import at, division

AS_OF = date(2019, 12, 31)
END = datetime(2020, 1, 1)
Given = dict[str, Any]
Add = Callable[..., None]
READ = ("苏K12345", "苏KO1234", "沪A12345", "苏KAI8I8", "苏K8A080", "苏KBAO8O")
"""Of the texts that the cameras send, those that are a plate, or are one with a digit for O."""
RATES = {
    "travel_time_index": ("travel", "free", 1),
    "peak_travel_time_index": ("peak_travel", "peak_free", 1),
    "congested_rate": ("congested", "road", 100),
    "mean_delay": ("delay", "delayed", Fraction(1, 10)),
    "worst_level_rate": ("worst", "quarters", 100),
    "second_queue_rate": ("residual", "cycles", 100),
    "yield_rate": ("yields", "requests", 100),
    "pedestrian_wait": ("wait", "waits", Fraction(1, 10)),
    "unread_rate": ("unread", "passes", 100),
    "paid_rate": ("paid", "violations", 100),
    "death_rate": ("dead", "fleet", 10_000),
    "uninspected_rate": ("uninspected", "vehicles", 100),
    "full_points_rate": ("full_points", "drivers", 100),
}
OF_DAYS = ("day", "month")
WORKDAYS = (date(2019, 12, 30), date(2019, 12, 31))
"""Of the days of the roads; the others are a weekend, New Year and the day before its weekend."""


def nearest_even(value: Fraction, digits: int) -> Fraction:
    """Rounded to so many digits, a half to the even one."""
    return Fraction(round(value * 10**digits), 10**digits)


def percentile(values: Iterable[Any], percent: int) -> Fraction:
    """At place 1 + (n - 1) p of the sorted values, to one digit."""
    ordered = sorted(Fraction(str(v)) for v in values)
    place = Fraction((len(ordered) - 1) * percent, 100)
    low = ordered[int(place)]
    high = ordered[min(int(place) + 1, len(ordered) - 1)]
    return nearest_even(low + (high - low) * (place - int(place)), 1)


def _quarter(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute - moment.minute % 15, second=0)


def _intersections(rows: dict[str, list[Given]], add: Add) -> None:
    counties = {r["intersection_no"]: r["county6"] for r in rows["intersection"]}
    queues, cycles = defaultdict[Any, list[Given]](list), defaultdict[Any, list[Given]](list)
    for r in rows["queue"]:
        queues[r["intersection_no"], r["approach"], _quarter(r["measured_at"])].append(r)
    for r in rows["signal_cycle"]:
        cycles[r["intersection_no"], r["approach"], _quarter(r["started_at"])].append(r)
    for place, readings in queues.items():
        delays = [(r["vehicles"], Fraction(str(r["avg_delay_s"]))) for r in readings if None not in (r["vehicles"], r["avg_delay_s"])]
        total, delayed = sum(v * d for v, d in delays), sum(v for v, _ in delays)
        vehicles = [r["vehicles"] for r in readings if r["vehicles"] is not None]
        length, green = (sum(c[f"{n}_s"] for c in cycles[place]) for n in ("cycle", "green"))
        known = {
            60: Fraction(total, delayed) if delayed else None,
            100: max((Fraction(str(r["max_queue_m"])) for r in readings if r["max_queue_m"] is not None), default=None),
            0.9: Fraction(sum(vehicles) * 12 * length, len(vehicles) * 1650 * green) if vehicles and green else None,
        }
        there = {most: v for most, v in known.items() if v is not None}
        add(
            counties.get(place[0]), place[2], OF_DAYS, delay=int(total * 10), delayed=delayed, quarters=bool(there),
            worst=any(v > Fraction(str(most)) for most, v in there.items()),
            cycles=sum(c["left_behind"] is not None for c in cycles[place]),
            residual=sum((c["left_behind"] or 0) > 0 for c in cycles[place]),
        )  # fmt: skip


def _segments(rows: dict[str, list[Given]], add: Add) -> None:
    congested = {"EXPRESS": 35, "ARTERIAL": 20, "LOCAL": 15}
    usable = [r for r in rows["segment_speed"] if r["speed_kmh"] is not None and "speed_kmh:W_STUCK" not in r["_codes"]]
    night = defaultdict[Any, list[Any]](list)
    for r in usable:
        if r["measured_at"].hour >= 22 or r["measured_at"].hour < 6:
            night[r["segment_no"], f"{r['measured_at']:%Y%m}"].append(r["speed_kmh"])
    free = {key: percentile(speeds, 85) for key, speeds in night.items()}
    for r in usable:
        speed, free_speed_of = Fraction(str(r["speed_kmh"])), free.get((r["segment_no"], f"{r['measured_at']:%Y%m}"))
        times = [int(nearest_even(Fraction(36 * r["length_m"] * 10, 1) / v, 0)) for v in (speed, free_speed_of) if v]
        travel, unhindered = times if len(times) == 2 else (0, 0)
        slow = speed <= congested[r["road_class"]]
        lengths = {"road": r["length_m"] * 10, "congested": r["length_m"] * 10 * slow}
        add(r["county6"], r["measured_at"], OF_DAYS, travel=travel, free=unhindered, **lengths)
        peak = r["measured_at"].hour == 8 and r["measured_at"].date() in WORKDAYS
        add(r["county6"], r["measured_at"], OF_DAYS, peak_travel=travel * peak, peak_free=unhindered * peak)


def _events(rows: dict[str, list[Given]], add: Add) -> None:
    for r in rows["pass"]:
        add(r["device_no"][:6], r["passed_at"], OF_DAYS, passes=1, unread=r["plate_read"] not in READ)
    for r in rows["pedestrian_crossing"]:
        asked = r["requested"] == "1"
        known = asked and r["wait_s"] is not None
        wait = int(Fraction(str(r["wait_s"])) * 10) if known else 0
        add(r["device_no"][:6], r["measured_at"], OF_DAYS, requests=asked, yields=asked and r["yielded"] == "1", waits=known, wait=wait)
    for r in rows["violation"]:
        if r["occurred_at"] < END:
            add(r["county6"], r["occurred_at"], ("month",), violations=1, paid=r["paid_at"] is not None and r["paid_at"] < END)
    for r in rows["accident"]:
        if r["occurred_at"] < END:
            add(r["county6"], r["occurred_at"], ("year",), dead=r["dead"] or 0)
    for r in (v for v in rows["vehicle"] if v["status"] != "E"):
        expired = r["inspection_valid_to"] is not None and r["inspection_valid_to"] < AS_OF
        add(r["county6"], AS_OF, ("month",), vehicles=1, uninspected=expired)
        add(r["county6"], AS_OF, ("year",), fleet=1)
    for r in rows["driver"]:
        if r["status"] in ("A", "B") and (r["valid_to"] is None or r["valid_to"] >= AS_OF):
            add(r["county6"], AS_OF, ("month",), drivers=1, full_points=(r["points"] or 0) >= 12)


@pytest.fixture(scope="module")
def roads() -> dict[str, list[Given]]:
    network = Roads(3)
    for _ in range(2):
        network.night()
    return {table.rpartition("/")[2]: rows for table, rows in network.rows.items()}


def test_indicators(spark: SparkSession, roads: dict[str, list[Given]]) -> None:
    def source(name: str) -> DataFrame:
        return frame(spark, f"{OWN}/{name}", roads[name])

    state = segment_state(source("segment_speed"))
    quarter = intersection_quarter(source("queue"), source("signal_cycle"), source("intersection"))
    congestion, accident = congestion_hour(state, free_speed(state)), accident_month(source("accident"), frame(spark, GROUND, []), AS_OF)
    tables = (pass_hour(source("pass")), quarter, crossing_hour(source("pedestrian_crossing")), congestion)
    others = ("bus_trip", "stop_event", "bus_headway_hour", "taxi_day", "position_day", "position_arrival")
    buses = [frame(spark, f"themes/traffic/{name}", []) for name in others]
    made = indicator(
        *buses,
        *tables,
        violation_day(source("violation"), AS_OF),
        accident,
        source("vehicle"),
        source("driver"),
        workday(spark.createDataFrame),
        frame(spark, "themes/traffic/bus_fleet", []),
        frame(spark, "themes/traffic/bus_network", []),
        frame(spark, "base/population/person", []),
        AS_OF,
    )
    rows = conform(load(ROOT / "themes/traffic/indicator.yaml"), made).collect()
    counts: dict[tuple[str, str, str, str], int] = defaultdict(int)
    form = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}

    def add(county: str | None, day: Any, kinds: Iterable[str], **found: int) -> None:
        for kind in kinds:
            for place in (county or "000000", "321000"):
                for name, amount in found.items():
                    counts[name, kind, day.strftime(form[kind]), place] += int(amount)

    _intersections(roads, add)
    _segments(roads, add)
    _events(roads, add)
    told = {(r.indicator, r.period_kind, r.period, r.div_code): (r.numerator, r.denominator) for r in rows if r.numerator or r.denominator}
    expected: dict[Any, tuple[int, int]] = {}
    for name, (above, below, _) in RATES.items():
        for key in {k[1:] for k in counts if k[0] in (above, below)}:
            pair = counts.get((above, *key), 0), counts.get((below, *key), 0)
            expected |= {(name, *key): pair} if any(pair) else {}
    assert {k: v for k, v in told.items() if v != expected.get(k)} == {}
    assert told.keys() == expected.keys()
    assert {name for name, *_ in told} == set(RATES)
    for r in rows:
        value = Fraction(r.numerator, r.denominator) * RATES[r.indicator][2] if r.denominator else None
        rounded = value if value is None else (Decimal(value.numerator) / value.denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert r.value == rounded, r


def test_accidents_lie_where_their_position_is_and_violations_are_paid_by_the_night(spark: SparkSession) -> None:
    noon = datetime(2019, 12, 30, 12)
    common = {"occurred_at": noon, "county6": "321002", "cause": "SPEED", "dead": 1, "injured": 0, "loss": "10.50"}
    accidents = [
        {**common, "accident_no": "1", **at(2500, 50)},
        {**common, "accident_no": "2"},
        {**common, "accident_no": "3", "county6": None, "cause": None, "dead": None},
        {**common, "accident_no": "4", "occurred_at": END},
    ]
    rows = accident_month(frame(spark, f"{OWN}/accident", accidents), division(spark), AS_OF).collect()
    assert sorted(tuple(r)[:5] for r in rows) == [
        ("201912", "000000", "UNKNOWN", 1, 0),
        ("201912", "321002", "SPEED", 1, 1),
        ("201912", "321003", "SPEED", 1, 1),
    ]
    fine = {"code": "1039", "county6": "321002", "fine": "50.00", "points": 0}
    violations = [
        {**fine, "violation_no": "1", "occurred_at": noon, "paid_at": noon + timedelta(hours=35)},
        {**fine, "violation_no": "2", "occurred_at": noon, "paid_at": END},
        {**fine, "violation_no": "3", "occurred_at": noon, "fine": None},
        {**fine, "violation_no": "4", "occurred_at": END},
    ]
    [day] = violation_day(frame(spark, f"{OWN}/violation", violations), AS_OF).collect()
    assert tuple(day) == (date(2019, 12, 30), "321002", "1039", 3, 1, 0, Decimal(100), Decimal(50))
