"""Who owns a share of which entity, from when until when: ownership statements, and who is reached through them.

Here: one statement per delivered share (subject, interested party, share, from, to), and chains of shares as of a date. Not here: which
entity a number belongs to (source_link).
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.base.legal_entity.persons import READS, with_person
from assets.base.legal_entity.records import ENTITY
from assets.base.legal_entity.source_link import BY_NUMBER
from assets.declare import cleansed, lake_asset, table
from assets.joins import left_join_lookup
from assets.touch import own, units, via

PERSON, LEGAL_ENTITY, UNKNOWN = "PERSON", "ENTITY", "UNKNOWN"
PERCENT = 100
HOPS = 3
STATEMENT = ("entity_id", "statement_no")


def numbered(link: DataFrame, number: str, as_number: str, uid: str) -> DataFrame:
    """The only entity of each number: `as_number`, `uid`. number: org_code or reg_no of the links."""
    known = link.where(F.col("match").isin(*BY_NUMBER) & F.col(number).isNotNull()).groupBy(F.col(number).alias(as_number))
    found = known.agg(F.min("entity_uid").alias(uid), F.max("entity_uid").alias("other"))
    return found.where(F.col(uid) == F.col("other")).drop("other")


@lake_asset(
    "base/legal_entity/ownership",
    unit=units(statement=STATEMENT),
    touch={
        "shareholder": own(statement=STATEMENT),
        "link": (
            via("shareholder", on=("source_table", "source_key"), to=(lambda: F.lit(ENTITY), "entity_id"), statement=STATEMENT),
            via("shareholder", on=("org_code",), to=("party_no_code",), statement=STATEMENT),
            via("shareholder", on=("reg_no",), to=("party_no",), statement=STATEMENT),
        ),
        "person": via("shareholder", on=("id_no",), to=("party_id_no",), reads=READS, statement=STATEMENT),
    },
)
def ownership(
    shareholder: DataFrame = cleansed("market_regulation/shareholder"),
    link: DataFrame = table("base/legal_entity/source_link"),
    person: DataFrame = table("base/population/person", optional=True),
) -> DataFrame:
    """One row per ownership statement, key (entity_id, statement_no).

    entity_uid: the subject. party_kind: PERSON, ENTITY or UNKNOWN, by what the statement could be linked with: party_person_uid or
    party_entity_uid. share: of 1. valid_from, valid_to: both days included, NULL for open.
    """
    subject = link.where((F.col("source_table") == ENTITY) & F.col("entity_uid").isNotNull())
    subject = subject.select(F.col("source_key").alias("entity_id"), "entity_uid")
    rows = shareholder.transform(left_join_lookup, subject, "entity_id")
    rows = rows.transform(left_join_lookup, numbered(link, "org_code", "party_no_code", "coded_uid"), "party_no_code")
    rows = rows.transform(left_join_lookup, numbered(link, "reg_no", "party_no", "registered_uid"), "party_no")
    rows = rows.transform(with_person, person, "party_id_no", "party_name_key", "party_person_uid")
    party_entity, party_person = F.coalesce("coded_uid", "registered_uid"), F.col("party_person_uid")
    return rows.select(
        *STATEMENT,
        "entity_uid",
        F.when(party_entity.isNotNull(), LEGAL_ENTITY).when(party_person.isNotNull(), PERSON).otherwise(UNKNOWN).alias("party_kind"),
        party_entity.alias("party_entity_uid"),
        F.when(party_entity.isNull(), party_person).alias("party_person_uid"),
        F.coalesce("party_entity", "party_name").alias("party_name"),
        (F.col("share") / PERCENT).cast("decimal(9,6)").alias("share"),
        F.col("from_date").alias("valid_from"),
        F.col("to_date").alias("valid_to"),
        "_source_file",
        F.col("_row_no").cast("bigint").alias("_row_no"),
        "_batch_id",
        "_business_date",
    )


def reached(statements: DataFrame, as_of: date, hops: int = HOPS) -> DataFrame:
    """Whom each entity's owners own through it: every chain of shares of up to `hops` statements that are valid on a date.

    Args:
        statements: base/legal_entity/ownership.
        as_of: the date; a statement counts on its first and its last day.
        hops: the most statements of a chain.

    Returns:
        One row per chain: owner (person_uid or entity_uid), owner_kind, entity_uid at its end, path (array of entity_uid, the owner's own
        subject first), hops, share (the product, double). A chain visits no entity twice, so that circular holdings end.
    """
    day = F.lit(as_of)
    valid = (F.col("valid_from").isNull() | (F.col("valid_from") <= day)) & (F.col("valid_to").isNull() | (F.col("valid_to") >= day))
    party = F.coalesce("party_entity_uid", "party_person_uid")
    held = statements.where(valid & party.isNotNull() & F.col("entity_uid").isNotNull() & (F.col("share") > 0))
    first = held.select(
        party.alias("owner"), F.col("party_kind").alias("owner_kind"), "entity_uid", F.array("entity_uid").alias("path"),
        F.col("share").cast("double").alias("share"),
    )  # fmt: skip
    first = first.where(F.col("owner") != F.col("entity_uid"))
    step = held.where(F.col("party_entity_uid").isNotNull()).select(
        F.col("party_entity_uid").alias("entity_uid"), F.col("entity_uid").alias("next"), F.col("share").cast("double").alias("more")
    )
    found, longest = first, first
    for _ in range(hops - 1):
        longest = (
            step.join(longest, "entity_uid")
            .where(~F.array_contains("path", F.col("next")) & (F.col("next") != F.col("owner")))
            .select(
                "owner", "owner_kind", F.col("next").alias("entity_uid"), F.concat("path", F.array("next")).alias("path"),
                (F.col("share") * F.col("more")).alias("share"),
            )
        )  # fmt: skip
        found = found.unionByName(longest)
    return found.withColumn("hops", F.size("path"))
