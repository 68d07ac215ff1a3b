"""Which person each source record speaks of: deterministic matching M1, M1B, M2, M3 and class U (domain rules D3, step 1).

Here: the match of every record and the person's stable key. Not here: what the person looks like (person), who has died
(death), candidates of records without a usable number (scored_match). Everything is a function of the records alone: the order in
which they arrived does not matter, and a rebuild gives the same keys.

An owner is the text that stands for a person inside this module: RID:number, type:number:birth of a document, or table:key
of the smallest record of a person who has neither. Outside only its keyed pseudonym is seen.
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.population.records import itself, records, sources, words
from assets.declare import CHECKPOINT, PSEUDONYM, cleansed, lake_asset
from assets.joins import left_join_lookup, semi_join
from assets.linkage import by_order, of_first, value_of, with_uid
from assets.touch import own, units
from standards.names import is_damaged, same_person_name

M1, M1B, M2, M3, U, CONFLICT, NONE = "M1", "M1B", "M2", "M3", "U", "ID_NAME_CONFLICT", "NONE"
BY_NUMBER = (M1, M1B)
"""The record carries the person's own valid number, and its name does not contradict it."""
SURE_REASONS = ("EXACT", "FORMER")
RARE = "RARE"
"""Match reason: a name with lost characters that could be the other; sure under the same valid number, where the police know the name."""
OWN_PERSON_IN_CONFLICT = ("public_security/resident", "health/archive", "citizen_card/card")
"""A resident, archive or card under somebody else's number still is somebody's: it gets a person of its own."""
LINK = (
    "source_table", "source_key", "person_uid", "match", "match_reason", "id_no", "id_error", "name",
    "_source_file", "_row_no", "_batch_id", "_business_date",
)  # fmt: skip
TEACHING = ("introduces", "local_numbers", "anchor_key", "anchor_former")
"""What a record says of local numbers, in addition to its match."""


def is_sure() -> Column:
    """Over match and match_reason: the names agree. Every other link is doubtful: enough to keep records together, never enough to
    declare somebody dead, to close an archive or to merge it."""
    could_be = (F.col("match_reason") == RARE) & F.col("match").isin(*BY_NUMBER)
    return F.coalesce(F.col("match_reason").isin(*SURE_REASONS) | could_be, F.lit(False))


def _name_agreement(own: Column, anchor: Column, former: Column) -> Column:
    """EXACT, FORMER, RARE, ONE_EDIT; NO_NAME when one of the two has none that can be compared; NULL when they contradict each other."""
    illegible = own.isNull() | anchor.isNull() | is_damaged(own) | is_damaged(anchor)
    return F.coalesce(same_person_name(own, anchor, former), F.when(illegible, "NO_NAME"))


def anchors(rows: DataFrame, number: str = "id_no") -> DataFrame:
    """Per `number` the name that counts: first by survivorship, then by the smallest key. A placeholder is no name."""
    name = F.when(~F.col("is_placeholder"), F.col("name_key"))
    first = by_order(name, F.col("name_order"))
    return (
        rows.where(F.col(number).isNotNull())
        .groupBy(number)
        .agg(of_first(first, name, F.col("former_name_key")).alias("first"))
        .select(number, value_of("first", 0, 2).alias("anchor_key"), value_of("first", 1, 2).alias("anchor_former"))
    )


def match_by_number(rows: DataFrame, anchor: DataFrame) -> DataFrame:
    """M1 and M1B, or a number under a name that is not its owner's."""
    how = _name_agreement(F.col("name_key"), F.col("anchor_key"), F.col("anchor_former"))
    match = F.when(F.col("match_reason") == "EXACT", M1).when(F.col("match_reason").isNotNull(), M1B).otherwise(CONFLICT)
    owner = F.when(F.col("match") != CONFLICT, F.concat(F.lit("RID:"), F.col("id_no")))
    return (
        anchor.join(rows.where(F.col("id_no").isNotNull()), "id_no")
        .withColumn("match_reason", how)
        .withColumn("match", match)
        .withColumn(
            "owner", owner.when(F.col("source_table").isin(*OWN_PERSON_IN_CONFLICT), F.concat_ws(":", "source_table", "source_key"))
        )
    )


def documents(rows: DataFrame) -> DataFrame:
    """The document numbers with birth date (M2) that at least one introducing record carries, and the name that counts."""
    known = anchors(rows.where(F.col("introduces")), "document")
    return known.select(
        "document",
        F.lit(True).alias("known_document"),
        F.col("anchor_key").alias("document_key"),
        F.col("anchor_former").alias("document_former"),
    )


def local_numbers(identified: DataFrame, wanted: DataFrame) -> DataFrame:
    """Per local number that a source maps to exactly one valid number (M3): its owner and their name; of those `wanted`."""
    introducing = identified.where(F.col("match").isin(*BY_NUMBER) & F.col("introduces") & (F.size("local_numbers") > 0))
    taught = introducing.select(F.explode("local_numbers").alias("local_number"), "owner", "anchor_key", "anchor_former")
    return (
        semi_join(taught, wanted, ["local_number"])
        .groupBy("local_number")
        .agg(
            F.min("owner").alias("local_owner"),
            F.max("owner").alias("other_owner"),
            F.min("anchor_key").alias("local_key"),
            F.min("anchor_former").alias("local_former"),
        )
        .where(F.col("local_owner") == F.col("other_owner"))
        .drop("other_owner")
    )


def first_records(unidentified: DataFrame) -> DataFrame:
    """Per source and local number the smallest record without a valid number: it stands for the person they introduce."""
    own = unidentified.where(F.col("introduces") & F.col("local_number").isNotNull())
    return own.groupBy("source_table", "local_number").agg(F.min("source_key").alias("first_key"))


def without_number(rows: DataFrame) -> DataFrame:
    """The records without a valid number, with the local_number that stands for it."""
    return rows.where(F.col("id_no").isNull()).withColumn("local_number", F.get("local_numbers", 0))


def match_without_number(unidentified: DataFrame, document: DataFrame, local: DataFrame) -> DataFrame:
    """M2 and M3 for records without a valid number; U for those that introduce a person; NONE for the rest."""
    how = _name_agreement(F.col("name_key"), F.col("local_key"), F.col("local_former"))
    how_document = _name_agreement(F.col("name_key"), F.col("document_key"), F.col("document_former"))
    mapped = F.col("local_owner").isNotNull()
    match = (
        F.when(F.col("known_document"), M2)
        .when(mapped & how.isNotNull(), M3)
        .when(F.col("introduces"), U)
        .when(mapped, CONFLICT)
        .otherwise(NONE)
    )
    kind = F.upper(F.element_at(F.split("local_number", ":"), 1))
    reason = (
        F.when(F.col("match") == M2, F.coalesce(how_document, F.lit("DOCUMENT")))
        .when(F.col("match") == M3, how)
        .when(F.col("match") == CONFLICT, kind)
    )
    alone = F.concat_ws(":", "source_table", F.coalesce("first_key", "source_key"))
    found = left_join_lookup(left_join_lookup(unidentified, document, "document"), local, "local_number")
    return (
        left_join_lookup(found, first_records(unidentified), ("source_table", "local_number"))
        .withColumn("match", match)
        .withColumn("match_reason", reason)
        .withColumn("owner", F.when(F.col("match") == M2, F.col("document")).when(F.col("match") == M3, F.col("local_owner")))
        .withColumn("owner", F.when(F.col("match") == U, alone).otherwise(F.col("owner")))
    )


TABLES = {
    "resident": "public_security/resident", "cancellation": "public_security/death_cancellation",
    "pension": "human_resources/pension_payment", "archive": "health/archive", "certificate": "health/death_certificate",
    "visit": "health/outpatient_visit", "card": "citizen_card/card", "cremation": "civil_affairs/cremation",
}  # fmt: skip
"""The arguments of `source_link` and their sources."""


@lake_asset(
    "base/population/source_link",
    unit=units(record=("source_table", "source_key")),
    touch={argument: own(words(table), labels=itself(table)) for argument, table in TABLES.items()},
    whole_above=0.01,  # finding them takes longer than in other tables: all inputs are searched for words in common
    spread=15,
)
def source_link(
    resident: DataFrame = cleansed("public_security/resident", optional=True),
    cancellation: DataFrame = cleansed("public_security/death_cancellation", optional=True),
    pension: DataFrame = cleansed("human_resources/pension_payment", optional=True),
    archive: DataFrame = cleansed("health/archive", optional=True),
    certificate: DataFrame = cleansed("health/death_certificate", optional=True),
    visit: DataFrame = cleansed("health/outpatient_visit", optional=True),
    card: DataFrame = cleansed("citizen_card/card", optional=True),
    cremation: DataFrame = cleansed("civil_affairs/cremation", optional=True),
    pseudonym: Callable[[Column], Column] = PSEUDONYM,
    checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT,
) -> DataFrame:
    """One row per source record, key (source_table, source_key), columns LINK.

    match: M1 valid number and name equal; M1B number equal, name a former one, with lost characters, one character off or missing; M2
    document number and birth date; M3 local number that another record maps to a valid number; U a person of the record's own;
    ID_NAME_CONFLICT number of somebody with another name: not merged; NONE nobody found. match_reason: how the names agree;
    for names that contradict each other the document or local number the record came by.
    """
    frames = (resident, cancellation, pension, archive, certificate, visit, card, cremation)
    rows = records(dict(zip(TABLES.values(), frames, strict=True)))
    needed = [c for c in LINK if c != "person_uid"] + ["owner"]
    identified = checkpoint(match_by_number(rows, anchors(rows)).select(*needed, *TEACHING))
    nameless = without_number(rows)
    wanted = nameless.select("local_number").distinct()
    unidentified = checkpoint(match_without_number(nameless, documents(rows), local_numbers(identified, wanted)).select(*needed))
    matched = identified.select(*needed).unionByName(unidentified)
    # a night touches records of lists and of the register: their links stand in files of their own, so that all others stay as they are
    return matched.transform(with_uid, "person_uid", pseudonym).select(*LINK).repartition(len(sources()), "source_table")
