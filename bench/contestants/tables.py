"""What the rivals that are Python say alike of the tables: columns of a cleansed one, keys and places of the sources, rules of the list.

Here: names, plain data, one table after the other. Not here: how a rival makes a table, what the specification says.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

DERIVED = (
    "base/population/source_link", "base/population/death", "base/population/person", "base/population/scored_match",
    "themes/health/service", "themes/health/archive", "themes/health/cleanup_list",
)  # fmt: skip
"""In the order in which they are made."""
LINEAGE = ("_batch_id", "_business_date", "_source_file", "_row_no")

RESIDENT, CANCELLATION, PENSION = "public_security/resident", "public_security/death_cancellation", "human_resources/pension_payment"
ARCHIVE, CERTIFICATE, VISIT = "health/archive", "health/death_certificate", "health/outpatient_visit"
CARD, CREMATION = "citizen_card/card", "civil_affairs/cremation"
KEYS = {
    RESIDENT: ["person_no"],
    CANCELLATION: ["id_no", "cancel_date"],
    PENSION: ["pay_month", "person_no", "item"],
    ARCHIVE: ["ehr_no", "empi_id"],
    CERTIFICATE: ["cert_no"],
    VISIT: ["org_code", "visit_no"],
    CARD: ["card_no"],
    CREMATION: ["cremation_no"],
}
PLACE = {RESIDENT: 10, PENSION: 30, ARCHIVE: 40, VISIT: 60, CARD: 70, CANCELLATION: 80, CERTIFICATE: 90, CREMATION: 100}
"""Source -> how late its name counts."""
INTRODUCES = [RESIDENT, PENSION, ARCHIVE, CARD]
OWN = [RESIDENT, ARCHIVE, CARD]
"""Sources whose records make a person of their own when the number speaks of another one."""
DOCUMENTS = [ARCHIVE, CERTIFICATE, VISIT]
OTHER_DOCUMENTS, DOCUMENT = ["03", "04", "06", "07", "10"], r"^[0-9A-Z]{5,18}\z"
LOCAL = {
    PENSION: ("pension:", ["person_no"]),
    VISIT: ("card:", ["card_no"]),
    CARD: ("card:", ["card_no", "health_card_no", "social_card_no"]),
}
"""Source -> prefix and columns of its own numbers of persons."""
SURE, RARE, BY_NUMBER = ["EXACT", "FORMER"], "RARE", ["M1", "M1B"]
LINK = [
    "source_table", "source_key", "person_uid", "match", "match_reason", "id_no", "id_error", "name",
    "_source_file", "_row_no", "_batch_id", "_business_date",
]  # fmt: skip
NEWEST = {
    RESIDENT: ("op_time", [
        "former_name", "sex_code", "birth_date", "ethnic_code", "marital_code", "education_code", "hukou_no", "household_head_rel",
        "hukou_div", "hukou_addr", "person_status", "hukou_county",
    ]),
    ARCHIVE: ("update_time", [
        "sex_code", "birth_date", "ethnic_code", "marital_code", "education_code", "hukou_addr", "address", "phone", "abo_code", "rh_code",
        "village_county",
    ]),
    CARD: ("update_time", ["phone", "card_no", "social_card_no", "health_card_no"]),
}  # fmt: skip
"""Source -> what orders its rows of a person, and the columns of the newest that count."""
PROBABLE = [ARCHIVE, CERTIFICATE, CREMATION]
"""Sources whose records without a usable number get candidates."""
UNTYPED = ["E_NULL", "E_PLACEHOLDER", "E_CONTROL"]
"""Mistakes of what is no number at all."""
OWN_NAME = ["NAME", "NAME_FORMER", "NAME_PART"]
SCORED = [
    "source_table", "source_key", "candidate_uid", "score", "margin", "place", "decision", "evidence",
    "_source_file", "_row_no", "_batch_id",
]  # fmt: skip
STATEMENT = ["source_table", "source_key", "grade", "death_date", "date_kind", "_source_file", "_row_no"]
DATE_KINDS = {"DAY": 0, "BEFORE_CREMATION": 1, "MONTH": 2, "CANCEL_DATE": 3}
PROOF = ["source_table", "source_key", "fact", "_source_file", "_row_no"]
DOUBT = {"F1": 0.5, "F2": 1 - 0.7, "F3": 0.5, "F4": 1 - 0.8, "F8": 1 - 0.8}
"""Rule -> how much of an archive's credit it leaves."""
WORDS = ["name_key", "birth_date", "sex_code", "phone"]
"""What two archives of one person have in common."""
CLOSED_BECAUSE = {"DUPLICATE": "5", "DECEASED": "1", "FAKE_CONFIRMED": "6"}
RULES: dict[str, tuple[str, bool, list[str]]] = {
    "U1": ("MERGE", True, ["archive", "survivor"]), "U2": ("RENUMBER", False, ["archive", "namesake"]),
    "U3": ("MERGE", False, ["archive", "alike"]), "U4": ("MERGE", True, ["archive", "survivor"]),
    "X1": ("CLOSE_DECEASED", True, ["archive", "death"]),
    "X2": ("CLAWBACK", False, ["after_death", "death"]), "X3": ("CLOSE_FAKE", True, ["archive", "death"]),
    "X4": ("RESOLVE_DEATH_CONFLICT", False, ["archive", "life"]),
    "X5": ("REVIEW_DEATH", False, ["archive", "death"]), "X6": ("REVIEW_DEATH", False, ["archive", "candidate", "death_record"]),
    "N1": ("CORRECT_IDENTITY", False, ["archive", "candidate"]), "D1": ("REVIEW_DORMANT", False, ["archive"]),
    "D2": ("REVIEW_DORMANT", False, ["archive"]), "F1": ("REVIEW_FAKE", False, ["archive"]), "F2": ("REVIEW_FAKE", False, ["archive"]),
    "F3": ("CORRECT_IDENTITY", False, ["archive", "police"]), "F4": ("REVIEW_FAKE", False, ["archive"]),
    "F8": ("REVIEW_FAKE", False, ["archive", "not_in_service"]),
}  # fmt: skip
"""Rule -> what is to be done, whether by itself, and which records prove it."""


def given(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns that are delivered."""
    return [c for c in table["columns"] if c["rule"]]


def row_rules(table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {r["rule"]: r for r in table["row_rules"]}


def columns(table: dict[str, Any]) -> list[str]:
    """Those of a cleansed table: the contract's, LINEAGE, and `_<column>_…` flags."""
    flags = [f"_{c['name']}_{flag}" for c in given(table) if c["rule"] == "person_name" for flag in ("lost", "placeholder")]
    flags += [f"_{c['name']}_upgraded" for c in given(table) if c["rule"] == "identity"]
    return [*(c["name"] for c in table["columns"]), *LINEAGE, *flags]


def in_turn(made: dict[str, Callable[[], Any]], write: Callable[[str, Any], object]) -> dict[str, float]:
    """Make and write every table; seconds by table."""
    seconds = {}
    for name, make in made.items():
        at = perf_counter()
        write(name, make())
        seconds[name] = perf_counter() - at
    return seconds
