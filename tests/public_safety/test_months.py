"""Months and indicators of public safety, reckoned again from the delivered rows in plain Python; and key persons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from random import Random
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.themes.public_safety.alarm import alarm_day
from assets.themes.public_safety.indicator import indicator
from assets.themes.public_safety.key_person import key_person
from assets.themes.public_safety.months import accident_month, case_month, correction_month, event_month, hazard_month
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from tests.frames import frame

Write = Callable[[DataFrame], DataFrame]
Row = dict[str, Any]
AS_OF, FIRST = date(2019, 12, 31), date(2019, 9, 1)
COUNTIES = ("321002", "321084", None)
RESIDENTS = {"321002": 70, "321084": 30}
draw = Random(11)


def day(after: int = 0) -> date:
    return FIRST + timedelta(days=after + draw.randrange(125))


def moment(on: date, hour: int = 9) -> datetime:
    return datetime(on.year, on.month, on.day, hour)


def some(value: Any, share: float) -> Any:
    return value if draw.random() < share else None


def cases() -> list[Row]:
    found = []
    for n in range(300):
        filed = day()
        found.append(
            {
                "case_no": f"{n}",
                "kind": draw.choice(["THEFT", "FRAUD", "ASSAULT"]),
                "filed_date": filed,
                "county6": draw.choice(COUNTIES),
                "solved_date": some(filed + timedelta(days=draw.randrange(-6, 54)), 0.7),
            }
        )
    return found


def events() -> list[Row]:
    found = []
    for n in range(300):
        told = day()
        finished = some(moment(told) + timedelta(days=draw.randrange(-1, 9)), 0.9)
        found.append(
            {
                "event_no": f"{n}",
                "kind": draw.choice(["DISPUTE", "CITY"]),
                "report_time": moment(told),
                "county6": draw.choice(COUNTIES),
                "due_time": some(moment(told) + timedelta(days=5), 0.95),
                "finish_time": finished,
                "resolved": finished and draw.choice("01"),
            }
        )
    return found


def hazards() -> list[Row]:
    found = []
    for n in range(200):
        on = day()
        found.append(
            {
                "hazard_no": f"{n}",
                "level": draw.choice(["GENERAL", "MAJOR"]),
                "found_date": on,
                "due_date": on + timedelta(days=15),
                "fixed_date": some(on + timedelta(days=draw.randrange(-2, 25)), 0.9),
                "county6": draw.choice(COUNTIES),
            }
        )
    return found


def accidents() -> list[Row]:
    return [
        {
            "accident_no": f"{n}",
            "kind": draw.choice(["FIRE", "ROAD", "WORK", "BUILDING"]),
            "occurred_at": moment(day(), 23),
            "dead": draw.choice([0, 0, 1, 3, None]),
            "injured": draw.randrange(3),
            "loss": "1.5",
            "county6": draw.choice(COUNTIES),
            "_business_date": AS_OF,
        }
        for n in range(120)
    ]


def corrections() -> list[Row]:
    found = []
    for n in range(60):
        begin = day(-200)
        end = begin + timedelta(days=draw.randrange(30, 400))
        again = begin + timedelta(days=draw.randrange(-20, 200))
        found.append(
            {
                "correction_no": f"{n}",
                "id_no": draw.choice([None, "A", "B", f"ID{n}", f"ID{n}"]),
                "from_date": begin,
                "to_date": end,
                "reoffended_date": some(again, 0.4),
                "county6": draw.choice(COUNTIES),
            }
        )
    return found


def calls() -> list[Row]:
    return [
        {
            "day": day(),
            "county6": draw.choice(["321002", "321084", "*"]),
            "town": "*",
            "grid_no": "*",
            "kind": "FIRE",
            "calls": 3,
            "events": draw.randrange(1, 4),
            "invalid": draw.randrange(2),
            "arrivals": 2,
            "in_time": draw.randrange(3),
        }
        for _ in range(100)
    ]


ROWS = {
    "cleansed/public_security/criminal_case": cases(),
    "cleansed/integrated_governance/event": events(),
    "cleansed/emergency/hazard": hazards(),
    "cleansed/emergency/accident": accidents(),
    "cleansed/justice/community_correction": corrections(),
}
PRODUCTS = [
    {"year": year, "county6": county, "sector": sector, "amount": amount}
    for year in (2018, 2019) for county in RESIDENTS for sector, amount in (("1", "0.37"), ("2", "12.5"))
]  # fmt: skip
EMPLOYEES = [
    {"month": f"2019{n:02}", "county6": county, "section": section, "division": "00", "insured": insured}
    for n in range(6, 13) for county in ("321002", "321000") for section, insured in (("B", 40), ("E", 50 + n), ("H", 3), ("P", 900))
]  # fmt: skip
CALLS = list({(r["day"], r["county6"]): r for r in calls()}.values())


def month(on: date) -> str:
    return f"{on:%Y-%m}"


def months_between(begin: date, end: date) -> list[str]:
    found, at = [], begin.replace(day=1)
    while at <= end:
        found.append(month(at))
        at = (at + timedelta(days=32)).replace(day=1)
    return found


@pytest.fixture(scope="module")
def tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, DataFrame]:
    def made(name: str, rows: DataFrame) -> DataFrame:
        folder = str(tmp_path_factory.mktemp(name) / "rows")
        conform(load(ROOT / f"themes/public_safety/{name}.yaml"), rows).write.parquet(folder)
        return spark.read.parquet(folder)

    given = {table: frame(spark, table, rows) for table, rows in ROWS.items()}
    case, event, hazard, accident, correction = given.values()
    found = {
        "case_month": made("case_month", case_month(case, AS_OF)),
        "event_month": made("event_month", event_month(event, AS_OF)),
        "hazard_month": made("hazard_month", hazard_month(hazard, AS_OF)),
        "accident_month": made("accident_month", accident_month(accident)),
        "correction_month": made("correction_month", correction_month(correction, AS_OF)),
    }
    people = [{"person_uid": f"{c}{n}", "county6": c, "resident_flag": True} for c, total in RESIDENTS.items() for n in range(total)]
    person = frame(spark, "base/population/person", [*people, {"person_uid": "gone", "county6": "321002", "resident_flag": False}])
    day_rows = frame(spark, "themes/public_safety/alarm_day", CALLS)
    gross = frame(spark, "cleansed/statistics/gross_product_year", PRODUCTS)
    industry = frame(spark, "themes/industry/industry_month", EMPLOYEES)
    return found | {"indicator": made("indicator", indicator(day_rows, *found.values(), person, gross, industry))}


def counted(rows: DataFrame, *columns: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(r[c] for c in columns): r.asDict() for r in rows.collect()}


def test_cases_by_the_month_of_filing_and_of_solving(tables: dict[str, DataFrame]) -> None:
    expected: dict[tuple[Any, ...], Counter[str]] = {}
    for r in ROWS["cleansed/public_security/criminal_case"]:
        county, ended = r["county6"] or "000000", bool(r["solved_date"] and r["solved_date"] <= AS_OF)
        if r["filed_date"] > AS_OF:
            continue
        solved, early = ended and r["solved_date"] >= r["filed_date"], ended and r["solved_date"] < r["filed_date"]
        of_filed = expected.setdefault((month(r["filed_date"]), county, r["kind"]), Counter())
        of_filed.update(filed=1, filed_and_solved=int(solved), early=int(early))
        if solved:
            expected.setdefault((month(r["solved_date"]), county, r["kind"]), Counter()).update(solved=1)
    found = counted(tables["case_month"], "month", "county6", "kind")
    assert found.keys() == expected.keys()
    assert all(found[k][n] == expected[k][n] for k in expected for n in ("filed", "filed_and_solved", "early", "solved"))
    assert sum(of["early"] for of in expected.values()) > 5


def test_a_case_is_solved_from_the_day_on_which_it_was_filed(spark: SparkSession) -> None:
    solved = {"the day before": date(2019, 11, 30), "the day": date(2019, 12, 1), "the night": AS_OF, "ahead": AS_OF + timedelta(days=1)}
    rows = [
        {"case_no": n, "kind": "THEFT", "filed_date": date(2019, 12, 1), "solved_date": d, "county6": "321002"} for n, d in solved.items()
    ]
    made = case_month(frame(spark, "cleansed/public_security/criminal_case", rows), AS_OF).collect()
    assert [(r.month, r.filed, r.filed_and_solved, r.early, r.solved) for r in made] == [("2019-12", 4, 2, 1, 2)]


def test_hazards_by_the_month_in_which_they_were_due(tables: dict[str, DataFrame]) -> None:
    expected: dict[tuple[Any, ...], Counter[str]] = {}
    for r in ROWS["cleansed/emergency/hazard"]:
        if r["due_date"] <= AS_OF:
            fixed = r["fixed_date"] is not None and r["found_date"] <= r["fixed_date"] <= AS_OF
            key = (month(r["due_date"]), r["county6"] or "000000", r["level"])
            expected.setdefault(key, Counter()).update(
                due=1, fixed=int(fixed), in_time=int(fixed and r["fixed_date"] <= r["due_date"]), open=int(not fixed)
            )
    found = counted(tables["hazard_month"], "month", "county6", "level")
    assert found.keys() == expected.keys()
    assert all(found[k][n] == expected[k][n] for k in expected for n in ("due", "fixed", "in_time", "open"))


def test_indicators_of_counties_and_the_city(tables: dict[str, DataFrame]) -> None:
    """Every numerator and denominator, and every value, from the delivered rows."""
    n: Counter[tuple[str, str, str]] = Counter()

    def add(count: str, on: str, county: str | None, by: int = 1) -> None:
        for place in (county if county in RESIDENTS else "000000", "321000"):
            n[count, on, place] += by

    accidents_known = {month(r["occurred_at"]) for r in ROWS["cleansed/emergency/accident"] if r["occurred_at"].date() <= AS_OF}
    for r in CALLS:
        add("events", month(r["day"]), r["county6"], r["events"] - r["invalid"])
        for count, column in (("arrivals", "arrivals"), ("arrived", "in_time")):
            add(count, month(r["day"]), r["county6"], r[column])
    for r in ROWS["cleansed/public_security/criminal_case"]:
        solved = r["solved_date"] is not None and r["filed_date"] <= r["solved_date"] <= AS_OF
        if r["filed_date"] <= AS_OF:
            add("filed", month(r["filed_date"]), r["county6"])
            add("cohort", month(r["filed_date"]), r["county6"], int(solved))
            add("property", month(r["filed_date"]), r["county6"], int(r["kind"] in ("THEFT", "FRAUD")))
            if solved:
                add("solved", month(r["solved_date"]), r["county6"])
    for r in ROWS["cleansed/integrated_governance/event"]:
        on, finish, due = month(r["report_time"]), r["finish_time"], r["due_time"]
        if r["report_time"].date() > AS_OF:
            continue
        finish = finish if finish is not None and r["report_time"] <= finish and finish.date() <= AS_OF else None
        add("grid_due", on, r["county6"], int(due is not None and (finish is not None or due.date() <= AS_OF)))
        add("grid_in_time", on, r["county6"], int(finish is not None and due is not None and finish <= due))
        add("disputes", on, r["county6"], int(r["kind"] == "DISPUTE"))
        add("resolved", on, r["county6"], int(r["kind"] == "DISPUTE" and r["resolved"] == "1"))
    for r in ROWS["cleansed/emergency/hazard"]:
        if r["due_date"] <= AS_OF:
            fixed = int(r["fixed_date"] is not None and r["found_date"] <= r["fixed_date"] <= AS_OF)
            for prefix, counts in (("hazards", True), ("major", r["level"] == "MAJOR")):
                add(f"{prefix}_due", month(r["due_date"]), r["county6"], int(counts))
                add(f"{prefix}_fixed", month(r["due_date"]), r["county6"], fixed * int(counts))
    for r in ROWS["cleansed/emergency/accident"]:
        if r["occurred_at"].date() <= AS_OF:
            add("fire_dead", month(r["occurred_at"]), r["county6"], (r["dead"] or 0) * int(r["kind"] == "FIRE"))
            add("dead", "2019", r["county6"], r["dead"] or 0)
            add("work_dead", "2019", r["county6"], (r["dead"] or 0) * int(r["kind"] in ("WORK", "BUILDING")))
    persons: dict[str, set[tuple[str, str | None, str]]] = {"in_correction": set(), "reoffended": set()}
    for r in ROWS["cleansed/justice/community_correction"]:
        for on in months_between(r["from_date"], min(r["to_date"], AS_OF)) if r["from_date"] <= AS_OF else []:
            person = (on, r["county6"], r["id_no"] or r["correction_no"])
            persons["in_correction"].add(person)
            again = r["reoffended_date"]
            if again is not None and r["from_date"] <= again <= min(r["to_date"], AS_OF) and month(again) == on:
                persons["reoffended"].add(person)
    for count, those in persons.items():
        for on, county, _ in those:
            add(count, on, county)
    for r in CALLS:
        add("events", f"{r['day']:%Y}", r["county6"], r["events"] - r["invalid"])
    for p in PRODUCTS:
        add("product", "2019", p["county6"], round(Decimal(p["amount"]) * 100) if p["year"] == 2019 else 0)
    for e in EMPLOYEES:
        if f"{e['month'][:4]}-{e['month'][4:]}" in accidents_known and e["section"] != "P":
            add("employees", "2019", e["county6"], e["insured"])
    for on, (county, residents) in product({month(r["day"]) for r in CALLS}, RESIDENTS.items()):
        add("residents", on[:4], county, residents)
    of = {
        "alarm_rate": ("events", "residents", 10_000),
        "alarm_rate_year": ("events", "residents", 120_000),
        "gdp_death_rate": ("dead", "product", 100),
        "work_death_rate": ("work_dead", "employees", 1_200_000),
        "response_rate": ("arrived", "arrivals", 100),
        "crime_rate": ("filed", "residents", 100_000),
        "solved_rate": ("cohort", "filed", 100),
        "current_solved_rate": ("solved", "filed", 100),
        "property_share": ("property", "filed", 100),
        "dispute_rate": ("resolved", "disputes", 100),
        "grid_rate": ("grid_in_time", "grid_due", 100),
        "hazard_rate": ("hazards_fixed", "hazards_due", 100),
        "major_hazard_rate": ("major_fixed", "major_due", 100),
        "fire_death_rate": ("fire_dead", "residents", 100_000),
        "reoffence_rate": ("reoffended", "in_correction", 100),
    }
    known = {
        "events": {month(r["day"]) for r in CALLS},
        "filed": {r["month"] for r in tables["case_month"].collect()},
        "fire_dead": accidents_known,
    }
    found = counted(tables["indicator"], "indicator", "period", "div_code")
    assert {i for i, _, _ in found} == set(of)
    assert len(found) > 100
    assert found["work_death_rate", "2019", "321000"]["value"] > 0 < found["gdp_death_rate", "2019", "321002"]["value"]
    for (name, on, place), row in found.items():
        above, below, scale = of[name]
        residents = sum(RESIDENTS.values()) if place == "321000" else RESIDENTS.get(place, 0)
        if below == "residents" and on not in known[above]:
            residents = 0  # a month of which nothing is known has no rate
        monthly = below == "residents" and len(on) == 7
        expected = (n[above, on, place], residents if monthly else n[below, on, place])
        assert (row["numerator"], row["denominator"]) == expected, (name, on, place)
        value = (Decimal(scale * expected[0]) / expected[1]).quantize(Decimal("0.01"), ROUND_HALF_UP) if expected[1] else None
        assert row["value"] == value, (name, on, place)


def test_accidents_events_and_corrections_add_up(tables: dict[str, DataFrame]) -> None:
    accident = tables["accident_month"].collect()
    delivered = ROWS["cleansed/emergency/accident"]
    delivered = [r for r in delivered if r["occurred_at"].date() <= AS_OF]
    assert sum(r["accidents"] for r in accident) == len(delivered)
    assert sum(r["larger"] for r in accident) == sum(r["dead"] == 3 for r in delivered)
    assert sum(r["dead"] for r in accident) == sum(r["dead"] or 0 for r in delivered)
    assert sum(r["accepted"] for r in tables["event_month"].collect()) == sum(
        r["report_time"].date() <= AS_OF for r in ROWS["cleansed/integrated_governance/event"]
    )


def test_a_key_person_is_linked_or_has_a_problem(spark: SparkSession) -> None:
    people = [
        {"person_uid": "u1", "id_no": "1", "death_date": None},
        {"person_uid": "u2", "id_no": "2", "death_date": date(2019, 5, 1)},
        {"person_uid": "u3", "id_no": None},
    ]
    listed = [
        {"record_no": "alive", "id_no": "1", "kind": "MENTAL"},
        {"record_no": "dead", "id_no": "2", "kind": "MENTAL"},
        {"record_no": "ended", "id_no": "2", "kind": "MENTAL", "valid_to": date(2019, 12, 30)},
        {"record_no": "last day", "id_no": "2", "kind": "MENTAL", "valid_to": AS_OF},
        {"record_no": "to end", "id_no": "2", "kind": "MENTAL", "valid_to": date(2020, 6, 1)},
        {"record_no": "unknown", "id_no": "9", "kind": "DRUGS"},
        {"record_no": "none", "id_no": None, "kind": "DRUGS"},
    ]
    rows = key_person(
        frame(spark, "cleansed/integrated_governance/key_person", listed), frame(spark, "base/population/person", people), AS_OF
    ).collect()
    assert {r.record_no: (r.person_uid, r.problem) for r in rows} == {
        "alive": ("u1", None),
        "dead": ("u2", "DEAD"),
        "ended": ("u2", None),
        "last day": ("u2", "DEAD"),
        "to end": ("u2", "DEAD"),
        "unknown": (None, "UNKNOWN"),
        "none": (None, "NO_NUMBER"),
    }


def test_days_of_the_grid_are_what_calls_make_of_them(spark: SparkSession) -> None:
    """A call outside of every area is counted, too."""
    rows = [
        (FIRST, "321002", None, None, "FIRE", "FIRST", True, False),
        (FIRST, "321002", None, None, "FIRE", "AGAIN", None, False),
        (FIRST, "321002", "321002003", "G1", "FIRE", "FIRST", False, True),
    ]
    calls_ = spark.createDataFrame(
        rows, "day date, county6 string, town string, grid_no string, kind string, reported string, in_time boolean, valid boolean"
    )
    found = counted(alarm_day(calls_), "town", "grid_no")
    assert [tuple(found[k][c] for c in ("calls", "events", "arrivals", "in_time")) for k in (("*", "*"), ("321002003", "G1"))] == [
        (2, 1, 1, 1),
        (1, 1, 1, 0),
    ]
