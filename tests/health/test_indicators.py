"""The rates: what is counted raw, what clean, and that the counties add up to the city."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.health import scenarios
from tests.population.cleansed import number

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
def rates(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Any]:
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
    return {(r.indicator, r.div_code): r for r in city.indicator_year.collect()}


RAW = ("raw_numerator", "raw_denominator", "raw_rate")
CLEAN = ("clean_numerator", "clean_denominator", "clean_rate")


@pytest.mark.parametrize(
    ("indicator", "raw", "clean"),
    [
        ("archive_rate", (5, 4, "125.00"), (3, 4, "75.00")),
        ("usage_rate", (3, 5, "60.00"), (2, 3, "66.67")),
        ("elderly_exam_rate", (2, 5, "40.00"), (1, 4, "25.00")),
        ("htn_managed_norm_rate", (2, 5, "40.00"), (1, 3, "33.33")),
        ("bp_control_rate", (2, 5, "40.00"), (1, 3, "33.33")),
    ],
)
def test_the_city(rates: dict[tuple[str, str], Any], indicator: str, raw: tuple[int, int, str], clean: tuple[int, int, str]) -> None:
    row = rates[indicator, "321000"]
    assert tuple(row[c] for c in RAW) == (*raw[:2], Decimal(raw[2]))
    assert tuple(row[c] for c in CLEAN) == (*clean[:2], Decimal(clean[2]))


@pytest.mark.proves("H5")
def test_the_counties_and_the_unknown_county_add_up_to_the_city(rates: dict[tuple[str, str], Any], proven: Callable[..., None]) -> None:
    counts = [c for c in (*RAW, *CLEAN) if not c.endswith("rate")]
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for (indicator, division), row in rates.items():
        for c in counts:
            sums[indicator, c] += row[c] if division != "321000" else -row[c]
    assert set(sums.values()) == {0}
    assert {d for _, d in rates} == {"321000", "321002", "321003", "000000"}
    proven(done="the rates of a small city", seen="the counties add up to the city")


@pytest.mark.proves("H7")
def test_only_the_rate_of_archives_may_exceed_a_hundred(rates: dict[tuple[str, str], Any], proven: Callable[..., None]) -> None:
    for (indicator, _), row in rates.items():
        assert row.clean_numerator <= row.clean_denominator
        assert indicator == "archive_rate" or row.raw_numerator <= row.raw_denominator
    proven(done="the rates of a small city", seen="only the archive rate exceeds a hundred")
