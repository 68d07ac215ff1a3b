"""The services of which a night may say something new, and no others.

Here: which those are. What a service says follows from its record, the staff who made it, the death of its person and, when it was
given by an archive number, from the archives that have the number and from which of a person's archives survives; so the services of
all archives of a person are looked at together, beside all that the election of these archives looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.base.population.changed_links import KEY
from assets.base.population.records import source_key
from assets.declare import Changes, Update, update_of
from assets.joins import changed_rows, distinct_keys, semi_join
from assets.themes.health import survivor
from assets.themes.health.service import EXAM, FOLLOWUP, KINDS, VISIT, service

GIVEN = {"examination": EXAM, "followup": FOLLOWUP}
"""The arguments of `service` that are given by an archive number, and their kinds."""
VISITS = KINDS[VISIT]["source_table"]
NUMBER, PERSON, RECORD = ["ehr_no"], ["person_uid"], ["source_key"]


def _others(changes: Changes, argument: str, key: Sequence[str], *said: str) -> DataFrame:
    """The keys of the rows of an input that say something else of some columns than before, or are new or gone."""
    came, was = (rows[argument].select(*key, *said) for rows in (changes.came, changes.was))
    return changed_rows(came, was, key).select(*key).unionByName(changed_rows(was, came, key).select(*key))


def _by_staff(rows: DataFrame, staff: DataFrame, *columns: str) -> DataFrame:
    """The rows that one of the staff has made, by any of these columns."""
    found = [semi_join(rows, staff.select(F.col("licence_no").alias(c)), [c]) for c in columns if c in rows.columns]
    return reduce(DataFrame.unionByName, found)


@update_of("themes/health/service")
def changed_services(changes: Changes, as_of: date, checkpoint: Callable[[DataFrame], DataFrame], **inputs: DataFrame) -> Update:
    """The services whose record, staff, person or archives have changed, and all others that share a person's archives with them."""
    links = checkpoint(_others(changes, "link", KEY, "person_uid", "match", "match_reason").distinct())
    staff = checkpoint(distinct_keys(_others(changes, "staff", ("licence_no",), "org_code", "start_date", "leave_date")))
    dead = checkpoint(distinct_keys(_others(changes, "death", PERSON, "status", "death_date")))
    archives = inputs["archive"].select(*NUMBER, source_key(survivor.ARCHIVE).alias("source_key"))
    whose = checkpoint(archives.join(_of(inputs["link"], survivor.ARCHIVE).select(*RECORD, *PERSON), RECORD, "left"))
    visits = checkpoint(_visits(changes, inputs, links, staff, dead))
    touched = checkpoint(_numbers(changes, inputs, links, staff, dead, whose, as_of, checkpoint))

    beside = distinct_keys(semi_join(whose, touched, NUMBER).select(*PERSON))
    kept = [semi_join(whose, keys, by).select(*NUMBER, *RECORD) for keys, by in ((touched, NUMBER), (beside, PERSON))]
    kept_archives = checkpoint(distinct_keys(*kept))
    wanted = checkpoint(distinct_keys(touched, kept_archives.select(*NUMBER)))
    given = {name: semi_join(inputs[name], wanted, NUMBER).unionByName(inputs[name].where(F.col("ehr_no").isNull())) for name in GIVEN}
    mine = [semi_join(_of(inputs["link"], table), keys, RECORD) for table, keys in ((survivor.ARCHIVE, kept_archives), (VISITS, visits))]
    narrowed = {
        **inputs, **given, "link": checkpoint(reduce(DataFrame.unionByName, mine)),
        "visit": _of_keys(inputs["visit"], VISITS, visits), "archive": _of_keys(inputs["archive"], survivor.ARCHIVE, kept_archives),
    }  # fmt: skip
    made = checkpoint(service(**narrowed, as_of=as_of, checkpoint=checkpoint))
    unnumbered = made.where((F.col("service_kind") == VISIT) | F.col("ehr_no").isNull())
    return Update(_keys(changes), unnumbered.unionByName(semi_join(made.where(F.col("service_kind") != VISIT), touched, NUMBER)))


def _of(link: DataFrame, table: str) -> DataFrame:
    return link.where(F.col("source_table") == table)


def _of_keys(rows: DataFrame, table: str, keys: DataFrame) -> DataFrame:
    """The rows of a table that have one of the keys of records."""
    return semi_join(rows.withColumn("source_key", source_key(table)), keys, RECORD).drop("source_key")


def _visits(changes: Changes, inputs: Mapping[str, DataFrame], links: DataFrame, staff: DataFrame, dead: DataFrame) -> DataFrame:
    """The visits that may be other ones: delivered, linked to another person, by staff or of a death of which something else is said."""
    delivered = [rows["visit"].select(source_key(VISITS).alias("source_key")) for rows in (changes.came, changes.was)]
    by_staff = _by_staff(inputs["visit"], staff, "dr_code", "input_user").select(source_key(VISITS).alias("source_key"))
    seen = semi_join(_of(inputs["link"], VISITS), dead, PERSON).select(*RECORD)
    return distinct_keys(*delivered, by_staff, seen, _of(links, VISITS).select(*RECORD))


def _numbers(
    changes: Changes, inputs: Mapping[str, DataFrame], links: DataFrame, staff: DataFrame, dead: DataFrame, whose: DataFrame,
    as_of: date, checkpoint: Callable[[DataFrame], DataFrame],
) -> DataFrame:  # fmt: skip
    """The archive numbers whose services may be other ones: of archives and services that have changed or that the date makes count, and
    all numbers of the persons of these. whose: number, key and person of every archive."""
    moved = _of(links, survivor.ARCHIVE).select(*RECORD)
    told = [rows[name].select(*NUMBER) for rows in (changes.came, changes.was) for name in GIVEN]
    earlier, later = sorted((changes.since, as_of))
    for name, kind in GIVEN.items():
        on = F.col(KINDS[kind]["service_date"])
        told.append(inputs[name].where((on > F.lit(earlier)) & (on <= F.lit(later))).select(*NUMBER))
        told.append(_by_staff(inputs[name], staff, "doctor", "input_user").select(*NUMBER))
    delivered = _others(changes, "archive", ("ehr_no", "empi_id"), *survivor.DELIVERED[2:]).select(*NUMBER)
    numbers = checkpoint(distinct_keys(*told, delivered, semi_join(whose, moved, RECORD).select(*NUMBER)))
    was = semi_join(_of(changes.was["link"], survivor.ARCHIVE), moved, RECORD).select(*PERSON)
    at_home = _others(changes, "person", PERSON, "hukou_div")
    persons = checkpoint(distinct_keys(was, dead, at_home, semi_join(whose, numbers, NUMBER).select(*PERSON)))
    return distinct_keys(numbers, semi_join(whose, persons, PERSON).select(*NUMBER))


def _keys(changes: Changes) -> DataFrame:
    """Of the services that were delivered before, and are perhaps no more."""
    numbers = {name: F.col(KINDS[kind]["service_no"]) for name, kind in GIVEN.items()} | {"visit": source_key(VISITS)}
    kinds = {**GIVEN, "visit": VISIT}
    gone = [changes.was[n].select(F.lit(kinds[n]).alias("service_kind"), no.alias("service_no")) for n, no in numbers.items()]
    return reduce(DataFrame.unionByName, gone)
