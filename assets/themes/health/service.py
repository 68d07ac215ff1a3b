"""Every service: examinations, follow-ups, visits, whose they are, and what is wrong with them (domain rules C5: X2, F8).

Here: one shape for all services, their person, flags on the single event, the archive they move to in a merge. Not here:
what the flags say about the archive (rules.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.population.records import of_linked_person, source_key
from assets.dates import EXTRACT, happened
from assets.declare import AS_OF, CHECKPOINT, cleansed, lake_asset, table
from assets.joins import hash_bucket, left_join_lookup, split_unique_keys, union_materialized
from assets.themes.health import survivor
from assets.touch import Cell, Path, Turn, Units, cell, named, own, units, via

EXAM, FOLLOWUP, VISIT = "EXAM", "FOLLOWUP", "VISIT"
VISITS_AT_ONCE = 4_000_000
AFTER_DEATH, NOT_IN_SERVICE, AMBIGUOUS, ORPHAN, FUTURE = "AFTER_DEATH", "F8", "AMBIGUOUS_ARCHIVE", "NO_ARCHIVE", "FUTURE"
SHAPE = {
    "service_no": "string", "ehr_no": "string", "service_date": "date", "org_code": "string", "doctor": "string",
    "way_code": "string", "class_code": "string", "sbp": "int", "dbp": "int", "input_user": "string", "input_time": "timestamp_ntz",
}  # fmt: skip
KINDS = {
    EXAM: {"service_no": "exam_no", "service_date": "exam_date", "source_table": "health/examination"},
    FOLLOWUP: {"service_no": "fu_no", "service_date": "fu_date", "source_table": "health/hypertension_followup"},
    VISIT: {"service_no": "source_key", "service_date": "visit_time", "doctor": "dr_code", "source_table": "health/outpatient_visit"},
}
"""Kind -> where the columns of SHAPE come from when they have another name there."""
SERVICE = (
    "service_kind", "service_no", "ehr_no", "archive_key", "person_uid", "service_date", "org_code", "doctor", "way_code",
    "class_code", "sbp", "dbp", "input_user", "input_time", "flags", "survivor_ehr_no", "_source_file", "_row_no", "_batch_id",
)  # fmt: skip


def took_place() -> Column:
    """Over `flags`: the service had happened by the night it was made for, and by its extract."""
    return ~F.array_contains("flags", FUTURE)


def _shaped(kind: str, frame: DataFrame) -> DataFrame:
    """SHAPE, of which the source has what it has, and EXTRACT."""
    names = KINDS[kind]

    def column(name: str, physical: str) -> Column:
        origin = names.get(name, name)
        return (F.col(origin) if origin in frame.columns else F.lit(None)).cast(physical).alias(name)

    return frame.select(
        F.lit(kind).alias("service_kind"),
        *[column(name, physical) for name, physical in SHAPE.items()],
        "_source_file",
        F.col("_row_no").cast("bigint").alias("_row_no"),
        "_batch_id",
        EXTRACT,
    )


def archives_by_number(archives: DataFrame) -> DataFrame:
    """Per archive number: its person and archive key; ambiguous when the number stands on two persons (U2)."""
    alone, together = split_unique_keys(archives, ["ehr_no"])
    grouped = (
        together.groupBy("ehr_no")
        .agg(
            F.min("archive_key").alias("archive_key"),
            F.min("person_uid").alias("person_uid"),
            F.coalesce(F.min("person_uid") != F.max("person_uid"), F.lit(False)).alias("ambiguous"),
        )
        .withColumn("archive_key", F.when(~F.col("ambiguous"), F.col("archive_key")))
        .withColumn("person_uid", F.when(~F.col("ambiguous"), F.col("person_uid")))
    )
    return alone.select("ehr_no", "archive_key", "person_uid", F.lit(False).alias("ambiguous")).unionByName(grouped)


def with_person(
    given: DataFrame, visit: DataFrame, archives: DataFrame, link: DataFrame, checkpoint: Callable[[DataFrame], DataFrame]
) -> DataFrame:
    """All services with their person: those `given` by the archive number, visits by their own link.

    The first are written down, and visits of a large city in parts, so that not all archives and the links of all visits are held at once.
    """
    visits = _shaped(VISIT, visit.withColumn("source_key", source_key("health/outpatient_visit")))
    mine = link.where(F.col("source_table") == "health/outpatient_visit").select(F.col("source_key").alias("service_no"), "person_uid")
    many = 1 + visit.count() // VISITS_AT_ONCE
    of = [(hash_bucket(visits, "service_no", n, many), hash_bucket(mine, "service_no", n, many)) for n in range(many)]
    seen = [left_join_lookup(rows, links, "service_no") for rows, links in of]
    nothing = {"archive_key": F.lit(None).cast("string"), "ambiguous": F.lit(False)}
    numbered = given.transform(left_join_lookup, archives_by_number(archives), "ehr_no")
    return union_materialized([numbered, *[rows.withColumns(nothing) for rows in seen]], checkpoint)


def with_staff(services: DataFrame, staff: DataFrame) -> DataFrame:
    """F8: the account that entered it belongs to somebody who had left, or who then worked for another institution.

    A follow-up does not say its institution: it is that of the doctor. The staff list is of today, so `another institution`
    counts only when the person had already begun there when the record was entered.
    """
    account = staff.select(
        F.col("licence_no").alias("input_user"), F.col("org_code").alias("account_org"), F.col("start_date").alias("account_from"),
        F.col("leave_date").alias("account_to"),
    )  # fmt: skip
    doctors = staff.select(F.col("licence_no").alias("doctor"), F.col("org_code").alias("doctor_org"))
    entered = F.when(happened("input_time", EXTRACT), F.to_date("input_time"))
    left = F.col("account_to") < entered
    began = F.coalesce(F.col("account_from") <= entered, F.lit(True))
    elsewhere = (F.col("account_org") != F.col("org_code")) & began
    flagged = F.coalesce(left, F.lit(False)) | F.coalesce(elsewhere, F.lit(False))
    return (
        services.transform(left_join_lookup, account, "input_user")
        .transform(left_join_lookup, doctors, "doctor")
        .withColumn("org_code", F.coalesce("org_code", F.when(F.col("service_kind") == FOLLOWUP, F.col("doctor_org"))))
        .withColumn("not_in_service", flagged)
    )


def with_flags(services: DataFrame, death: DataFrame, as_of: date) -> DataFrame:
    """AFTER_DEATH (X2: later than a death of grade A or B), F8, AMBIGUOUS_ARCHIVE, NO_ARCHIVE (no archive has the number), FUTURE
    (has not happened yet, so it is no service after a death either)."""
    past = happened("service_date", as_of, EXTRACT)
    dead = death.where(F.col("status") == "CONFIRMED").select("person_uid", F.col("death_date").alias("died"))
    joined = services.transform(left_join_lookup, dead, "person_uid")
    return joined.withColumn(
        "flags",
        F.array_compact(
            F.array(
                F.when(past & (F.col("service_date") > F.col("died")), AFTER_DEATH),
                F.when(F.col("not_in_service"), NOT_IN_SERVICE),
                F.when(F.coalesce(F.col("ambiguous"), F.lit(False)), AMBIGUOUS),
                F.when(F.col("ambiguous").isNull(), ORPHAN),
                F.when(~past, FUTURE),
            )
        ),
    )


def _unit(kind: Cell, service_no: Cell) -> Units:
    """The unit of a service: its archive number; of a visit, and of a service without a number, the service itself."""

    def made() -> Column:
        alone = F.concat(F.lit("service:"), cell(kind), F.lit("|"), cell(service_no))
        number = F.concat(F.lit("number:"), "ehr_no")
        return named(F.when(cell(kind) == VISIT, alone).otherwise(F.coalesce(number, alone)))

    return made


def _delivered(kind: str) -> Units:
    """The unit of a delivered service."""
    number: Cell = _visit_key if kind == VISIT else KINDS[kind]["service_no"]
    return units(service=(lambda: F.lit(VISIT), number)) if kind == VISIT else _unit(lambda: F.lit(kind), number)


def _visit_key() -> Column:
    return source_key(KINDS[VISIT]["source_table"])


def _linked() -> Column:
    """The units of a link: the person of an archive, the visit of a visit; other links say nothing of services."""
    source = F.col("source_table")
    person = F.when(source == survivor.ARCHIVE, F.concat(F.lit("person:"), "person_uid"))
    visit = F.when(source == KINDS[VISIT]["source_table"], F.concat(F.lit(f"service:{VISIT}|"), "source_key"))
    return named(person, visit)


def _made_by_staff(argument: str, kind: str, *columns: str) -> tuple[Path, ...]:
    """The paths from a member of staff to the services that name them in one of the columns. They connect nothing."""
    read = ("org_code", "start_date", "leave_date")
    return tuple(via(argument, on=("licence_no",), to=(c,), made=_delivered(kind), reads=read, narrows=False) for c in columns)


_STATES_A_DEATH = ("status", "death_date")


@lake_asset(
    "themes/health/service",
    unit=_unit("service_kind", "service_no"),
    touch={
        "examination": own(_delivered(EXAM), connects=False, turns=(Turn("exam_date"),)),
        "followup": own(_delivered(FOLLOWUP), connects=False, turns=(Turn("fu_date"),)),
        "visit": own(_delivered(VISIT), connects=False, turns=(Turn("visit_time"),)),
        "archive": (
            own(number="ehr_no", reads=("empi_id", *survivor.DELIVERED[2:])),
            of_linked_person(survivor.ARCHIVE, reads=("empi_id", *survivor.DELIVERED[2:])),
        ),
        "staff": (*_made_by_staff("examination", EXAM, "doctor", "input_user"),
                  *_made_by_staff("followup", FOLLOWUP, "doctor", "input_user"), *_made_by_staff("visit", VISIT, "dr_code")),
        "link": own(_linked, connects=False, reads=("person_uid", "match", "match_reason")),
        "person": own(person="person_uid", reads=("hukou_div",)),
        "death": (own(person="person_uid", reads=_STATES_A_DEATH, narrows=False),
                  via("link", on=("person_uid",), to=("person_uid",), made=_linked, reads=_STATES_A_DEATH, narrows=False)),
    },
    whole_above=0.001,  # made whole it takes two thirds of the time
    spread=4,
)  # fmt: skip
def service(
    examination: DataFrame = cleansed("health/examination", optional=True),
    followup: DataFrame = cleansed("health/hypertension_followup", optional=True),
    visit: DataFrame = cleansed("health/outpatient_visit", optional=True),
    archive: DataFrame = cleansed("health/archive"),
    staff: DataFrame = cleansed("health/staff", optional=True),
    link: DataFrame = table("base/population/source_link"),
    person: DataFrame = table("base/population/person"),
    death: DataFrame = table("base/population/death"),
    as_of: date = AS_OF,
    checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT,
) -> DataFrame:
    """One row per service, key (service_kind, service_no), columns SERVICE.

    Visits have no ehr_no: they belong to the person. archive_key and person_uid are NULL when the archive number is unknown
    or stands on two persons. survivor_ehr_no: where the service stands after the merges.
    """
    archives = checkpoint(survivor.linked(archive.select(*survivor.DELIVERED), link))
    given = _shaped(EXAM, examination).unionByName(_shaped(FOLLOWUP, followup))
    services = with_person(given, visit, archives, link, checkpoint)
    past = given.where(happened("service_date", as_of, EXTRACT))
    merged = survivor.elect(archives, person, past, checkpoint).where(~F.col("is_survivor"))
    merged = merged.select(F.concat_ws("|", "ehr_no", "empi_id").alias("archive_key"), "survivor_ehr_no")
    return (
        services.transform(with_staff, staff)
        .transform(with_flags, death, as_of)
        .transform(left_join_lookup, merged, "archive_key")
        .withColumn("survivor_ehr_no", F.coalesce("survivor_ehr_no", "ehr_no"))
        .select(*SERVICE)
    )
