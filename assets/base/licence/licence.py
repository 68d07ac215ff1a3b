"""The electronic licence: whose it is, which version, and in which state it is on the night (domain rules D6).

Here: the facts about a licence, and its state. Not here: the rules (rules.py), whose it is (holder), the order of versions (version), what
issuers have to do (lapse_list).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.base.licence.rules import RULES, SUSPENDED, VALID
from assets.declare import AS_OF, CHECKPOINT, SOURCES, cleansed, lake_asset, table
from assets.joins import left_join_lookup
from assets.touch import Cell, Turn, named, own, units, via

DEAD = 2
ENDED = ("3", "5")
"""Status of a legal entity that is cancelled or withdrawn. One that is revoked still exists until it is cancelled (domain rules D4)."""
REGISTER_VALID = "1"
LICENCE = (
    "licence_id", "type_code", "type_name", "certificate_no", "holder_kind", "holder_name", "holder_id_type", "holder_id_no",
    "person_uid", "entity_uid", "match", "match_reason", "issuer_uscc", "issuer_no", "issuer_name", "issue_date", "valid_from",
    "valid_to", "register_state", "state", "also", "rules", "lapse_date", "series", "version", "previous_licence_id",
    "next_licence_id", "kept_licence_id", "file_type", "file_sm3", "signature_ok", "item_code", "source_case_no", "use_count",
    "update_time", "_source_file", "_row_no", "_batch_id",
)  # fmt: skip
REGISTERS = {"food": "market_regulation/food_licence", "drug": "market_regulation/drug_licence"}
"""The arguments that are registers of issuers themselves, and their sources."""
KEPT_FIRST = ("issue_date", "licence_id")
"""Of several valid licences of a unique type, the greatest by these stands."""


def of_registers(frames: dict[str, DataFrame]) -> DataFrame:
    """What the issuers' own registers say: certificate_no, register_end (of one that has ended), register_table, file and line."""
    parts = [
        rows.where(F.col("licence_status") != REGISTER_VALID).select(
            F.col("licence_no").alias("certificate_no"),
            F.coalesce("end_date", F.to_date("op_time")).alias("register_end"),
            F.lit(REGISTERS[argument]).alias("register_table"),
            "_source_file",
            "_row_no",
        )
        for argument, rows in frames.items()
    ]
    return reduce(DataFrame.unionByName, parts)


def _first_day() -> Column:
    return F.coalesce("valid_from", "issue_date")


def _could_be_valid() -> Column:
    """Valid by the register and by everything but a second licence of its type."""
    t = RULES.thresholds
    against = [RULES.rules[r].condition(t) for state in ("REPLACED", "LAPSED", "EXPIRED") for r in RULES.states[state].by]
    against += [RULES.rules["V3"].condition(t), _first_day() > F.col("as_of")]
    return reduce(lambda a, b: a & ~F.coalesce(b, F.lit(False)), against, F.col("register_state") == VALID)


def with_kept(facts: DataFrame) -> DataFrame:
    """The facts with kept_licence_id: of a valid licence that is not the newest of its holder, of a unique type."""
    uid = F.coalesce("person_uid", "entity_uid")
    rivals = facts.where(F.col("unique_type") & uid.isNotNull() & _could_be_valid()).select(
        "licence_id", "type_code", uid.alias("uid"), "issue_date"
    )
    newest = Window.partitionBy("uid", "type_code").orderBy(*[F.col(c).desc_nulls_last() for c in KEPT_FIRST])
    ranked = rivals.withColumn("place", F.row_number().over(newest))
    first = ranked.where(F.col("place") == 1).select("uid", "type_code", F.col("licence_id").alias("kept_licence_id"))
    later = ranked.where(F.col("place") > 1).select("licence_id", "uid", "type_code").join(first, ["uid", "type_code"])
    return left_join_lookup(facts, later.select("licence_id", "kept_licence_id"), "licence_id")


def facts(
    issued: DataFrame,
    holder: DataFrame,
    version: DataFrame,
    types: DataFrame,
    person: DataFrame,
    entity: DataFrame,
    registers: DataFrame,
    as_of: date,
) -> DataFrame:
    """One row per licence with all that the rules look at."""
    dead = person.where(F.col("vital_status") == DEAD).select("person_uid", "death_date")
    gone = entity.where(F.col("status").isin(*ENDED)).select("entity_uid", F.coalesce("status_date", "first_seen").alias("entity_end"))
    begins = version.select(F.col("licence_id").alias("next_licence_id"), F.col("effective_from").alias("next_from"))
    known = types.select(
        "type_code", "type_name", "unique_type", "listed", F.col("holder_kind").alias("type_holder_kind"),
        F.col("valid_from").alias("type_from"), F.col("valid_to").alias("type_to"),
    )  # fmt: skip
    ended = registers.groupBy("certificate_no").agg(F.max("register_end").alias("register_end"))
    links = holder.select("licence_id", "number_kind", "person_uid", "entity_uid", "match", "match_reason")
    versions = version.select("licence_id", "series", "version", F.col("previous_licence_id").alias("before"), "next_licence_id")
    return (
        issued.drop("previous_licence_id")
        .withColumnsRenamed({"state": "register_state", "_codes": "codes"})
        .withColumn("issuer_no", F.coalesce("issuer_uscc", "licence_id_issuer"))
        .withColumn("_row_no", F.col("_row_no").cast("bigint"))
        .withColumn("as_of", F.lit(as_of))
        .transform(left_join_lookup, links, "licence_id")
        .transform(left_join_lookup, versions, "licence_id")
        .transform(left_join_lookup, begins, "next_licence_id")
        .transform(left_join_lookup, known, "type_code")
        .transform(left_join_lookup, dead, "person_uid")
        .transform(left_join_lookup, gone, "entity_uid")
        .transform(left_join_lookup, ended, "certificate_no")
        .withColumnRenamed("before", "previous_licence_id")
    )


def _special() -> dict[str, Column]:
    """The conditions of states to which not only rules lead."""
    return {
        "ENDED": ~F.col("register_state").isin(VALID, SUSPENDED),
        "SUSPENDED": F.col("register_state") == SUSPENDED,
        "NOT_YET": F.coalesce(_first_day() > F.col("as_of"), F.lit(False)),
    }


def with_lapse(frame: DataFrame) -> DataFrame:
    """lapse_date: of a licence that is over, and that its register says is valid, the day on which it ended."""
    days = {
        "REPLACED": F.col("next_from"),
        "LAPSED": F.least("death_date", "entity_end", "register_end"),
        "EXPIRED": F.date_add("valid_to", 1),
    }
    day = F.lit(None).cast("date")
    for state, since in days.items():
        day = F.when(F.col("state") == state, since).otherwise(day)
    return frame.withColumn("lapse_date", day)


def _of_holder() -> Column:
    """The units of a licence's holder: the licence, and the holder, who may have several of a type."""
    return named(F.concat(F.lit("licence:"), "licence_id"), F.concat(F.lit("holder:"), F.coalesce("person_uid", "entity_uid")))


def _of_version() -> Column:
    """The units of a version: the licence, and the one that replaces it, at whose first day it looks."""
    return named(*[F.concat(F.lit("licence:"), c) for c in ("licence_id", "next_licence_id")])


def _after_grace(day: Cell) -> tuple[Turn, ...]:
    return (Turn(day, days=RULES.thresholds.grace_days),)


@lake_asset(
    "base/licence/licence",
    unit=units(licence="licence_id"),
    touch={
        "issued": own(licence="licence_id", turns=(Turn("valid_from"), Turn("issue_date"), Turn("valid_to"))),
        "holder": own(_of_holder),
        "version": own(_of_version, turns=(Turn("effective_from"),)),
        "types": via("issued", on=("type_code",), to=("type_code",), licence="licence_id", narrows=False),
        "person": via(
            "holder", on=("person_uid",), to=("person_uid",), licence="licence_id",
            reads=("person_uid", "vital_status", "death_date"), turns=_after_grace("death_date"),
        ),
        "entity": via(
            "holder", on=("entity_uid",), to=("entity_uid",), licence="licence_id",
            reads=("entity_uid", "status", "status_date", "first_seen"), turns=(*_after_grace("status_date"), *_after_grace("first_seen")),
        ),
        **{
            argument: via("issued", on=("licence_no",), to=("certificate_no",), licence="licence_id",
                          turns=(*_after_grace("end_date"), *_after_grace("op_time")))
            for argument in REGISTERS
        },
    },
    not_applied=RULES.not_applied,
)  # fmt: skip
def licence(
    issued: DataFrame = cleansed("big_data/licence"),
    holder: DataFrame = table("base/licence/holder"),
    version: DataFrame = table("base/licence/version"),
    types: DataFrame = table("base/licence/type"),
    person: DataFrame = table("base/population/person", optional=True),
    entity: DataFrame = table("base/legal_entity/entity", optional=True),
    food: DataFrame = cleansed("market_regulation/food_licence", optional=True),
    drug: DataFrame = cleansed("market_regulation/drug_licence", optional=True),
    as_of: date = AS_OF,
    checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT,
    sources: frozenset[str] = SOURCES,
) -> DataFrame:
    """One row per licence of the register, key licence_id, columns LICENCE; exactly one state each.

    register_state: as the register says. state: on the night, the first of rules.yaml that holds. also: further states that would hold.
    """
    registers = of_registers({"food": food, "drug": drug})
    known = checkpoint(facts(issued, holder, version, types, person, entity, registers, as_of))
    return (
        with_kept(known)
        .transform(RULES.with_hits, sources, F.col("register_state") == VALID)
        .transform(RULES.with_state, _special())
        .transform(with_lapse)
        .select(*LICENCE)
    )
