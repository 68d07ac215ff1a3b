"""Whose licence it is: the golden person or legal entity of the holder's number (domain rules D6, D1, D4).

Here: linking by number, and whether the names agree. A person's number under a name that contradicts it links nobody: the licence would be
somebody else's. An organisation's number does, whatever it is called: organisations are renamed. Not here: whether the licence is valid.
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.legal_entity.persons import READS
from assets.declare import CHECKPOINT, cleansed, lake_asset, table
from assets.joins import left_join_lookup
from assets.touch import Units, named, own, via
from standards import names, organisations
from standards.organisations import code_of
from standards.parties import PERSON

EXACT, FORMER, RARE, ONE_EDIT, DIFFERS = "EXACT", "FORMER", "RARE", "ONE_EDIT", "DIFFERS"
UNKNOWN, SEVERAL, NO_NUMBER = "UNKNOWN", "SEVERAL", "NO_NUMBER"
"""Match reasons: of the names; else nobody has the number, or several have, or there is none that can be read."""
SURE = (EXACT, FORMER, RARE)
"""The names agree. Every other link of a person is doubtful: never enough to let a licence lapse."""
NUMBER, NONE = "NUMBER", "NONE"
HOLDER = ("licence_id", "holder_id_no", "number_kind", "person_uid", "entity_uid", "match", "match_reason")
IDENTIFIERS = ("uscc", "org_code", "reg_no")
"""Of a legal entity, in the order in which a holder's number is looked for among them."""


def numbered(*columns: str, alone: tuple[str, ...] = ()) -> Units:
    """The units of numbers in some columns, and those of the organisation codes inside them; of a row without any, itself.

    alone: the key of the row.
    """

    def made() -> Column:
        numbers = [F.col(c) for c in columns]
        found = [F.concat(F.lit("number:"), n) for number in numbers for n in (number, code_of(number))]
        itself = F.concat(F.lit("row:"), F.concat_ws("|", *alone)) if alone else F.lit(None).cast("string")
        return F.array_distinct(named(*found, F.when(F.coalesce(*numbers).isNull(), itself)))

    return made


OF_ENTITY = numbered(*IDENTIFIERS)
OF_PERSON = numbered("id_no")
OF_LICENCE = numbered("holder_id_no", alone=("licence_id",))
HOLDERS = {
    "person": own(OF_PERSON, reads=READS),
    "entity": own(OF_ENTITY, reads=("entity_uid", "name", *IDENTIFIERS)),
    "history": via("entity", on=("entity_uid",), to=("entity_uid",), made=OF_ENTITY, reads=("entity_uid", "name")),
}
"""The paths from those who may hold something to the numbers by which they are looked for."""


def persons(person: DataFrame) -> DataFrame:
    """Golden persons by number: holder_id_no, person_uid, and the comparison keys of their names."""
    return person.where(F.col("id_no").isNotNull()).select(
        F.col("id_no").alias("holder_id_no"),
        "person_uid",
        names.compare_key(F.col("name")).alias("person_key"),
        names.compare_key(F.col("former_name")).alias("person_former"),
    )


def entities(entity: DataFrame, identifier: str) -> DataFrame:
    """The only legal entity of each number of a kind: `identifier`, `<identifier>_uid`, and `<identifier>_several`."""
    found = entity.where(F.col(identifier).isNotNull()).groupBy(identifier)
    one = found.agg(F.min("entity_uid").alias("least"), F.max("entity_uid").alias("most"))
    several = F.col("least") != F.col("most")
    return one.select(identifier, F.when(~several, F.col("least")).alias(f"{identifier}_uid"), several.alias(f"{identifier}_several"))


def called(entity: DataFrame, history: DataFrame) -> DataFrame:
    """What each entity is and was called: entity_uid, entity_key, former_keys."""
    key = organisations.compare_key(F.col("name"))
    former = history.groupBy("entity_uid").agg(F.sort_array(F.collect_set(key)).alias("former_keys"))
    return left_join_lookup(entity.select("entity_uid", key.alias("entity_key")), former, "entity_uid")


def with_numbers(rows: DataFrame) -> DataFrame:
    """The rows with the columns by which holders are looked for."""
    number, kind = F.col("holder_id_no"), F.col("holder_id_no_kind")
    return rows.withColumns(
        {
            "number_kind": kind,
            "uscc": F.when(kind == "USCC", number),
            "org_code": code_of(F.when(kind != PERSON, number)),
            "reg_no": F.when(kind == "REG", number),
            "name_key": names.compare_key(F.col("holder_name")),
            "organisation_key": organisations.compare_key(F.col("holder_name")),
        }
    )


def judged(found: DataFrame) -> DataFrame:
    """person_uid, entity_uid, match and match_reason of licences with all that was found for their numbers."""
    is_person = F.col("number_kind") == PERSON
    agreed = names.same_person_name(F.col("name_key"), F.col("person_key"), F.col("person_former"))
    told = F.when(F.col("name_key").isNull() | F.col("person_key").isNull(), EXACT).otherwise(agreed)
    of_person = F.when(F.col("golden_uid").isNull(), UNKNOWN).otherwise(F.coalesce(told, F.lit(DIFFERS)))
    same = F.coalesce(F.col("organisation_key") == F.col("entity_key"), F.col("organisation_key").isNull())
    was = F.coalesce(F.array_contains("former_keys", F.col("organisation_key")), F.lit(False))
    of_entity = (
        F.when(F.col("several"), SEVERAL)
        .when(F.col("owner_uid").isNull(), UNKNOWN)
        .when(same, EXACT)
        .otherwise(F.when(was, FORMER).otherwise(DIFFERS))
    )
    reason = F.when(F.col("number_kind").isNull(), NO_NUMBER).otherwise(F.when(is_person, of_person).otherwise(of_entity))
    linked = F.coalesce("person_uid", "entity_uid").isNotNull()
    return (
        found.withColumn("match_reason", reason)
        .withColumn("person_uid", F.when(is_person & (F.col("match_reason") != DIFFERS), F.col("golden_uid")))
        .withColumn("entity_uid", F.when(~is_person, F.col("owner_uid")))
        .withColumn("match", F.when(linked, NUMBER).otherwise(NONE))
    )


def with_holder(
    rows: DataFrame, person: DataFrame, entity: DataFrame, history: DataFrame, checkpoint: Callable[[DataFrame], DataFrame]
) -> DataFrame:
    """The rows with number_kind, person_uid, entity_uid, match and match_reason.

    Args:
        rows: with holder_id_no, holder_id_no_kind (as the rule `party_no` gives them) and holder_name.
        person: base/population/person.
        entity: base/legal_entity/entity.
        history: base/legal_entity/entity_history.
        checkpoint: writes rows down.
    """
    found = left_join_lookup(with_numbers(rows), persons(person), "holder_id_no").withColumnRenamed("person_uid", "golden_uid")
    for identifier in IDENTIFIERS:
        found = left_join_lookup(found, entities(entity, identifier), identifier)
    owner = F.coalesce(*[F.col(f"{i}_uid") for i in IDENTIFIERS])
    several = owner.isNull() & F.coalesce(F.greatest(*[F.col(f"{i}_several") for i in IDENTIFIERS]), F.lit(False))
    known = checkpoint(found.withColumns({"owner_uid": owner, "several": several}).withColumn("entity_uid", F.col("owner_uid")))
    linked = left_join_lookup(known, called(entity, history), "entity_uid").transform(judged)
    return linked.select(*rows.columns, "number_kind", "person_uid", "entity_uid", "match", "match_reason")


@lake_asset(
    "base/licence/holder",
    unit=OF_LICENCE,
    touch={"issued": own(OF_LICENCE), **HOLDERS},
)
def holder(
    issued: DataFrame = cleansed("big_data/licence"),
    person: DataFrame = table("base/population/person", optional=True),
    entity: DataFrame = table("base/legal_entity/entity", optional=True),
    history: DataFrame = table("base/legal_entity/entity_history", optional=True),
    checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT,
) -> DataFrame:
    """One row per licence, key licence_id, columns HOLDER.

    match: NUMBER, a golden person or legal entity has the holder's number; NONE. match_reason: EXACT, FORMER and the like say how the
    names agree; DIFFERS, UNKNOWN, SEVERAL, NO_NUMBER say what speaks against the link.
    """
    rows = issued.select("licence_id", "holder_id_no", "holder_id_no_kind", "holder_name")
    return with_holder(rows, person, entity, history, checkpoint).select(*HOLDER)
