"""Alerts that have to last, and the answers of the desks to them: by hand, and random ones reckoned again in plain Python."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from assets.themes.city_operations.acknowledgement import acknowledgement
from assets.themes.city_operations.alert import alert
from assets.themes.city_operations.explain import explain_alert
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from standards.tables import rows as lines
from standards.vital_signs import alert_rules
from tests.city_operations.channels import NOON, Row, Write
from tests.frames import frame

INPUTS = {
    "water": "themes/ecology/hydrology_hour", "station": "cleansed/water_resources/hydro_station", "air": "themes/ecology/air_index_hour",
    "accident": "cleansed/emergency/accident", "road": "themes/traffic/congestion_interval",
    "said": "cleansed/emergency/alert_acknowledgement",
}  # fmt: skip
ALERT, ANSWER = "themes/city_operations/alert", "themes/city_operations/acknowledgement"
JAM = "CONGESTION_SEVERE"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def made(spark: SparkSession, write: Write, **given: list[Row]) -> tuple[DataFrame, DataFrame]:
    """Alerts and acknowledgements, as they would be published."""
    inputs = {name: frame(spark, table, given.get(name, [])) for name, table in INPUTS.items()}
    alerts = write(conform(load(ROOT / f"{ALERT}.yaml"), alert(**inputs, checkpoint=write)))
    return alerts, write(conform(load(ROOT / f"{ANSWER}.yaml"), acknowledgement(inputs["said"], alerts)))


def slots(place: str, *severe: float | None, known: float = 1000) -> list[Row]:
    """Every five minutes from noon on, how much of 1000 m is severely congested; None: nothing was measured."""
    level = "CITY" if place == "321000" else "COUNTY"
    return [
        {"place_level": level, "place_code": place, "measured_at": at(5 * n), "county6": place if level == "COUNTY" else None,
         "measured_m": 1000, "length_m": known, "severe_m": metres, "severe_rate": metres / 10}
        for n, metres in enumerate(severe) if metres is not None
    ]  # fmt: skip


def said(number: str, rule: str, place: str, alerted: datetime, answered: datetime) -> Row:
    return {
        "acknowledgement_no": number,
        "rule": rule,
        "place": place,
        "alerted_at": alerted,
        "acknowledged_at": answered,
        "post": "值班席",
    }


def test_a_jam_is_an_alert_when_it_lasts_half_an_hour(spark: SparkSession, write: Write) -> None:
    """Six readings of five minutes, five, a pause between them, just 30 per cent, half of the length not known, the city."""
    road = [
        *slots("321002", 301, 301, 999.9, 301, 301, 301, 300, 301),
        *slots("321003", 400, 400, 400, 400, 400),
        *slots("321012", 400, 400, 400, None, 400, 400, 400),
        *slots("321023", *[300] * 9),
        *slots("321081", *[400] * 9, known=499.9),
        *slots("321084", *[400] * 9, known=500),
        *slots("321000", 0, *[350] * 6, 0, *[350] * 7),
    ]
    alerts, _ = made(spark, write, road=road)
    found = {(a.place, a.began_at): (a.ended_at, a.raised_at, a.readings, str(a.value), a.level, a.county6) for a in alerts.collect()}
    assert found == {
        ("321002", at(0)): (at(30), at(30), 6, "99.990", 3, "321002"),
        ("321084", at(0)): (at(45), at(30), 9, "40.000", 3, "321084"),
        ("321000", at(5)): (at(35), at(35), 6, "35.000", 3, None),
        ("321000", at(40)): (at(75), at(70), 7, "35.000", 3, None),
    }


def test_the_air_is_alerted_by_the_hour(spark: SparkSession, write: Write) -> None:
    """Just 200, above it, above 300 and for an hour not known: two alerts of the city, of which one is severe for an hour; a county."""
    values = [200, 201, 301, 300, None, 250, 180]
    air = [{"place_level": "CITY", "place_code": "321000", "hour": at(60 * n), "day": NOON.date(), "aqi": v} for n, v in enumerate(values)]
    air.append({"place_level": "COUNTY", "place_code": "321002", "hour": at(0), "day": NOON.date(), "aqi": 201})
    alerts, _ = made(spark, write, air=air)
    found = {
        (a.rule, a.place, a.began_at): (a.ended_at, a.raised_at, a.readings, int(a.value), a.level, a.county6) for a in alerts.collect()
    }
    assert found == {
        ("AIR_HEAVY", "321000", at(60)): (at(240), at(120), 3, 301, 3, None),
        ("AIR_HEAVY", "321000", at(300)): (at(360), at(360), 1, 250, 3, None),
        ("AIR_SEVERE", "321000", at(120)): (at(180), at(180), 1, 301, 2, None),
        ("AIR_HEAVY", "321002", at(0)): (at(60), at(60), 1, 201, 3, "321002"),
    }


def test_answers_and_the_alerts_that_they_are_about(spark: SparkSession, write: Write) -> None:
    """In time to the second, too late, twice, before the alert, by another clock, about nothing, about the nearer of two jams."""
    accident = [
        {"accident_no": n, "occurred_at": at(0), "kind": "WORK", "dead": 3, "injured": 0, "county6": "321002"} for n in ("a", "b", "c", "d")
    ]
    hour = {"hour": at(-120), "aqi": 250, "place_level": "CITY", "place_code": "321000"}
    late = timedelta(seconds=1)
    answers = [
        said("1", "ACCIDENT_LARGER", "a", at(3), at(15)),
        said("2", "ACCIDENT_LARGER", "a", at(3), at(20)),
        said("3", "ACCIDENT_LARGER", "b", at(60), at(60)),
        said("4", "ACCIDENT_LARGER", "b", at(60) + late, at(61)),
        said("5", "ACCIDENT_LARGER", "c", at(2), at(1)),
        said("6", "ACCIDENT_MAJOR", "d", at(2), at(3)),
        said("7", JAM, "321002", at(30), at(45) + late),
        said("8", JAM, "321002", at(50), at(52)),
        said("9", JAM, "321003", at(-15), at(10)),
        said("A", JAM, "321003", at(-15) - late, at(2)),
        said("B", "AIR_HEAVY", "321000", at(-60), at(-30)),
    ]
    jams = [*slots("321002", *[400] * 6, 0, 0, 0, 0, 0, 0, *[400] * 6), *slots("321003", *[400] * 6)]
    alerts, checked = made(spark, write, accident=accident, air=[hour], road=jams, said=answers)
    found = {(a.place, a.began_at): (a.answer, a.acknowledgement_no, a.minutes_to_acknowledge) for a in alerts.collect()}
    assert found == {
        ("a", at(0)): ("IN_TIME", "1", 15),
        ("b", at(0)): ("LATE", "3", 60),
        ("c", at(0)): ("NONE", None, None),
        ("d", at(0)): ("NONE", None, None),
        ("321002", at(0)): ("LATE", "7", 15),
        ("321002", at(60)): ("IN_TIME", "8", 0),
        ("321003", at(0)): ("IN_TIME", "9", 0),
        ("321000", at(-120)): ("LATE", "B", 30),
    }
    assert {r.acknowledgement_no: r.state for r in checked.collect()} == {
        "1": "FIRST", "2": "AGAIN", "3": "FIRST", "4": "NO_ALERT", "5": "EARLY", "6": "NO_ALERT", "7": "FIRST", "8": "FIRST", "9": "FIRST",
        "A": "NO_ALERT", "B": "FIRST",
    }  # fmt: skip

    def read(table: str, /, **equal: Any) -> list[dict[str, Any]]:
        of = {ALERT: alerts, ANSWER: checked}[table]
        return [r.asDict() for r in of.collect() if all(r[c] == v for c, v in equal.items())]

    (why,) = explain_alert(read, f"ACCIDENT_LARGER|a|{at(0)}")
    assert why.facts["acknowledgements"] == [{"acknowledgement_no": "1", "state": "FIRST"}, {"acknowledgement_no": "2", "state": "AGAIN"}]
    assert any("15 min later by 1" in line for line in why.lines)
    (why,) = explain_alert(read, f"ACCIDENT_LARGER|d|{at(0)}")
    assert "no acknowledgement is known" in why.lines
    assert explain_alert(read, "ACCIDENT_LARGER|a|noon") == explain_alert(read, "a") == []


def test_random_jams_and_answers_as_by_hand(spark: SparkSession, write: Write) -> None:
    """Half a day of five minutes in three places, and some hundred answers."""
    draw = Random(11)
    places = {p: [draw.choice([*[400] * 9, 100, None]) for _ in range(144)] for p in ("321002", "321003", "321000")}
    answers = []
    for n in range(150):
        seen = at(draw.randrange(-30, 760))
        answers.append(said(f"{n:03}", JAM, draw.choice(list(places)), seen, seen + timedelta(minutes=draw.randrange(-2, 40))))
    alerts, checked = made(spark, write, road=[s for p, of in places.items() for s in slots(p, *of)], said=answers)

    runs: list[Row] = []
    for place, of in places.items():
        began = None
        for n, metres in enumerate([*of, None]):
            jammed = metres == 400
            if jammed and began is None:
                began = n
            if not jammed and began is not None:
                if n - began >= 6:
                    runs.append({"place": place, "began": at(5 * began), "ended": at(5 * n), "raised": at(5 * began + 30), "answers": []})
                began = None
    state = {}
    for a in answers:
        near = []
        for run in (r for r in runs if r["place"] == a["place"]):
            before, after = run["began"] - a["alerted_at"], a["alerted_at"] - run["ended"]
            if before <= timedelta(minutes=15) and after <= timedelta(hours=1):
                near.append((max(before, after, timedelta()), run["began"], run))
        state[a["acknowledgement_no"]] = "NO_ALERT" if not near else "EARLY" if a["acknowledged_at"] < a["alerted_at"] else "AGAIN"
        if state[a["acknowledgement_no"]] == "AGAIN":
            min(near, key=lambda found: found[:2])[2]["answers"].append((a["acknowledged_at"], a["acknowledgement_no"]))
    expected = {}
    for run in runs:
        first = min(run["answers"], default=None)
        waited = None if first is None else max(first[0] - run["raised"], timedelta())
        answer = "NONE" if waited is None else "IN_TIME" if waited <= timedelta(minutes=15) else "LATE"
        if first is not None:
            state[first[1]] = "FIRST"
        minutes = None if waited is None else waited // timedelta(minutes=1)
        expected[run["place"], run["began"]] = (run["ended"], run["raised"], answer, first and first[1], minutes)
    found = {
        (a.place, a.began_at): (a.ended_at, a.raised_at, a.answer, a.acknowledgement_no, a.minutes_to_acknowledge) for a in alerts.collect()
    }
    assert found == expected
    assert {r.acknowledgement_no: r.state for r in checked.collect()} == state
    assert {answer for *_, answer, _, _ in expected.values()} == {"NONE", "IN_TIME", "LATE"}
    assert set(state.values()) == {"FIRST", "AGAIN", "EARLY", "NO_ALERT"}


def test_the_rules_that_a_desk_may_name_are_those_of_the_alerts() -> None:
    """The code list of the delivered answers and the table of rules name the same rules in the same words."""
    rules = {r["rule"]: (r["zh"], r["en"]) for r in lines("city_operations/alert_rule")}
    assert {r["code"]: (r["name"], r["english"]) for r in lines("codes/alert_rule")} == rules
    assert rules.keys() == {r.rule for r in alert_rules()}
