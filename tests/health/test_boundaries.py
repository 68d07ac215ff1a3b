"""Every threshold in days: what holds the day before, on the day, and the day after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.health import scenarios
from tests.population.cleansed import number

Row = dict[str, Any]
Tables = dict[str, list[Row]]
DIED = {"cert_no": "c", "death_datetime": "2018-03-01T08:00:00"}


def _certificate(day: date) -> Tables:
    return {"certificate": [{"cert_no": "c", "death_datetime": f"{day}T08:00:00"}]}


def _followup(day: date, entered: date, account: str) -> Row:
    return {"fu_no": "f", "fu_date": str(day), "doctor": "D9", "input_user": account, "input_time": f"{entered}T09:00:00"}


CASES: dict[str, tuple[str, date, tuple[bool, bool, bool], Callable[[date], Tables]]] = {
    # what: (rule, the day, whether it hits on day -1, 0, +1, the rows for a day)
    "X1, thirty days of grace": ("X1", date(2019, 12, 1), (True, False, False), _certificate),
    "X2, service on the day of death": (
        "X2", date(2018, 3, 1), (False, False, True),
        lambda d: {"certificate": [DIED], "followup": [_followup(d, date(2016, 1, 1), "D1")]},
    ),
    "X3, created on the day of death": (
        "X3", date(2018, 3, 1), (False, False, True), lambda d: {"certificate": [DIED], "archive": [{"create_date": str(d)}]},
    ),
    "X4, seen a week after the death": (
        "X4", date(2018, 3, 8), (False, False, True),
        lambda d: {"certificate": [DIED], "visit": [{"visit_no": "v", "org_code": "H", "visit_time": f"{d}T10:00:00"}]},
    ),
    "D1, created two years ago": (
        "D1", date(2017, 12, 31), (True, True, False), lambda d: {"archive": [{"create_date": str(d)}]},
    ),
    "D2, last used two years ago": (
        "D2", date(2017, 12, 31), (True, False, False), lambda d: {"followup": [_followup(d, date(2016, 1, 1), "D1")]},
    ),
    "F8, entered on the day of leaving": (
        "F8", date(2016, 12, 31), (False, False, True), lambda d: {"followup": [_followup(date(2019, 5, 1), d, "D9")]},
    ),
    "a death after the date of the run": ("death_date", date(2019, 12, 31), (True, True, False), _certificate),
}  # fmt: skip
OFFSETS = (-1, 0, 1)


@pytest.fixture(scope="module")
def archives(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    tables: Tables = {name: [] for name in scenarios.TABLES} | {"staff": scenarios.STAFF}
    for place, (_, day, _, rows) in enumerate(CASES.values()):
        for offset in OFFSETS:
            given = rows(day + timedelta(days=offset))
            key = f"{place}:{offset}"
            who = {"id_no": number(100 + place * 10 + offset), "name": "界一一"}
            archive = {**scenarios.COMMON["archive"], **who, "ehr_no": key, "empi_id": "a", "create_date": "2013-05-01"}
            tables["resident"].append({**scenarios.COMMON["resident"], **who, "person_no": key})
            tables["archive"].append(archive | given.pop("archive", [{}])[0])
            for table, (row,) in given.items():
                local = {k: key for k in scenarios.LOCAL_KEYS if k in row}
                own = {"ehr_no": key} if table == "followup" else who
                tables[table].append({**row, **own, **local})
    city = scenarios.run(spark, tables, tmp_path_factory.mktemp("boundaries"))
    return {r.ehr_no: r.asDict() for r in city.archive.collect()}


@pytest.mark.parametrize("case", CASES)
def test_the_day_before_the_day_and_the_day_after(archives: dict[str, Any], case: str) -> None:
    rule, _, expected, _ = CASES[case]
    found = [archives[f"{list(CASES).index(case)}:{offset}"] for offset in OFFSETS]
    hits = tuple(r["death_date"] is not None if rule == "death_date" else rule in r["rules"] for r in found)
    assert hits == expected
