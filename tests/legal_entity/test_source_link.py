"""Whose record is it: every rule of the linkage, in its precedence, and what is never merged."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from tests.legal_entity.chain import ABNORMAL, ASSOCIATION, CREDIT, FIRM, INSTITUTION, PENALTY, TAXPAYER, links, org, reg, uid, uscc

Links = dict[tuple[str, str], Row]
WANG, LI = {"legal_rep_name": "王甲"}, {"legal_rep_name": "李乙"}
HERE, THERE = "321002000000", "321081000000"


def firm(key: str, name: str, **said: Any) -> dict[str, Any]:
    return {"entity_id": key, "entity_name": name, "reg_div": HERE, "entity_status": "1", **WANG, **said}


def taxpayer(key: str, name: str, **said: Any) -> dict[str, Any]:
    return {"tax_reg_no": key, "entity_name": name, "tax_div": HERE, **WANG, **said}


def change(no: str, entity: str, item: str, **said: Any) -> dict[str, Any]:
    return {"change_no": no, "entity_id": entity, "item": item, "change_date": "2016-03-01", **said}


@pytest.fixture(scope="module")
def town(spark: SparkSession) -> Links:
    return links(
        spark,
        firm=[
            firm("e1", "甲公司", uscc=uscc(1), organisation_code=org(1)),
            firm("e2", "乙公司", uscc=uscc(2), reg_no=reg(2)),
            firm("e3", "丙公司新名", uscc=uscc(3), former_entity_name="丙公司曾用"),
            firm("e4", "丁商店", reg_no=reg(4)),
            firm("e5", "戊公司", uscc=uscc(5)),
            firm("e5b", "戊公司江都分公司", uscc=uscc(51)),
            firm("e6", "己公司", uscc=uscc(6)),
            firm("e7", "己公司", uscc=uscc(7)),
            firm("e8", "庚商店", uscc=uscc(8)),
            firm("e9", "辛公司", uscc=uscc(9)),
            firm("e10", "共码一", uscc=uscc(10)),
            firm("e11", "共码二", uscc=uscc(10, "12321099")),
            firm("e12", "歧义一", uscc=uscc(12), reg_no=reg(12)),
            firm("e13", "歧义二", uscc=uscc(13), reg_no=reg(12)),
            firm("e14", "重开店", uscc=uscc(14), reg_no=reg(14)),
            firm("e15", "人核公司", uscc=uscc(15)),
            firm("e16", "无号公司"),
            firm("e17", "无号缺县", reg_div=None),
        ],
        taxpayer=[
            taxpayer("uscc", "甲公司", tax_no=uscc(1)),
            taxpayer("tax15", "甲公司", tax_no=f"321099{org(1)}"),
            taxpayer("org", "甲公司旧名", organisation_code=org(1)),
            taxpayer("former", "丙公司曾用"),
            taxpayer("renamed", "丙公司更早"),
            taxpayer("moved", "丙公司新名", tax_div=THERE),
            taxpayer("elsewhere", "丙公司新名", tax_div="321084000000"),
            taxpayer("other_rep", "甲公司", **LI),
            taxpayer("no_rep", "甲公司", legal_rep_name=None),
            taxpayer("branch", "戊公司仪征分公司", tax_no=uscc(5)),
            taxpayer("branch_twin", "戊公司仪征分公司"),
            taxpayer("ambiguous", "己公司"),
            taxpayer("shared_code", "共码某", organisation_code=org(10)),
            taxpayer("judged", "不像的名字"),
            taxpayer("denied", "人核公司", tax_no=uscc(15)),
            taxpayer("same_shop", "无号公司"),
            taxpayer("alone", "独户", tax_no=None),
        ],
        abnormal=[
            {"list_no": "reg2", "uscc": reg(2), "entity_name": "乙公司", "listed_date": "2014-01-01"},
            {"list_no": "reg4", "uscc": reg(4), "entity_name": "丁商店", "listed_date": "2014-01-01"},
            {"list_no": "reg8", "uscc": reg(8), "entity_name": "庚商店", "listed_date": "2014-01-01"},
            {"list_no": "old13", "uscc": "3210991234567", "entity_name": "辛公司", "listed_date": "2005-01-01"},
            {"list_no": "reg12", "uscc": reg(12), "entity_name": "歧义", "listed_date": "2014-01-01"},
        ],
        penalty=[
            {"decision_no": "reg90", "party_no": reg(90), "party_entity": "戊公司", "party_div": HERE, **WANG},
            {"decision_no": "reg94", "party_no": reg(94), "party_entity": "重开店", "party_div": HERE, **WANG},
            {"decision_no": "nobody", "party_entity": "谁也不是", "party_div": HERE, **WANG},
            {"decision_no": "known", "party_entity": "独户", "party_div": HERE, **WANG},
        ],
        credit=[{"year": 2018, "tax_no": uscc(1), "entity_name": "甲公司"}],
        institution=[{"certificate_no": "i1", "uscc": uscc(20, "12321099"), "entity_name": "某小学"}],
        association=[{"register_no": "a1", "organisation_code": org(21), "entity_name": "某协会"}],
        change=[
            change("c8", "e8", "02", before_no=reg(8), after_no=uscc(8)),
            change("c9", "e9", "02", before_no="3210991234567", after_no=reg(9)),
            change("c9b", "e9", "02", before_no=reg(9), after_no=uscc(9)),
            change("c3", "e3", "01", before_name="丙公司更早", after_name="丙公司曾用"),
            change("c3b", "e3", "05", before_div=THERE, after_div=HERE),
        ],
        judgement=[
            {"source_table": TAXPAYER, "source_key": "judged", "verdict": "1", "entity_no": uscc(15), "decided_by": "o"},
            {"source_table": TAXPAYER, "source_key": "denied", "verdict": "0", "entity_no": uscc(15), "decided_by": "o"},
        ],
    )  # fmt: skip


def named(name: str) -> str:
    return f"NAME:{name}|{HERE[:6]}|王甲"


CASES = [
    (FIRM, "e1", "USCC", None, f"ORG:{org(1)}", None),
    (TAXPAYER, "uscc", "USCC", None, f"ORG:{org(1)}", "e1"),
    (TAXPAYER, "tax15", "ORG", None, f"ORG:{org(1)}", "e1"),
    (TAXPAYER, "org", "ORG", None, f"ORG:{org(1)}", "e1"),
    (CREDIT, f"2018|{uscc(1)}", "USCC", None, f"ORG:{org(1)}", "e1"),
    (ABNORMAL, "reg2", "REG", "RECORD", f"ORG:{org(2)}", "e2"),
    (ABNORMAL, "reg4", "REG", None, f"REG:{reg(4)}", "e4"),
    (ABNORMAL, "reg8", "REG", "CHANGE", f"ORG:{org(8)}", "c8"),
    (ABNORMAL, "old13", "REG", "CHANGE", f"ORG:{org(9)}", "c9b"),
    (TAXPAYER, "former", "NAME", None, f"ORG:{org(3)}", "e3"),
    (TAXPAYER, "renamed", "NAME", None, f"ORG:{org(3)}", "e3"),
    (TAXPAYER, "moved", "NAME", None, f"ORG:{org(3)}", "e3"),
    (TAXPAYER, "elsewhere", "OWN", None, "NAME:丙公司新名|321084|王甲", None),
    (TAXPAYER, "other_rep", "OWN", None, f"NAME:甲公司|{HERE[:6]}|李乙", None),
    (TAXPAYER, "no_rep", "OWN", None, "taxation/taxpayer:no_rep", None),
    (FIRM, "e5b", "USCC", None, f"ORG:{org(51)}", None),
    (TAXPAYER, "branch", "OWN", "BRANCH", named("戊公司仪征分公司"), None),
    (TAXPAYER, "branch_twin", "OWN", None, named("戊公司仪征分公司"), None),
    (TAXPAYER, "ambiguous", "OWN", "AMBIGUOUS", "taxation/taxpayer:ambiguous", None),
    (FIRM, "e10", "USCC", None, f"USCC:{uscc(10)}", None),
    (FIRM, "e11", "USCC", None, f"USCC:{uscc(10, '12321099')}", None),
    (TAXPAYER, "shared_code", "OWN", "AMBIGUOUS", named("共码某"), None),
    (ABNORMAL, "reg12", "NONE", "AMBIGUOUS", None, None),
    (PENALTY, "reg90", "NAME", None, f"ORG:{org(5)}", "e5"),
    (PENALTY, "reg94", "REG", None, f"REG:{reg(94)}", None),
    (TAXPAYER, "judged", "JUDGED", None, f"ORG:{org(15)}", "taxation/taxpayer|judged"),
    (TAXPAYER, "denied", "OWN", "DIFFERENT", "taxation/taxpayer:denied", None),
    (FIRM, "e16", "OWN", None, named("无号公司"), None),
    (TAXPAYER, "same_shop", "OWN", None, named("无号公司"), None),
    (FIRM, "e17", "OWN", None, "market_regulation/entity:e17", None),
    (PENALTY, "nobody", "NONE", None, None, None),
    (PENALTY, "known", "OWN", None, named("独户"), None),
    (INSTITUTION, "i1", "USCC", None, f"ORG:{org(20)}", None),
    (ASSOCIATION, "a1", "ORG", None, f"ORG:{org(21)}", None),
]


@pytest.mark.parametrize(("table", "key", "match", "reason", "owner", "evidence"), CASES)
def test_match(town: Links, table: str, key: str, match: str, reason: str | None, owner: str | None, evidence: str | None) -> None:
    row = town[table, key]
    assert (row.match, row.match_reason, row.entity_uid, row.evidence_key) == (match, reason, uid(owner) if owner else None, evidence)


def test_evidence_names_a_file_and_a_line(town: Links) -> None:
    shown = {key: town[key] for key in ((ABNORMAL, "reg8"), (TAXPAYER, "judged"), (TAXPAYER, "uscc"))}
    assert {key[1]: (r.evidence_table, r.evidence_file, r.evidence_row) for key, r in shown.items()} == {
        "reg8": ("market_regulation/change", "market_regulation/change.csv", 1),
        "judged": ("market_regulation/entity_judgement", "market_regulation/entity_judgement.csv", 1),
        "uscc": (FIRM, "market_regulation/entity.csv", 1),
    }


def test_a_branch_under_its_parents_number_keeps_none(town: Links) -> None:
    row = town[TAXPAYER, "branch"]
    assert (row.uscc, row.org_code, row.is_branch) == (None, None, True)
    assert row.entity_uid != town[FIRM, "e5"].entity_uid
