"""The rules of electronic licences: one small condition per rule over the facts of one licence (domain rules D6).

Here: thresholds and conditions. Not here: reading the table and what follows from it (`assets.rules`), how the facts are gathered and
what a hit leads to (licence, lapse_list).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import Column
from pyspark.sql import functions as F

from assets.base.legal_entity.records import sources as of_entities
from assets.base.licence.holder import DIFFERS, NO_NUMBER, ONE_EDIT, SURE, UNKNOWN
from assets.base.population.records import sources as of_persons
from assets.rules import Conditions, read_rules
from standards.parties import PERSON

VALID, SUSPENDED = "01", "02"
"""States of the register."""


@dataclass(frozen=True)
class Thresholds:
    """The thresholds of rules.yaml, in days."""

    grace_days: int


rule = Conditions[Thresholds]()
"""Conditions over the columns of licence.FACTS."""


def witnesses() -> frozenset[str]:
    """The tables that speak of persons or of legal entities."""
    return frozenset(of_persons().keys() | of_entities().keys())


def _over(day: str, t: Thresholds) -> Column:
    """The days of grace after a day are over."""
    return F.col("as_of") > F.date_add(day, t.grace_days)


def _unknown() -> Column:
    return F.col("match_reason") == UNKNOWN


@rule("H1")
def holder_has_died(t: Thresholds) -> Column:
    return F.col("match_reason").isin(*SURE) & _over("death_date", t)


@rule("H2")
def holder_has_ended(t: Thresholds) -> Column:
    return _over("entity_end", t)


@rule("H3")
def person_unknown(_: Thresholds) -> Column:
    return _unknown() & (F.col("number_kind") == PERSON)


@rule("H4")
def entity_unknown(_: Thresholds) -> Column:
    return _unknown() & (F.col("number_kind") != PERSON)


@rule("H5")
def name_differs(_: Thresholds) -> Column:
    return F.col("match_reason").isin(DIFFERS, ONE_EDIT)


@rule("H6")
def no_number(_: Thresholds) -> Column:
    return F.col("match_reason") == NO_NUMBER


@rule("V1")
def replaced(_: Thresholds) -> Column:
    return F.col("next_licence_id").isNotNull() & F.coalesce(F.col("next_from") <= F.col("as_of"), F.lit(True))


@rule("V2")
def expired(_: Thresholds) -> Column:
    return F.col("valid_to") < F.col("as_of")


@rule("V3")
def dates_reversed(_: Thresholds) -> Column:
    return F.col("valid_to") < F.col("valid_from")


@rule("U1")
def second_of_its_type(_: Thresholds) -> Column:
    return F.col("kept_licence_id").isNotNull()


@rule("T1")
def type_not_in_catalogue(_: Thresholds) -> Column:
    outside = (F.col("issue_date") < F.col("type_from")) | (F.col("issue_date") > F.col("type_to"))
    return ~F.col("listed") | F.coalesce(outside, F.lit(False))


@rule("T2")
def holder_of_another_kind(_: Thresholds) -> Column:
    of_number = F.when(F.col("number_kind") == PERSON, "PERSON").otherwise("ENTITY")
    known = F.when(F.col("number_kind").isNotNull(), of_number != F.col("type_holder_kind"))
    return (F.col("holder_kind") != F.col("type_holder_kind")) | F.coalesce(known, F.lit(False))


@rule("I1")
def wrong_check_character(_: Thresholds) -> Column:
    return F.array_contains("codes", "licence_id:W_CHECK_LEGACY")


@rule("I2")
def identifier_says_otherwise(_: Thresholds) -> Column:
    issuer = F.length("licence_id_issuer") == F.length("issuer_uscc")
    other = F.when(issuer, F.col("licence_id_issuer") != F.col("issuer_uscc"))
    return (F.col("licence_id_type") != F.col("type_code")) | F.coalesce(other, F.lit(False))


@rule("S1")
def seal_not_verified(_: Thresholds) -> Column:
    return F.col("signature_ok") == "0"


@rule("R1")
def certificate_has_ended(t: Thresholds) -> Column:
    return _over("register_end", t)


RULES = read_rules(Path(__file__).with_name("rules.yaml"), Thresholds, rule, witnesses=witnesses)
