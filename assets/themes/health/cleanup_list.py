"""What each institution has to do: one row per archive and rule, with the records that prove it.

Here: which records prove what. Not here: whether a rule hits (archive.py), actions (rules.yaml), how evidence is put to the hits
(`assets.rules`). The list is what departments get back.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.population.records import source_key
from assets.base.population.scored_match import is_clear
from assets.declare import cleansed, lake_asset, table
from assets.joins import semi_join
from assets.rules import proof, says, work_list
from assets.themes.health import survivor
from assets.themes.health.facts import same_words
from assets.themes.health.rules import RULES
from assets.themes.health.service import AFTER_DEATH, KINDS, NOT_IN_SERVICE, VISIT
from assets.touch import named, own, units, via
from standards.tables import looked_up

CLEANUP = ("mana_org", "ehr_no", "empi_id", "rule", "action", "automatic", "evidence", "county6", "person_uid")
KEPT = ("mana_org", "ehr_no", "empi_id", "county6", "person_uid")
RECORD = "archive_key"
POLICE = "public_security/resident"


def _of_archives(judged: DataFrame) -> DataFrame:
    return proof(judged, RECORD, F.lit(survivor.ARCHIVE), "archive_key", says("archive, state", "state"))


def _of_survivors(judged: DataFrame) -> DataFrame:
    kept = judged.select(
        F.col("archive_key").alias("kept_key"), F.col("_source_file").alias("_kept_file"), F.col("_row_no").alias("_kept_no")
    )
    losers = judged.withColumn("kept_key", F.concat_ws("|", "survivor_ehr_no", "survivor_empi_id")).where(
        F.col("kept_key") != F.col("archive_key")
    )
    rows = losers.drop("_source_file", "_row_no").join(kept, "kept_key")
    rows = rows.withColumnsRenamed({"_kept_file": "_source_file", "_kept_no": "_row_no"})
    return proof(rows, RECORD, F.lit(survivor.ARCHIVE), "kept_key", F.lit("survivor of the merge"))


def _of_namesakes(judged: DataFrame) -> DataFrame:
    other = judged.select("ehr_no", F.col("archive_key").alias("other_key"), "_source_file", "_row_no")
    rows = judged.where(F.array_contains("rules", "U2")).select("ehr_no", "archive_key").join(other, "ehr_no")
    others = rows.where(F.col("other_key") != F.col("archive_key"))
    return proof(others, RECORD, F.lit(survivor.ARCHIVE), "other_key", F.lit("same archive number"))


def _of_deaths(judged: DataFrame, death: DataFrame) -> DataFrame:
    """What states the death of the archive's person, the hints that are for review (X5) too."""
    stated = death.where(F.col("status").isin("CONFIRMED", "CANDIDATE")).select("person_uid", F.explode("sources").alias("s"))
    rows = judged.select("archive_key", "person_uid").join(stated.select("person_uid", "s.*"), "person_uid")
    return proof(rows, RECORD, "source_table", "source_key", says("death of grade", "grade", "death_date"))


def _of_life(judged: DataFrame, death: DataFrame) -> DataFrame:
    seen = death.select("person_uid", F.explode("life_evidence").alias("s"))
    rows = judged.select("archive_key", "person_uid").join(seen.select("person_uid", "s.*"), "person_uid")
    return proof(rows, RECORD, "source_table", "source_key", says("seen alive", "event_date"))


def _of_services(judged: DataFrame, service: DataFrame, flag: str, label: str) -> DataFrame:
    """The services of the archive with the flag."""
    flagged = service.where((F.col("service_kind") != VISIT) & F.array_contains("flags", flag))
    origin = looked_up({name: names["source_table"] for name, names in KINDS.items()}, F.col("service_kind"))
    events = flagged.select("ehr_no", "service_no", "service_date", origin.alias("source_table"), "_source_file", "_row_no")
    rows = judged.select("ehr_no", "archive_key").join(events, "ehr_no")
    return proof(rows, RECORD, "source_table", "service_no", says(label, "service_date"))


def _of_police(judged: DataFrame, link: DataFrame) -> DataFrame:
    """The police record that owns the number an archive carries under another name."""
    conflict = link.where((F.col("source_table") == survivor.ARCHIVE) & (F.col("match") == "ID_NAME_CONFLICT"))
    conflict = conflict.select(F.col("source_key").alias("archive_key"), "id_no")
    police = link.where((F.col("source_table") == POLICE) & F.col("id_no").isNotNull())
    police = police.select("id_no", "source_table", "source_key", "_source_file", "_row_no")
    rows = judged.select("archive_key").join(conflict, "archive_key").join(police, "id_no")
    return proof(rows, RECORD, "source_table", "source_key", F.lit("owner of the number"))


def _of_alike(judged: DataFrame, delivered: DataFrame) -> DataFrame:
    """The open archives of the same name, birth, sex and phone (U3)."""
    keyed = delivered.withColumn(RECORD, source_key(survivor.ARCHIVE)).withColumn("same_words", same_words())
    mine = semi_join(keyed, judged.where(F.array_contains("rules", "U3")).select(RECORD), [RECORD]).select(RECORD, "same_words")
    others = keyed.where(survivor.is_open()).select(F.col(RECORD).alias("other_key"), "same_words", "_source_file", "_row_no")
    rows = mine.join(others, "same_words").where(F.col("other_key") != F.col(RECORD))
    return proof(rows, RECORD, F.lit(survivor.ARCHIVE), "other_key", F.lit("same name, birth, sex and phone"))


def _probably() -> Column:
    return F.concat(F.lit("probably, score "), F.col("score").cast("string"), F.lit(": "), F.concat_ws(", ", "evidence"))


def _of_candidates(judged: DataFrame, scored: DataFrame, link: DataFrame) -> DataFrame:
    """The records in the police register of the persons that an archive without a usable number probably speaks of."""
    mine = scored.where(F.col("source_table") == survivor.ARCHIVE).select(
        F.col("source_key").alias(RECORD), "candidate_uid", _probably().alias("fact")
    )
    rows = semi_join(mine, judged.select(RECORD), [RECORD]).withColumnRenamed("candidate_uid", "person_uid")
    known = link.where(F.col("source_table") == POLICE).select("person_uid", "source_table", "source_key", "_source_file", "_row_no")
    return proof(rows.join(known, "person_uid"), RECORD, "source_table", "source_key", F.col("fact"))


def _of_death_records(judged: DataFrame, scored: DataFrame, death: DataFrame) -> DataFrame:
    """What states a death that is probably the archive's (X6): of the person it probably speaks of, or without a usable number."""
    of_archive = (F.col("source_table") == survivor.ARCHIVE) & is_clear()
    theirs = scored.where(of_archive).select(F.col("source_key").alias(RECORD), F.col("candidate_uid").alias("person_uid"))
    known = _of_deaths(semi_join(theirs, judged.where(F.array_contains("rules", "X6")).select(RECORD), [RECORD]), death)
    stated = scored.where((F.col("source_table") != survivor.ARCHIVE) & is_clear()).withColumnRenamed("candidate_uid", "person_uid")
    rows = judged.where(F.array_contains("rules", "X6")).select(RECORD, "person_uid").join(stated, "person_uid")
    return known.unionByName(proof(rows, RECORD, "source_table", "source_key", _probably()))


def _of_archive() -> Column:
    """The units of an archive: its number, and that of the archive it would be merged into."""
    return F.array_distinct(named(*[F.concat(F.lit("number:"), c) for c in ("ehr_no", "survivor_ehr_no")]))


def _of_record() -> Column:
    """The unit of an archive's link, or of its candidate: the number of the archive."""
    return named(survivor.number_unit())


@lake_asset(
    "themes/health/cleanup_list",
    unit=units(number="ehr_no"),
    touch={
        "archive": own(_of_archive),
        "service": own(number="ehr_no"),
        "death": (
            via("archive", on=("person_uid",), to=("person_uid",), number="ehr_no", narrows=False),
            via("scored", on=("person_uid",), to=("candidate_uid",), made=_of_record, narrows=False),
        ),
        "link": (
            via("link", on=("id_no",), to=("id_no",), made=_of_record, narrows=False),
            via("scored", on=("person_uid",), to=("candidate_uid",), made=_of_record, narrows=False),
        ),
        "delivered": own(number="ehr_no", alike=same_words),
        "scored": (
            own(_of_record, narrows=False),
            via("archive", on=("candidate_uid",), to=("person_uid",), number="ehr_no", narrows=False),
        ),
    },
    whole_above=0.001,  # made whole it takes half of the time
    spread=150,
)
def cleanup_list(
    archive: DataFrame = table("themes/health/archive"),
    service: DataFrame = table("themes/health/service", optional=True),
    death: DataFrame = table("base/population/death"),
    link: DataFrame = table("base/population/source_link"),
    delivered: DataFrame = cleansed("health/archive"),
    scored: DataFrame = table("base/population/scored_match"),
) -> DataFrame:
    """One row per archive and rule that hits, key (ehr_no, empi_id, rule), columns CLEANUP.

    evidence: a few records, sorted by table and key. automatic: the lake proposes the action as decided.
    """
    everything = archive.withColumn(RECORD, F.concat_ws("|", "ehr_no", "empi_id"))
    judged = everything.where(F.size("rules") > 0)
    proofs = {
        "archive": _of_archives(judged),
        "survivor": _of_survivors(everything),
        "namesake": _of_namesakes(everything),
        "death": _of_deaths(judged, death),
        "life": _of_life(judged, death),
        "after_death": _of_services(judged, service, AFTER_DEATH, "service after the death"),
        "not_in_service": _of_services(judged, service, NOT_IN_SERVICE, "entered by an account not in service"),
        "police": _of_police(judged, link),
        "alike": _of_alike(judged, delivered),
        "candidate": _of_candidates(judged, scored, link),
        "death_record": _of_death_records(judged, scored, death),
    }
    return work_list(judged, RULES, proofs, RECORD, KEPT).select(*CLEANUP)
