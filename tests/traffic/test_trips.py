"""Trips against their plan and the timetable of the day: limits, missed trips, midnight, a line that changes in the middle of a month."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession

from assets.themes.traffic.explain import explain_trip
from tests.traffic.buses import AS_OF, DAY, LINE, SOURCE, Given, Write, arrival, plan, run, stop, theme

STOPS = [stop(1, 0), stop(2, None), stop(3, 20, x=2500)]
TRIPS: dict[str, tuple[list[Given], list[Given], tuple[str, int | None, bool | None]]] = {
    "a minute early": ([plan("", "8:00")], [run("", "7:59")], ("RAN", -60, True)),
    "a minute and a second early": ([plan("", "8:00")], [run("", "7:58:59")], ("RAN", -61, False)),
    "three minutes late": ([plan("", "8:00")], [run("", "8:03")], ("RAN", 180, True)),
    "three minutes and a second late": ([plan("", "8:00")], [run("", "8:03:01")], ("RAN", 181, False)),
    "did not run": ([plan("", "8:00")], [], ("MISSED", None, False)),
    "was broken off": ([plan("", "8:00")], [run("", "8:00", valid="0")], ("MISSED", None, False)),
    "nobody says whether it counts": ([plan("", "8:00")], [run("", "8:00", valid=None)], ("MISSED", None, False)),
    "was broken off and ran again": (
        [plan("", "8:00")], [run("", "8:00", valid="0"), run("", "8:10", trip_id="again"), run("", "8:12", trip_id="once more")],
        ("RAN", 600, False),
    ),
    "no clock": ([plan("", "8:00")], [run("", None)], ("RAN", None, False)),
    "a clock of another day": ([plan("", "8:00")], [run("", "8:00") | {"depart_time": datetime(2019, 12, 28, 8)}], ("RAN", None, False)),
    "not planned": ([], [run("", "9:00")], ("EXTRA", None, None)),
    "after midnight": ([plan("", "24:30")], [run("", "24:32")], ("RAN", 120, True)),
    "after midnight, written 0:30": ([plan("", "0:30")], [run("", "24:31")], ("RAN", 60, True)),
    "missed after midnight": ([plan("", "24:40")], [], ("MISSED", None, False)),
    "of tomorrow": ([plan("", "8:00", day=date(2020, 1, 1))], [], ("PENDING", None, None)),
    "of the night to come": ([plan("", "24:40", day=AS_OF)], [], ("PENDING", None, None)),
    "before anything of its date is known": ([plan("", "8:00", day=date(2019, 12, 20))], [], ("PENDING", None, None)),
}  # fmt: skip


def test_a_trip_is_on_time_from_a_minute_early_to_three_late(spark: SparkSession, write: Write) -> None:
    """Every case is a trip of a line of its own; a run on the 30th and the 31st says that these days are known."""
    rows: dict[str, list[Given]] = {"bus_plan": [], "bus_trip": [run("known", "7:00", day=d, line_no="0") for d in (DAY, AS_OF)]}
    for name, (plans, runs, _) in TRIPS.items():
        rows["bus_plan"] += [p | {"line_no": name} for p in plans]
        rows["bus_trip"] += [r | {"line_no": name, "trip_id": name + r["trip_id"]} for r in runs]
    told = {r.line_no: r for r in theme(spark, write, rows)["bus_trip"].collect() if r.line_no != "0"}
    assert {n: (r.state, r.depart_delay_s, r.departed_on_time) for n, r in told.items()} == {n: found for n, (*_, found) in TRIPS.items()}
    assert told["after midnight"].plan_depart == told["after midnight, written 0:30"].plan_depart == datetime(2019, 12, 31, 0, 30)
    assert {r.service_date for n, r in told.items() if "after midnight" in n} == {DAY}
    assert (told["was broken off and ran again"].runs, told["was broken off and ran again"].flags) == (3, ["SEVERAL_RUNS"])
    assert told["a clock of another day"].flags == ["OTHER_DAY"]


@pytest.fixture(scope="module")
def day(spark: SparkSession, write: Write) -> dict[str, list[Given]]:
    """A day of a line with two stops that have a timetable, and its tables."""
    rows = {
        "bus_line": [{**LINE, "valid_from": date(2018, 1, 1), "name": "1路", "line_class": "TRUNK"}],
        "bus_stop": STOPS,
        "bus_plan": [
            plan("1", "8:00", "8:20"), plan("2", "8:20", "8:40"), plan("3", "8:40", "9:00", vehicle_no="V2"),
            plan("4", "23:50", "24:10"),
        ],
        "bus_trip": [
            run("1", "8:00", "8:30"), run("2", "8:31", "8:51"), run("4", "23:50", "24:12"),
            run("J1", "8:45", "8:46", vehicle_no="V3"), run("J2", "8:50", "8:40", vehicle_no="V4"),
        ],
        "bus_arrival": [
            arrival("1", 1, "8:00"), arrival("1", 2, "8:11"), arrival("1", 3, "8:23:01"), arrival("2", 3, "8:37"),
            arrival("4", 1, "23:53"), arrival("4", 3, "24:13"), arrival("2", 1, "8:20", stop_no="S9"), arrival("2", 7, "8:55"),
        ],
    }  # fmt: skip
    made = {name: [r.asDict() for r in table.collect()] for name, table in theme(spark, write, rows).items()}
    return made | {f"{SOURCE}/{name}": of for name, of in rows.items()}


def test_a_stop_is_due_by_the_timetable(day: dict[str, list[Given]]) -> None:
    told = {(e["trip_no"], e["seq"]): (e["delay_s"], e["on_time"]) for e in day["stop_event"] if e["on_time"] is not None}
    assert told == {
        ("1", 1): (0, True), ("1", 3): (181, False), ("2", 1): (None, False), ("2", 3): (-180, True), ("3", 1): (None, False),
        ("3", 3): (None, False), ("4", 1): (180, True), ("4", 3): (180, True),
    }  # fmt: skip
    flags = {(e["trip_no"], e["seq"]): e["flags"] for e in day["stop_event"] if e["flags"]}
    assert flags == {("2", 1): ["OTHER_STOP"], ("2", 7): ["NOT_ON_LINE"]}
    last = next(e for e in day["stop_event"] if (e["trip_no"], e["seq"]) == ("4", 3))
    assert (last["timetable"], last["county6"]) == (datetime(2019, 12, 31, 0, 10), "321003")


def test_the_day_of_a_line(day: dict[str, list[Given]]) -> None:
    [told] = day["bus_line_day"]
    counts = ("planned", "ran", "missed", "extra", "departed_on_time", "ends", "ends_on_time", "timetable_events", "arrived_on_time")
    assert tuple(told[c] for c in counts) == (4, 3, 1, 2, 2, 2, 2, 8, 4)
    assert (told["metres"], told["run_s"]) == (30_000, (30 + 20 + 22) * 60)
    assert (told["speed_kmh"], told["execution_rate"], told["arrival_rate"]) == (Decimal(25), Decimal(75), Decimal(50))
    assert (told["name"], told["county6"]) == ("1路", "321002")
    odd = {t["trip_no"]: (t["flags"], t["run_s"]) for t in day["bus_trip"] if t["state"] == "EXTRA"}
    assert odd == {"J1": (["TOO_FAST"], None), "J2": (["BACKWARDS"], None)}


def test_a_trip_explained(day: dict[str, list[Given]]) -> None:
    def read(table: str, /, **equal: object) -> list[Given]:
        rows = day.get(table.removeprefix("themes/traffic/"), day.get(table, []))
        return [{"_source_file": "f", "_row_no": 1, **r} for r in rows if all(r.get(c) == v for c, v in equal.items())]

    [late] = explain_trip(read, "1|UP|2019-12-30|2")
    assert late.title == "Trip 2 of line 1 UP on 2019-12-30: RAN"
    assert late.lines == [
        "planned for 2019-12-30 08:20:00: it left 660 s after the plan, which is not on time",
        "its bus was on trip 1 of line 1 UP until 2019-12-30 08:30:00",
        "it came on time to 1 of 2 stops with a timetable",
    ]
    [missed] = explain_trip(read, "1|UP|2019-12-30|3")
    assert missed.lines[0] == "planned for 2019-12-30 08:40:00: no valid run names it, and of its date it is known what ran"
    assert (missed.facts["state"], missed.facts["runs"]) == ("MISSED", [])
    assert explain_trip(read, "1304")[0].facts["trip_no"] == "4"
    assert explain_trip(read, "1|UP|yesterday|3") == []


def test_a_line_that_changes_in_the_middle_of_a_month_keeps_its_timetable_before(spark: SparkSession, write: Write) -> None:
    """From the 16th on the line leaves out a stop, is called otherwise and takes ten minutes less."""
    change = date(2019, 12, 16)
    days = [date(2019, 12, n) for n in (15, 16)]
    rows = {
        "bus_line": [{**LINE, "valid_from": d, "name": n} for d, n in ((date(2018, 1, 1), "慢线"), (change, "快线"))],
        "bus_stop": [*STOPS, stop(1, 0, change), stop(2, 10, change, stop_no="S3", x=2500)],
        "bus_plan": [plan("1", "8:00", day=d) for d in days],
        "bus_trip": [run("1", "8:00", "8:21", day=d) for d in days],
        "bus_arrival": [arrival("1", seq, clock, day=d, stop_no="S3") for d, seq, clock in ((days[0], 3, "8:20"), (days[1], 2, "8:10"))],
    }
    tables = theme(spark, write, rows)
    ends = {(r.valid_from, r.seq): r.valid_to for r in tables["bus_stop"].collect()}
    assert {seq: to for (since, seq), to in ends.items() if since < change} == dict.fromkeys((1, 2, 3), days[0])
    assert {to for (since, _), to in ends.items() if since == change} == {None}
    told = {(r.service_date.day, r.seq): (r.timetable, r.on_time) for r in tables["stop_event"].where("seq > 1").collect()}
    assert told == {
        (15, 2): (None, None), (15, 3): (datetime(2019, 12, 15, 8, 20), True), (16, 2): (datetime(2019, 12, 16, 8, 10), True),
    }  # fmt: skip
    assert {r.service_date.day: r.name for r in tables["bus_line_day"].collect()} == {15: "慢线", 16: "快线"}
