"""Reports that tell of one event, and those that do not: limits of time, place and caller, over all services."""

from __future__ import annotations

from datetime import timedelta
from math import hypot
from random import Random

from pyspark.sql import SparkSession

from tests.city_operations.channels import LAT, LON, METRE, NOON, NUMBER, Row, Write, at, made, told

HOUR, DAY = 3600, 24 * 3600
HERE = at(0)
STORIES: dict[str, tuple[list[tuple[str, Row]], dict[str, str]]] = {
    "a fire told to 110, 12345, the grid and emergency management is one": (
        [told("alarm", "A", 0, kind="FIRE", **HERE), told("order", "B", 600, type="HELP", title="小区着火", place="k1"),
         told("event", "C", 2 * HOUR, kind="SAFETY", title="居民楼火灾", **at(150)), told("accident", "D", HOUR, kind="FIRE", **at(-120))],
        {"POLICE:A": "POLICE:A", "HOTLINE:B": "POLICE:A", "GRID:C": "POLICE:A", "EMERGENCY:D": "POLICE:A"},
    ),
    "a call about nothing tells of no event": (
        [told("alarm", "A", 0, kind="FIRE", result="INVALID", **HERE), told("event", "C", 60, kind="SAFETY", title="火灾", **HERE)],
        {"GRID:C": "GRID:C"},
    ),
    "two hours and a second later it is another": (
        [told("alarm", "A", 0, kind="FIRE", **HERE), told("event", "C", 2 * HOUR + 1, kind="SAFETY", title="火灾", **HERE)],
        {"POLICE:A": "POLICE:A", "GRID:C": "GRID:C"},
    ),
    "two fires in one street are two": (
        [told("alarm", "A", 0, kind="FIRE", **HERE), told("event", "C", 60, kind="SAFETY", title="起火", **at(205))],
        {"POLICE:A": "POLICE:A", "GRID:C": "GRID:C"},
    ),
    "a fire and a traffic accident at one place are two": (
        [told("alarm", "A", 0, kind="FIRE", **HERE), told("event", "C", 60, kind="SAFETY", title="交通事故", **HERE)],
        {"POLICE:A": "POLICE:A", "GRID:C": "GRID:C"},
    ),
    "no disaster, an hour": (
        [told("alarm", "A", 0, kind="TRAFFIC", **HERE), told("event", "C", HOUR, kind="SAFETY", title="车祸", **at(195)),
         told("accident", "D", HOUR + 1, kind="ROAD", **at(-10))],
        {"POLICE:A": "POLICE:A", "GRID:C": "POLICE:A", "EMERGENCY:D": "EMERGENCY:D"},
    ),
    "a caller's two calls are one, to 110 and to 12345, without a place": (
        [told("alarm", "A", 0, kind="DISPUTE", caller_phone="1"),
         told("order", "B", DAY, type="COMPLAINT", title="邻里纠纷", caller_phone="1")],
        {"POLICE:A": "POLICE:A", "HOTLINE:B": "POLICE:A"},
    ),
    "a day and a second later they are two": (
        [told("order", "A", 0, type="HELP", title="路灯不亮", caller_phone="1"),
         told("order", "B", DAY + 1, type="HELP", title="路灯不亮", caller_phone="1")],
        {"HOTLINE:A": "HOTLINE:A", "HOTLINE:B": "HOTLINE:B"},
    ),
    "a caller who tells of two things tells of two events": (
        [told("order", "A", 0, type="HELP", title="路灯不亮", caller_phone="1"),
         told("order", "B", 60, type="REPORT", title="举报占道经营", caller_phone="1")],
        {"HOTLINE:A": "HOTLINE:A", "HOTLINE:B": "HOTLINE:B"},
    ),
    "who only asks, suggests or thanks tells of no event": (
        [told("order", "A", 0, type="CONSULT", title="路灯不亮"), told("order", "B", 0, type="COMPLAINT", title="投诉办事拖延"),
         told("order", "C", 0, type="THANKS", title="感谢救火火灾"), told("case", "D", 0, problem_type="C0111", **HERE)],
        {"URBAN:D": "URBAN:D"},
    ),
    "of unknown things two are not one": (
        [told("alarm", "A", 0, kind="OTHER", caller_phone="1", **HERE), told("event", "C", 60, kind="CITY", **HERE)],
        {"POLICE:A": "POLICE:A", "GRID:C": "GRID:C"},
    ),
    "a broken lamp: the patrol, the grid and a caller at the next door": (
        [told("case", "A", 0, problem_type="C0111", **HERE), told("event", "B", 900, kind="CITY", title="路灯损坏", **at(60)),
         told("order", "C", 1800, type="HELP", title="路灯不亮请求处理", place="k1")],
        {"URBAN:A": "URBAN:A", "GRID:B": "URBAN:A", "HOTLINE:C": "URBAN:A"},
    ),
    "what 110 takes for one event is one": (
        [told("alarm", "A", 0, kind="FIRE", **HERE), told("alarm", "B", 60, kind="HELP", caller_phone="1", **at(250))],
        {"POLICE:A": "POLICE:A", "POLICE:B": "POLICE:A"},
    ),
    "who tells again of what was told again tells of the first": (
        [told("alarm", "A", 0, kind="TRAFFIC", **HERE), told("event", "B", 3000, kind="SAFETY", title="追尾", **at(150)),
         told("accident", "C", 6000, kind="ROAD", **at(300)), told("event", "D", 9000, kind="SAFETY", title="追尾", **at(450))],
        {"POLICE:A": "POLICE:A", "GRID:B": "POLICE:A", "EMERGENCY:C": "POLICE:A", "GRID:D": "POLICE:A"},
    ),
    "over midnight and the year": (
        [told("event", "A", 12 * HOUR - 60, kind="SAFETY", title="道路积水", **HERE),
         told("event", "B", 13 * HOUR, kind="SAFETY", title="积水", **at(20))],
        {"GRID:A": "GRID:A", "GRID:B": "GRID:A"},
    ),
}  # fmt: skip
FUSED_CALLS = {"B": "A"}
"""Call of the story about 110 -> the call that public safety takes for the first."""


def test_stories_of_one_event_and_of_two(spark: SparkSession, write: Write) -> None:
    """All stories in one table: each in a year of its own, so that none meets another."""
    reports, expected, calls = [], {}, []
    for n, (name, (story, events)) in enumerate(STORIES.items()):
        for service, row in story:
            number, moment = NUMBER[service]
            phone = row.get("caller_phone") and f"{n}-{row['caller_phone']}"
            reports.append(
                (service, row | {number: f"{row[number]}{n}", moment: row[moment].replace(year=1990 + n), "caller_phone": phone})
            )
            if phone is None:
                reports[-1][1].pop("caller_phone")
            if service == "alarm":
                first = FUSED_CALLS.get(row[number], row[number]) if "110 takes" in name else row[number]
                calls.append({"alarm_no": f"{row[number]}{n}", "event_no": f"{first}{n}"})
        expected |= {f"{a}{n}": f"{e}{n}" for a, e in events.items()}
    address = [
        {"address_no": "Z9", "addr_key": "k1", "flags": ["OUTSIDE_TOWN"], **at(9000)},
        {"address_no": "Z1", "addr_key": "k1", "flags": [], **at(80)},
    ]
    report, _ = made(spark, write, reports, {"call": calls, "address": address})
    found = {r.report_no: r.event_uid for r in report.collect()}
    names = list(STORIES)
    wrong = {f"{names[int(''.join(filter(str.isdigit, a)))]}: {a}": found.get(a) for a in expected if found.get(a) != expected[a]}
    assert wrong == {}
    assert found.keys() == expected.keys()


def near(a: Row, b: Row) -> bool:
    """Whether b, the later one, tells of the event of a, by the words of the rule."""
    apart = (b["t"] - a["t"]).total_seconds()
    same_type = a["type"] == b["type"]
    place = hypot(a["x"] - b["x"], a["y"] - b["y"]) <= 200 and apart <= (2 * HOUR if a["type"] == "FIRE" else HOUR)
    caller = a["phone"] is not None and a["phone"] == b["phone"] and apart <= DAY
    return same_type and (place or caller)


def test_random_days_are_told_apart_as_by_hand(spark: SparkSession, write: Write) -> None:
    """Some hundred reports of three days to three services; distances within 2 m of the limit are left out, as both ways measure them."""
    draw = Random(7)
    plain: list[Row] = []
    while len(plain) < 260:
        service, kind = draw.choice(["alarm", "event", "order"]), draw.choice(["FIRE", "DISPUTE"])
        x, y = draw.randrange(2500), draw.randrange(2500)
        row = {"service": service, "type": kind, "x": x, "y": y, "t": NOON + timedelta(seconds=draw.randrange(-2 * DAY, DAY // 3))}
        row["phone"] = draw.choice([None, *map(str, range(40))]) if service != "event" else None
        row["placed"] = service != "order"
        if not any(198 < hypot(x - o["x"], y - o["y"]) < 202 for o in plain):
            plain.append(row | {"no": f"{len(plain):03}"})
    fire = {"alarm": {"kind": "FIRE"}, "event": {"kind": "SAFETY", "title": "起火"}, "order": {"type": "HELP", "title": "着火"}}
    fight = {"alarm": {"kind": "DISPUTE"}, "event": {"kind": "DISPUTE"}, "order": {"type": "HELP", "title": "纠纷"}}
    says = {"FIRE": fire, "DISPUTE": fight}
    east = 1 / 93_700  # degrees of longitude per metre in the city
    reports, address = [], []
    for row in plain:
        more = dict(says[row["type"]][row["service"]])
        place = {"lon": round(LON + row["x"] * east, 8), "lat": round(LAT + row["y"] * METRE, 8)}
        if row["placed"]:
            more |= place
        else:
            more["place"] = row["no"]
            address.append({"address_no": f"Z{row['no']}", "addr_key": row["no"], "flags": [], **place})
        if row["service"] != "event":
            more["caller_phone"] = row["phone"]
        reports.append(told(row["service"], row["no"], (row["t"] - NOON).total_seconds(), **more))
    prefix = {"alarm": "POLICE", "event": "GRID", "order": "HOTLINE"}
    for row in plain:
        row["id"] = f"{prefix[row['service']]}:{row['no']}"
    plain.sort(key=lambda r: (r["t"], r["id"]))
    first: dict[str, str] = {}
    for n, row in enumerate(plain):
        before = next((o for o in plain[:n] if near(o, row)), None)
        first[row["id"]] = row["id"] if before is None else first[before["id"]]
    report, event = made(spark, write, reports, {"address": address})
    found = {r.report_no: r.event_uid for r in report.collect()}
    differ = {a: (found[a], e) for a, e in first.items() if found[a] != e}
    assert differ == {}
    assert 20 < sum(a != e for a, e in first.items()) < 200
    assert sum(e.reports for e in event.collect()) == len(plain)
