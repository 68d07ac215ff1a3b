"""What is known about one archive: everything the rules look at, one row per archive.

Here: joins and sums. Not here: what they mean (rules.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.population.death import INVALID
from assets.base.population.records import sources
from assets.base.population.scored_match import LINK, is_clear
from assets.base.population.source_link import M1B
from assets.dates import EXTRACT, happened
from assets.joins import left_join_lookup, semi_join, split_unique_keys
from assets.linkage import source_count
from assets.themes.health import survivor
from assets.themes.health.service import AFTER_DEATH, NOT_IN_SERVICE, VISIT, took_place

FACTS = (
    "ehr_no", "empi_id", "archive_key", "person_uid", "match", "match_reason", "is_sure", "open", "as_of", "id_no", "id_error",
    "codes", "create_date", "created_on", "cancel_reason", "cancel_date", "mana_org", "county6", "is_survivor", "same_form",
    "other_form", "survivor_ehr_no", "survivor_empi_id", "merged_from", "number_on_two_persons", "number_in_police",
    "other_sources", "death_date", "death_grade", "edited_hint", "seen_alive",
    "is_found", "is_probably_dead", "same_words", "service_count", "not_in_service_count",
    "after_death_count", "last_event_date", "last_visit_date", "event_count", "_source_file", "_row_no", "_batch_id", EXTRACT,
)  # fmt: skip
DELIVERED = (
    "ehr_no", "empi_id", "status", "id_no", "id_no_error", "village_code12", "village_county", "create_date", "input_time",
    "cancel_reason", "cancel_date", "mana_org", "name_key", "birth_date", "sex_code", "phone", "_codes", "_source_file", "_row_no",
    "_batch_id", EXTRACT,
)  # fmt: skip
"""The columns of health/archive that count."""
COUNTS = ("service_count", "not_in_service_count", "after_death_count", "event_count", "same_form", "other_form", "other_sources")


def _count(condition: Column) -> Column:
    return F.sum(F.when(condition, 1).otherwise(0))


def services_of_numbers(service: DataFrame) -> DataFrame:
    """Per archive number: its own services, the flagged ones among them, and the last of its own or of those moved to it."""
    given = service.where(F.col("service_kind") != VISIT)
    own = given.groupBy("ehr_no").agg(
        F.count(F.lit(1)).alias("service_count"),
        _count(F.array_contains("flags", NOT_IN_SERVICE)).alias("not_in_service_count"),
        _count(F.array_contains("flags", AFTER_DEATH)).alias("after_death_count"),
        F.max("service_date").alias("last_own_date"),
    )
    moved = given.where(F.col("survivor_ehr_no") != F.col("ehr_no")).groupBy(F.col("survivor_ehr_no").alias("ehr_no"))
    return own.join(moved.agg(F.count(F.lit(1)).alias("moved_count"), F.max("service_date").alias("last_moved_date")), "ehr_no", "full")


def visits_of_persons(service: DataFrame) -> DataFrame:
    """Per person: number and last date of the visits."""
    visits = service.where((F.col("service_kind") == VISIT) & F.col("person_uid").isNotNull())
    return visits.groupBy("person_uid").agg(F.count(F.lit(1)).alias("visit_count"), F.max("service_date").alias("last_visit_date"))


def known_numbers(link: DataFrame) -> DataFrame:
    """Per valid number: how many other sources have it (rule F2), and whether the police does (rule F3)."""
    elsewhere = link.where(F.col("id_no").isNotNull() & (F.col("source_table") != survivor.ARCHIVE))
    police = F.bool_or(F.col("source_table") == "public_security/resident")
    return elsewhere.groupBy("id_no").agg(source_count(tuple(sources())).alias("other_sources"), police.alias("number_in_police"))


def deaths(death: DataFrame) -> DataFrame:
    """Per person the confirmed death (grade A or B), and whether anybody saw them alive after a stated one."""
    confirmed = F.col("status") == "CONFIRMED"
    return death.select(
        "person_uid",
        F.when(confirmed, F.col("death_date")).alias("death_date"),
        F.when(confirmed, F.col("grade")).alias("death_grade"),
        (F.size("life_evidence") > 0).alias("seen_alive"),
    )


def edited_hints(death: DataFrame, link: DataFrame) -> DataFrame:
    """The persons who are dead by hints only (grade C), one of them under their own number and a name one character off."""
    stated = death.where(F.col("status") == "CANDIDATE").select("person_uid", F.explode("sources").alias("s"))
    hints = stated.where(~F.col("s.date_kind").isin(*INVALID.values())).select("person_uid", "s.source_table", "s.source_key")
    edited = link.where((F.col("match") == M1B) & (F.col("match_reason") == "ONE_EDIT")).select("source_table", "source_key")
    return hints.join(edited, ["source_table", "source_key"]).select("person_uid").distinct().withColumn("edited_hint", F.lit(True))


def found_persons(scored: DataFrame, death: DataFrame) -> DataFrame:
    """Per archive without a usable number what its best candidate makes of it: a person is found, and it is dead (grade A or B)."""
    mine = scored.where((F.col("source_table") == survivor.ARCHIVE) & is_clear())
    dead = (
        deaths(death).where(F.col("death_date").isNotNull()).select(F.col("person_uid").alias("candidate_uid"), F.lit(True).alias("dead"))
    )
    return mine.transform(left_join_lookup, dead, "candidate_uid").select(
        F.col("source_key").alias("archive_key"), (F.col("decision") == LINK).alias("is_found"), F.col("dead").alias("is_candidate_dead")
    )


def stated_dead(scored: DataFrame) -> DataFrame:
    """The persons of whom a statement of death without a usable number probably speaks."""
    stated = scored.where((F.col("source_table") != survivor.ARCHIVE) & is_clear())
    return stated.select(F.col("candidate_uid").alias("person_uid"), F.lit(True).alias("is_stated_dead")).distinct()


def same_words() -> Column:
    """What two archives of one person have in common (rule U3): name, birth, sex and phone in one text; NULL when one is missing."""
    return F.concat("name_key", F.lit("|"), F.col("birth_date").cast("string"), F.lit("|"), "sex_code", F.lit("|"), "phone")


def namesakes(archives: DataFrame) -> DataFrame:
    """The open archives without a valid number that another open one has all words in common with (U3): archive_key and the words."""
    worded = archives.where(survivor.is_open()).withColumn("same_words", same_words()).where(F.col("same_words").isNotNull())
    unnumbered = worded.where(F.col("id_no").isNull())
    alike = semi_join(worded.select("same_words"), unnumbered.select("same_words").distinct(), ["same_words"])
    several = alike.groupBy("same_words").agg(F.count(F.lit(1)).alias("n")).where(F.col("n") > 1).select("same_words")
    return semi_join(unnumbered.select("archive_key", "same_words"), several, ["same_words"])


def shared_numbers(archives: DataFrame) -> DataFrame:
    """The archive numbers that stand on two persons (U2)."""
    persons = (
        split_unique_keys(archives, ["ehr_no"])[1]
        .groupBy("ehr_no")
        .agg(F.min("person_uid").alias("one"), F.max("person_uid").alias("other"))
    )
    return persons.where(F.col("one") != F.col("other")).select("ehr_no", F.lit(True).alias("number_on_two_persons"))


def created_on() -> Column:
    """The day an archive was created: as it says, else when it was entered; never after the extract."""
    days = {name: F.when(happened(name, EXTRACT), F.to_date(name)) for name in ("create_date", "input_time")}
    return F.coalesce(*days.values())


def facts(
    archive: DataFrame,
    link: DataFrame,
    person: DataFrame,
    death: DataFrame,
    service: DataFrame,
    scored: DataFrame,
    as_of: date,
    checkpoint: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """One row per row of health/archive, columns FACTS. Services that have not happened yet do not exist."""
    past = service.where(took_place())
    linked = survivor.linked(archive.select(*DELIVERED), link)
    archives = checkpoint(linked.transform(left_join_lookup, known_numbers(link), "id_no"))
    groups = survivor.elect(archives, person, past, checkpoint)
    joined = (
        archives.transform(left_join_lookup, groups, ["ehr_no", "empi_id"])
        .transform(left_join_lookup, shared_numbers(archives), "ehr_no")
        .transform(left_join_lookup, deaths(death), "person_uid")
        .transform(left_join_lookup, edited_hints(death, link), "person_uid")
        .transform(left_join_lookup, found_persons(scored, death), "archive_key")
        .transform(left_join_lookup, stated_dead(scored), "person_uid")
        .transform(left_join_lookup, namesakes(archives), "archive_key")
        .transform(left_join_lookup, services_of_numbers(past), "ehr_no")
        .transform(left_join_lookup, visits_of_persons(past), "person_uid")
    )
    event_count = sum((F.coalesce(F.col(c), F.lit(0)) for c in ("moved_count", "visit_count")), F.coalesce("service_count", F.lit(0)))
    derived = (
        joined.withColumn("event_count", event_count)
        .withColumn("last_event_date", F.greatest("last_own_date", "last_moved_date", "last_visit_date"))
        .withColumn("open", survivor.is_open())
        .withColumn("as_of", F.lit(as_of))
        .withColumn("created_on", created_on())
        .withColumn("is_survivor", F.coalesce("is_survivor", F.lit(True)))
        .withColumn("survivor_ehr_no", F.coalesce("survivor_ehr_no", "ehr_no"))
        .withColumn("survivor_empi_id", F.coalesce("survivor_empi_id", "empi_id"))
        .withColumn("merged_from", F.coalesce("merged_from", F.array().cast("array<string>")))
        .withColumn("number_in_police", F.coalesce("number_in_police", F.lit(False)))
        .withColumn("number_on_two_persons", F.coalesce("number_on_two_persons", F.lit(False)))
        .withColumn("edited_hint", F.coalesce("edited_hint", F.lit(False)))
        .withColumn("seen_alive", F.coalesce("seen_alive", F.lit(False)))
        .withColumn("is_found", F.coalesce("is_found", F.lit(False)))
        .withColumn("is_probably_dead", F.coalesce("is_candidate_dead", "is_stated_dead", F.lit(False)))
        .withColumn("codes", F.col("_codes"))
        .withColumn("id_error", F.col("id_no_error"))
        .withColumn("county6", F.coalesce("village_county", F.lit("321000")))
        .withColumn("_row_no", F.col("_row_no").cast("bigint"))
    )
    return derived.fillna(0, list(COUNTS)).select(*FACTS)
