"""Whose record is it: matching by number, document and local number, and what is never merged."""

from __future__ import annotations

import hashlib

import pytest
from pyspark.sql import SparkSession

from tests.population.chain import Population, populate
from tests.population.cleansed import number

POLICE, ARCHIVE, CARD = "public_security/resident", "health/archive", "citizen_card/card"
PENSION, VISIT, CERTIFICATE = "human_resources/pension_payment", "health/outpatient_visit", "health/death_certificate"


def uid(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@pytest.fixture(scope="module")
def town(spark: SparkSession) -> Population:
    one, two, three = number(1), number(2), number(3)
    passport = {"id_type": "03", "id_no_raw": "e1234567 8", "id_no_error": "E_LEN", "name": "ANNA", "birth_date": "1910-05-05"}
    open_ = {"status": "0"}
    return populate(
        spark,
        resident=[
            {"person_no": "r1", "id_no": one, "name": "于甲乙", "former_name": "于旧名"},
            {"person_no": "r2", "id_no": two, "name": "丙丁戊"},
            {"person_no": "r5", "id_no": one, "name": "第二人"},
            {"person_no": "r6", "id_no": number(6), "name": "测试", "_codes": ["name:W_NAME_PLACEHOLDER"]},
            {"person_no": "r7", "id_no": number(7), "name": "庚□七", "_codes": ["name:W_RARE"]},
            {"person_no": "r9", "id_no": number(9), "name": "李㛃"},
            {"person_no": "r4", "name": "无号人", "id_no_error": "E_CHECK", "id_no_raw": "321099190801010010"},
        ],
        archive=[
            {**open_, "ehr_no": "exact", "empi_id": "a", "id_no": one, "name": "于甲乙"},
            {**open_, "ehr_no": "former", "empi_id": "a", "id_no": one, "name": "于旧名"},
            {**open_, "ehr_no": "edit", "empi_id": "a", "id_no": one, "name": "于甲己"},
            {**open_, "ehr_no": "noname", "empi_id": "a", "id_no": one},
            {**open_, "ehr_no": "conflict", "empi_id": "a", "id_no": one, "name": "别人家"},
            {**open_, "ehr_no": "none", "empi_id": "a", "name": "于甲乙", "birth_date": "1908-01-01"},
            {**open_, **passport, "ehr_no": "pass1", "empi_id": "a"},
            {**open_, **passport, "ehr_no": "pass2", "empi_id": "a", "id_no_raw": "E12345678"},
            {**open_, **passport, "ehr_no": "pass3", "empi_id": "a", "birth_date": "1911-05-05"},
            {**open_, **passport, "ehr_no": "pass4", "empi_id": "a", "name": "BORIS"},
            {**open_, **passport, "ehr_no": "masked", "empi_id": "a", "id_no_raw": "E1*****78"},
            {**open_, "ehr_no": "real6", "empi_id": "a", "id_no": number(6), "name": "己六六"},
            {**open_, "ehr_no": "real7", "empi_id": "a", "id_no": number(7), "name": "庚玥七"},
            {**open_, "ehr_no": "rare", "empi_id": "a", "id_no": number(9), "name": "李?", "_codes": ["name:W_RARE"]},
            {**open_, "ehr_no": "bytes", "empi_id": "a", "id_no": number(9), "name": "李????", "_codes": ["name:W_RARE"]},
            {**open_, "ehr_no": "longer", "empi_id": "a", "id_no": number(9), "name": "李?%", "_codes": ["name:W_RARE"]},
            {**open_, "ehr_no": "other", "empi_id": "a", "id_no": number(9), "name": "王?", "_codes": ["name:W_RARE"]},
            {**open_, "ehr_no": "nothing", "empi_id": "a", "id_no": number(9), "name": "□□", "_codes": ["name:W_RARE"]},
            {**open_, "ehr_no": "mojibake", "empi_id": "a", "id_no": number(9), "name": "李锟斤拷?", "_codes": ["name:W_RARE"]},
            {**open_, "ehr_no": "real8", "empi_id": "a", "id_no": number(8), "name": "辛八八"},
        ],
        card=[
            {"card_no": "C2", "id_no": two, "name": "丙丁戊", "status": "1", "health_card_no": "H2"},
            {"card_no": "C9", "id_no": one, "name": "第三人", "status": "1"},
            {"card_no": "C0", "name": "卡主人", "status": "1"},
            {"card_no": "S1", "id_no": one, "name": "于甲乙", "status": "1", "social_card_no": "SHARED"},
            {"card_no": "S2", "id_no": two, "name": "丙丁戊", "status": "1", "social_card_no": "SHARED"},
        ],
        pension=[
            {"pay_month": "201911", "person_no": "p2", "item": "1001", "id_no": two, "name": "丙丁戊"},
            {"pay_month": "201912", "person_no": "p2", "item": "1001", "name": "丙丁戊"},
            {"pay_month": "201911", "person_no": "p9", "item": "1001", "name": "没有号"},
            {"pay_month": "201910", "person_no": "p9", "item": "1001", "name": "没有号"},
        ],
        visit=[
            {"org_code": "H", "visit_no": "card", "card_no": "C2", "name": "丙丁戊", "visit_time": "2019-10-05T10:00:00"},
            {"org_code": "H", "visit_no": "health", "card_no": "H2", "visit_time": "2019-10-05T10:00:00"},
            {"org_code": "H", "visit_no": "lent", "card_no": "C2", "name": "借卡人", "visit_time": "2019-10-05T10:00:00"},
            {"org_code": "H", "visit_no": "shared", "card_no": "SHARED", "visit_time": "2019-10-05T10:00:00"},
            {"org_code": "H", "visit_no": "nobody", "name": "丙丁戊", "visit_time": "2019-10-05T10:00:00"},
            {"org_code": "H", "visit_no": "guest", "id_no": three, "name": "外地人", "visit_time": "2019-10-05T10:00:00"},
        ],
        certificate=[{"cert_no": "c1", "id_no": one, "name": "张冠李", "death_datetime": "2019-01-01T00:00:00"}],
        cancellation=[{"id_no": number(8), "name": "注销人", "cancel_date": "2019-01-01"}],
    )


@pytest.mark.parametrize(
    ("table", "key", "match", "reason", "owner"),
    [
        (POLICE, "r1", "M1", "EXACT", f"RID:{number(1)}"),
        (ARCHIVE, "exact|a", "M1", "EXACT", f"RID:{number(1)}"),
        (ARCHIVE, "former|a", "M1B", "FORMER", f"RID:{number(1)}"),
        (ARCHIVE, "edit|a", "M1B", "ONE_EDIT", f"RID:{number(1)}"),
        (ARCHIVE, "noname|a", "M1B", "NO_NAME", f"RID:{number(1)}"),
        (ARCHIVE, "conflict|a", "ID_NAME_CONFLICT", None, "health/archive:conflict|a"),
        (CERTIFICATE, "c1", "ID_NAME_CONFLICT", None, None),
        (POLICE, "r5", "ID_NAME_CONFLICT", None, "public_security/resident:r5"),
        (CARD, "C9", "ID_NAME_CONFLICT", None, "citizen_card/card:C9"),
        (ARCHIVE, "real6|a", "M1", "EXACT", f"RID:{number(6)}"),
        (POLICE, "r6", "ID_NAME_CONFLICT", None, "public_security/resident:r6"),
        (ARCHIVE, "real7|a", "M1", "EXACT", f"RID:{number(7)}"),
        (POLICE, "r7", "M1B", "RARE", f"RID:{number(7)}"),
        (POLICE, "r9", "M1", "EXACT", f"RID:{number(9)}"),
        (ARCHIVE, "rare|a", "M1B", "RARE", f"RID:{number(9)}"),
        (ARCHIVE, "bytes|a", "M1B", "RARE", f"RID:{number(9)}"),
        (ARCHIVE, "longer|a", "M1B", "RARE", f"RID:{number(9)}"),
        (ARCHIVE, "other|a", "M1B", "NO_NAME", f"RID:{number(9)}"),
        (ARCHIVE, "nothing|a", "M1B", "NO_NAME", f"RID:{number(9)}"),
        (ARCHIVE, "mojibake|a", "M1B", "NO_NAME", f"RID:{number(9)}"),
        (ARCHIVE, "real8|a", "M1", "EXACT", f"RID:{number(8)}"),
        ("public_security/death_cancellation", f"{number(8)}|2019-01-01", "ID_NAME_CONFLICT", None, None),
        (ARCHIVE, "pass4|a", "M2", "DOCUMENT", "03:E12345678:19100505"),
        (ARCHIVE, "masked|a", "U", None, "health/archive:masked|a"),
        (ARCHIVE, "none|a", "U", None, "health/archive:none|a"),
        (POLICE, "r4", "U", None, "public_security/resident:r4"),
        (ARCHIVE, "pass1|a", "M2", "EXACT", "03:E12345678:19100505"),
        (ARCHIVE, "pass2|a", "M2", "EXACT", "03:E12345678:19100505"),
        (ARCHIVE, "pass3|a", "M2", "EXACT", "03:E12345678:19110505"),
        (CARD, "C0", "U", None, "citizen_card/card:C0"),
        (PENSION, "201912|p2|1001", "M3", "EXACT", f"RID:{number(2)}"),
        (PENSION, "201911|p9|1001", "U", None, "human_resources/pension_payment:201910|p9|1001"),
        (PENSION, "201910|p9|1001", "U", None, "human_resources/pension_payment:201910|p9|1001"),
        (VISIT, "H|card", "M3", "EXACT", f"RID:{number(2)}"),
        (VISIT, "H|health", "M3", "NO_NAME", f"RID:{number(2)}"),
        (VISIT, "H|lent", "ID_NAME_CONFLICT", "CARD", None),
        (VISIT, "H|shared", "NONE", None, None),
        (VISIT, "H|nobody", "NONE", None, None),
        (VISIT, "H|guest", "M1", "EXACT", f"RID:{number(3)}"),
    ],
)
def test_match(town: Population, table: str, key: str, match: str, reason: str | None, owner: str | None) -> None:
    row = town.links[table, key]
    assert (row.match, row.match_reason, row.person_uid) == (match, reason, uid(owner) if owner else None)


def test_no_two_persons_share_a_number(town: Population) -> None:
    numbers = [p.id_no for p in town.persons.values() if p.id_no]
    assert sorted(numbers) == sorted(number(n) for n in (1, 2, 3, 6, 7, 8, 9))


def test_a_name_without_lost_characters_is_the_persons_whoever_has_it(town: Population) -> None:
    assert [town.person_of(POLICE, r).name for r in ("r7", "r9")] == ["庚玥七", "李㛃"]


def test_every_person_is_somebodys_record(town: Population) -> None:
    assert set(town.persons) == {r.person_uid for r in town.links.values() if r.person_uid}
