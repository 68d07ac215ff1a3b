"""Parking areas by hour and day: heaps of half an hour, across hours and midnight; and random days against plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from pyspark.sql import DataFrame, SparkSession

from assets.declare import declared
from assets.themes.urban_management.bike_zones import bike_zone_day, bike_zone_hour
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from tests.frames import frame
from tests.touch.chain import in_part
from tests.touch.chain import made as table_of
from tests.urban_management.streets import moment

CAPACITY = {"Z1": 5, "Z2": 2}
"""Six bikes are 1.2 times the five that Z1 holds, and no heap; three are more than 1.2 times the two of Z2."""
Given = dict[str, Any]
Write = Callable[[DataFrame], DataFrame]
HOUR = timedelta(hours=1)
NIGHT = date(2019, 12, 23)


def stand(zone: str | None, when: datetime, bikes: int) -> list[Given]:
    return [{"company": "HL", "bike_no": f"{zone}{n}", "measured_at": when, "zone_no": zone} for n in range(bikes)]


def made(spark: SparkSession, write: Write, rows: list[Given]) -> tuple[list[Any], list[Any]]:
    """The hours and the days of these positions."""
    zone = [{"zone_no": z, "capacity": c} for z, c in CAPACITY.items()]
    position = frame(spark, "themes/urban_management/bike_position", rows)
    found = bike_zone_hour(position, frame(spark, "cleansed/urban_management/parking_zone", zone), write)
    hours = conform(load(ROOT / "themes/urban_management/bike_zone_hour.yaml"), found)
    days = conform(load(ROOT / "themes/urban_management/bike_zone_day.yaml"), bike_zone_day(hours))
    return hours.collect(), days.collect()


def heaps(spark: SparkSession, write: Write, rows: list[Given]) -> dict[tuple[str, int], tuple[int, int, int]]:
    return {(r.zone_no, r.day.day): (r.most, r.heaps, r.heap_minutes) for r in made(spark, write, rows)[1]}


def test_a_heap_is_more_than_capacity_for_half_an_hour(spark: SparkSession, write: Write) -> None:
    rows = []
    for clock, bikes in (("08:00", 3), ("08:10", 3), ("08:20", 4), ("08:32", 3), ("08:40", 2), ("09:00", 3), ("09:29", 3), ("10:00", 0)):
        rows += stand("Z2", moment(f"12-20 {clock}"), bikes) + stand("Z1", moment(f"12-20 {clock}"), 6)
    for clock in ("07:00", "07:15", "07:30"):
        rows += stand("Z1", moment(f"12-21 {clock}"), 7)
    assert heaps(spark, write, rows) == {("Z2", 20): (4, 1, 32), ("Z1", 20): (6, 0, 0), ("Z1", 21): (7, 1, 30)}


def test_a_heap_lasts_across_hours_and_midnight(spark: SparkSession, write: Write) -> None:
    """From 23:50 to 00:25 it is one of 35 minutes, of which 10 are of the day on which it began; by itself neither part is a heap."""
    night = [moment(f"12-{clock}") for clock in ("20 23:50", "21 00:00", "21 00:10", "21 00:25")]
    rows = [r for when in night for r in stand("Z2", when, 3)]
    hours, days = made(spark, write, rows)
    assert {(r.day.day, r.hour.hour): (r.heaps, r.heap_minutes) for r in hours} == {(20, 23): (1, 10), (21, 0): (0, 25)}
    assert {r.day.day: (r.heaps, r.heap_minutes) for r in days} == {20: (1, 10), 21: (0, 25)}
    assert set(heaps(spark, write, [r for r in rows if r["measured_at"] < night[-1]]).values()) == {(3, 0, 0)}, "20 minutes are none"
    assert heaps(spark, write, [*rows, *stand(None, moment("12-21 00:15"), 1)])["Z2", 21] == (3, 0, 25), "a moment of the slot of 00:10"
    between = [r for r in rows if r["measured_at"] != night[2]] + stand(None, moment("12-21 00:10"), 1)
    assert set(heaps(spark, write, between).values()) == {(3, 0, 0)}, "at 00:10 fewer stood there"


def test_a_late_day_changes_itself_and_the_neighbour_whose_heap_it_joins(spark: SparkSession, write: Write) -> None:
    """The 21st comes late: the ten minutes before it become a heap, on the 22nd nothing changes, whatever heaped up at its noon."""
    clocks = ("20 12:00", "20 12:30", "20 23:50", "21 00:00", "21 00:25", "21 20:00", "22 12:00", "22 12:30", "23 09:00")
    rows = [r for clock in clocks for r in stand("Z2", moment(f"12-{clock}"), 3)]
    position, zone, name = "themes/urban_management/bike_position", "cleansed/urban_management/parking_zone", "bike_zone_hour"
    table = declared()[f"themes/urban_management/{name}"]

    def tables(of: list[Given]) -> dict[str, DataFrame]:
        inputs = {position: write(frame(spark, position, of)), zone: write(frame(spark, zone, [{"zone_no": "Z2", "capacity": 2}]))}
        return inputs | {table.name: table_of(table, {a: inputs[t] for a, t in table.inputs.items()}, NIGHT, write)}

    was, now = tables([r for r in rows if r["measured_at"].day != 21]), tables(rows)
    found = in_part(table, was, now, (NIGHT, NIGHT), write)
    assert found is not None
    assert sorted(found[0].select(*now[table.name].columns).collect(), key=str) == sorted(now[table.name].collect(), key=str)
    rows_ = [{(r.day.day, r.hour.hour): (r.heaps, r.heap_minutes) for r in t[table.name].collect()} for t in (was, now)]
    assert {k: v for k, v in rows_[1].items() if v != rows_[0].get(k)} == {(20, 23): (1, 10), (21, 0): (0, 25), (21, 20): (0, 0)}
    assert rows_[1][22, 12] == (1, 30)


def test_nobody_knows_what_stood_there_for_longer_than_an_hour(spark: SparkSession, write: Write) -> None:
    """Bikes at 21:30 and at 7:00 are no heap of the night; those of 8:00 and 9:00 are one of an hour, of 10:00 and 11:01 none."""
    clocks = ("20 21:30", "21 07:00", "22 08:00", "22 09:00", "23 10:00", "23 11:01")
    rows = [r for clock in clocks for r in stand("Z2", moment(f"12-{clock}"), 3)]
    assert {day: (n, long) for (_, day), (_, n, long) in heaps(spark, write, rows).items()} == {
        20: (0, 0),
        21: (0, 0),
        22: (1, 60),
        23: (0, 0),
    }


def test_the_mean_of_an_hour_counts_moments_without_bikes(spark: SparkSession, write: Write) -> None:
    clocks = {"08:00": 3, "08:20": 1, "08:31": 0, "09:00": 2}
    rows = [r for c, n in clocks.items() for r in [*stand("Z2", moment(f"12-20 {c}"), n), *stand(None, moment(f"12-20 {c}"), 1)]]
    told = {r.hour.hour: (r.moments, r.bikes, r.most, r.capacity, r.occupancy_rate) for r in made(spark, write, rows)[0]}
    assert told == {8: (3, Decimal("1.33"), 3, 2, Decimal("66.67")), 9: (1, Decimal(2), 2, 2, Decimal(100))}


def half_up(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / value.denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)


def slot_of(when: datetime) -> datetime:
    return when.replace(minute=when.minute // 10 * 10)


def test_random_nights(spark: SparkSession, write: Write) -> None:
    """Eight bikes in two areas over four days, slot by slot and minute by minute."""
    random, rows = np.random.default_rng(3), list[Given]()
    clock, last = datetime(2019, 12, 28, 20), datetime(2019, 12, 31, 6)
    while clock < last:
        full = random.random() < 0.75
        for n in range(8):
            zone = [None, "Z1", "Z2"][int(random.choice(3, p=[0.1, 0.5, 0.4] if full else [0.8, 0.1, 0.1]))]
            when = clock + timedelta(minutes=int(random.integers(0, 3)))
            rows.append({"company": "HL", "bike_no": f"B{n}", "measured_at": when, "zone_no": zone})
        clock += timedelta(minutes=int(random.choice([10, 20, 30, 90], p=[0.5, 0.25, 0.2, 0.05])))
    seen: dict[datetime, list[Given]] = defaultdict(list)
    for r in rows:
        seen[slot_of(r["measured_at"])].append(r)
    at = {s: min(r["measured_at"] for r in of) for s, of in seen.items()}
    slots = sorted(seen)
    expected = dict[tuple[str, datetime], tuple[Any, ...]]()
    minutes: dict[tuple[str, datetime], int] = defaultdict(int)
    began: dict[tuple[str, datetime], int] = defaultdict(int)
    for zone, capacity in CAPACITY.items():
        count = {s: len({r["bike_no"] for r in seen[s] if r["zone_no"] == zone}) for s in slots}
        runs: list[list[datetime]] = [[]]
        for s in slots:
            if count[s] * 10 <= capacity * 12:
                runs.append([])
            elif runs[-1] and at[s] - at[runs[-1][-1]] > HOUR:
                runs.append([s])
            else:
                runs[-1].append(s)
        for run in runs:
            if run and at[run[-1]] - at[run[0]] >= timedelta(minutes=30):
                began[zone, run[0].replace(minute=0)] += 1
                minute = at[run[0]]
                while minute < at[run[-1]]:
                    minutes[zone, minute.replace(minute=0)] += 1
                    minute += timedelta(minutes=1)
        for hour in {s.replace(minute=0) for s in slots if count[s]}:
            counts = [count[s] for s in slots if s.replace(minute=0) == hour]
            mean = Fraction(sum(counts), len(counts))
            rates = half_up(mean), half_up(mean * 100 / capacity)
            expected[zone, hour] = (len(counts), rates[0], max(counts), rates[1], began[zone, hour], minutes[zone, hour])
    hours, days = made(spark, write, rows)
    assert {(r.zone_no, r.hour): (r.moments, r.bikes, r.most, r.occupancy_rate, r.heaps, r.heap_minutes) for r in hours} == expected
    assert all(r.day == r.hour.date() and r.capacity == CAPACITY[r.zone_no] for r in hours)
    assert sum(minutes.values()) == sum(r.heap_minutes for r in days) > 300
    crossing = {z for z, h in minutes if h.hour == 0 and minutes[z, h - HOUR] and not began[z, h]}
    assert crossing, "none crosses midnight"
    of_day = {(r.zone_no, r.day): r.heaps for r in days}
    assert of_day["Z1", date(2019, 12, 29)] == sum(n for (z, h), n in began.items() if z == "Z1" and h.date() == date(2019, 12, 29))
