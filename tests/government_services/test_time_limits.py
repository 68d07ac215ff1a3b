"""Due dates: whatever the limit, the suspended periods, the holidays and the year's end, they are those of walking from day to day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.reference.calendar import workday
from assets.themes.government_services.time_limit import suspended, with_limit
from assets.workdays import workdays_between
from standards.calendar import days
from tests.government_services.by_hand import WORKED, one_case
from tests.proving import Record

AS_OF = date(2027, 6, 30)
NOTICES_UNTIL = max(day.day for day in days() if not day.provisional)
ROWS = "case_no string, accept_date date, finish_date date, limit_days int, day_unit string"
PERIODS = "case_no string, suspension_no int, from_date date, to_date date, after_date date, until_date date"


@pytest.fixture(scope="module")
def calendar(spark: SparkSession) -> DataFrame:
    return workday(spark.createDataFrame)


def limited(spark: SparkSession, calendar: DataFrame, cases: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Each case with its limit. accept, finish, limit, unit, periods (from, to)."""
    rows = [(c["no"], c["accept"], c.get("finish"), c["limit"], c.get("unit", "WORKDAY")) for c in cases]
    periods = [
        (c["no"], n, first, last, c["accept"], c.get("finish") or AS_OF)
        for c in cases
        for n, (first, last) in enumerate(c.get("periods", ()))
    ]
    frame = spark.createDataFrame(rows, ROWS)
    found = with_limit(frame, suspended(spark.createDataFrame(periods, PERIODS), calendar), calendar)
    both = workdays_between(found, calendar, "accept_date", "due_date", "between").toArrow().to_pylist()
    return {row["case_no"]: row for row in both}


def test_limits_start_on_the_next_day_and_end_on_a_workday(spark: SparkSession, calendar: DataFrame) -> None:
    told = {
        "a Saturday that is worked": (date(2019, 2, 1), 1, "WORKDAY", [], date(2019, 2, 2)),
        "over the Spring Festival": (date(2019, 2, 1), 3, "WORKDAY", [], date(2019, 2, 11)),
        "over the end of the year": (date(2018, 12, 28), 2, "WORKDAY", [], date(2019, 1, 2)),
        "at once, on a free Saturday": (date(2019, 2, 9), 0, "WORKDAY", [], date(2019, 2, 9)),
        "suspended over a weekend": (date(2019, 3, 4), 5, "WORKDAY", [(date(2019, 3, 7), date(2019, 3, 11))], date(2019, 3, 13)),
        "suspended on a worked Saturday": (date(2019, 2, 1), 1, "WORKDAY", [(date(2019, 2, 1), date(2019, 2, 2))], date(2019, 2, 3)),
        "suspended twice at a time": (
            date(2019, 3, 4), 5, "WORKDAY", [(date(2019, 3, 5), date(2019, 3, 7)), (date(2019, 3, 6), date(2019, 3, 8))], date(2019, 3, 14),
        ),
        "suspended before it began": (date(2019, 3, 4), 5, "WORKDAY", [(date(2019, 2, 20), date(2019, 3, 5))], date(2019, 3, 12)),
        "a period that ends before it begins": (date(2019, 3, 4), 5, "WORKDAY", [(date(2019, 3, 7), date(2019, 3, 5))], date(2019, 3, 11)),
        "in days of the calendar": (date(2018, 12, 28), 5, "CALENDAR", [(date(2018, 12, 29), date(2018, 12, 31))], date(2019, 1, 4)),
        "beyond the last notice": (NOTICES_UNTIL, 1, "WORKDAY", [], date(2027, 1, 1)),
        "beyond the calendar": (date(2036, 12, 30), 20, "WORKDAY", [], None),
        "nobody knows the limit": (date(2019, 3, 4), None, "WORKDAY", [], None),
    }  # fmt: skip
    cases = [{"no": no, "accept": a, "limit": n, "unit": u, "periods": p} for no, (a, n, u, p, _) in told.items()]
    found = limited(spark, calendar, cases)
    assert {no: row["due_date"] for no, row in found.items()} == {no: due for no, (*_, due) in told.items()}
    assert {no for no, row in found.items() if row["due_provisional"]} == {"beyond the last notice"}


@pytest.mark.proves("H9")
def test_random_cases_are_those_of_walking_from_day_to_day(spark: SparkSession, calendar: DataFrame, proven: Record) -> None:
    random, cases = Random(7), []
    for n in range(600):
        accept = date(2014, 1, 1) + timedelta(days=random.randrange(4700))
        around = [accept + timedelta(days=random.randrange(-9, 40)) for _ in range(8)]
        periods = [(around[2 * i], random.choice([around[2 * i + 1], None])) for i in range(random.randrange(4))]
        finish = random.choice([None, accept + timedelta(days=random.randrange(-3, 60))])
        limit, unit = random.choice([0, 1, 3, 7, 20, 60]), random.choice(["WORKDAY", "WORKDAY", "CALENDAR"])
        cases.append({"no": f"{n}", "accept": accept, "finish": finish, "limit": limit, "unit": unit, "periods": periods})
    found = limited(spark, calendar, cases)
    for case in cases:
        row = found[case["no"]]
        item = {"project_type": "PROMISED", "promise_days": case["limit"], "law_days": None, "day_unit": case["unit"]}
        delivered = {"accept_time": case["accept"], "finish_time": case["finish"]}
        periods = [
            {"from_time": datetime(f.year, f.month, f.day), "to_time": t and datetime(t.year, t.month, t.day)} for f, t in case["periods"]
        ]
        hand = one_case(delivered, item, periods, AS_OF, extract=AS_OF)
        assert row["due_date"] == hand.due, case
        if hand.sound:
            assert (row["used_days"], row["workdays"]) == (hand.taken(case["unit"]), hand.taken("WORKDAY")), case
        assert row["due_provisional"] or case["unit"] == "CALENDAR" or hand.due is None or hand.due <= NOTICES_UNTIL, case
        if case["unit"] == "WORKDAY" and case["limit"] + row["suspended_days"]:
            assert row["due_date"] in WORKED, case
            assert row["between"] == case["limit"] + row["suspended_days"], "who adds workdays and counts them has the same number"
    proven(
        done=f"{len(cases)} cases with limits in workdays and days of the calendar, suspended up to three times",
        seen="every due date is the one that walking from day to day gives",
    )


def test_a_longer_limit_or_another_period_is_never_due_earlier(spark: SparkSession, calendar: DataFrame) -> None:
    random, cases = Random(3), []
    for n in range(150):
        accept, limit = date(2018, 11, 1) + timedelta(days=random.randrange(150)), random.randrange(20)
        first = accept + timedelta(days=random.randrange(15))
        period = (first, first + timedelta(days=random.randrange(12)))
        base = {"accept": accept, "limit": limit}
        cases += [
            {"no": f"{n}", **base},
            {"no": f"{n} longer", **base, "limit": limit + 1},
            {"no": f"{n} paused", **base, "periods": [period]},
        ]
        cases.append({"no": f"{n} twice", **base, "periods": [period, period]})
    found = limited(spark, calendar, cases)
    due = {no: row["due_date"] for no, row in found.items()}
    for n in range(150):
        assert due[f"{n}"] < due[f"{n} longer"] or cases[4 * n]["limit"] == 0
        assert due[f"{n}"] <= due[f"{n} paused"] == due[f"{n} twice"]
