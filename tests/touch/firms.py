"""Records of legal entities that share few numbers, names and representatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.legal_entity.chain import TAXPAYER, org, reg, uscc

Row = dict[str, Any]
ENTERPRISES = (
    "firm", "change", "shareholder", "branch", "taxpayer", "judgement", "credit", "institution", "association", "penalty", "abnormal"
)  # fmt: skip
NAMES = ("甲公司", "乙公司", "甲公司分公司", "扬州甲公司", "丙商店", "丁商店")
REPRESENTATIVES = ("于甲乙", "丙丁戊", None)
CODES = tuple(map(uscc, range(1, 5)))
NUMBERS = (*CODES, org(1), reg(1), reg(2), None)
REGISTRATIONS = (reg(1), reg(2), reg(3), None)
PLACES = ("321002000000", "321081000000")
DAYS = ("2008-01-01", "2016-03-01", "2019-12-30", None)


def enterprise(name: str, n: int, rows: dict[str, list[Row]], id_no: str | None, pick: Callable[..., Any]) -> Row:
    """A row of one of ENTERPRISES. n: a number of its own. rows: those there are. id_no: of a person. pick: one of some values."""
    firms = [r["entity_id"] for r in rows.get("firm", [])] or ["F0"]
    taxpayers = [r["tax_reg_no"] for r in rows.get("taxpayer", [])] or ["T0"]

    def free(column: str, wanted: list[str]) -> str:
        taken = {r[column] for r in rows[name]}
        return next((key for key in wanted if key not in taken), f"X{n}")

    named = {"entity_name": pick(NAMES), "legal_rep_name": pick(REPRESENTATIVES)}
    own: dict[str, Callable[[], Row]] = {
        "firm": lambda: {
            "entity_id": f"F{n}", "uscc": pick([*CODES, None]), "reg_no": pick(REGISTRATIONS), "former_entity_name": pick(NAMES),
            "reg_div": pick(PLACES), "est_date": pick(DAYS), "end_date": pick(DAYS), "entity_status": pick(["1", "3"]),
            "legal_rep_id_no": id_no, **named,
        },
        "change": lambda: {
            "change_no": f"g{n}", "entity_id": pick(firms), "item": pick(["01", "02", "03"]), "before_no": pick(REGISTRATIONS),
            "after_no": pick(NUMBERS), "before_name": pick(NAMES), "after_name": pick(NAMES), "before_div": pick(PLACES),
            "change_date": pick(DAYS),
        },
        "shareholder": lambda: {
            "entity_id": pick(firms), "statement_no": f"{n}", "party_no": pick(NUMBERS), "party_id_no": id_no,
            "party_name": pick(REPRESENTATIVES), "share": pick(["40", "100"]),
        },
        "branch": lambda: {"entity_id": free("entity_id", firms), "parent_no": pick(CODES)},
        "taxpayer": lambda: {
            "tax_reg_no": f"T{n}", "tax_no": pick([*CODES, None, None]), "tax_div": pick(PLACES), "legal_rep_id_no": id_no, **named,
        },
        "judgement": lambda: {
            "source_table": TAXPAYER, "source_key": free("source_key", taxpayers), "verdict": pick(["0", "1"]), "entity_no": pick(CODES),
        },
        "credit": lambda: {"year": 2000 + n, "tax_no": pick(CODES), "credit_class": pick(["A", "B"])},
        "institution": lambda: {"certificate_no": f"I{n}", "uscc": pick([uscc(11), uscc(12), None]), "register_div": pick(PLACES), **named},
        "association": lambda: {"register_no": f"S{n}", "organisation_code": pick([org(13), org(14), None]), **named},
        "penalty": lambda: {
            "decision_no": f"P{n}", "party_no": pick(NUMBERS), "party_entity": pick(NAMES), "party_div": pick(PLACES),
            "legal_rep_name": pick(REPRESENTATIVES),
        },
        "abnormal": lambda: {"list_no": f"L{n}", "uscc": pick(NUMBERS), "entity_name": pick(NAMES)},
    }  # fmt: skip
    return own[name]()
