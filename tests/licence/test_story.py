"""Electronic licences: linked or not and why, valid or not and why, with what proves it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from assets.base.licence.explain import explain_licence
from tests.legal_entity.chain import org, reg, uscc
from tests.licence.chain import ISSUER, OTHER, TYPE, Licences, World, licence_id, made
from tests.population.cleansed import AS_OF, number

DIED, ENDED = date(2019, 6, 1), date(2019, 3, 1)
ALIVE, DEAD, TOO_FRESH = number(1), number(2), number(3)
POLICE, REGISTER = "public_security/resident", "market_regulation/entity"
WORLD = World(
    persons=[
        ("alive", ALIVE, "王小明", "王大明", 1, None), ("dead", DEAD, "李四光", None, 2, DIED),
        ("fresh", TOO_FRESH, "赵一", None, 2, date(2019, 12, 2)),
    ],
    entities=[
        ("firm", uscc(1), org(1), None, "新名有限公司", "1", None, None), ("gone", uscc(2), org(2), reg(2), "旧店", "3", ENDED, None),
        ("twin1", None, org(3), None, "甲", "1", None, None), ("twin2", None, org(3), None, "乙", "1", None, None),
        ("revoked", uscc(4), org(4), None, "吊销公司", "2", ENDED, None),
    ],
    former=[("firm", "旧名有限责任公司"), ("firm", "新名有限公司")],
    residents=[(POLICE, f"r{n}", uid, no, "resident.csv", n) for n, uid, no in ((1, "alive", ALIVE), (2, "dead", DEAD))],
    registered=[(REGISTER, "F2", "gone", "entity.csv", 2), (REGISTER, "F1", "firm", "entity.csv", 1)],
    deaths=[("dead", "CONFIRMED", [("health/death_certificate", "d1", "A", DIED, "DAY", "certificate.csv", 7)])],
)  # fmt: skip
CATALOGUE = [
    {"type_code": TYPE, "type_name": "居民身份证", "holder_kind": "PERSON", "unique_type": "1", "valid_from": "2010-01-01"},
    {"type_code": OTHER, "type_name": "食品经营许可证", "holder_kind": "ENTITY", "unique_type": "0"},
]
PERSONS = {"holder_kind": "PERSON", "holder_id_no": ALIVE, "holder_name": "王小明"}
FIRM = {"type_code": OTHER, "holder_kind": "ENTITY", "holder_id_no": uscc(1), "holder_name": "新名有限公司"}
GONE = {**FIRM, "holder_id_no": uscc(2), "holder_name": "旧店"}
UNLISTED = TYPE[:-1] + "9"


def row(serial: str, version: int = 1, **said: Any) -> dict[str, Any]:
    """A licence that is valid in the register, of somebody alive."""
    kind = said.get("type_code", TYPE)
    return {
        "licence_id": licence_id(serial, version, kind), "type_code": kind, "certificate_no": f"N{serial}", "issuer_uscc": ISSUER,
        "issuer_name": "某局", "issue_date": "2018-01-01", "valid_from": "2018-01-01", "state": "01", "signature_ok": "1",
        **PERSONS, **said,
    }  # fmt: skip


CASES: dict[str, tuple[dict[str, Any], str, set[str]]] = {
    "VALID": (row("VALID", **FIRM), "VALID", set()),
    "FORMER": (row("FORMER", **{**FIRM, "holder_name": "旧名有限公司"}), "VALID", set()),
    "RENAMED": (row("RENAMED", **{**FIRM, "holder_name": "别的公司"}), "VALID", {"H5"}),
    "BYCODE": (row("BYCODE", **{**FIRM, "holder_id_no": org(1)}), "VALID", set()),
    "TWINS": (row("TWINS", **{**FIRM, "holder_id_no": org(3)}), "VALID", set()),
    "REVOKED": (row("REVOKED", **{**FIRM, "holder_id_no": uscc(4), "holder_name": "吊销公司"}), "VALID", set()),
    "GONE": (row("GONE", **GONE), "LAPSED", {"H2"}),
    "BYREG": (row("BYREG", **{**GONE, "holder_id_no": reg(2)}), "LAPSED", {"H2"}),
    "CLOSED": (row("CLOSED", state="04", **GONE), "ENDED", set()),
    "PAUSED": (row("PAUSED", state="02", **GONE), "SUSPENDED", set()),
    "DEAD": (row("DEAD", holder_id_no=DEAD, holder_name="李四光"), "LAPSED", {"H1"}),
    "EDITED": (row("EDITED", holder_id_no=DEAD, holder_name="李四广"), "VALID", {"H5"}),
    "FRESH": (row("FRESH", holder_id_no=TOO_FRESH, holder_name="赵一"), "VALID", set()),
    "NOBODY": (row("NOBODY", holder_id_no=number(9)), "VALID", {"H3"}),
    "NOFIRM": (row("NOFIRM", **{**FIRM, "holder_id_no": uscc(9)}), "VALID", {"H4"}),
    "OTHERS": (row("OTHERS", holder_name="孙悟空"), "VALID", {"H5"}),
    "NUMBERLESS": (row("NUMBERLESS", holder_id_no=None), "VALID", {"H6"}),
    "EXPIRED": (row("EXPIRED", valid_to="2019-12-30", **FIRM), "EXPIRED", {"V2"}),
    "LASTDAY": (row("LASTDAY", valid_to=str(AS_OF), **FIRM), "VALID", set()),
    "TURNED": (row("TURNED", valid_from="2021-01-01", valid_to="2020-06-01", **FIRM), "NOT_YET", {"V3"}),
    "LATER": (row("LATER", valid_from="2020-01-01", **FIRM), "NOT_YET", set()),
    "NOTYPE": (row("NOTYPE", type_code=UNLISTED), "VALID", {"T1"}),
    "KIND": (row("KIND", **{**FIRM, "type_code": TYPE}), "VALID", {"T2"}),
    "CHECK": (row("CHECK", _codes=["licence_id:W_CHECK_LEGACY"], **FIRM), "VALID", {"I1"}),
    "INSIDE": ({**row("INSIDE", **FIRM), "issuer_uscc": uscc(42, "11321000")}, "VALID", {"I2"}),
    "SEAL": (row("SEAL", signature_ok="0", **FIRM), "VALID", {"S1"}),
    "ENDED": (row("ENDED", **FIRM), "LAPSED", {"R1"}),
}  # fmt: skip
FOOD = [
    {"licence_no": "NENDED", "licence_status": "2", "end_date": "2019-05-01", "entity_name": "新名有限公司", "issue_date": "2018-01-01"},
    {"licence_no": "NVALID", "licence_status": "1", "entity_name": "新名有限公司", "issue_date": "2018-01-01"},
]


@pytest.fixture(scope="module")
def city(spark: SparkSession) -> Licences:
    return made(spark, WORLD, licence=[r for r, *_ in CASES.values()], licence_type=CATALOGUE, food=FOOD)


def test_every_licence_has_the_state_and_the_rules_of_its_case(city: Licences) -> None:
    of = {name: city.licences[r["licence_id"]] for name, (r, *_) in CASES.items()}
    assert {name: (found.state, set(found.rules)) for name, found in of.items()} == {n: (s, r) for n, (_, s, r) in CASES.items()}
    assert city.list.keys() == {(r["licence_id"], rule) for r, _, rules in CASES.values() for rule in rules}
    days = {n: str(of[n].lapse_date) for n in ("DEAD", "GONE", "ENDED", "EXPIRED", "VALID")}
    assert days == {"DEAD": str(DIED), "GONE": str(ENDED), "ENDED": "2019-05-01", "EXPIRED": "2019-12-31", "VALID": "None"}
    reasons = {n: of[n].match_reason for n in ("VALID", "FORMER", "RENAMED", "TWINS", "NOBODY", "OTHERS", "NUMBERLESS")}
    assert reasons == {
        "VALID": "EXACT", "FORMER": "FORMER", "RENAMED": "DIFFERS", "TWINS": "SEVERAL", "NOBODY": "UNKNOWN", "OTHERS": "DIFFERS",
        "NUMBERLESS": "NO_NUMBER",
    }  # fmt: skip
    assert (of["OTHERS"].person_uid, of["RENAMED"].entity_uid) == (None, "firm"), "a person is not linked under another's name"
    assert {c: (t.listed, t.unique_type) for c, t in city.types.items()} == {
        TYPE: (True, True), OTHER: (True, False), UNLISTED: (False, False),
    }  # fmt: skip


def test_the_lapse_list_shows_what_proves_it(city: Licences) -> None:
    def proof(name: str, rule: str) -> list[tuple[str, str, int]]:
        return [(e.source_table, e.source_key, e._row_no) for e in city.list[CASES[name][0]["licence_id"], rule].evidence]

    place = {name: n for n, name in enumerate(CASES, 1)}
    me = {name: ("big_data/licence", CASES[name][0]["licence_id"], place[name]) for name in CASES}
    assert proof("DEAD", "H1") == [me["DEAD"], ("health/death_certificate", "d1", 7)]
    assert proof("GONE", "H2") == [me["GONE"], ("market_regulation/entity", "F2", 2)]
    assert proof("OTHERS", "H5") == [me["OTHERS"], ("public_security/resident", "r1", 1)]
    assert proof("ENDED", "R1") == [me["ENDED"], ("market_regulation/food_licence", "NENDED", 1)]
    lapse = city.list[CASES["DEAD"][0]["licence_id"], "H1"]
    assert (lapse.action, lapse.automatic, lapse.lapse_date, lapse.issuer_no) == ("LAPSE", True, DIED, ISSUER)


def test_nobody_is_missed_before_those_who_know_are_delivered(spark: SparkSession) -> None:
    case, firm = CASES["NOBODY"][0], CASES["NOFIRM"][0]
    early = made(spark, WORLD, delivered=frozenset({"public_security/resident"}), licence=[case, firm], licence_type=CATALOGUE)
    assert [r.rules for r in early.licences.values()] == [[], []], "one department alone says nothing by its silence"


def test_a_reissue_closes_the_former_and_says_how_long_it_was_in_effect(spark: SparkSession) -> None:
    rows = [
        row("A", 1, valid_to="2020-12-31", **FIRM), row("A", 2, valid_from="2019-02-01", **FIRM),
        row("B", 1, **FIRM), row("C", 1, valid_from="2019-03-01", previous_licence_id=licence_id("B", 1, OTHER), **FIRM),
        row("D", 1, **FIRM), row("D", 2, valid_from="2020-02-01", **FIRM),
        row("E", 1, state="05", **FIRM), row("E", 3, valid_from="2019-01-01", **FIRM),
    ]  # fmt: skip
    found = made(spark, WORLD, licence=rows, licence_type=CATALOGUE)

    def of(serial: str, number: int = 1) -> tuple[Any, ...]:
        key = licence_id(serial, number, OTHER)
        v = found.versions[key]
        return found.licences[key].state, v.replaced_by, str(v.effective_from), str(v.effective_to)

    assert of("A") == ("REPLACED", "COUNTED", "2018-01-01", "2019-01-31")
    assert of("A", 2) == ("VALID", None, "2019-02-01", "None")
    assert of("B") == ("REPLACED", "STATED", "2018-01-01", "2019-02-28")
    assert of("D") == ("VALID", "COUNTED", "2018-01-01", "2020-01-31"), "the next one has not begun yet"
    assert of("D", 2) == ("NOT_YET", None, "2020-02-01", "None")
    assert of("E") == ("ENDED", "COUNTED", "2018-01-01", "2018-12-31")
    assert found.list[licence_id("B", 1, OTHER), "V1"].evidence[1].source_key == licence_id("C", 1, OTHER)
    assert found.licences[licence_id("C", 1, OTHER)].previous_licence_id == licence_id("B", 1, OTHER)


def test_of_a_type_of_which_a_holder_has_one_the_newest_valid_licence_stands(spark: SparkSession) -> None:
    rows = [
        row("A", issue_date="2016-01-01"), row("B", issue_date="2017-01-01"), row("C", issue_date="2019-01-01", state="04"),
        row("D", issue_date="2019-06-01", valid_to="2019-12-01"), row("X", **FIRM), row("Y", **FIRM),
        row("Z", holder_id_no=DEAD, holder_name="李四光"),
    ]  # fmt: skip
    found = made(spark, WORLD, licence=rows, licence_type=CATALOGUE)
    states = {r.licence_id.split(".")[7]: r.state for r in found.licences.values()}
    assert states == {"A": "DOUBTFUL", "B": "VALID", "C": "ENDED", "D": "EXPIRED", "X": "VALID", "Y": "VALID", "Z": "LAPSED"}
    work = found.list[licence_id("A"), "U1"]
    assert (work.action, work.automatic) == ("KEEP_ONE", False)
    assert {e.source_key for e in work.evidence} == {licence_id("A"), licence_id("B")}


def test_an_explanation_says_why_it_is_linked_and_why_it_lapses(city: Licences) -> None:
    tables = {
        "base/licence/licence": city.licences.values(), "base/licence/version": city.versions.values(),
        "base/licence/lapse_list": city.list.values(),
    }  # fmt: skip

    def rows(table: str, /, **equal: Any) -> list[dict[str, Any]]:
        return [r.asDict(recursive=True) for r in tables[table] if all(r[c] == v for c, v in equal.items())]

    (dead,) = explain_licence(rows, licence_id("DEAD"))
    assert dead.title.endswith("LAPSED")
    assert dead.lines[1] == "holder NUMBER: a holder has the number, and the names agree"
    assert dead.lines[2] == "LAPSED (应失效) since 2019-06-01: H1: The person who holds it has died (持证人死亡)"
    assert [s.title for s in dead.sections][1].startswith("H1: ")
    (other,) = explain_licence(rows, "NOTHERS")
    assert other.facts["holder"] == "NONE: the number belongs to a holder of another name"
    assert explain_licence(rows, "nothing") == []
