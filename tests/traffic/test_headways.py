"""Headways and waiting: vectors reckoned by hand, hours that add up to days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import sqrt
from typing import Any

from pyspark.sql import SparkSession

from assets.themes.traffic.headways import excess
from tests.frames import frame
from tests.traffic.buses import Given, Rows, Write, arrival, plan, run, stop, theme


def day(planned: dict[str, str], came: dict[str, str]) -> Rows:
    """A day of a line with one stop: when each trip was planned, and when it came."""
    rows: dict[str, list[Given]] = {"bus_stop": [stop(1, 0)], "bus_plan": [plan(n, clock) for n, clock in planned.items()]}
    rows["bus_trip"] = [run(n, clock) for n, clock in came.items()]
    return rows | {"bus_arrival": [arrival(n, 1, clock) for n, clock in came.items()]}


def hours(spark: SparkSession, write: Write, rows: Rows) -> dict[int, Any]:
    return {r.hour: r for r in theme(spark, write, rows)["bus_headway_hour"].collect()}


def minutes(text: str) -> Decimal:
    return Decimal(text)


def test_who_misses_a_bus_waits_for_the_next(spark: SparkSession, write: Write) -> None:
    """Every ten minutes by the plan, and one trip of five is missed: planned 10 10 10 10, real 10 10 20 minutes.

    By the timetable one waits 400 / 80 = 5 minutes, really (100 + 100 + 400) / 80 = 7.5.
    """
    planned = {"1": "8:00", "2": "8:10", "3": "8:20", "4": "8:30", "5": "8:40"}
    hour = hours(spark, write, day(planned, {n: c for n, c in planned.items() if n != "4"}))[8]
    assert (hour.headways, hour.headway_s, hour.headway_s2) == (3, 2400, 600**2 * 2 + 1200**2)
    assert (hour.planned_headways, hour.planned_headway_s, hour.planned_headway_s2) == (4, 2400, 4 * 600**2)
    assert (hour.wait_min, hour.planned_wait_min, hour.excess_wait_min) == (minutes("7.50"), minutes("5.00"), minutes("2.50"))
    assert (hour.mean_min, hour.sd_min, hour.cv) == (
        minutes("13.33"),
        minutes(f"{sqrt(200 / 9):.2f}"),
        minutes(f"{sqrt(200 / 9) / (40 / 3):.2f}"),
    )
    assert (hour.bunched, hour.gaps) == (0, 0)


def test_bunches_and_gaps_at_their_limits(spark: SparkSession, write: Write) -> None:
    """Every 8 minutes by the plan: 2 minutes are not bunched, a second less is, so is all under one; 16 are no gap, a second more is."""
    planned = {str(n): f"{8 + n * 8 // 60}:{n * 8 % 60:02}" for n in range(7)}
    came = {"0": "8:00", "1": "8:02", "2": "8:03:59", "3": "8:19:59", "4": "8:36", "5": "8:37", "J": "8:37:59"}
    hour = hours(spark, write, day(planned, came))[8]
    assert (hour.headways, hour.bunched, hour.gaps) == (6, 3, 1)
    assert hour.headway_s == 37 * 60 + 59


def test_two_trips_planned_for_one_moment_are_no_gap(spark: SparkSession, write: Write) -> None:
    """Two buses are planned for 8:20; the second comes 90 s behind the first, which is neither a gap nor bunched."""
    rows = day({"1": "8:00", "2": "8:20", "3": "8:20"}, {"1": "8:00", "2": "8:20", "3": "8:21:30"})
    hour = hours(spark, write, rows)[8]
    assert (hour.headways, hour.bunched, hour.gaps) == (2, 0, 0)
    assert (hour.planned_headways, hour.planned_headway_s, hour.planned_headway_s2) == (2, 1200, 1200**2)


def test_hours_of_a_day_of_service_add_up(spark: SparkSession, write: Write) -> None:
    """Over midnight hours go on; a headway counts in the hour of the bus that ends it, a planned one in that of the timetable."""
    planned = {"1": "22:50", "2": "23:20", "3": "23:50", "4": "24:20"}
    came = {"1": "22:50", "2": "23:20", "3": "24:00", "4": "24:20"}
    tables = theme(spark, write, day(planned, came))
    told = {r.hour: (r.headways, r.headway_s, r.planned_headways) for r in tables["bus_headway_hour"].collect()}
    assert told == {23: (1, 1800, 2), 24: (2, 3600, 1)}
    [whole] = tables["bus_line_day"].collect()
    assert (whole.headways, whole.headway_s, whole.headway_s2) == (3, 5400, 1800**2 + 2400**2 + 1200**2)
    assert (whole.wait_min, whole.planned_wait_min, whole.excess_wait_min) == (minutes("16.11"), minutes("15.00"), minutes("1.11"))


def test_nothing_to_say_without_two_buses(spark: SparkSession, write: Write) -> None:
    rows = day({"1": "8:00", "2": "9:00"}, {"1": "8:00"})
    hour = hours(spark, write, rows)[9]
    assert (hour.headways, hour.mean_min, hour.sd_min, hour.cv, hour.wait_min, hour.excess_wait_min) == (0, None, None, None, None, None)
    assert hour.planned_wait_min == minutes("30.00")


def test_excess_adds_up_over_stops(spark: SparkSession) -> None:
    """A stop at which one bus of three is missed, one at which buses come more evenly than planned, one with a plan alone.

    At the first 1200 s² more than the plan of 600 s and 600 s has: (1200² - 1200 * 600) of 1200 s; at the second less than its plan of
    400 s and 800 s: (2 * 600² - (400² + 800²)) of 1200 s.
    """
    of = {"line_no": "1", "direction": "UP", "service_date": date(2019, 12, 30), "county6": "321002", "hour": 8}
    sums = {
        1: (1, 1200, 1200**2, 2, 1200, 2 * 600**2),
        2: (2, 1200, 2 * 600**2, 2, 1200, 400**2 + 800**2),
        3: (0, 0, 0, 1, 600, 600**2),
    }
    names = ("headways", "headway_s", "headway_s2", "planned_headways", "planned_headway_s", "planned_headway_s2")
    rows = [{**of, "seq": seq, **dict(zip(names, of_stop, strict=True))} for seq, of_stop in sums.items()]
    told = excess(frame(spark, "themes/traffic/bus_headway_hour", rows)).collect()
    assert sorted((r.excess_s2, r.excess_headway_s) for r in told) == [(-80_000, 1200), (720_000, 1200)]
