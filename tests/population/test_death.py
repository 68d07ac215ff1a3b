"""Death fusion: grades, dates, conflicts, candidates and signs of life, one person per row of the table."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.population.chain import Population, populate
from tests.population.cleansed import number

CERT = {"certificate": {"death_datetime": "2018-03-01T23:30:00"}}
POLICE = {"cancellation": {"death_date": "2018-03-04", "cancel_date": "2018-03-20", "cancel_reason": "01"}}
POLICE_FAR = {"cancellation": {"death_date": "2018-03-12", "cancel_date": "2018-03-20", "cancel_reason": "01"}}
POLICE_NO_DATE = {"cancellation": {"cancel_date": "2018-03-20", "cancel_reason": "01"}}
POLICE_MOVED = {"cancellation": {"cancel_date": "2018-03-20", "cancel_reason": "02"}}
CREMATION = {"cremation": {"cremation_date": "2018-03-05"}}
CREMATION_DATED = {"cremation": {"cremation_date": "2018-03-05", "death_date": "2018-03-02"}}
PENSION = {"pension": {"pay_month": "201805", "item": "1001", "stop_flag": "1", "stop_reason": "01", "stop_month": "201804"}}
PENSION_OTHER = {"pension": {"pay_month": "201805", "item": "1001", "stop_flag": "1", "stop_reason": "03", "stop_month": "201804"}}
FLAG = {"archive": {"dead_flag": "1", "dead_date": "2018-02-28", "status": "0"}}
FLAG_A_YEAR = {"archive": {**FLAG["archive"], "dead_date": "2017-03-31"}}
FLAG_FAR = {"archive": {**FLAG["archive"], "dead_date": "2017-03-30"}}
EARLY_EXTRACT = {"certificate": {"death_datetime": "2018-03-01T23:30:00", "_business_date": date(2018, 2, 28)}}
SAME_DAY = {"certificate": {"death_datetime": "2018-03-01T23:30:00", "_business_date": date(2018, 3, 1)}}
STOPPED_AHEAD = {"pension": {"pay_month": "201801", "item": "1001", "stop_flag": "1", "stop_reason": "01", "stop_month": "201804",
                             "_business_date": date(2018, 1, 31)}}  # fmt: skip
FUTURE = {"certificate": {"death_datetime": "2020-03-01T00:00:00"}}
TOO_EARLY = {"certificate": {"death_datetime": "1907-03-01T00:00:00"}}
VISIT = {"visit": {"org_code": "H", "visit_time": "2019-03-01T10:00:00"}}
AHEAD = {"visit": {"org_code": "H", "visit_time": "2029-10-10T10:00:00"}}
AHEAD_OF_ITS_EXTRACT = {"visit": {"org_code": "H", "visit_time": "2019-10-10T10:00:00", "_business_date": date(2019, 10, 9)}}
SOON = {"visit": {"org_code": "H", "visit_time": "2018-03-06T10:00:00"}}
KEYS = {"cremation": "cremation_no", "certificate": "cert_no", "pension": "person_no", "visit": "visit_no", "archive": "ehr_no"}

CASES: dict[str, tuple[list[dict[str, dict[str, Any]]], tuple[Any, ...] | None]] = {
    # what is known: (grade, status, death date, dates in conflict, signs of life)
    "certificate": ([CERT], ("A", "CONFIRMED", date(2018, 3, 1), False, 0)),
    "police with the date": ([POLICE], ("A", "CONFIRMED", date(2018, 3, 4), False, 0)),
    "police without the date": ([POLICE_NO_DATE], ("B", "CONFIRMED", date(2018, 3, 20), False, 0)),
    "police moved out": ([POLICE_MOVED], None),
    "cremation": ([CREMATION], ("B", "CONFIRMED", date(2018, 3, 4), False, 0)),
    "cremation with the date": ([CREMATION_DATED], ("B", "CONFIRMED", date(2018, 3, 2), False, 0)),
    "certificate before police": ([CERT, POLICE], ("A", "CONFIRMED", date(2018, 3, 1), False, 0)),
    "more than a week apart": ([CERT, POLICE_FAR], ("A", "CONFIRMED", date(2018, 3, 1), True, 0)),
    "a late entry is no conflict": ([CREMATION_DATED, POLICE_NO_DATE], ("B", "CONFIRMED", date(2018, 3, 2), False, 0)),
    "stopped pension": ([PENSION], ("C", "CANDIDATE", date(2018, 3, 31), False, 0)),
    "pension stopped otherwise": ([PENSION_OTHER], None),
    "flag in the archive": ([FLAG], ("C", "CANDIDATE", date(2018, 2, 28), False, 0)),
    "two departments": ([FLAG, PENSION], ("B", "CONFIRMED", date(2018, 2, 28), False, 0)),
    "two departments, a year apart": ([FLAG_A_YEAR, PENSION], ("B", "CONFIRMED", date(2017, 3, 31), False, 0)),
    "two departments, too far apart": ([FLAG_FAR, PENSION], ("C", "CANDIDATE", date(2017, 3, 30), False, 0)),
    "a day before the ashes is no exact date": ([POLICE_FAR, CREMATION], ("A", "CONFIRMED", date(2018, 3, 12), False, 0)),
    "in the future": ([FUTURE], (None, "INVALID", None, False, 0)),
    "after its own extract": ([EARLY_EXTRACT], (None, "INVALID", None, False, 0)),
    "on the day of its extract": ([SAME_DAY], ("A", "CONFIRMED", date(2018, 3, 1), False, 0)),
    "a pension to be stopped": ([STOPPED_AHEAD], (None, "INVALID", None, False, 0)),
    "before the birth": ([TOO_EARLY], (None, "INVALID", None, False, 0)),
    "seen alive": ([FLAG, VISIT], ("C", "CANDIDATE", date(2018, 2, 28), False, 1)),
    "seen alive after a certificate": ([CERT, VISIT], ("A", "CONFLICT", date(2018, 3, 1), False, 1)),
    "a visit to come": ([CERT, AHEAD], ("A", "CONFIRMED", date(2018, 3, 1), False, 0)),
    "a visit after its own extract": ([CERT, AHEAD_OF_ITS_EXTRACT], ("A", "CONFIRMED", date(2018, 3, 1), False, 0)),
    "a visit in the same week": ([CERT, SOON], ("A", "CONFIRMED", date(2018, 3, 1), False, 0)),
}


@pytest.fixture(scope="module")
def town(spark: SparkSession) -> Population:
    tables: dict[str, list[dict[str, Any]]] = {}
    for serial, (statements, _) in enumerate(CASES.values(), 1):
        who = {"id_no": number(serial), "name": "某人甲"}
        tables.setdefault("resident", []).append({**who, "person_no": f"r{serial}"})
        for table, columns in ((t, c) for s in statements for t, c in s.items()):
            own = {KEYS[table]: f"k{serial}"} if table in KEYS else {}
            own |= {"empi_id": "a"} if table == "archive" else {}
            named = {"id_no": who["id_no"], "deceased_name": who["name"]} if table == "cremation" else who
            tables.setdefault(table, []).append({**named, **own, **columns})
    return populate(spark, **tables)


@pytest.mark.parametrize("case", CASES)
def test_fusion(town: Population, case: str) -> None:
    row = town.death_of("public_security/resident", f"r{list(CASES).index(case) + 1}")
    expected = CASES[case][1]
    found = row and (row.grade, row.status, row.death_date, row.date_conflict, len(row.life_evidence))
    assert found == expected


def test_a_person_is_dead_exactly_when_the_grade_is_a_or_b(town: Population) -> None:
    for p in town.persons.values():
        assert (p.vital_status == 2) == (p.death_grade in ("A", "B"))
        assert (p.death_date is not None) == (p.vital_status == 2)
        assert p.death_date is None or p.death_date >= p.birth_date


@pytest.mark.parametrize("case", ["seen alive", "seen alive after a certificate"])
def test_a_dead_person_seen_alive_is_a_conflict(town: Population, case: str) -> None:
    p = town.person_of("public_security/resident", f"r{list(CASES).index(case) + 1}")
    assert (p.vital_status, p.death_date) == (3, None)


def test_every_statement_can_be_traced_to_its_line(town: Population) -> None:
    row = town.death_of("public_security/resident", f"r{list(CASES).index('in the future') + 1}")
    assert row is not None
    assert [(s.source_table, s.date_kind, s._source_file) for s in row.sources] == [
        ("health/death_certificate", "INVALID_FUTURE", "health/death_certificate.csv")
    ]
    assert all(s._row_no for r in town.deaths.values() for s in r.sources)


@pytest.mark.parametrize(("police", "certificate"), [("王小伟", "王小韦"), ("王伟", "王芳")])
def test_a_name_one_character_off_is_a_hint_of_death(spark: SparkSession, police: str, certificate: str) -> None:
    town = populate(
        spark,
        resident=[{"person_no": "r", "id_no": number(1), "name": police}],
        certificate=[{"cert_no": "1", "id_no": number(1), "name": certificate, "death_datetime": "2018-03-01T00:00:00"}],
    )
    death = town.death_of("public_security/resident", "r")
    assert death is not None
    assert (death.grade, death.status, [s.grade for s in death.sources]) == ("C", "CANDIDATE", ["C"])


def test_a_death_over_a_document_needs_the_name(spark: SparkSession) -> None:
    passport = {"id_type": "03", "id_no_raw": "E12345678", "id_no_error": "E_LEN", "name": "ANNA", "birth_date": "1910-05-05"}
    died = {**passport, "death_datetime": "2018-03-01T00:00:00"}
    archive = [{**passport, "ehr_no": "e", "empi_id": "a", "status": "0"}]
    other = populate(spark, archive=archive, certificate=[{**died, "cert_no": "c", "name": "BORIS"}])
    same = populate(spark, archive=archive, certificate=[{**died, "cert_no": "c"}])
    assert other.death_of("health/archive", "e|a") is None
    assert same.person_of("health/archive", "e|a").vital_status == 2
