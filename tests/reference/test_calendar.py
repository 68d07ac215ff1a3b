"""The calendar of workdays says what the State Council's notices say, and counting with it is right on every day."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assets.reference.calendar import workday
from assets.workdays import add_workdays, workdays_between
from standards.calendar import days

DAYS = {d.day: d for d in days()}
WORKED_WEEKENDS = {
    "国办发明电〔2013〕28号": 5, "国办发明电〔2014〕28号": 4, "国发明电〔2015〕1号": 1, "国办发明电〔2015〕18号": 6,
    "国办发明电〔2016〕17号": 5, "国办发明电〔2017〕12号": 6, "国办发明电〔2018〕15号": 5, "国办发明电〔2019〕3号": 2,
    "国办发明电〔2019〕16号": 6, "国办发明电〔2020〕27号": 7, "国办发明电〔2021〕11号": 7, "国办发明电〔2022〕16号": 7,
    "国办发明电〔2023〕7号": 8, "国办发明电〔2024〕12号": 5, "国办发明电〔2025〕7号": 6,
}  # fmt: skip
"""Saturdays and Sundays that each notice has worked; the extension of 2020 took back one that the notice before it had."""


@pytest.fixture(scope="module")
def calendar(spark: SparkSession) -> DataFrame:
    return workday(spark.createDataFrame)


def test_saturdays_and_sundays_are_worked_as_the_notices_say() -> None:
    assert Counter(d.notice for d in DAYS.values() if d.is_workday and d.day.weekday() > 4) == WORKED_WEEKENDS


@pytest.mark.parametrize(
    ("day", "is_workday", "holiday", "notice"),
    [
        ("2018-12-29", True, "元旦", "国办发明电〔2018〕15号"),  # a Saturday, arranged by the notice on the year after
        ("2018-12-31", False, "元旦", "国办发明电〔2018〕15号"),
        ("2019-02-02", True, "春节", "国办发明电〔2018〕15号"),  # a Saturday and a Sunday before the Spring Festival
        ("2019-02-03", True, "春节", "国办发明电〔2018〕15号"),
        ("2019-02-08", False, "春节", "国办发明电〔2018〕15号"),
        ("2019-05-03", False, "劳动节", "国办发明电〔2019〕3号"),  # added in March
        ("2019-05-05", True, "劳动节", "国办发明电〔2019〕3号"),
        ("2019-05-06", True, None, "国办发明电〔2018〕15号"),
        ("2020-01-31", False, "春节", "国办发明电〔2020〕1号"),  # the holiday was extended while it lasted
        ("2020-02-01", False, "春节", "国办发明电〔2020〕1号"),  # a Saturday that should have been worked
        ("2020-02-03", True, None, "国办发明电〔2019〕16号"),
        ("2015-09-03", False, "中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日", "国发明电〔2015〕1号"),
        ("2026-10-07", False, "国庆节", "国办发明电〔2025〕7号"),
        ("2027-10-01", True, None, None),  # a Friday that no notice has arranged
    ],
)
def test_a_day_is_worked_or_free_by_its_notice(day: str, is_workday: bool, holiday: str | None, notice: str | None) -> None:
    found = DAYS[date.fromisoformat(day)]
    assert (found.is_workday, found.holiday, found.notice, found.provisional) == (is_workday, holiday, notice, notice is None)


def test_a_time_limit_starts_on_the_next_day_and_ends_on_a_workday(spark: SparkSession, calendar: DataFrame) -> None:
    cases = [
        ("2019-02-01", 1, "2019-02-02", False),  # on a Saturday that is worked
        ("2019-02-01", 3, "2019-02-11", False),  # over the Spring Festival
        ("2019-02-05", 1, "2019-02-11", False),  # accepted on a holiday
        ("2018-12-28", 2, "2019-01-02", False),  # over the end of the year
        ("2020-01-22", 3, "2020-02-04", False),  # over the extended holiday
        ("2019-02-09", 0, "2019-02-09", False),  # at once, on a free Saturday
        ("2026-12-30", 1, "2026-12-31", False),
        ("2026-12-30", 2, "2027-01-01", True),  # by Monday to Friday, until the next notice
        ("2030-06-01", 0, "2030-06-01", True),
        ("2036-12-31", 1, None, False),  # the calendar ends
        ("2013-12-31", 1, None, False),
        ("2019-02-01", -1, None, False),
        ("2019-02-01", None, None, False),
        (None, 5, None, False),
    ]
    asked = [(i, start and date.fromisoformat(start), count) for i, (start, count, *_) in enumerate(cases)]
    rows = spark.createDataFrame(asked, "i int, accepted date, days int")
    found = {r["i"]: (r["due"], r["due_provisional"]) for r in add_workdays(rows, calendar, "accepted", F.col("days"), "due").collect()}
    assert found == {i: (due and date.fromisoformat(due), provisional) for i, (_, _, due, provisional) in enumerate(cases)}


def test_who_adds_workdays_and_counts_them_has_the_same_number_on_every_day(spark: SparkSession, calendar: DataFrame) -> None:
    """Every day of fourteen years and many counts; a walk from day to day counts, too."""
    starts = [day for day in DAYS if day < date(2028, 1, 1)]
    counts = (1, 2, 3, 5, 10, 15, 20, 45, 60, 250)
    rows = spark.createDataFrame([(day,) for day in starts], "start date").crossJoin(spark.createDataFrame([(n,) for n in counts], "n int"))
    due = add_workdays(rows, calendar, "start", F.col("n"), "due")
    found = workdays_between(due, calendar, "start", "due", "between").toArrow().to_pylist()
    assert len(found) == len(starts) * len(counts)
    assert [r for r in found if r["between"] != r["n"] or not DAYS[r["due"]].is_workday] == []
    assert [r for r in found if r["due_provisional"] != (r["due"].year > 2026) or r["between_provisional"] != r["due_provisional"]] == []
    assert [r for r in found if r["n"] <= 20 and r["due"] != walked(r["start"], r["n"])] == []


def walked(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= DAYS[day].is_workday
    return day


def test_workdays_are_counted_backwards_and_not_at_all_outside_the_calendar(spark: SparkSession, calendar: DataFrame) -> None:
    cases = [
        ("2019-02-11", "2019-02-01", -3),
        ("2019-02-04", "2019-02-10", 0),
        ("2019-02-01", None, None),
        ("1999-01-01", "2019-02-01", None),
    ]
    rows = spark.createDataFrame(
        [(i, date.fromisoformat(a), b and date.fromisoformat(b)) for i, (a, b, _) in enumerate(cases)], "i int, a date, b date"
    )
    found = {r["i"]: r["n"] for r in workdays_between(rows, calendar, "a", "b", "n").collect()}
    assert found == {i: n for i, (_, _, n) in enumerate(cases)}
