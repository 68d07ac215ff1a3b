"""Entities through their lives: renamed, exchanged, merged, divided, learnt of late, judged; the keys stay, or lead on."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession

from assets.base.legal_entity.ownership import ownership, reached
from tests.legal_entity.chain import ABNORMAL, FIRM, TAXPAYER, Entities, collected, linked, links, made, org, reg, uid, uscc
from tests.population.cleansed import frame, number

Rows = dict[str, list[dict[str, Any]]]
HERE = "321002000000"
REP = {"legal_rep_name": "王甲", "legal_rep_id_no": number(1)}


def firm(key: str, name: str, **said: Any) -> dict[str, Any]:
    return {"entity_id": key, "entity_name": name, "reg_div": HERE, "est_date": "2010-01-01", "entity_status": "1", **REP, **said}


def change(no: str, key: str, item: str, day: str, **said: Any) -> dict[str, Any]:
    return {"change_no": no, "entity_id": key, "item": item, "change_date": day, **said}


STORY: Rows = {
    "firm": [
        firm("A", "新名公司", uscc=uscc(1), former_entity_name="旧名公司", reg_capital="355.5", currency="CNY"),
        firm("B", "被并公司", uscc=uscc(2), entity_status="3", end_date="2018-05-01"),
        firm("C", "分立公司", uscc=uscc(3), est_date="2019-03-01"),
        firm("D", "新名公司江都分公司", uscc=uscc(4)),
        firm("E", "老商店", reg_no=reg(6), entity_status="2", revoke_date="2017-07-01"),
    ],
    "taxpayer": [{"tax_reg_no": "T", "tax_no": f"321099{org(1)}", "entity_name": "旧名公司", "tax_status": "1"}],
    "abnormal": [{"list_no": "L", "uscc": reg(1), "entity_name": "旧名公司", "listed_date": "2014-01-01"}],
    "credit": [{"year": y, "tax_no": uscc(1), "credit_class": c} for y, c in ((2017, "B"), (2018, "A"))],
    "branch": [{"entity_id": "D", "parent_no": uscc(1)}],
    "change": [
        change("1", "A", "01", "2013-06-01", before_name="旧名公司", after_name="中名公司"),
        change("2", "A", "01", "2016-06-01", before_name="中名公司", after_name="新名公司"),
        change("3", "B", "03", "2018-05-01", other_no=uscc(1)),
        change("4", "A", "04", "2019-03-01", other_no=uscc(3)),
    ],
}  # fmt: skip
EXCHANGE = change("5", "A", "02", "2015-12-01", before_no=reg(1), after_no=uscc(1))
PEOPLE: list[tuple[str, str, str, str | None]] = [("p1", number(1), "王甲", None)]
A, B, C, D = (uid(f"ORG:{org(n)}") for n in (1, 2, 3, 4))
E, OLD = uid(f"REG:{reg(6)}"), uid(f"REG:{reg(1)}")


@pytest.fixture(scope="module")
def city(spark: SparkSession) -> Entities:
    return made(spark, PEOPLE, **{**STORY, "change": [*STORY["change"], EXCHANGE]})


def test_golden_fields(city: Entities) -> None:
    a, d, e = city.entities[A], city.entities[D], city.entities[E]
    assert set(city.entities) == {A, B, C, D, E}, "mergers and divisions are of entities, not of records"
    assert (a.uscc, a.reg_no, a.name, a.entity_kind, a.tax_status) == (uscc(1), reg(1), "新名公司", "ENTERPRISE", "1")
    assert (str(a.capital_yuan), a.credit_class, a.credit_year, a.source_cnt) == ("3555000.00", "A", 2018, 4)
    assert (a.legal_rep_uid, d.parent_uscc, d.is_branch) == ("p1", uscc(1), True)
    assert (e.status, e.status_date, e.entity_kind) == ("2", date(2017, 7, 1), "ENTERPRISE")
    assert (city.entities[B].status, city.entities[B].status_date) == ("3", date(2018, 5, 1))


def test_history_says_what_it_was_and_when(city: Entities) -> None:
    def told(key: str) -> list[tuple[Any, ...]]:
        return [(str(v.valid_from), str(v.valid_to), v.name, v.status, tuple(v.events), v.other_no) for v in city.history[key]]

    assert told(A) == [
        ("2010-01-01", "2013-05-31", "旧名公司", "1", ("BEGINS",), None),
        ("2013-06-01", "2016-05-31", "中名公司", "1", ("RENAMED",), None),
        ("2016-06-01", "2019-02-28", "新名公司", "1", ("RENAMED",), None),
        ("2019-03-01", "None", "新名公司", "1", ("DIVIDED",), uscc(3)),
    ]
    assert told(B) == [
        ("2010-01-01", "2018-04-30", "被并公司", "1", ("BEGINS",), None),
        ("2018-05-01", "None", "被并公司", "3", ("ENDED", "MERGED"), uscc(1)),
    ]
    assert [v[3] for v in told(E)] == ["1", "2"]


def test_the_keys_stay_through_late_files_and_any_order(spark: SparkSession, city: Entities) -> None:
    """Before the change is delivered, the old registration is an entity of its own; after it, its key leads to the other."""
    early = made(spark, PEOPLE, **STORY)
    assert set(early.entities) == {A, B, C, D, E, OLD}
    assert early.links[ABNORMAL, "L"].entity_uid == OLD
    assert OLD not in early.aliases

    assert city.links[ABNORMAL, "L"].entity_uid == A
    assert city.aliases[OLD] == A
    again = links(spark, **{name: rows[::-1] for name, rows in {**STORY, "change": [EXCHANGE, *STORY["change"]]}.items()})
    assert {key: (r.entity_uid, r.match, r.evidence_key) for key, r in again.items()} == {
        key: (r.entity_uid, r.match, r.evidence_key) for key, r in city.links.items()
    }
    fewer = links(spark, **{**STORY, "firm": STORY["firm"][1:], "change": [EXCHANGE]})
    assert fewer[TAXPAYER, "T"].entity_uid == A, "no record, not even the registrar's, decides on the key"


def test_a_judgement_divides_and_its_withdrawal_restores(spark: SparkSession, city: Entities) -> None:
    said = {"source_table": ABNORMAL, "source_key": "L", "verdict": "0", "entity_no": reg(1), "decided_by": "o"}
    divided = made(spark, PEOPLE, **{**STORY, "change": [*STORY["change"], EXCHANGE], "judgement": [said]})
    assert (divided.links[ABNORMAL, "L"].match, divided.links[ABNORMAL, "L"].match_reason) == ("NONE", "DIFFERENT")
    assert divided.entities.keys() == city.entities.keys()
    merged = {**said, "source_table": FIRM, "source_key": "E", "verdict": "1", "entity_no": uscc(1)}
    together = made(spark, PEOPLE, **{**STORY, "judgement": [merged]})
    assert together.links[FIRM, "E"].entity_uid == A
    assert E not in together.entities


def test_names_alone_are_for_people(spark: SparkSession) -> None:
    town = made(
        spark,
        firm=[firm("A", "扬州宏达公司", uscc=uscc(1)), firm("B", "宏达公司", uscc=uscc(2))],
        taxpayer=[{"tax_reg_no": "T", "entity_name": "扬州宏达公司", "tax_div": HERE, "legal_rep_name": "李乙"}],
    )
    assert town.links[TAXPAYER, "T"].match == "OWN"
    assert [(r.source_key, r.candidate_uid, r.reason, r.candidate_name) for r in town.reviews] == sorted(
        [("T", uid(f"ORG:{org(1)}"), "SAME_NAME", "扬州宏达公司"), ("T", uid(f"ORG:{org(2)}"), "SHORT_NAME", "宏达公司")]
    )


def test_owners_are_reached_up_to_three_hops_as_of_a_date(spark: SparkSession) -> None:
    """p1 owns 60 % of A, A half of B from 2015 to 2018, B all of C, C all of D, D a tenth of A."""
    firms = [firm(key, key, uscc=uscc(n)) for n, key in enumerate("ABCD", 1)]
    share = {"from_date": "2011-01-01", "to_date": None}
    held = [
        {"entity_id": "A", "statement_no": "1", "party_id_no": number(1), "party_name": "王甲", "share": "60", **share},
        {"entity_id": "A", "statement_no": "2", "party_no": uscc(4), "share": "10", **share},
        {"entity_id": "B", "statement_no": "1", "party_no": uscc(1), "share": "50", "from_date": "2015-01-01", "to_date": "2018-12-31"},
        {"entity_id": "C", "statement_no": "1", "party_no": org(2), "share": "100", **share},
        {"entity_id": "D", "statement_no": "1", "party_no": uscc(3), "share": "100", **share},
        {"entity_id": "D", "statement_no": "2", "party_id_no": number(1), "party_name": "别人", "share": "1", **share},
    ]
    person = spark.createDataFrame(PEOPLE, "person_uid string, id_no string, name string, former_name string")
    found = collected(ownership(frame(spark, "shareholder", held), linked(spark, firm=firms), person))
    assert {(r.entity_id, r.statement_no): r.party_kind for r in found.collect()} == {
        ("A", "1"): "PERSON", ("A", "2"): "ENTITY", ("B", "1"): "ENTITY", ("C", "1"): "ENTITY", ("D", "1"): "ENTITY", ("D", "2"): "UNKNOWN",
    }  # fmt: skip

    def of(owner: str, day: date) -> dict[str, tuple[int, float]]:
        return {r.entity_uid: (r.hops, round(r.share, 6)) for r in reached(found, day).where(f"owner = '{owner}'").collect()}

    assert of("p1", date(2018, 12, 31)) == {A: (1, 0.6), B: (2, 0.3), C: (3, 0.3)}
    assert of("p1", date(2019, 1, 1)) == {A: (1, 0.6)}
    assert of(D, date(2018, 12, 31)) == {A: (1, 0.1), B: (2, 0.05), C: (3, 0.05)}, "a circle of holdings ends"
    assert of(A, date(2010, 1, 1)) == {}
