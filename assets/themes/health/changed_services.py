"""The services of which a night may say something new, and no others.

Here: which those are. What a service says follows from its record, the staff who made it, the death of its person and, when it was
given by an archive number, from the archives that have the number and from which of a person's archives survives; so the services of
all archives of a person are looked at together, beside all that the election of these archives looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.base.population.records import source_key
from assets.declare import Changes, Update, update_of
from assets.lookup import only, unlike
from assets.themes.health import survivor
from assets.themes.health.service import EXAM, FOLLOWUP, KINDS, VISIT, service

GIVEN = {"examination": EXAM, "followup": FOLLOWUP}
"""The arguments of `service` that are given by an archive number, and their kinds."""
VISITS = KINDS[VISIT]["source_table"]
NUMBER, PERSON, RECORD = ["ehr_no"], ["person_uid"], ["source_key"]


def _any(*rows: DataFrame) -> DataFrame:
    """The rows of all, each once, but for those with a NULL."""
    return reduce(DataFrame.unionByName, [r.dropna() for r in rows]).distinct()


def _others(changes: Changes, argument: str, key: Sequence[str], *said: str) -> DataFrame:
    """The keys of the rows of an input that say something else of some columns than before, or are new or gone."""
    came, was = (rows[argument].select(*key, *said) for rows in (changes.came, changes.was))
    return unlike(came, was, key).select(*key).unionByName(unlike(was, came, key).select(*key))


def _by_staff(rows: DataFrame, staff: DataFrame, *columns: str) -> DataFrame:
    """The rows that one of the staff has made, by any of these columns."""
    found = [only(rows, staff.select(F.col("licence_no").alias(c)), [c]) for c in columns if c in rows.columns]
    return reduce(DataFrame.unionByName, found)


@update_of("themes/health/service")
def changed_services(changes: Changes, as_of: date, checkpoint: Callable[[DataFrame], DataFrame], **inputs: DataFrame) -> Update:
    """The services whose record, staff, person or archives have changed, and all others that share a person's archives with them."""
    given, visit, link = {name: inputs[name] for name in GIVEN}, inputs["visit"], inputs["link"]
    links = checkpoint(_others(changes, "link", ("source_table", "source_key"), "person_uid", "match", "match_reason").distinct())
    dead = _others(changes, "death", PERSON, "status", "death_date")
    staff = checkpoint(_any(_others(changes, "staff", ("licence_no",), "org_code", "start_date", "leave_date")))

    of_visits = link.where(F.col("source_table") == VISITS).select(*RECORD, *PERSON)
    delivered = [rows["visit"].select(source_key(VISITS).alias("source_key")) for rows in (changes.came, changes.was)]
    by_staff = _by_staff(visit, staff, "dr_code", "input_user").select(source_key(VISITS).alias("source_key"))
    seen = only(of_visits, _any(dead), PERSON).select(*RECORD)
    linked = links.where(F.col("source_table") == VISITS).select(*RECORD)
    visits = checkpoint(_any(*delivered, by_staff, seen, linked))

    archives = inputs["archive"].select(*NUMBER, source_key(survivor.ARCHIVE).alias("source_key"))
    mine = link.where(F.col("source_table") == survivor.ARCHIVE).select(*RECORD, *PERSON)
    whose = checkpoint(archives.join(mine, RECORD, "left"))
    moved = links.where(F.col("source_table") == survivor.ARCHIVE).select(*RECORD)
    was = only(changes.was["link"].where(F.col("source_table") == survivor.ARCHIVE), moved, RECORD).select(*PERSON)
    told = [rows[name].select(*NUMBER) for rows in (changes.came, changes.was) for name in GIVEN]
    earlier, later = sorted((changes.since, as_of))
    for name, rows in given.items():
        on = F.col(KINDS[GIVEN[name]]["service_date"])
        told.append(rows.where((on > F.lit(earlier)) & (on <= F.lit(later))).select(*NUMBER))
        told.append(_by_staff(rows, staff, "doctor", "input_user").select(*NUMBER))
    delivered_anew = _others(changes, "archive", ("ehr_no", "empi_id"), *survivor.DELIVERED[2:]).select(*NUMBER)
    at_home = _others(changes, "person", PERSON, "hukou_div")
    numbers = checkpoint(_any(*told, delivered_anew, only(whose, moved, RECORD).select(*NUMBER)))
    persons = checkpoint(_any(was, dead, at_home, only(whose, numbers, NUMBER).select(*PERSON)))
    touched = checkpoint(_any(numbers, only(whose, persons, PERSON).select(*NUMBER)))

    beside = _any(only(whose, touched, NUMBER).select(*PERSON))
    kept = checkpoint(_any(only(whose, touched, NUMBER).select(*NUMBER, *RECORD), only(whose, beside, PERSON).select(*NUMBER, *RECORD)))
    wanted = checkpoint(_any(touched, kept.select(*NUMBER)))
    records = {name: only(rows, wanted, NUMBER).unionByName(rows.where(F.col("ehr_no").isNull())) for name, rows in given.items()}
    of_archives = only(link.where(F.col("source_table") == survivor.ARCHIVE), kept, RECORD)
    made = service(
        **records,
        visit=only(visit.withColumn("source_key", source_key(VISITS)), visits, RECORD).drop("source_key"),
        archive=only(inputs["archive"].withColumn("source_key", source_key(survivor.ARCHIVE)), kept, RECORD).drop("source_key"),
        link=checkpoint(of_archives.unionByName(only(link.where(F.col("source_table") == VISITS), visits, RECORD))),
        staff=inputs["staff"], person=inputs["person"], death=inputs["death"], as_of=as_of, checkpoint=checkpoint,
    )  # fmt: skip
    made = checkpoint(made)
    unnumbered = made.where((F.col("service_kind") == VISIT) | F.col("ehr_no").isNull())
    return Update(_keys(changes), unnumbered.unionByName(only(made.where(F.col("service_kind") != VISIT), touched, NUMBER)))


def _keys(changes: Changes) -> DataFrame:
    """Of the services that were delivered before, and are perhaps no more."""
    numbers = {name: F.col(KINDS[kind]["service_no"]) for name, kind in GIVEN.items()} | {"visit": source_key(VISITS)}
    kinds = {**GIVEN, "visit": VISIT}
    gone = [changes.was[n].select(F.lit(kinds[n]).alias("service_kind"), no.alias("service_no")) for n, no in numbers.items()]
    return reduce(DataFrame.unionByName, gone)
