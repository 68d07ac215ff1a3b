"""The golden person: which source a field is taken from, who lives here, and that every contract is kept."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import SparkSession

from assets.base.population.person import PERSON, survivorship
from assets.base.population.source_link import LINK
from contracts.loader import load
from contracts.refused import ROOT
from tests.population.chain import Population, populate
from tests.population.cleansed import number

POLICE = "public_security/resident"
CITY = "321002001001"


@pytest.fixture(scope="module")
def town(spark: SparkSession) -> Population:
    here = {"hukou_div": CITY, "person_status": "0"}
    open_ = {"status": "0", "village_code12": "321003001001", "empi_id": "a"}
    seen = {"org_code": "H", "visit_time": "2019-10-05T10:00:00"}
    return populate(
        spark,
        resident=[
            {
                **here,
                "person_no": "r1",
                "id_no": number(1),
                "name": "甲乙丙",
                "sex_code": "2",
                "marital_code": "20",
                "birth_date": "1950-01-01",
            },
            {**here, "person_no": "r2", "id_no": number(2), "name": "迁出人", "person_status": "8"},
            {**here, "person_no": "r3", "id_no": number(3), "name": "死亡人"},
            {"person_no": "r4", "id_no": number(4), "name": "无区划"},
            {**here, "person_no": "r7", "id_no": number(7), "name": "回来人", "person_status": "8"},
        ],
        archive=[
            {**open_, "ehr_no": "old", "id_no": number(1), "name": "甲乙内", "phone": "13900000001", "abo_code": "1", "marital_code": "30"},
            {**open_, "ehr_no": "new", "id_no": number(1), "name": "甲乙丙", "abo_code": "2", "update_time": "2019-12-20T00:00:00"},
            {**open_, "ehr_no": "float", "id_no": number(5), "name": "流动人"},
            {**open_, "ehr_no": "paper", "id_no": number(6), "name": "空档案"},
            {**open_, "ehr_no": "e7", "id_no": number(7), "name": "回来人"},
            {**open_, "ehr_no": "e4", "id_no": number(4), "name": "无区划"},
        ],
        card=[{"card_no": "C1", "id_no": number(1), "name": "甲乙丙", "phone": "13900000009", "status": "1"}],
        visit=[
            {**seen, "visit_no": "v5", "id_no": number(5), "name": "流动人"},
            {**seen, "visit_no": "v7", "id_no": number(7), "name": "回来人"},
            {**seen, "visit_no": "v2", "id_no": number(2), "name": "迁出人"},
        ],
        pension=[
            {"pay_month": "201911", "person_no": "p5", "item": "1", "id_no": number(5), "name": "流*人", "_codes": ["name:W_MASKED"]},
        ],
        certificate=[{"cert_no": "c", "id_no": number(3), "name": "死亡人", "death_datetime": "2019-12-20T00:00:00"}],
    )


def test_each_field_from_the_most_trustworthy_source(town: Population) -> None:
    p = town.person_of(POLICE, "r1")
    assert (p.name, p.marital_code, p.phone, p.abo_code, p.card_no) == ("甲乙丙", "20", "13900000009", "2", "C1")
    assert (p.birth_date, p.sex_code) == (date(1908, 1, 1), "1"), "the number stands above the column"
    assert (p.person_class, p.county6, p.source_cnt) == ("H", "321002", 3)


def test_a_hidden_name_yields_to_one_in_full(town: Population) -> None:
    """Social insurance stands above the archive, but hides a character."""
    assert town.person_of("health/archive", "float|a").name == "流动人"


@pytest.mark.parametrize(
    ("table", "key", "resident", "why"),
    [
        (POLICE, "r1", True, "registered here"),
        (POLICE, "r2", False, "moved out"),
        (POLICE, "r3", False, "dead"),
        (POLICE, "r7", True, "moved out, but an open archive and a visit within the year"),
        ("health/archive", "float|a", True, "open archive and a visit within the year"),
        ("health/archive", "paper|a", False, "an archive alone proves nothing"),
    ],
)
def test_who_lives_here(town: Population, table: str, key: str, resident: bool, why: str) -> None:
    assert town.person_of(table, key).resident_flag is resident, why


def test_an_unknown_county_of_the_hukou_yields_to_the_archive(town: Population) -> None:
    assert town.person_of(POLICE, "r4").county6 == "321003"


def test_the_contracts_have_exactly_these_columns() -> None:
    assert [c.name for c in load(ROOT / "base/population/person.yaml").columns] == list(PERSON)
    assert [c.name for c in load(ROOT / "base/population/source_link.yaml").columns] == list(LINK)
    assert set(survivorship()) <= set(PERSON)
