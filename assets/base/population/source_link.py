"""Which person each source record speaks of: deterministic matching M1, M1B, M2, M3 and class U (domain rules D3, step 1).

Here: the match of every record and the person's stable key. Not here: what the person looks like (person), who has died
(death), scoring of records without any number (D3, step 2). Everything is a function of the records alone: the order in
which they arrived does not matter, and a rebuild gives the same keys.
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.base.population.records import records
from assets.declare import PSEUDONYM, cleansed, lake_asset
from standards.names import same_person_name

UID_LENGTH = 32
M1, M1B, M2, M3, U, CONFLICT, NONE = "M1", "M1B", "M2", "M3", "U", "ID_NAME_CONFLICT", "NONE"
BY_NUMBER = (M1, M1B)
"""The record carries the person's own valid number, and its name does not contradict it."""
OWN_PERSON_IN_CONFLICT = "health/archive"
"""An archive under somebody else's number still is an archive of somebody: it gets a person of its own."""
LINK = (
    "source_table", "source_key", "person_uid", "match", "match_reason", "id_no", "id_error", "name",
    "_source_file", "_row_no", "_batch_id", "_business_date",
)  # fmt: skip


def uid(pseudonym: Callable[[Column], Column], text: Column) -> Column:
    """The person's surrogate key: the first 32 hex characters of the keyed pseudonym of `text`."""
    return F.substring(pseudonym(text), 1, UID_LENGTH)


def _name_agreement(own: Column, anchor: Column, former: Column) -> Column:
    """EXACT, FORMER, ONE_EDIT; NO_NAME when one of the two has none; NULL when they contradict each other."""
    return F.when(own.isNull() | anchor.isNull(), "NO_NAME").otherwise(same_person_name(own, anchor, former))


def anchors(rows: DataFrame, pseudonym: Callable[[Column], Column]) -> DataFrame:
    """Per valid number: the name that counts (first by survivorship, then smallest key) and the person's key."""
    first = F.min(F.struct(F.col("name_key").isNull().alias("nameless"), "name_order", "source_key", "name_key", "former_name_key"))
    return (
        rows.where(F.col("id_no").isNotNull())
        .groupBy("id_no")
        .agg(first.alias("first"))
        .select(
            "id_no",
            F.col("first.name_key").alias("anchor_key"),
            F.col("first.former_name_key").alias("anchor_former"),
            uid(pseudonym, F.concat(F.lit("RID:"), F.col("id_no"))).alias("anchor_uid"),
        )
    )


def match_by_number(rows: DataFrame, anchor: DataFrame) -> DataFrame:
    """M1 and M1B, or a number under a name that is not its owner's."""
    how = _name_agreement(F.col("name_key"), F.col("anchor_key"), F.col("anchor_former"))
    match = F.when(F.col("how") == "EXACT", M1).when(F.col("how").isNotNull(), M1B).otherwise(CONFLICT)
    return (
        rows.where(F.col("id_no").isNotNull())
        .join(anchor, "id_no")
        .withColumn("how", how)
        .withColumn("match", match)
        .withColumn("match_reason", F.col("how"))
        .withColumn("person_uid", F.when(F.col("match") != CONFLICT, F.col("anchor_uid")))
    )


def documents(rows: DataFrame, pseudonym: Callable[[Column], Column]) -> DataFrame:
    """Per document number and birth date (M2) that at least one introducing record carries: the person's key."""
    known = rows.where(F.col("document").isNotNull() & F.col("introduces")).select("document").distinct()
    return known.withColumn("document_uid", uid(pseudonym, F.col("document")))


def local_numbers(identified: DataFrame) -> DataFrame:
    """Per local number that a source maps to exactly one person with a valid number (M3): that person and their name."""
    return (
        identified.where(F.col("match").isin(*BY_NUMBER) & (F.size("local_numbers") > 0))
        .where(F.col("introduces"))
        .select(F.explode("local_numbers").alias("local_number"), "person_uid", "anchor_key", "anchor_former")
        .groupBy("local_number")
        .agg(
            F.min("person_uid").alias("local_uid"),
            F.max("person_uid").alias("other_uid"),
            F.min("anchor_key").alias("local_key"),
            F.min("anchor_former").alias("local_former"),
        )
        .where(F.col("local_uid") == F.col("other_uid"))
        .drop("other_uid")
    )


def match_without_number(rows: DataFrame, document: DataFrame, local: DataFrame) -> DataFrame:
    """M2 and M3 for records without a valid number; U for those that introduce a person; NONE for the rest."""
    how = _name_agreement(F.col("name_key"), F.col("local_key"), F.col("local_former"))
    by_local = F.col("document_uid").isNull() & F.col("local_uid").isNotNull()
    match = (
        F.when(F.col("document_uid").isNotNull(), M2)
        .when(by_local & how.isNotNull(), M3)
        .when(F.col("introduces"), U)
        .when(by_local, CONFLICT)
        .otherwise(NONE)
    )
    kind = F.upper(F.element_at(F.split(F.col("local_number"), ":"), 1))
    return (
        rows.where(F.col("id_no").isNull())
        .withColumn("local_number", F.get(F.col("local_numbers"), 0))
        .join(document, "document", "left")
        .join(local, "local_number", "left")
        .withColumn("match", match)
        .withColumn("match_reason", F.when(F.col("match") == M2, "DOCUMENT").when(F.col("match").isin(M3, CONFLICT), kind))
        .withColumn("person_uid", F.when(F.col("match") == M2, F.col("document_uid")).when(F.col("match") == M3, F.col("local_uid")))
    )


def with_own_person(matched: DataFrame, pseudonym: Callable[[Column], Column]) -> DataFrame:
    """The key of a person whom only their own records introduce: from the smallest record that shares the local number."""
    own = (F.col("match") == U) | ((F.col("match") == CONFLICT) & (F.col("source_table") == OWN_PERSON_IN_CONFLICT))
    group = F.coalesce(F.get(F.col("local_numbers"), 0), F.col("source_key"))
    smallest = F.min("source_key").over(Window.partitionBy("source_table", group))
    alone = matched.where(own).withColumn("first_key", smallest)
    alone = alone.withColumn("person_uid", uid(pseudonym, F.concat_ws(":", "source_table", "first_key"))).drop("first_key")
    return matched.where(~own).unionByName(alone)


@lake_asset("base/population/source_link")
def source_link(
    resident: DataFrame = cleansed("public_security/resident"),
    cancellation: DataFrame = cleansed("public_security/death_cancellation"),
    pension: DataFrame = cleansed("human_resources/pension_payment"),
    archive: DataFrame = cleansed("health/archive"),
    certificate: DataFrame = cleansed("health/death_certificate"),
    visit: DataFrame = cleansed("health/outpatient_visit"),
    card: DataFrame = cleansed("citizen_card/card"),
    cremation: DataFrame = cleansed("civil_affairs/cremation"),
    pseudonym: Callable[[Column], Column] = PSEUDONYM,
) -> DataFrame:
    """One row per source record, key (source_table, source_key), columns LINK.

    match: M1 valid number and name equal; M1B number equal, name a former one, one character off or missing; M2 document
    number and birth date; M3 local number that another record maps to a valid number; U a person of the record's own;
    ID_NAME_CONFLICT number of somebody with another name: not merged; NONE nobody found.
    """
    rows = records(
        {
            "public_security/resident": resident,
            "public_security/death_cancellation": cancellation,
            "human_resources/pension_payment": pension,
            "health/archive": archive,
            "health/death_certificate": certificate,
            "health/outpatient_visit": visit,
            "citizen_card/card": card,
            "civil_affairs/cremation": cremation,
        }
    )
    identified = match_by_number(rows, anchors(rows, pseudonym))
    unidentified = match_without_number(rows, documents(rows, pseudonym), local_numbers(identified))
    needed = [*LINK, "local_numbers"]
    matched = identified.select(*needed).unionByName(unidentified.select(*needed))
    return matched.transform(with_own_person, pseudonym).select(*LINK)
