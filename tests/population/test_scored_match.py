"""Whom a record without a usable number probably speaks of: what agrees gives points, what contradicts takes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from assets.base.population.scored_match import POINTS, one_edit, scored_match, with_points
from tests.population.chain import populated
from tests.population.cleansed import as_it_is, frame, number

KNOWN = number(1)
MAN = {
    "name_key": "于甲乙", "birth_date": date(1908, 3, 12), "born_from": 1908, "born_to": 1908, "sex_code": "1", "phone": "13900000001",
    "number": None, "village": None,
}  # fmt: skip
SAME = {
    "their_key": "于甲乙", "their_former_key": None, "their_birth": date(1908, 3, 12), "their_sex": "1", "their_phone": None,
    "their_number": KNOWN, "their_village": "321002001001", "is_frequent": None,
}  # fmt: skip
COLUMNS = (
    "name_key string, birth_date date, born_from int, born_to int, sex_code string, phone string, number string, village string, "
    "their_key string, their_former_key string, their_birth date, their_sex string, their_phone string, their_number string, "
    "their_village string, is_frequent boolean"
)
ALIKE = ["NAME", "BIRTH", "SEX"]
CASES: dict[str, tuple[Mapping[str, Any], list[str], int]] = {
    "name, birth and sex alone are worth a look, no more": ({}, ALIKE, 58),
    "a phone makes it a link": ({"their_phone": "13900000001"}, [*ALIKE, "PHONE"], 80),
    "another phone says nothing": ({"their_phone": "13900000002"}, ALIKE, 58),
    "the same village": ({"village": "321002001001"}, [*ALIKE, "VILLAGE"], 63),
    "another village": ({"village": "321002001002"}, [*ALIKE, "VILLAGE_OTHER"], 56),
    "a number with one digit wrong": ({"number": KNOWN[:16] + "9" + KNOWN[17:]}, [*ALIKE, "NUMBER_ONE_EDIT"], 83),
    "another number": ({"number": number(7)}, [*ALIKE, "NUMBER_OTHER"], 53),
    "a frequent name": ({"is_frequent": True}, ["NAME", "NAME_FREQUENT", "BIRTH", "SEX"], 50),
    "a former name": ({"name_key": "于丙丁", "their_former_key": "于丙丁"}, ["NAME_FORMER", "BIRTH", "SEX"], 56),
    "a name that lost a character": ({"name_key": "于甲?"}, ["NAME_PART", "BIRTH", "SEX"], 56),
    "one character of three differs": ({"name_key": "于甲丙"}, ["NAME_ONE_EDIT", "BIRTH", "SEX"], 43),
    "one character of two is another name": ({"name_key": "于甲", "their_key": "于乙"}, ["NAME_OTHER", "BIRTH", "SEX"], -32),
    "another name": ({"name_key": "丙丁戊"}, ["NAME_OTHER", "BIRTH", "SEX"], -32),
    "day and month turned round": ({"birth_date": date(1908, 12, 3)}, ["NAME", "BIRTH_TURNED", "SEX"], 48),
    "only the year agrees": ({"birth_date": date(1908, 3, 13)}, ["NAME", "BIRTH_YEAR", "SEX"], 38),
    "another year": ({"birth_date": date(1909, 3, 12), "born_from": 1909, "born_to": 1909}, ["NAME", "BIRTH_OTHER", "SEX"], -17),
    "an age that may be the year": ({"birth_date": None, "born_from": 1907, "born_to": 1909}, ["NAME", "BIRTH_YEAR", "SEX"], 38),
    "an age that cannot be": ({"birth_date": None, "born_from": 1909, "born_to": 1911}, ["NAME", "BIRTH_OTHER", "SEX"], -17),
    "no birth at all": ({"birth_date": None, "born_from": None, "born_to": None}, ["NAME", "SEX"], 33),
    "another sex": ({"sex_code": "2"}, ["NAME", "BIRTH", "SEX_OTHER"], 5),
    "a sex that is not known": ({"sex_code": None}, ["NAME", "BIRTH"], 55),
}
"""What is different from a record that agrees in name, birth and sex -> the evidence and its points, in hundredths."""
EDITS = {
    KNOWN: False,
    KNOWN[:3] + "8" + KNOWN[4:]: True,
    KNOWN[:17] + ("1" if KNOWN[17] != "1" else "2"): True,
    KNOWN[:6] + KNOWN[7] + KNOWN[6] + KNOWN[8:]: True,
    KNOWN[:2] + "9" + KNOWN[3:8] + "9" + KNOWN[9:]: False,
    KNOWN[:17]: True,
    KNOWN[:16]: False,
    KNOWN + "0": False,
    KNOWN[:6] + KNOWN[8:17]: False,
}


def test_what_agrees_and_what_contradicts(spark: SparkSession) -> None:
    rows = spark.createDataFrame([tuple({**MAN, **SAME, **changed}.values()) for changed, _, _ in CASES.values()], COLUMNS)
    found = with_points(rows.withColumn("n", F.monotonically_increasing_id())).orderBy("n").select("evidence", "points").collect()
    assert dict(zip(CASES, [(r.evidence, r.points) for r in found], strict=True)) == {
        case: (evidence, points) for case, (_, evidence, points) in CASES.items()
    }
    assert {kind for _, evidence, _ in CASES.values() for kind in evidence} == POINTS.keys()


def test_a_number_that_is_another_but_for_one_slip(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(text,) for text in EDITS], "number string").withColumn("known", F.lit(KNOWN))
    assert {r.number: r.edited for r in rows.select("number", one_edit(F.col("number"), F.col("known")).alias("edited")).collect()} == EDITS


def scored(spark: SparkSession, **tables: list[dict[str, Any]]) -> list[Row]:
    """The candidates in a town with these records, by record and place."""
    link, person = populated(spark, **tables)
    sources = (frame(spark, name, tables.get(name, [])) for name in ("archive", "certificate", "cremation"))
    return scored_match(link, person, *sources, as_it_is).orderBy("source_key", "place").collect()


def resident(n: int, name: str, serial: int, **more: Any) -> dict[str, Any]:
    return {"person_no": f"r{n}", "id_no": number(serial), "name": name, "hukou_div": "321002001001", **more}


def card(n: int, name: str, serial: int, phone: str) -> dict[str, Any]:
    return {"card_no": f"C{n}", "id_no": number(serial), "name": name, "phone": phone, "status": "1"}


def archive(n: int, name: str, **more: Any) -> dict[str, Any]:
    said = {"birth_date": "1908-01-01", "sex_code": "1", "id_no_raw": "无", "id_no_error": "E_NULL"}
    return {"ehr_no": f"e{n}", "empi_id": "a", "name": name, **said, **more}


@pytest.fixture(scope="module")
def town(spark: SparkSession) -> dict[str, list[Row]]:
    """One town with the persons and records of all stories, each under names of its own."""
    shared, phone = "13900000009", "13900000001"
    crowd = [f"庚{c}{c}" for c in "一二三四"]
    rows = scored(
        spark,
        resident=[
            resident(1, "于甲乙", 1),
            resident(4, "寅卯辰", 41, hukou_div="321003000000"),
            resident(2, "丙丁戊", 3),
            resident(3, "丙丁戊", 5),
            resident(5, "午*", 43),
            *[resident(10 + i, name, 11 + 2 * i) for i, name in enumerate(crowd)],
            *[resident(20 + i, "辛壬癸", 21 + 2 * i) for i in range(5)],
        ],
        card=[card(1, "于甲乙", 1, phone), *[card(10 + i, name, 11 + 2 * i, shared) for i, name in enumerate(crowd)]],
        archive=[
            archive(1, "于甲乙", phone=phone),
            archive(2, "丙丁戊"),
            archive(3, "庚一一", phone=shared),
            archive(4, "辛壬癸"),
            archive(5, "于甲乙", id_no=number(1), id_no_error=None),
            archive(6, "子丑寅"),
            archive(8, "寅卯辰", village_code12="321002001001"),
            archive(7, "测试", phone=phone, _codes=["name:W_NAME_PLACEHOLDER"]),
            archive(9, "午*", _codes=["name:W_MASKED"]),
        ],
        cremation=[
            {"cremation_no": "k1", "deceased_name": "于甲乙", "sex_code": "1", "age": 110, "cremation_date": "2019-02-03",
             "id_no_raw": number(1)[:17], "id_no_error": "E_LEN"},
            {"cremation_no": "k2", "deceased_name": "于甲乙", "sex_code": "1", "age": 90, "cremation_date": "2019-02-03"},
        ],
    )  # fmt: skip
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.source_key.split("|")[0], []).append(row)
    return found


def test_a_phone_that_few_have_makes_a_link(town: dict[str, list[Row]]) -> None:
    (row,) = town["e1"]
    assert (row.decision, row.score, row.margin, row.evidence) == ("LINK", 0.8, None, ["NAME", "BIRTH", "SEX", "PHONE"])


def test_two_who_fit_equally_are_shown_and_none_is_chosen(town: dict[str, list[Row]]) -> None:
    assert [(r.decision, r.place, r.score, r.margin) for r in town["e2"]] == [("REVIEW", 1, 0.58, 0.0), ("REVIEW", 2, 0.58, None)]


def test_a_phone_that_many_have_speaks_for_nobody(town: dict[str, list[Row]]) -> None:
    assert [(r.decision, r.evidence) for r in town["e3"]] == [("REVIEW", ["NAME", "BIRTH", "SEX"])]


def test_a_county_is_no_other_village(town: dict[str, list[Row]]) -> None:
    assert [r.evidence for r in town["e8"]] == [["NAME", "BIRTH", "SEX"]]


def test_three_candidates_are_shown_at_most(town: dict[str, list[Row]]) -> None:
    assert [r.place for r in town["e4"]] == [1, 2, 3]


def test_a_cremation_knows_an_age(town: dict[str, list[Row]]) -> None:
    (row,) = town["k1"]
    assert (row.decision, row.score, row.evidence) == ("REVIEW", 0.63, ["NAME", "BIRTH_YEAR", "SEX", "NUMBER_ONE_EDIT"])
    assert "k2" not in town


def test_who_has_a_number_or_no_name_has_no_candidate(town: dict[str, list[Row]]) -> None:
    assert not {"e5", "e6", "e7"} & town.keys()


def test_a_masked_name_agrees_with_nothing(town: dict[str, list[Row]]) -> None:
    assert "e9" not in town


def test_a_name_of_many_bearers_is_worth_less(spark: SparkSession) -> None:
    """Of a hundred and one names one has two bearers."""
    names = [f"{a}{b}" for a in "甲乙丙丁戊己庚辛壬癸" for b in "子丑寅卯辰巳午未申酉"]
    people = [resident(i, name, 2 * i + 1) for i, name in enumerate(names)]
    both = [resident(200, "于于于", 301), resident(201, "于于于", 303, birth_date="1910-01-01", id_no=number(303, "19100101"))]
    typed = [archive(n, "测试", _codes=["name:W_NAME_PLACEHOLDER"]) for n in (3, 4, 5)]
    rows = scored(spark, resident=[*people, *both], archive=[archive(1, "于于于"), archive(2, "甲子"), *typed])
    assert [(r.source_key, r.score) for r in rows] == [("e2|a", 0.58)]
    fewer = scored(spark, resident=[*people[:50], *both], archive=[archive(1, "于于于")])
    assert [(r.source_key, r.score) for r in fewer] == [("e1|a", 0.58)]
