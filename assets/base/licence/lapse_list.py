"""What issuers have to do: one row per licence and rule that hits, with the records that prove it (domain rules D6).

Here: which records prove what. Not here: whether a rule hits (licence), actions (rules.yaml), how evidence is put to the hits
(`assets.rules`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.licence.licence import REGISTERS, of_registers
from assets.base.licence.rules import RULES
from assets.declare import cleansed, lake_asset, table
from assets.rules import proof, says, work_list
from assets.touch import named, own, units, via

ISSUED, RESIDENT = "big_data/licence", "public_security/resident"
LAPSE = ("issuer_no", "issuer_name", "licence_id", "rule", "action", "automatic", "lapse_date", "evidence", "person_uid", "entity_uid")
KEPT = ("issuer_no", "issuer_name", "licence_id", "lapse_date", "person_uid", "entity_uid")
RECORD = "licence_id"
KNOWS_ENTITIES = ("market_regulation/entity", "staffing/public_institution", "civil_affairs/social_organisation")
"""The registers of legal entities, which say that one has ended."""


def _of_licences(judged: DataFrame) -> DataFrame:
    said = says("licence, state", "register_state", "valid_from", "valid_to")
    return proof(judged, RECORD, F.lit(ISSUED), "licence_id", said)


def _of_other(judged: DataFrame, everything: DataFrame, column: str, label: str) -> DataFrame:
    """The licence that a column names."""
    other = everything.select(F.col("licence_id").alias(column), F.col("issue_date").alias("other_date"), "_source_file", "_row_no")
    rows = judged.select(RECORD, column).join(other, column)
    return proof(rows, RECORD, F.lit(ISSUED), column, says(label, "other_date"))


def _of_deaths(judged: DataFrame, death: DataFrame) -> DataFrame:
    stated = death.where(F.col("status") == "CONFIRMED").select("person_uid", F.explode("sources").alias("s"))
    rows = judged.select(RECORD, "person_uid").join(stated.select("person_uid", "s.*"), "person_uid")
    return proof(rows, RECORD, "source_table", "source_key", says("death of grade", "grade", "death_date"))


def _of_entities(judged: DataFrame, link: DataFrame) -> DataFrame:
    """What the registers of legal entities have of the holder."""
    registered = link.where(F.col("source_table").isin(*KNOWS_ENTITIES) & F.col("entity_uid").isNotNull())
    rows = judged.select(RECORD, "entity_uid").join(
        registered.select("entity_uid", "source_table", "source_key", "_source_file", "_row_no"), "entity_uid"
    )
    return proof(rows, RECORD, "source_table", "source_key", F.lit("register of the legal entity"))


def _of_holders(judged: DataFrame, police: DataFrame, link: DataFrame) -> DataFrame:
    """Whose the number is: the record of the police, or of a register of legal entities."""
    known = police.where((F.col("source_table") == RESIDENT) & F.col("id_no").isNotNull())
    persons = judged.select(RECORD, F.col("holder_id_no").alias("id_no")).join(
        known.select("id_no", "source_table", "source_key", "_source_file", "_row_no"), "id_no"
    )
    of_persons = proof(persons, RECORD, "source_table", "source_key", F.lit("owner of the number"))
    return of_persons.unionByName(_of_entities(judged, link))


def _of_registers(judged: DataFrame, registers: DataFrame) -> DataFrame:
    rows = judged.select(RECORD, "certificate_no").join(registers, "certificate_no")
    return proof(rows, RECORD, "register_table", "certificate_no", says("certificate ended", "register_end"))


def _of_licence() -> Column:
    """The units of a licence: itself, its successor, and the one that stands in its place."""
    return F.array_distinct(named(*[F.concat(F.lit("licence:"), c) for c in ("licence_id", "next_licence_id", "kept_licence_id")]))


@lake_asset(
    "base/licence/lapse_list",
    unit=units(licence="licence_id"),
    touch={
        "licence": own(_of_licence),
        "death": via("licence", on=("person_uid",), to=("person_uid",), licence="licence_id"),
        "police": via("licence", on=("id_no",), to=("holder_id_no",), licence="licence_id"),
        "link": via("licence", on=("entity_uid",), to=("entity_uid",), licence="licence_id"),
        **{a: via("licence", on=("licence_no",), to=("certificate_no",), licence="licence_id") for a in REGISTERS},
    },
)
def lapse_list(
    licence: DataFrame = table("base/licence/licence"),
    death: DataFrame = table("base/population/death", optional=True),
    police: DataFrame = table("base/population/source_link", optional=True),
    link: DataFrame = table("base/legal_entity/source_link", optional=True),
    food: DataFrame = cleansed("market_regulation/food_licence", optional=True),
    drug: DataFrame = cleansed("market_regulation/drug_licence", optional=True),
) -> DataFrame:
    """One row per licence and rule that hits, key (licence_id, rule), columns LAPSE.

    evidence: a few records, sorted by table and key. automatic: the lake proposes the action as decided.
    """
    judged = licence.where(F.size("rules") > 0)
    proofs = {
        "licence": _of_licences(judged),
        "successor": _of_other(judged, licence, "next_licence_id", "replaced by the licence of"),
        "kept": _of_other(judged, licence, "kept_licence_id", "newer licence of the type, of"),
        "death": _of_deaths(judged, death),
        "entity": _of_entities(judged, link),
        "holder": _of_holders(judged, police, link),
        "register": _of_registers(judged, of_registers({"food": food, "drug": drug})),
    }
    return work_list(judged, RULES, proofs, RECORD, KEPT).select(*LAPSE)
