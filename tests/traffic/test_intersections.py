"""Intersections by quarter of an hour, from readings made by hand; states of segments and the travel time index."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.themes.traffic.congestion import congestion_hour, free_speed, segment_state
from assets.themes.traffic.explain import explain_intersection
from assets.themes.traffic.intersections import intersection_quarter
from assets.themes.traffic.severe import congestion_interval
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from tests.frames import frame

OWN, THEME = "cleansed/traffic_police", "themes/traffic"
Given = dict[str, Any]


def at(clock: str, day: int = 30) -> datetime:
    return datetime.fromisoformat(f"2019-12-{day} {clock}")


def conformed(table: str, made: DataFrame) -> DataFrame:
    return conform(load(ROOT / f"{THEME}/{table}.yaml"), made)


def reading(approach: str, clock: str, vehicles: int | None, delay: str | None, queue: str | None, lane: int = 1) -> Given:
    """Readings of five minutes of a lane at L1."""
    said = {"vehicles": vehicles, "avg_delay_s": delay, "max_queue_m": queue, "stops": 1}
    return {"intersection_no": "L1", "approach": approach, "lane": lane, "measured_at": at(clock), **said}


def cycle(approach: str, clock: str, green: int, left_behind: int | None = 0) -> Given:
    return {
        "intersection_no": "L1",
        "approach": approach,
        "started_at": at(clock),
        "cycle_s": 120,
        "green_s": green,
        "left_behind": left_behind,
    }


QUEUES = [
    # E: of two lanes; delay (10·10 + 30·50 + 20·30) / 60 = 36.67; flow 60·12/3 = 240 an hour and lane; capacity 1650·60/120 = 825
    reading("E", "08:00", 10, "10.0", "15.0"), reading("E", "08:05", 30, "50.0", "29.9"),
    reading("E", "08:14:59", 20, "30.0", "20.0", lane=2),
    # N: every measure at the border that belongs to the better level: delay 60, queue 100; flow 720, capacity 800: saturation 0.9
    reading("N", "08:00", 60, "60.0", "100.0"),
    # S: of these only the queue is bad; of its cycle it is not known whether it left a vehicle behind
    reading("S", "08:00", 5, "9.9", "100.1"),
    # W: no signal, no delay: only the queue is known
    reading("W", "08:00", 5, None, "30.0"),
    # SW: vehicles unknown, so their delay says nothing; the next quarter begins
    reading("SW", "08:00", None, "99.0", None), reading("SW", "08:15", 4, "29.9", None),
    # NE: one vehicle of 300 brings the mean to 10.0033: it is shown as 10.00, and is above 10 all the same
    reading("NE", "08:00", 299, "10.0", None), reading("NE", "08:05", 1, "11.0", None),
    # NW: its first lane says the same for an hour, and is stuck; its second only for 55 minutes; its third is empty
    *(reading("NW", f"09:{m:02}", 20, "90.0", "150.0") for m in range(0, 60, 5)),
    *(reading("NW", f"09:{m:02}", 10, "20.0", "30.0", lane=2) for m in range(0, 55, 5)), reading("NW", "09:55", 10, "20.0", "30.1", lane=2),
    *(reading("NW", f"09:{m:02}", 0, "0.0", "0.0", lane=3) for m in range(0, 60, 5)),
]  # fmt: skip
CYCLES = [
    cycle("E", "08:00", 60), cycle("E", "08:02", 60, left_behind=3), cycle("E", "08:15", 60, left_behind=9),
    *(cycle("N", f"08:{m:02}", 64) for m in (0, 2)), cycle("S", "08:04", 0, left_behind=None),
]  # fmt: skip
EXPECTED = {
    ("E", "08:00"): (60, "36.67", "29.9", "0.291", "D", "2", ["delay_s"], (2, 1)),
    ("N", "08:00"): (60, "60.00", "100.0", "0.818", "E", "3", ["delay_s", "saturation", "queue_m"], (2, 0)),
    ("S", "08:00"): (5, "9.90", "100.1", None, "A", "4", ["queue_m"], (0, 0)),
    ("W", "08:00"): (5, None, "30.0", None, None, "2", ["queue_m"], (0, 0)),
    ("SW", "08:00"): (0, None, None, None, None, None, [], (0, 0)),
    ("SW", "08:15"): (4, "29.90", None, None, "C", "1", ["delay_s"], (0, 0)),
    **{("NW", f"09:{m}"): (30, "20.00", "30.0", None, "B", "2", ["queue_m"], (0, 0)) for m in ("00", "15", "30")},
    ("NW", "09:45"): (30, "20.00", "30.1", None, "B", "2", ["queue_m"], (0, 0)),
    ("NE", "08:00"): (300, "10.00", None, None, "B", "1", ["delay_s"], (0, 0)),
}


@pytest.fixture(scope="module")
def quarters(spark: SparkSession) -> list[Any]:
    lists = frame(spark, f"{OWN}/intersection", [{"intersection_no": "L1", "county6": "321002"}, {"intersection_no": "L2"}])
    rows = intersection_quarter(frame(spark, f"{OWN}/queue", QUEUES), frame(spark, f"{OWN}/signal_cycle", CYCLES), lists)
    return conformed("intersection_quarter", rows).collect()


def test_the_worst_of_delay_saturation_and_queue_counts(quarters: list[Any]) -> None:
    found = {
        (r.approach, f"{r.quarter_start:%H:%M}"): (
            r.vehicles, *(v and str(v) for v in (r.delay_s, r.queue_m, r.saturation)), r.hcm_level, r.cjj_level, r.decided_by,
            (r.cycles, r.residual_cycles),
        )
        for r in quarters
    }  # fmt: skip
    assert found == EXPECTED
    assert {(r.intersection_no, r.county6, r.day) for r in quarters} == {("L1", "321002", date(2019, 12, 30))}
    assert {(r.approach, r.readings, r.stuck, *r.flags) for r in quarters if r.stuck} == {("NW", 6, 3, "STUCK")}
    [east] = [r for r in quarters if r.approach == "E"]
    assert east.queue_p95_m == Decimal("28.9"), "between the second and the third of 15.0, 20.0, 29.9: 20 + 0.9 · 9.9"


def test_an_intersection_is_explained(quarters: list[Any]) -> None:
    rows = [r.asDict() for r in quarters]
    [told] = explain_intersection(lambda table, /, **equal: [r for r in rows if r["intersection_no"] == equal["intersection_no"]], "L1")
    assert told.facts["levels"] == {"1": 2, "2": 6, "3": 1, "4": 1}
    assert told.lines[-1] == "readings of a detector that is stuck were left out of 4 quarters"
    assert [q["approach"] for q in told.facts["worst"]][:2] == ["S", "N"]
    assert explain_intersection(lambda table, /, **equal: [], "L3") == []


def speed(segment: str, clock: str, kmh: str | None, road_class: str | None = "ARTERIAL", day: int = 30, code: str = "") -> Given:
    known = {"road_class": road_class, "county6": "321002", "length_m": "1000.0", "_codes": [f"speed_kmh:{code}"] if code else []}
    return {"segment_no": segment, "measured_at": at(clock, day), "speed_kmh": kmh, **known}


def test_the_travel_time_index_is_of_usable_readings(spark: SparkSession) -> None:
    speeds = [
        # at night 40 and 60 km/h: the 85th percentile of two is 57; a stuck reading, and one of the day, do not count
        speed("S1", "22:00", "40.0"), speed("S1", "05:55", "60.0", day=31), speed("S1", "03:00", "99.0", code="W_STUCK"),
        speed("S1", "08:00", "15.0"), speed("S1", "08:05", "28.5"), speed("S1", "08:10", "0"), speed("S1", "08:15", None),
        speed("S1", "08:20", "119.0", code="W_SPIKE"),
        # of 82.00 s over 63.16 s the index is 1.298, below 1.3, and is shown as 1.30
        speed("S1", "09:00", "43.9"),
        # never at night: states, but no index; without a class there is no state
        speed("S2", "08:00", "44.0"), speed("S3", "08:00", "44.0", road_class=None),
    ]  # fmt: skip
    state = conformed("segment_state", segment_state(frame(spark, f"{OWN}/segment_speed", speeds)))
    found = {(r.segment_no, f"{r.measured_at:%H:%M}"): (r.usable, r.state) for r in state.collect()}
    assert found == {
        ("S1", "22:00"): (True, "MOSTLY_FREE"), ("S1", "05:55"): (True, "FREE"), ("S1", "03:00"): (False, None),
        ("S1", "08:00"): (True, "SEVERE"), ("S1", "08:05"): (True, "LIGHT"), ("S1", "08:10"): (True, "SEVERE"),
        ("S1", "08:15"): (False, None), ("S1", "08:20"): (False, None), ("S1", "09:00"): (True, "FREE"),
        ("S2", "08:00"): (True, "FREE"), ("S3", "08:00"): (True, None),
    }  # fmt: skip
    free = conformed("free_speed", free_speed(state))
    assert [tuple(r) for r in free.collect()] == [("S1", "201912", 2, Decimal("57.0"))]
    hours = {r.hour: r for r in conformed("congestion_hour", congestion_hour(state, free)).collect()}
    morning = hours[8]
    # 1 km at 15 km/h takes 240 s, at 28.5 km/h 126.32 s, at 57 km/h 63.16 s
    assert (morning.travel_s, morning.free_s, morning.tti, morning.grade) == (
        Decimal("366.32"), Decimal("126.32"), Decimal("2.90"), "SEVERE",
    )  # fmt: skip
    assert (morning.readings, morning.length_m, morning.congested_m, morning.congested_rate) == (4, 4000, 2000, Decimal(50))
    assert {h: r.grade for h, r in hours.items()} == {5: "FREE", 8: "SEVERE", 9: "FREE", 22: "MOSTLY_FREE"}
    assert hours[9].tti == Decimal("1.30")


def test_how_much_of_a_county_is_severely_congested(spark: SparkSession) -> None:
    """Random states of a day: of every county and of the city every five minutes, reckoned again by hand."""
    draw = Random(4)
    rows = [
        {"segment_no": f"S{n}", "measured_at": at(f"{hour:02}:{5 * slot:02}"), "day": date(2019, 12, 30),
         "county6": ("321002", "321003", "000000", "321000")[n % 4], "length_m": draw.choice([None, "333.3", "1000.5", "20.0"]),
         "state": draw.choice(["SEVERE", "SEVERE", "MODERATE", "FREE", None])}
        for n in range(9) for hour in range(3) for slot in range(12) if draw.random() < 0.8
    ]  # fmt: skip
    expected: defaultdict[tuple[str, str, datetime], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    for row in rows:
        for level, place in (("CITY", "321000"), ("COUNTY", row["county6"])):
            if row["length_m"] and (level == "CITY" or place not in ("000000", "321000")):
                metres, known = Decimal(row["length_m"]), row["state"] is not None
                more = (int(known), metres, metres * known, metres * (row["state"] == "SEVERE"))
                key = (level, place, row["measured_at"])
                expected[key] = [a + b for a, b in zip(expected[key], more, strict=True)]
    made = conformed("congestion_interval", congestion_interval(frame(spark, f"{THEME}/segment_state", rows)))
    found = {(r.place_level, r.place_code, r.measured_at): r for r in made.collect()}
    assert {k: [r.segments, r.measured_m, r.length_m, r.severe_m] for k, r in found.items()} == expected
    for key, (_, _, length, severe) in expected.items():
        rate = (100 * severe / length).quantize(Decimal("0.01"), ROUND_HALF_UP) if length else None
        assert (found[key].severe_rate, found[key].county6) == (rate, key[1] if key[0] == "COUNTY" else None)
