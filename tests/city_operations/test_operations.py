"""What follows for events, vital signs, alerts, hindsight and preparedness, reckoned again in plain Python from domain rules E9 and B12."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assets.themes.city_operations.alert import alert
from assets.themes.city_operations.explain import explain_event
from assets.themes.city_operations.hindsight import hindsight
from assets.themes.city_operations.indicator import indicator
from assets.themes.city_operations.preparedness import duty_month, shelter, stock
from assets.themes.city_operations.vital_sign import city_day, city_hour, sign_day
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from standards.tables import rows as lines
from standards.vital_signs import alert_rules, vital_signs
from tests.city_operations.channels import AS_OF, NOON, Row, Write, at, made, told
from tests.frames import frame

draw = Random(3)
MONTH = "2019-12"
COUNTIES = ("321002", "321084", None)


def published(table: str, rows: DataFrame) -> DataFrame:
    return conform(load(ROOT / f"themes/city_operations/{table}.yaml"), rows)


def story() -> list[tuple[str, Row]]:
    """A fire of which three services are told, a lamp of which two are told, and a fight that only one knows."""
    soon, later = NOON + timedelta(minutes=7, seconds=59), NOON + timedelta(hours=5)
    fire = {"kind": "FIRE", "police_station_code": "P1", "county6": "321002"}
    return [
        told("order", "B", -60, type="HELP", title="着火", place="k1", department="D1", assign_time=NOON, finish_time=later,
             division_county="321084", _business_date=date(2019, 12, 30)),
        told("alarm", "A", 0, **fire, arrive_time=soon, finish_time=NOON + timedelta(hours=2), **at(10), _business_date=date(2019, 12, 31)),
        told("accident", "C", 300, kind="FIRE", dead=3, injured=0, **at(20), county6="321002", _business_date=date(2019, 12, 30)),
        told("case", "L", 0, problem_type="C0111", unit="市政", dispatch_time=NOON - timedelta(hours=1), **at(2000)),
        told("event", "M", 60, kind="CITY", title="路灯", finish_time=later, **at(2000), _business_date=date(2019, 12, 30)),
        told("accident", "F", 0, kind="ROAD", county6="321084", _business_date=date(2019, 12, 30)),
        told("event", "T", 3 * 86_400, kind="DISPUTE", **at(0)),
    ]  # fmt: skip


def test_what_an_event_says(spark: SparkSession, write: Write) -> None:
    address = [{"address_no": "Z1", "addr_key": "k1", "flags": [], **at(0)}]
    report, event = made(spark, write, story(), {"address": address})
    found = {e.event_uid: e for e in event.collect()}
    assert found.keys() == {"HOTLINE:B", "URBAN:L", "EMERGENCY:F"}  # what happens after the night has not happened
    fire = found["HOTLINE:B"]
    assert (fire.first_source, fire.sources, fire.reports, fire.level) == ("HOTLINE", ["EMERGENCY", "HOTLINE", "POLICE"], 3, 3)
    assert (fire.address_no, fire.town, fire.grid_no, fire.county6, fire.department) == ("Z1", "321002003", "G1", "321002", "D1")
    assert (fire.state, fire.minutes_to_assign, fire.minutes_to_arrive, fire.minutes_to_close) == ("CLOSED", 1, 8, 301)
    lamp, road = found["URBAN:L"], found["EMERGENCY:F"]
    assert (lamp.state, lamp.level, lamp.department, lamp.minutes_to_assign, lamp.closed_at) == ("OPEN", 4, "市政", None, None)
    assert (road.state, road.lon, road.county6, road.minutes_to_close) == ("UNKNOWN", None, "321084", None)

    then = {(r.source, r.day): r for r in published("hindsight", hindsight(report)).collect()}
    day = NOON.date()
    assert then.keys() == {(source, day) for source in ("POLICE", "GRID", "EMERGENCY", "HOTLINE", "URBAN")}
    police, emergency = then["POLICE", day], then["EMERGENCY", day]
    assert (police.reports_then, police.reports_now, police.events_then, police.longest_days) == (0, 1, 0, 1)
    assert (emergency.reports_then, emergency.reports_now, emergency.events_now, emergency.longest_days) == (2, 2, 2, 0)
    sent_again = [{"report_no": f"{n}", "event_uid": uid, "source": source, "day": day, "known_on": day + timedelta(days=late)}
                  for n, (source, uid, late) in enumerate([("HOTLINE", "a", 0), ("HOTLINE", "a", 3), ("HOTLINE", "b", 1), ("URBAN", "c", 9),
                                                           ("GRID", "d", 2)])]  # fmt: skip
    again = published("hindsight", hindsight(frame(spark, "themes/city_operations/city_report", sent_again))).collect()
    assert {r.source: (r.reports_then, r.reports_unclear, r.reports_now, r.events_then, r.events_now, r.longest_days) for r in again} == {
        "HOTLINE": (1, 2, 3, 1, 2, None), "URBAN": (0, 1, 1, 0, 1, None), "GRID": (0, 0, 1, 0, 1, 2),
    }  # fmt: skip

    tables = {"themes/city_operations/city_report": report, "themes/city_operations/city_event": event}

    def read(table: str, /, **equal: Any) -> list[dict[str, Any]]:
        return [r.asDict() for r in tables[table].collect() if all(r[c] == v for c, v in equal.items())]

    (said,) = explain_event(read, "POLICE:A")
    assert said.facts["event"] == "HOTLINE:B"
    assert said.facts["reports"][1:] == [
        {"report_no": "POLICE:A", "because": "NEAR", "linked_to": "HOTLINE:B"},
        {"report_no": "EMERGENCY:C", "because": "NEAR", "linked_to": "HOTLINE:B"},
    ]
    assert any("200 m" in line for line in said.lines)
    assert explain_event(read, "POLICE:Z") == []


def even(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def test_vital_signs_alerts_and_index(spark: SparkSession, write: Write) -> None:
    """Two days: scores at both ends, between and beyond them; runs of readings, a pause, another datum, an unknown level."""
    day, before = date(2019, 12, 30), date(2019, 12, 29)
    event = [{"event_uid": f"e{n}", "sources": ["POLICE"], "day": day, "first_time": NOON + timedelta(minutes=20 * n)} for n in range(7)]
    event.append({"event_uid": "g", "sources": ["GRID"], "day": day, "first_time": NOON})
    order = [{"order_no": f"{n}", "call_time": NOON + timedelta(seconds=n)} for n in range(13)]
    order.append({"order_no": "ahead of its delivery", "call_time": NOON, "_business_date": before})
    call = [{"alarm_no": f"{n}", "day": day, "call_time": NOON, "in_time": [True, True, True, True, False, None][n]} for n in range(6)]
    midnight, city = datetime(2019, 12, 30), {"place_level": "CITY", "place_code": "321000"}
    air_day = [{**city, "day": d, "aqi": aqi} for d, aqi in ((day, 301), (before, 80))]
    air_day.append({"place_level": "COUNTY", "place_code": "321002", "day": day, "aqi": 200})
    air = [{**city, "hour": midnight + timedelta(hours=h), "day": day, "aqi": aqi} for h, aqi in enumerate((120, 260, 310, None))]
    air.append({"place_level": "COUNTY", "place_code": "321002", "hour": midnight, "day": day, "aqi": 200})
    levels = {"W1": [4.9, 5.0, 5.5, 6.0, 4.0, 5.1, None], "W2": [None, 5.5, 5.5, 5.4]}
    water = [
        {"station_code": s, "measured_at": midnight + timedelta(hours=h), "level_85": v, "flags": []}
        for s, of in levels.items()
        for h, v in enumerate(of)
    ]
    del water[8]  # an hour without a row
    station = [{"station_code": "W1", "datum": "CNHD85", "warn_level": 5, "guarantee_level": 6, "county6": "321002"},
               {"station_code": "W2", "datum": "FHH", "datum_offset": -0.5, "warn_level": 6, "guarantee_level": 9}]  # fmt: skip
    trip = [
        {"line_no": "1", "trip_no": f"{n}", "plan_depart": NOON + timedelta(minutes=n), "state": state, "departed_on_time": on_time}
        for n, (state, on_time) in enumerate([("RAN", True), ("RAN", False), ("MISSED", False), ("RAN", True), ("PENDING", None)])
    ]
    road = [{"county6": "321002", "road_class": "ARTERIAL", "day": day, "hour": h, "length_m": 1000, "congested_m": h * 20} for h in (8, 9)]
    person = [{"person_uid": f"{n}", "resident_flag": n < 10_000 // 1000} for n in range(11)]
    inputs = {
        "event": frame(spark, "themes/city_operations/city_event", event),
        "order": frame(spark, "cleansed/government_services/hotline", order),
        "call": frame(spark, "themes/public_safety/alarm", call),
        "air": frame(spark, "themes/ecology/air_index_hour", air),
        "water": frame(spark, "themes/ecology/hydrology_hour", water),
        "station": frame(spark, "cleansed/water_resources/hydro_station", station),
        "trip": frame(spark, "themes/traffic/bus_trip", trip),
        "road": frame(spark, "themes/traffic/congestion_hour", road),
    }
    hour = write(published("city_hour", city_hour(**inputs)))
    assert {(h.hour.hour, h.numerator) for h in hour.collect() if h.sign == "alarm_events"} == {(12, 3), (13, 3), (14, 1)}
    assert {(h.hour.hour, h.numerator, h.denominator) for h in hour.collect() if h.sign == "congestion"} == {(8, 160, 1000), (9, 180, 1000)}
    assert {(h.hour.hour, h.numerator, h.denominator) for h in hour.collect() if h.sign == "air"} == {(0, 120, 1), (1, 260, 1), (2, 310, 1)}
    of_day = frame(spark, "themes/ecology/air_day", air_day)
    sign = write(published("sign_day", sign_day(hour, of_day, frame(spark, "base/population/person", person))))
    found = {(s.day, s.sign): s for s in sign.collect()}
    over = [v >= (5 if s == "W1" else 5.5) for s, of in levels.items() for h, v in enumerate(of) if v is not None and (s, h) != ("W2", 1)]
    values = {"alarm_events": Decimal(7 * 10_000) / 10, "hotline_orders": Decimal(13 * 10_000) / 10, "response": Decimal(80),
              "air": Decimal(301), "water": even(Decimal(100 * sum(over)) / len(over)),
              "bus_on_time": Decimal(50), "congestion": Decimal(17)}  # fmt: skip
    assert {s: found[day, s].value for s in values} == values
    spans = {r["sign"]: (int(r["good"]), int(r["bad"]), int(r["weight"])) for r in lines("city_operations/vital_sign")}
    scores = {}
    for name, value in {**values, "air before": Decimal(80)}.items():
        good, bad, _ = spans[name.split()[0]]
        scores[name] = even(max(Decimal(0), min(Decimal(100), 100 * (value - bad) / (good - bad))))
    assert scores["response"] == Decimal("40.00")
    assert scores["air before"] == Decimal("80.00")
    assert {s: found[day, s].score for s in values} == {s: scores[s] for s in values}
    days = {d.day: d for d in published("city_day", city_day(sign)).collect()}
    weights = {s: spans[s][2] for s in values}
    assert days[day].city_index == even(sum((scores[s] * w for s, w in weights.items()), Decimal(0)) / sum(weights.values()))
    assert (days[before].city_index, days[before].signs, days[before].weight) == (Decimal("80.00"), 1, spans["air"][2])
    assert {r.argument for r in vital_signs()} <= inputs.keys()

    harmed = {
        "a": (2, 9, "999.9999"), "b": (3, 0, None), "c": (0, 50, None), "d": (30, 0, None), "e": (None, None, "1000"),
        "f": (4, 60, "12"), "g": (10, 50, "10000"), "h": (3, 10, "1000"), "ahead": (30, 0, None),
    }  # fmt: skip
    accident = [{"accident_no": n, "occurred_at": NOON, "kind": "WORK", "dead": dead, "injured": hurt, "loss": loss, "county6": "321002"}
                for n, (dead, hurt, loss) in harmed.items()]  # fmt: skip
    accident[-1]["_business_date"] = before
    jam = [{"place_level": "COUNTY", "place_code": "321002", "measured_at": NOON + timedelta(minutes=5 * n), "county6": "321002",
            "measured_m": 1000, "length_m": 1000, "severe_m": 301, "severe_rate": 30.1} for n in range(6)]  # fmt: skip
    more = {
        "accident": frame(spark, "cleansed/emergency/accident", accident),
        "road": frame(spark, "themes/traffic/congestion_interval", jam),
        "said": frame(spark, "cleansed/emergency/alert_acknowledgement", []),
    }
    given = {c: inputs[c] for c in ("water", "station", "air")} | more
    alerts = {(a.rule, a.place, a.began_at): a for a in published("alert", alert(**given, checkpoint=write)).collect()}

    def at_hour(h: int) -> datetime:
        return midnight + timedelta(hours=h)

    assert {k: (a.ended_at, a.readings, a.value, a.threshold, a.level) for k, a in alerts.items() if k[0].startswith("WATER")} == {
        ("WATER_WARNING", "W1", at_hour(1)): (at_hour(4), 3, Decimal("6.000"), Decimal("5.000"), 3),
        ("WATER_WARNING", "W1", at_hour(5)): (at_hour(6), 1, Decimal("5.100"), Decimal("5.000"), 3),
        ("WATER_GUARANTEE", "W1", at_hour(3)): (at_hour(4), 1, Decimal("6.000"), Decimal("6.000"), 2),
        ("WATER_WARNING", "W2", at_hour(2)): (at_hour(3), 1, Decimal("5.500"), Decimal("5.500"), 3),
    }
    assert {k[:2]: (a.ended_at, a.level) for k, a in alerts.items() if k[0].startswith("AIR")} == {
        ("AIR_HEAVY", "321000"): (at_hour(3), 3), ("AIR_SEVERE", "321000"): (at_hour(3), 2),
    }  # fmt: skip
    assert {k[:2]: (int(a.value), int(a.threshold), a.unit) for k, a in alerts.items() if k[0].startswith("ACCIDENT")} == {
        ("ACCIDENT_LARGER", "b"): (3, 3, "dead"), ("ACCIDENT_MAJOR", "c"): (50, 50, "injured"), ("ACCIDENT_SEVERE", "d"): (30, 30, "dead"),
        ("ACCIDENT_LARGER", "e"): (1000, 1000, "万元"), ("ACCIDENT_MAJOR", "f"): (60, 50, "injured"),
        ("ACCIDENT_SEVERE", "g"): (10_000, 10_000, "万元"), ("ACCIDENT_LARGER", "h"): (3, 3, "dead"),
    }  # fmt: skip
    assert {r.rule for r in alert_rules()} == {k[0] for k in alerts}


def some(value: Any, share: float = 0.8) -> Any:
    return value if draw.random() < share else None


def test_indicators_are_those_of_the_rows(spark: SparkSession, write: Write) -> None:
    """Random shelters, stocks, shifts, permits and events: every rate of December by county and for the city."""

    def on() -> date:
        return date(2019, 12, 31) + timedelta(days=draw.randrange(-40, 4))

    shelters = [
        {"shelter_no": f"{n}", "capacity": some(draw.randrange(100, 900)), "area_m2": some(draw.randrange(200, 900)),
         "opened_on": some(on()), "closed_on": some(on(), 0.3), "county6": draw.choice(COUNTIES)} for n in range(60)
    ]  # fmt: skip
    stocks = [
        {"warehouse_no": f"{n}", "kind": "TENT", "quantity": some(draw.randrange(5, 15)), "quota": some(10), "usable_to": some(on()),
         "county6": draw.choice(COUNTIES)} for n in range(60)
    ]  # fmt: skip
    shifts = []
    for n in range(80):
        begin = datetime.combine(on(), datetime.min.time()) + timedelta(hours=8)
        came = some(begin + timedelta(minutes=draw.choice([-9, 0, 1])))
        shifts.append(
            {
                "duty_no": f"{n}",
                "day": begin.date(),
                "planned_from": begin,
                "came_at": came,
                "county6": draw.choice(COUNTIES),
                "shift": "DAY",
            }
        )
    firms = [{"enterprise_no": f"{n}", "permit_to": some(on()), "kind": "MINE", "county6": draw.choice(COUNTIES)} for n in range(50)]
    people = [{"person_uid": f"{n}", "resident_flag": n % 7 > 0, "county6": draw.choice(COUNTIES[:2])} for n in range(90)]
    reports = []
    for n in range(80):
        moment, county = -draw.randrange(25 * 86_400), draw.choice(COUNTIES)
        began = NOON + timedelta(seconds=moment)
        if n % 3:
            ends = {"arrive_time": some(began + timedelta(minutes=9)), "finish_time": some(began + timedelta(minutes=draw.randrange(300)))}
            reports.append(told("alarm", f"{n}", moment, kind="FIRE", county6=county, caller_phone=draw.choice("123456"), **ends))
        else:
            reports.append(told("accident", f"{n}", moment, kind="WORK", county6=county))
    report, event = made(spark, write, reports)
    kept_shelters = published("shelter", shelter(frame(spark, "cleansed/emergency/shelter", shelters), _nowhere(spark), AS_OF))
    kept_stocks = published("stock", stock(frame(spark, "cleansed/emergency/material", stocks), AS_OF))
    months = published("duty_month", duty_month(frame(spark, "cleansed/emergency/duty", shifts), AS_OF))
    firm, person = frame(spark, "cleansed/emergency/enterprise", firms), frame(spark, "base/population/person", people)
    answers = [{"acknowledgement_no": "q", "state": "FIRST", "began_at": NOON, "known_on": date(2019, 12, 30)}]
    alerts = [{"rule": "AIR_HEAVY", "place": f"{n}", "raised_at": NOON - timedelta(days=n), "county6": draw.choice(COUNTIES),
               "answer": draw.choice(["IN_TIME", "LATE", "NONE"])} for n in range(60)]  # fmt: skip
    raised = frame(spark, "themes/city_operations/alert", alerts)
    answered = frame(spark, "themes/city_operations/acknowledgement", answers)
    made_of = indicator(report, event, kept_shelters, kept_stocks, months, firm, person, raised, answered, AS_OF)
    found = {(r.indicator, r.div_code): r for r in made_of.where(F.col("period") == MONTH).collect()}

    expected: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)

    def add(name: str, county: str | None, above: int, below: int) -> None:
        for place in (county or "000000", "321000"):
            expected[name, place].update({"above": above, "below": below})

    residents = Counter(p["county6"] for p in people if p["resident_flag"])
    by_event: defaultdict[str, list[Any]] = defaultdict(list)
    for r in report.where(F.col("day") >= date(2019, 12, 1)).collect():
        by_event[r.event_uid].append(r)
        add("repeated_report_rate", r.county6, r.report_no != r.event_uid, 1)
    for e in event.where(F.col("day") >= date(2019, 12, 1)).collect():
        mine = by_event[e.event_uid]
        calls = [r for r in mine if r.source == "POLICE"]
        first = min(r.reported_at for r in mine)
        arrivals = [r.arrived_at for r in mine if r.arrived_at]
        done = bool(calls) and all(r.closed_at for r in calls)
        add("several_services_rate", e.county6, len({r.source for r in mine}) > 1, 1)
        add("event_rate", e.county6, 1, 0)
        add("closing_rate", e.county6, done, bool(calls))
        if arrivals:
            add("arrival_minutes", e.county6, (min(arrivals) - first) // timedelta(minutes=1), 1)
        if done:
            add("closing_minutes", e.county6, (max(r.closed_at for r in calls) - first) // timedelta(minutes=1), 1)
    for county, n in residents.items():
        add("event_rate", county, 0, n)
        add("shelter_capacity", county, 0, n)
        add("shelter_area", county, 0, n)
    for s in shelters:
        if (s["opened_on"] is None or s["opened_on"] <= AS_OF) and (s["closed_on"] is None or s["closed_on"] > AS_OF):
            add("shelter_capacity", s["county6"], s["capacity"] or 0, 0)
            add("shelter_area", s["county6"], (s["area_m2"] or 0) * 100, 0)
    for k in stocks:
        old = k["usable_to"] is not None and k["usable_to"] < AS_OF
        if old or (k["quantity"] is not None and k["quota"] is not None):
            add("stock_rate", k["county6"], not old and k["quantity"] >= k["quota"], 1)
            add("expired_stock_rate", k["county6"], old, 1)
    for d in shifts:
        if date(2019, 12, 1) <= d["day"] <= AS_OF:
            there = d["came_at"] is not None
            add("attendance_rate", d["county6"], there, 1)
            add("duty_in_time_rate", d["county6"], there and d["came_at"] <= d["planned_from"], 1)
    for a in alerts:
        if a["raised_at"] >= datetime(2019, 12, 1):
            add("alert_answer_rate", a["county6"], a["answer"] == "IN_TIME", 1)
    for f in firms:
        if f["permit_to"] is not None:
            add("expired_permit_rate", f["county6"], f["permit_to"] < AS_OF, 1)
    scale = {"event_rate": 10_000, "shelter_capacity": 10_000, "arrival_minutes": 1, "closing_minutes": 1, "shelter_area": Decimal("0.01")}
    for key, counts in expected.items():
        row = found[key]
        assert (row.numerator, row.denominator) == (counts["above"], counts["below"]), key
        wanted = scale.get(key[0], 100) * Decimal(counts["above"]) / counts["below"] if counts["below"] else None
        assert row.value == (None if wanted is None else wanted.quantize(Decimal("0.01"), ROUND_HALF_UP)), key
    assert {k for k, r in found.items() if r.denominator or r.numerator} <= expected.keys()
    assert {i for i, _ in found} == {i for i, _ in expected}
    november = made_of.where((F.col("indicator") == "alert_answer_rate") & (F.col("period") != MONTH))
    assert november.where(F.col("denominator") > 0).count() == 0, "of November nothing was acknowledged, so nothing is known"


def _nowhere(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame([], "code string, level string, valid_to date, geometry binary")


@pytest.mark.parametrize("source", ["POLICE", "HOTLINE", "GRID", "URBAN", "EMERGENCY"])
def test_the_map_of_types_knows_every_code(source: str) -> None:
    """A code of a service that the map does not name would be no event, and nobody would notice."""
    codes = {
        "POLICE": "alarm_kind",
        "HOTLINE": "hotline_type",
        "GRID": "grid_event_kind",
        "URBAN": "urban_case_type",
        "EMERGENCY": "accident_kind",
    }
    listed = {r["code"] for r in lines(f"codes/{codes[source]}")}
    named = {c for r in lines("city_operations/event_type_map") if source in r["source"].split("|") for c in r["code"].split("|") if c}
    known = {r["type_std"] for r in lines("city_operations/event_type")}
    by_words = {"HELP", "COMPLAINT", "REPORT"} if source == "HOTLINE" else set()
    assert listed - named == by_words
    assert named <= listed
    assert {r["type_std"] for r in lines("city_operations/event_type_map") if r["type_std"]} <= known
