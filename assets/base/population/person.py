"""The golden person: one row per person, every field from the most trustworthy source that has it (domain rules D1, D2).

Here: survivorship (survivorship.yaml), class, vital status, residence. Not here: who belongs together (source_link), death.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.population.records import of_linked_person, source_key, sources
from assets.dates import EXTRACT, happened
from assets.declare import AS_OF, CHECKPOINT, PSEUDONYM, cleansed, lake_asset, table
from assets.joins import hash_bucket, left_join_lookup, semi_join, union_materialized
from assets.linkage import by_order, columns_of, linked_records, newest_rows, of_first, priorities, source_count, value_of
from assets.touch import Turn, own, units
from standards import identity
from standards.tables import looked_up

UNKNOWN_COUNTY = "321000"
GONE = ("1", "8", "9")
"""person_status: cancelled, moved out, dead."""
ALIVE, DEAD, CONFLICT = 1, 2, 3
RESIDENCE_MONTHS = 12
LINKS_AT_ONCE = 15_000_000
"""Above this many links, persons are made in hash buckets, one after the other: memory grows with the links that are joined at once."""
VERSION = {"resident": "op_time", "archive": "update_time", "card": "update_time"}
"""The column that says which of a person's rows in a source is the newest."""
TABLES = {"resident": "public_security/resident", "archive": "health/archive", "card": "citizen_card/card"}
PERSON = (
    "person_uid", "id_no", "id_no_hash", "name", "former_name", "sex_code", "birth_date", "ethnic_code", "marital_code",
    "education_code", "hukou_no", "household_head_rel", "hukou_div", "hukou_addr", "address", "phone", "abo_code", "rh_code",
    "card_no", "social_card_no", "health_card_no", "person_class", "person_status", "vital_status", "death_date", "death_grade",
    "county6", "resident_flag", "source_cnt", "first_seen", "last_seen",
)  # fmt: skip


def survivorship() -> dict[str, tuple[str, ...]]:
    """Field -> `source.column`, most trustworthy first."""
    return priorities(Path(__file__).with_name("survivorship.yaml"))


def persons(link: DataFrame) -> DataFrame:
    """One row per person: number, best name, number of source tables, first and last business date."""
    known = {table: source.order for table, source in sources().items()}
    order = F.coalesce(looked_up(known, F.col("source_table")), F.lit(max(known.values()) + 1))
    return (
        link.where(F.col("person_uid").isNotNull())
        .groupBy("person_uid")
        .agg(
            # an archive in conflict carries somebody else's number: it is not the number of its own person
            F.max(F.when(F.col("match").isin("M1", "M1B"), F.col("id_no"))).alias("id_no"),
            of_first(by_order(F.col("name"), order), F.col("name")).alias("best_name"),
            source_count(tuple(sources())).alias("source_cnt"),
            F.bool_or(F.col("source_table") == TABLES["resident"]).alias("in_police"),
            F.min("_business_date").alias("first_seen"),
            F.max("_business_date").alias("last_seen"),
        )
        .withColumn("name", value_of("best_name", 0, 1))
    )


def newest_row(source: str, frame: DataFrame, link: DataFrame) -> DataFrame:
    """Per person the newest row of a source, its columns as `<source>_<column>`. A birth after the extract is none."""
    wanted = columns_of(source, survivorship())
    keyed = frame.withColumn("source_key", source_key(TABLES[source]))
    first = newest_rows(linked_records(link, TABLES[source], "person_uid"), keyed, "person_uid", VERSION[source])
    born = F.when(happened("birth_date", EXTRACT), F.col("birth_date"))
    return first.select("person_uid", *[(born if c == "birth_date" else F.col(c)).alias(f"{source}_{c}") for c in wanted])


def _candidate(path: str) -> Column:
    """The column behind `source.column`; an unknown county is no value."""
    source, column = path.split(".")
    derived = {
        "number.birth_date": identity.birth_of(F.col("id_no")),
        "number.sex_code": identity.sex_of(F.col("id_no")),
    }
    value = derived[path] if path in derived else F.col(f"{source}_{column}")
    return F.when(value != UNKNOWN_COUNTY, value) if column.endswith("_county") else value


def with_golden_values(frame: DataFrame) -> DataFrame:
    """Every field of survivorship.yaml by its priorities."""
    return frame.select("*", *[F.coalesce(*map(_candidate, priority)).alias(field) for field, priority in survivorship().items()])


def with_vital_status(frame: DataFrame, death: DataFrame) -> DataFrame:
    """2 dead (grade A or B), 3 conflict (seen alive after the stated death), else 1. Grade A or B only for the dead (domain rules H4)."""
    contradicted = F.size("life_evidence") > 0
    known = death.where(F.col("status") != "INVALID").select(
        "person_uid",
        F.when(F.col("status") == "CONFIRMED", F.col("death_date")).alias("death_date"),
        F.when(~contradicted | (F.col("grade") == "C"), F.col("grade")).alias("death_grade"),
        F.when(F.col("status") == "CONFIRMED", DEAD).when(contradicted, CONFLICT).otherwise(ALIVE).alias("known_status"),
    )
    return frame.transform(left_join_lookup, known, "person_uid").withColumn("vital_status", F.coalesce("known_status", F.lit(ALIVE)))


def residence_proofs(archive: DataFrame, visit: DataFrame, link: DataFrame, as_of: date) -> DataFrame:
    """Persons with an open archive and a visit to a doctor within twelve months: two proofs of residence (domain rules D1)."""
    since = F.add_months(F.lit(as_of), -RESIDENCE_MONTHS)

    def linked(source: str, rows: DataFrame) -> DataFrame:
        keys = rows.select(source_key(source).alias("source_key"))
        return semi_join(linked_records(link, source, "person_uid"), keys, ["source_key"]).select("person_uid")

    recent = visit.where(happened("visit_time", as_of, EXTRACT) & (F.to_date("visit_time") > since))
    seen = linked("health/outpatient_visit", recent).distinct()
    opened = linked("health/archive", archive.where(F.col("status") == "0"))
    return semi_join(opened, seen, ["person_uid"]).distinct().withColumn("lives_here", F.lit(True))


@lake_asset(
    "base/population/person",
    unit=units(person="person_uid"),
    touch={
        "link": own(person="person_uid"),
        "death": own(person="person_uid"),
        **{argument: of_linked_person(source, narrows=False) for argument, source in TABLES.items()},
        "visit": of_linked_person(
            "health/outpatient_visit", turns=(Turn("visit_time"), Turn("visit_time", months=RESIDENCE_MONTHS)), narrows=False
        ),
    },
    spread=6,
)
def person(
    link: DataFrame = table("base/population/source_link"),
    death: DataFrame = table("base/population/death"),
    resident: DataFrame = cleansed("public_security/resident", optional=True),
    archive: DataFrame = cleansed("health/archive", optional=True),
    card: DataFrame = cleansed("citizen_card/card", optional=True),
    visit: DataFrame = cleansed("health/outpatient_visit", optional=True),
    as_of: date = AS_OF,
    pseudonym: Callable[[Column], Column] = PSEUDONYM,
    checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT,
) -> DataFrame:
    """One row per golden person, key person_uid, columns PERSON.

    person_class: H in the police register, else U. vital_status: 1 alive, 2 dead, 3 conflict. county6: county of the hukou,
    else of the archive, 321000 when neither is known. resident_flag: alive, and in the register without having moved out or
    been cancelled, or two proofs of residence (open archive, visit within a year).
    """
    rows = {"resident": resident, "archive": archive, "card": card}
    many = 1 + link.count() // LINKS_AT_ONCE
    links = [hash_bucket(link, "person_uid", n, many) for n in range(many)]
    return union_materialized([_golden(mine, death, rows, visit, as_of, pseudonym, checkpoint) for mine in links], checkpoint)


def _golden(
    link: DataFrame,
    death: DataFrame,
    rows: dict[str, DataFrame],
    visit: DataFrame,
    as_of: date,
    pseudonym: Callable[[Column], Column],
    checkpoint: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """The persons of the links."""
    frame = persons(link).transform(left_join_lookup, newest_row("resident", rows["resident"], link), "person_uid").transform(checkpoint)
    for source in ("archive", "card"):
        frame = frame.transform(left_join_lookup, newest_row(source, rows[source], link), "person_uid")
    registered = F.col("in_police") & ~F.coalesce(F.col("person_status"), F.lit("0")).isin(*GONE)
    lives_here = F.coalesce(F.col("lives_here"), F.lit(False))
    hashed = F.when(F.col("id_no").isNotNull(), pseudonym(F.concat(F.lit("RID:"), F.col("id_no"))))
    return (
        frame.transform(with_golden_values)
        .transform(with_vital_status, death)
        .transform(left_join_lookup, residence_proofs(rows["archive"], visit, link, as_of), "person_uid")
        .withColumn("person_class", F.when(F.col("in_police"), "H").otherwise("U"))
        .withColumn("county6", F.coalesce("county6", F.lit(UNKNOWN_COUNTY)))
        .withColumn("resident_flag", (F.col("vital_status") != DEAD) & (registered | lives_here))
        .withColumn("id_no_hash", hashed)
        .select(*PERSON)
    )
