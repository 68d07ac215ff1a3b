"""The rates: what is counted raw, what clean, and that the counties add up to the city."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from textwrap import dedent
from typing import Any

import pytest
from pyspark.sql import SparkSession

from contracts.refused import ROOT
from tests.health import scenarios
from tests.population.cleansed import number

Rates = dict[tuple[str, str, str], Any]
"""Indicator, division, basis -> its row."""
OPEN = {"name": "率一一", "create_date": "2013-01-01", "status": "0", "mana_org": "O1", "crowd_type": "01,02"}


def person(serial: int, division: str) -> dict[str, Any]:
    return {"person_no": f"p{serial}", "id_no": number(serial), "name": "率一一", "hukou_div": division, "person_status": "0"}


def followups(ehr: str, count: int, sbp: int, user: str = "D1") -> list[dict[str, Any]]:
    days = [f"2019-{3 * i + 1:02d}-05" for i in range(count)]
    return [
        {
            "fu_no": f"{ehr}-{i}",
            "ehr_no": ehr,
            "fu_date": d,
            "way_code": "1",
            "sbp": sbp,
            "dbp": 80,
            "input_user": user,
            "input_time": f"{d}T09:00:00",
        }
        for i, d in enumerate(days)
    ]


@pytest.fixture(scope="module")
def rates(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Rates:
    """Two counties and an archive of no known county: one managed well, one by a left account, one twice, one dead."""
    east, west = "321002001001", "321003001001"
    archive = [
        {**OPEN, "ehr_no": "e1", "empi_id": "a", "id_no": number(1), "village_code12": east, "birth_date": "1908-01-01"},
        {**OPEN, "ehr_no": "e2", "empi_id": "a", "id_no": number(2), "village_code12": east, "birth_date": "1908-01-01"},
        {**OPEN, "ehr_no": "e3", "empi_id": "a", "id_no": number(3), "village_code12": west, "birth_date": "1908-01-01"},
        {**OPEN, "ehr_no": "e4", "empi_id": "a", "id_no": number(3), "village_code12": west, "birth_date": "1908-01-01"},
        {**OPEN, "ehr_no": "e5", "empi_id": "a", "id_no": number(4), "birth_date": "1908-01-01"},
    ]
    exam = {
        "exam_no": "x1",
        "ehr_no": "e1",
        "exam_date": "2019-05-02",
        "org_code": "O1",
        "input_user": "D1",
        "input_time": "2019-05-02T10:00:00",
    }
    tables = {
        **{name: [] for name in ("pension", "visit", "card", "cremation", "cancellation")},
        "resident": [person(1, east), person(2, east), person(3, west), person(4, west), person(5, west)],
        "archive": archive,
        "staff": scenarios.STAFF,
        "certificate": [{"cert_no": "c", "id_no": number(4), "name": "率一一", "death_datetime": "2018-01-01T00:00:00"}],
        "examination": [exam, {**exam, "exam_no": "x2", "ehr_no": "e2", "input_user": "D9"}],
        "followup": [*followups("e1", 4, 149), *followups("e2", 4, 120, user="D9"), *followups("e3", 2, 155)],
    }
    city = scenarios.run(spark, tables, tmp_path_factory.mktemp("rates"))
    return {(r.indicator, r.div_code, r.basis): r for r in city.indicator.collect() if r.period == "2019"}


@pytest.fixture(scope="module")
def years(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], tuple[int, int]]:
    """At the end of 2019, people of whom each was there in one of the years 2018 and 2019, or in both, for a reason of its own.

    Year, indicator and basis -> numerator and denominator of the city.
    """
    cases = {  # serial -> birth, what the archive says, when it was served
        1: ("19080101", {"create_date": "2017-05-01"}, ["2018-12-31", "2019-01-01"]),
        2: ("19080101", {"create_date": "2019-01-01"}, ["2019-01-01"]),
        3: ("19080101", {"create_date": "2018-12-31"}, ["2018-12-31"]),  # died 2019-01-01
        4: ("19080101", {"create_date": "2017-05-01"}, ["2018-03-01"]),  # died 2018-12-31
        5: ("19080101", {"create_date": "2017-05-01", "status": "1", "cancel_date": "2019-01-01", "cancel_reason": "2"}, ["2018-03-01"]),
        6: ("19080101", {"create_date": "2017-05-01", "status": "1", "cancel_date": "2019-01-01", "cancel_reason": "6"}, ["2018-03-01"]),
        7: ("19080101", {"create_date": "2017-05-01", "status": "1", "cancel_date": "2018-12-31", "cancel_reason": "2"}, ["2018-03-01"]),
        8: ("19531231", {"create_date": "2017-05-01"}, []),  # 65 in 2018
        9: ("19540101", {"create_date": "2017-05-01"}, []),  # 65 in 2019
        10: ("20190101", {"create_date": "2019-01-01"}, []),
    }  # fmt: skip
    number_of = {n: number(n, birth) for n, (birth, *_) in cases.items()}
    exam = {"org_code": "O1", "input_user": "D1", "input_time": "2019-01-02T10:00:00"}
    dead = {3: "2019-01-01T00:00:00", 4: "2018-12-31T00:00:00"}
    tables = {
        **{name: [] for name in ("pension", "visit", "card", "cremation", "cancellation", "followup")},
        "resident": [{**person(n, "321002001001"), "id_no": number_of[n]} for n in cases],
        "archive": [
            {
                **OPEN,
                "ehr_no": f"e{n}",
                "empi_id": "a",
                "id_no": number_of[n],
                "birth_date": f"{birth[:4]}-{birth[4:6]}-{birth[6:]}",
                **said,
            }
            for n, (birth, said, _) in cases.items()
        ],
        "staff": scenarios.STAFF,
        "certificate": [{"cert_no": f"c{n}", "id_no": number_of[n], "name": "率一一", "death_datetime": at} for n, at in dead.items()],
        "examination": [
            {**exam, "exam_no": f"x{n}{day}", "ehr_no": f"e{n}", "exam_date": day} for n, (*_, days) in cases.items() for day in days
        ],
    }
    city = scenarios.run(spark, tables, tmp_path_factory.mktemp("years"))
    rows = [r for r in city.indicator.collect() if r.div_level == "city"]
    return {(r.period, r.indicator, r.basis): (r.numerator, r.denominator) for r in rows}


def test_the_year_before_is_counted_as_it_ended(years: dict[tuple[str, str, str], tuple[int, int]]) -> None:
    """Who died in 2019 was a resident of 2018, and an archive that was closed or created in 2019 was or was not there; an examination of
    the last day counts, whenever it was delivered."""
    assert {k[1:]: v for k, v in years.items() if k[0] == "2018"} == {
        # open as delivered: 1, 3, 4, 5, 6, 8, 9; residents: all but 4, who died, and 10, who was not born
        ("archive_rate", "raw"): (7, 8),
        ("archive_rate", "clean"): (5, 8),  # 1, 3, 5, 8, 9; 6 turned out to be a fake
        ("usage_rate", "raw"): (5, 7),
        ("usage_rate", "clean"): (3, 5),
        ("elderly_exam_rate", "raw"): (5, 6),  # all but 9
        ("elderly_exam_rate", "clean"): (3, 7),  # 1, 3, 5 of 1, 2, 3, 5, 6, 7, 8
        ("htn_managed_norm_rate", "raw"): (0, 7),
        ("htn_managed_norm_rate", "clean"): (0, 5),
        ("bp_control_rate", "raw"): (0, 7),
        ("bp_control_rate", "clean"): (0, 5),
    }


def test_the_year_of_the_run_is_counted_up_to_it(years: dict[tuple[str, str, str], tuple[int, int]]) -> None:
    found = {k[1:]: v for k, v in years.items() if k[0] == "2019"}
    assert found["archive_rate", "raw"] == (7, 8)  # 1, 2, 3, 4, 8, 9, 10 are open; residents: all but 3 and 4
    assert found["archive_rate", "clean"] == (5, 8)  # 1, 2, 8, 9, 10
    assert found["elderly_exam_rate", "clean"] == (2, 7)  # 1, 2 of 1, 2, 5, 6, 7, 8, 9


@pytest.mark.parametrize(
    ("indicator", "raw", "clean"),
    [
        ("archive_rate", (5, 4, "125.00", None, "NO_TARGET"), (3, 4, "75.00", None, "NO_TARGET")),
        ("usage_rate", (3, 5, "60.00", 60, "MET"), (2, 3, "66.67", 60, "MET")),
        ("elderly_exam_rate", (2, 5, "40.00", None, "NO_TARGET"), (1, 4, "25.00", None, "NO_TARGET")),
        ("htn_managed_norm_rate", (2, 5, "40.00", 80, "NOT_MET"), (1, 3, "33.33", 80, "NOT_MET")),
        ("bp_control_rate", (2, 5, "40.00", 50, "NOT_MET"), (1, 3, "33.33", 50, "NOT_MET")),
    ],
)
def test_the_city(rates: Rates, indicator: str, raw: tuple[Any, ...], clean: tuple[Any, ...]) -> None:
    for basis, (numerator, denominator, value, target, state) in {"raw": raw, "clean": clean}.items():
        r = rates[indicator, "321000", basis]
        assert (r.numerator, r.denominator, r.value, r.target, r.state) == (numerator, denominator, Decimal(value), target, state)
        assert (r.period_kind, r.period, r.div_level, r.unit, r.rule_version) == ("year", "2019", "city", "%", "1.1.0")


def test_a_county_without_residents_has_counts_and_no_value(rates: Rates) -> None:
    """The archive of no known county is counted raw; clean its person is a dead resident of a county."""
    raw, clean = (rates["archive_rate", "000000", basis] for basis in ("raw", "clean"))
    assert (raw.numerator, raw.denominator, raw.value, raw.state) == (1, 0, None, "EMPTY")
    assert (clean.numerator, clean.denominator, clean.value, clean.state) == (0, 0, None, "EMPTY")


@pytest.mark.proves("H5")
def test_the_counties_and_the_unknown_county_add_up_to_the_city(rates: Rates, proven: Callable[..., None]) -> None:
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for (indicator, division, basis), row in rates.items():
        for c in ("numerator", "denominator"):
            sums[indicator, basis, c] += row[c] if division != "321000" else -row[c]
    assert set(sums.values()) == {0}
    assert {d for _, d, _ in rates} == {"321000", "321002", "321003", "000000"}
    proven(done="the rates of a small city", seen="the counties add up to the city")


@pytest.mark.proves("H7")
def test_only_the_rate_of_archives_may_exceed_a_hundred(rates: Rates, proven: Callable[..., None]) -> None:
    for (indicator, _, basis), row in rates.items():
        assert (indicator, basis) == ("archive_rate", "raw") or row.numerator <= row.denominator
    proven(done="the rates of a small city", seen="only the archive rate exceeds a hundred")


def test_the_query_of_the_changelog_gives_the_former_columns(spark: SparkSession, rates: Rates) -> None:
    text = (ROOT.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    query = dedent(text.split("```sql\n")[1].split("```")[0]).replace("themes.health.indicator", "former")
    spark.createDataFrame(list(rates.values())).createOrReplaceTempView("former")
    former = {(r.indicator, r.div_code): r for r in spark.sql(query).collect()}
    assert len(former) == len(rates) / 2
    assert tuple(former["usage_rate", "321000"]) == (
        "usage_rate", 2019, "321000", "city", 3, 5, Decimal("60.00"), 2, 3, Decimal("66.67"),
    )  # fmt: skip
