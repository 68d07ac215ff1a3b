"""Small cleansed tables for tests: rows as dictionaries, everything a contract's columns leave out filled in.

Ids use births 1906-1912 in division 321099; see `number`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.loader import load
from contracts.model import Contract
from contracts.refused import ROOT

AS_OF = date(2019, 12, 31)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
LINEAGE = {
    "_batch_id": "string",
    "_source_file": "string",
    "_row_no": "bigint",
    "_business_date": "date",
    "_op": "string",
    "_codes": "array<string>",
}
KINDS = {18: "USCC", 9: "ORG", 15: "REG", 13: "REG"}
TAX_KINDS = {15: "TAX"}
OF_A_PERSON = "321099"
"""Kind of an organisation's number by its length."""
CASTS = {"date": date.fromisoformat, "int": int}
DEFAULTS = {"op_time": "2019-12-01T00:00:00", "update_time": "2019-12-01T00:00:00", "input_time": "2019-12-01T00:00:00"}
TABLES = {
    "resident": "public_security/resident",
    "cancellation": "public_security/death_cancellation",
    "pension": "human_resources/pension_payment",
    "archive": "health/archive",
    "certificate": "health/death_certificate",
    "visit": "health/outpatient_visit",
    "card": "citizen_card/card",
    "cremation": "civil_affairs/cremation",
    "examination": "health/examination",
    "followup": "health/hypertension_followup",
    "staff": "health/staff",
    "firm": "market_regulation/entity",
    "change": "market_regulation/change",
    "shareholder": "market_regulation/shareholder",
    "abnormal": "market_regulation/abnormal_list",
    "penalty": "market_regulation/penalty",
    "branch": "market_regulation/branch",
    "judgement": "market_regulation/entity_judgement",
    "taxpayer": "taxation/taxpayer",
    "credit": "taxation/credit_class",
    "institution": "staffing/public_institution",
    "association": "civil_affairs/social_organisation",
    "licence": "big_data/licence",
    "licence_type": "big_data/licence_type",
    "food": "market_regulation/food_licence",
    "drug": "market_regulation/drug_licence",
    "right": "natural_resources/real_right",
    "mortgage": "natural_resources/mortgage",
    "seizure": "natural_resources/seizure",
}


def number(serial: int, birth: str = "19080101") -> str:
    """A citizen number nobody has: division 321099, birth 1906-1912, the serial as its sequence, a right check digit."""
    body = f"321099{birth}{serial:03d}"
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, WEIGHTS, strict=True)) % 11]


@cache
def contract(name: str) -> Contract:
    return load(ROOT / "cleansed" / f"{TABLES[name]}.yaml")


def schema(name: str) -> str:
    columns = {c.name: c.physical_type for c in contract(name).columns} | LINEAGE
    return ", ".join(f"`{c}` {t}" for c, t in columns.items())


def _value(physical: str, value: Any) -> Any:
    if value is None:
        return None
    if physical.startswith("decimal"):
        return Decimal(str(value))
    if physical in ("date", "timestamp_ntz") and not isinstance(value, str):
        value = value.isoformat()
    return CASTS.get(physical, lambda v: v)(value)


def _row(name: str, given: dict[str, Any], row_no: int) -> tuple[Any, ...]:
    columns = {c.name: c.physical_type for c in contract(name).columns}
    lineage = {
        "_batch_id": "b1",
        "_source_file": f"{TABLES[name]}.csv",
        "_row_no": row_no,
        "_business_date": AS_OF,
        "_op": "I",
        "_codes": [],
    }
    if unknown := set(given) - set(columns) - set(lineage):
        raise KeyError(f"{name} has no {sorted(unknown)}")
    full = {**{c: DEFAULTS.get(c) for c in columns}, **given}
    for key in [c for c in columns if f"{c}_key" in columns]:
        full[f"{key}_key"] = full[f"{key}_key"] or (full[key] or "").replace(" ", "").replace("呂", "吕") or None
    for no in [c for c in columns if f"{c}_raw" in columns]:
        full[f"{no}_raw"] = full[f"{no}_raw"] or full[no]
        full[f"{no}_error"] = full[f"{no}_error"] or (None if full[no] else "E_NULL")
    for county in [c for c in columns if c.endswith("_county")]:
        division = next(c for c in columns if c in (county.replace("_county", "_div"), county.replace("_county", "_code12")))
        full[county] = full[county] or (full[division] or "321000")[:6]
    for no in [c for c in columns if f"{c}_kind" in columns and full[c]]:
        of_length = KINDS | TAX_KINDS if no == "tax_no" else KINDS
        full[f"{no}_kind"] = "PERSON" if full[no].startswith(OF_A_PERSON) and len(full[no]) == 18 else of_length[len(full[no])]
        full[f"{no}_code"] = {"USCC": full[no][8:17], "TAX": full[no][6:], "ORG": full[no]}.get(full[f"{no}_kind"])
    if "licence_id_series" in columns:
        *_, kind, issuer, serial, version, _ = full["licence_id"].split(".")
        series = f"{kind}.{issuer}.{serial}"
        full |= {f"licence_id_{c}": v for c, v in (("series", series), ("type", kind), ("issuer", issuer), ("version", version))}
    values = [_value(t, full[c]) for c, t in columns.items()]
    return (*values, *[given.get(c, d) for c, d in lineage.items()])


def frame(spark: SparkSession, name: str, rows: list[dict[str, Any]]) -> DataFrame:
    """The cleansed table `name` (see TABLES) with these rows; times are the city's wall clock."""
    given = spark.createDataFrame([_row(name, r, i) for i, r in enumerate(rows, 1)], schema(name).replace(" timestamp_ntz", " string"))
    times = {c.name: F.col(c.name).cast("timestamp_ntz") for c in contract(name).columns if c.physical_type == "timestamp_ntz"}
    return given.withColumns(times) if times else given


def as_it_is(rows: DataFrame) -> DataFrame:
    """What is small need not be written down."""
    return rows


def pseudonym(text: Column) -> Column:
    """Stands for the keyed pseudonym in tests: 64 hex characters."""
    return F.sha2(text, 256)
