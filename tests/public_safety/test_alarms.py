"""Calls that tell of one event, and those that do not: limits of time and distance, chains, midnight, and random days in both ways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from math import cos, hypot, radians
from random import Random
from typing import Any

import shapely
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assets.themes.public_safety.alarm import alarm, alarm_day
from standards.public_safety import accident_level
from tests.frames import frame

Write = Callable[[DataFrame], DataFrame]
Row = dict[str, Any]
NOON = datetime(2019, 12, 30, 12)
LON, LAT = 119.45, 32.4
NOWHERE = {"lon": None, "lat": None}
METRE = 1 / 110_900
"""Degrees of latitude."""
DAYS = {
    "day": "date",
    **dict.fromkeys(("county6", "town", "grid_no", "kind", "reported"), "string"),
    "in_time": "boolean",
    "valid": "boolean",
}
"""The columns of the calls that the days are made of."""


def call(number: str, after: int, kind: str = "FIRE", north: float = 0, phone: str | None = None, at: datetime = NOON, **more: Any) -> Row:
    """A call some seconds after noon, some metres to the north of the place."""
    moment = at + timedelta(seconds=after)
    place = {"lon": LON, "lat": round(LAT + north * METRE, 8)}
    return {"alarm_no": number, "call_time": moment, "kind": kind, "caller_phone": phone, "county6": "321002", **place, **more}


def made(spark: SparkSession, write: Write, rows: list[Row]) -> dict[str, Any]:
    town = shapely.to_wkb(shapely.box(119.4, 32.3, 119.5, 32.5))
    towns = [("321002003000", "TOWN", None, town), ("321002104000", "TOWN", None, shapely.to_wkb(shapely.box(119.5, 32.3, 119.6, 32.5)))]
    division = spark.createDataFrame(towns, "code string, level string, valid_to date, geometry binary")
    grid = spark.createDataFrame([("G1", town)], "grid_no string, geometry binary")
    return {r.alarm_no: r for r in alarm(frame(spark, "cleansed/public_security/alarm", rows), division, grid, write).collect()}


STORIES: dict[str, tuple[list[Row], dict[str, str]]] = {
    "a caller's two calls are one, whatever they tell": (
        [call("A", 0, "HELP", phone="1"), call("B", 1800, "ORDER", 5000, phone="1")], {"A": "A", "B": "A"},
    ),
    "half an hour and a second later it is another": (
        [call("A", 0, "HELP", phone="1"), call("B", 1801, "HELP", 5000, phone="1")], {"A": "A", "B": "B"},
    ),
    "two fires in one street are two": ([call("A", 0), call("B", 60, north=320)], {"A": "A", "B": "B"}),
    "a fire that two see is one": ([call("A", 0), call("B", 1200, north=295)], {"A": "A", "B": "A"}),
    "twenty minutes and a second later it is another": ([call("A", 0), call("B", 1201)], {"A": "A", "B": "B"}),
    "a fire and a theft are two": ([call("A", 0), call("B", 60, "CRIME")], {"A": "A", "B": "B"}),
    "whoever tells again of what was told again tells of the first": (
        [call("A", 0), call("B", 900, north=250), call("C", 1800, north=500), call("D", 2700, north=750)],
        {"A": "A", "B": "A", "C": "A", "D": "A"},
    ),
    "of two at one moment the smaller number is the first": ([call("B", 0), call("A", 0)], {"A": "A", "B": "A"}),
    "over midnight": (
        [call("A", 0, at=datetime(2019, 12, 30, 23, 55)), call("B", 600, at=datetime(2019, 12, 30, 23, 55))], {"A": "A", "B": "A"},
    ),
    "without a position only the caller counts": (
        [call("A", 0, phone="1"), call("B", 60, phone="2") | NOWHERE, call("C", 90, phone="1") | NOWHERE],
        {"A": "A", "B": "B", "C": "A"},
    ),
}  # fmt: skip


def test_stories_of_one_event_and_of_two(spark: SparkSession, write: Write) -> None:
    """All stories in one table: each in a place and a year of its own, so that none meets another."""
    rows, expected = [], {}
    for n, (story, events) in enumerate(STORIES.values()):
        for row in story:
            moment = row["call_time"].replace(year=2000 + n)
            phone = row["caller_phone"] and f"{n}-{row['caller_phone']}"
            rows.append(row | {"alarm_no": f"{n}{row['alarm_no']}", "call_time": moment, "caller_phone": phone})
        expected |= {f"{n}{a}": f"{n}{e}" for a, e in events.items()}
    found = {number: r.event_no for number, r in made(spark, write, rows).items()}
    wrong = {list(STORIES)[int(a[:-1])]: (a, found[a]) for a in expected if found[a] != expected[a]}
    assert wrong == {}


def test_arrivals_in_time_in_the_streets_of_a_town_and_elsewhere(spark: SparkSession, write: Write) -> None:
    """To the second, at the moment of the call, before it, and of a call that lies after its own delivery."""
    rural = {"lon": LON + 0.1}
    given = {
        "street, 5 min": (300, {}, 300, True), "street, 5 min 1 s": (301, {}, 301, False), "at once": (0, {}, 0, True),
        "a second before": (-1, {}, None, None), "never": (None, {}, None, None),
        "town, 10 min": (600, rural, 600, True), "town, 10 min 1 s": (601, rural, 601, False),
        "unknown place, 10 min": (600, NOWHERE, 600, True),
    }  # fmt: skip
    rows = []
    for n, (name, (after, place, *_)) in enumerate(given.items()):
        row = call(name, n * 86_400) | place
        moment = None if after is None else row["call_time"] + timedelta(seconds=after)
        rows.append(row | {"arrive_time": moment, "finish_time": moment})
    ahead = [call("same day", 0, _business_date=NOON.date()), call("day after", 43_200, _business_date=NOON.date())]
    found = made(spark, write, [*rows, *(r | {"lon": LON + 0.01} for r in ahead)])
    assert {n: (r.response_s, r.in_time) for n, r in found.items() if n in given} == {n: tuple(s[2:]) for n, s in given.items()}
    assert found["a second before"].arrive_time is found["a second before"].finish_time is None
    assert found.keys() == {*given, "same day"}


def test_a_call_about_nothing_is_not_valid(spark: SparkSession, write: Write) -> None:
    """Of two calls about one event the first decides; what came of a call is not always known."""
    results = {"false": "INVALID", "dealt with": "HANDLED", "handed over": "TRANSFERRED", "unknown": None}
    rows = [call(name, n * 86_400, result=result) for n, (name, result) in enumerate(results.items())]
    rows += [call("again", 60, result="HANDLED")]
    found = made(spark, write, rows)
    assert {n: r.valid for n, r in found.items()} == {n: n != "false" for n in (*results, "again")}
    lean = [{c: r[c] for c in DAYS} for r in found.values()]
    days = alarm_day(spark.createDataFrame(lean, ", ".join(f"{c} {t}" for c, t in DAYS.items()))).orderBy("day").collect()
    assert [(d.calls, d.events, d.invalid) for d in days] == [(2, 1, 1), (1, 1, 0), (1, 1, 0), (1, 1, 0)]


def near(a: Row, b: Row) -> bool:
    if a["caller_phone"] and a["caller_phone"] == b["caller_phone"] and (b["call_time"] - a["call_time"]).total_seconds() <= 1800:
        return True
    east = (b["lon"] - a["lon"]) * 111_320 * cos(radians(LAT))
    return (
        a["kind"] == b["kind"]
        and (b["call_time"] - a["call_time"]).total_seconds() <= 1200
        and hypot(east, (b["lat"] - a["lat"]) / METRE) <= 300
    )


def test_random_days_are_told_apart_as_by_hand(spark: SparkSession, write: Write) -> None:
    """Some hundred calls in two days; those whose distance is within a metre of the limit are left out, as both ways measure it."""
    draw = Random(5)
    rows: list[Row] = []
    while len(rows) < 240:
        row = call(f"{len(rows):03}", draw.randrange(2 * 86_400), draw.choice(["FIRE", "HELP"]), draw.randrange(4000))
        row["lon"] = round(LON + draw.randrange(4000) * METRE, 8)
        row["caller_phone"] = draw.choice([None, *map(str, range(30))])
        row["arrive_time"] = row["call_time"] + timedelta(seconds=draw.randrange(60, 700)) if draw.random() < 0.9 else None
        apart = [hypot((row["lon"] - o["lon"]) * 111_320 * cos(radians(LAT)), (row["lat"] - o["lat"]) / METRE) for o in rows]
        if not any(298 < a < 302 for a in apart):
            rows.append(row)
    rows.sort(key=lambda r: (r["call_time"], r["alarm_no"]))
    first: dict[str, str] = {}
    for n, row in enumerate(rows):
        before = next((o for o in rows[:n] if near(o, row)), None)
        first[row["alarm_no"]] = row["alarm_no"] if before is None else first[before["alarm_no"]]
    found = made(spark, write, rows)
    assert {a: r.event_no for a, r in found.items()} == first
    assert 5 < sum(a != e for a, e in first.items()) < 120
    for row in rows:
        known = row["arrive_time"] and (row["arrive_time"] - row["call_time"]).total_seconds()
        assert found[row["alarm_no"]].in_time == (None if known is None else known <= 300), row
    lean = [{c: r[c] for c in DAYS} for r in found.values()]
    days = alarm_day(spark.createDataFrame(lean, ", ".join(f"{c} {t}" for c, t in DAYS.items()))).collect()
    assert sum(d.calls for d in days) == len(rows)
    assert sum(d.events for d in days) == sum(a == e for a, e in first.items())
    assert sum(d.in_time for d in days) == sum(bool(r.in_time) for r in found.values())


LEVELS = {
    (0, 0, "0"): "ORDINARY", (2, 9, "999.99"): "ORDINARY", (3, 0, "0"): "LARGER", (0, 10, "0"): "LARGER", (0, 0, "1000"): "LARGER",
    (9, 49, "4999"): "LARGER", (10, 0, "0"): "MAJOR", (0, 50, "0"): "MAJOR", (0, 0, "5000"): "MAJOR", (29, 99, "9999"): "MAJOR",
    (30, 0, "0"): "SEVERE", (0, 100, "0"): "SEVERE", (1, 1, "10000"): "SEVERE", (None, None, None): "ORDINARY",
}  # fmt: skip


def test_levels_of_accidents(spark: SparkSession) -> None:
    rows = [(n, *case) for n, case in enumerate(LEVELS)]
    frame_ = spark.createDataFrame(rows, "n int, dead int, injured int, loss string").withColumn(
        "loss", F.col("loss").cast("decimal(14,4)")
    )
    found = frame_.select("n", accident_level(F.col("dead"), F.col("injured"), F.col("loss")).alias("level")).orderBy("n").collect()
    assert [r.level for r in found] == list(LEVELS.values())
