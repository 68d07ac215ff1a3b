"""The archives of which a night may say something new, and no others.

Here: which those are. What is said of an archive follows from its record and link, from who else has its valid number, from the services
of its archive number, from the visits, the death and the other archives of its person, and from the date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.population.records import source_key
from assets.declare import Changes, Update, update_of
from assets.lookup import each_once, only, without
from assets.themes.health import survivor
from assets.themes.health.archive import archive
from assets.themes.health.facts import DELIVERED, created_on
from assets.themes.health.rules import defaults
from assets.themes.health.service import VISIT

KEY, NUMBER, PERSON, VALID, MOVED = ["archive_key"], ["ehr_no"], ["person_uid"], ["id_no"], ["survivor_ehr_no"]
LINK = ("source_table", "source_key")


@dataclass(frozen=True)
class Turning:
    """The two dates, the one that the table was made for and the one that it is made for, in their order."""

    earlier: date
    later: date

    def past(self, day: Column | str, months: int = 0, days: int = 0) -> Column:
        """Whether a day that lies so many months and days back is another one now: what counts from it may have begun or ended."""
        ends = [F.date_sub(F.add_months(F.lit(end), -months), days) for end in (self.earlier, self.later)]
        return (F.col(day) if isinstance(day, str) else day).between(*ends) & F.lit(self.earlier < self.later)


@update_of("themes/health/archive")
def changed_archives(changes: Changes, as_of: date, checkpoint: Callable[[DataFrame], DataFrame], **inputs: DataFrame) -> Update:
    """The archives whose record, link, number, services, person or other archives have changed, or of which a rule turns with the date."""
    turning = Turning(*sorted((changes.since, as_of)))
    whose = survivor.linked(inputs["delivered"].select("ehr_no", "empi_id", "id_no"), inputs["link"])
    whose = checkpoint(whose.select(*KEY, *NUMBER, *PERSON, *VALID))
    links = checkpoint(changes.otherwise("link", LINK, *PERSON, "match", "match_reason", *VALID))
    numbers = checkpoint(each_once(*_numbers(changes, turning, inputs, whose, links)))
    persons = checkpoint(each_once(*_persons(changes, turning, inputs, links), only(whose, numbers, NUMBER).select(*PERSON)))
    alone = each_once(*_alone(changes, turning, inputs, whose, links))
    found = ((alone, KEY), (numbers, NUMBER), (persons, PERSON))
    touched = checkpoint(each_once(*[only(whose, keys, by).select(*KEY) for keys, by in found]))

    mine = checkpoint(only(whose, touched, KEY))
    beside = ((mine, NUMBER), (mine, PERSON))
    archives = checkpoint(each_once(*[only(whose, each_once(keys.select(*by)), by).select(*KEY) for keys, by in beside]))
    theirs = checkpoint(only(whose, archives, KEY))
    narrowed = {
        "delivered": only(inputs["delivered"].withColumn("archive_key", source_key(survivor.ARCHIVE)), archives, KEY),
        "link": _links(inputs["link"], archives, each_once(mine.select(*VALID))),
        "service": checkpoint(_services(inputs["service"], each_once(theirs.select(*NUMBER)), each_once(theirs.select(*PERSON)))),
    }
    made = archive(**{**inputs, **narrowed}, as_of=as_of, checkpoint=checkpoint).withColumn("archive_key", source_key(survivor.ARCHIVE))
    return Update(changes.was["delivered"].select("ehr_no", "empi_id"), only(made, touched, KEY).drop(*KEY))


def _numbers(
    changes: Changes, turning: Turning, inputs: Mapping[str, DataFrame], whose: DataFrame, links: DataFrame
) -> Iterator[DataFrame]:
    """The archive numbers of records, links and services that have changed."""
    yield changes.otherwise("delivered", DELIVERED[:2], *DELIVERED[2:]).select(*NUMBER)
    moved = links.where(F.col("source_table") == survivor.ARCHIVE).select(F.col("source_key").alias("archive_key"))
    yield only(whose, each_once(moved), KEY).select(*NUMBER)
    given = inputs["service"].where(turning.past("service_date"))
    for services in (changes.came["service"], changes.was["service"], given):
        for number in ("ehr_no", "survivor_ehr_no"):
            yield services.select(F.col(number).alias("ehr_no"))


def _persons(changes: Changes, turning: Turning, inputs: Mapping[str, DataFrame], links: DataFrame) -> Iterator[DataFrame]:
    """The persons of archives, visits and deaths that have changed, and of visits and deaths that the date makes count otherwise."""
    yield links.where(F.col("source_table") == survivor.ARCHIVE).select(*PERSON)
    yield changes.otherwise("person", PERSON, "hukou_div").select(*PERSON)
    visits, d = F.col("service_kind") == VISIT, defaults()
    seen = inputs["service"].where(turning.past("service_date") | turning.past("service_date", months=12 * d.medical_years))
    for services in (changes.came["service"], changes.was["service"], seen):
        yield services.where(visits).select(*PERSON)
    for deaths in (changes.came["death"], changes.was["death"], inputs["death"].where(turning.past("death_date", days=d.grace_days))):
        yield deaths.select(*PERSON)


def _alone(changes: Changes, turning: Turning, inputs: Mapping[str, DataFrame], whose: DataFrame, links: DataFrame) -> Iterator[DataFrame]:
    """The archives of which something is said that concerns no other one: by who else has the valid number, by the date."""
    elsewhere = links.where(F.col("source_table") != survivor.ARCHIVE).select(*VALID)
    yield only(whose, each_once(elsewhere), VALID).select(*KEY)
    unused = 12 * defaults().dormant_years
    yield inputs["delivered"].where(turning.past(created_on(), months=unused)).select(source_key(survivor.ARCHIVE).alias("archive_key"))
    aged = turning.past("last_event_date", months=unused) | turning.past("close_date")
    yield changes.before.where(aged).select(source_key(survivor.ARCHIVE).alias("archive_key"))


def _links(link: DataFrame, archives: DataFrame, valid: DataFrame) -> DataFrame:
    """The links of archives, and all others of some valid numbers."""
    own = link.where(F.col("source_table") == survivor.ARCHIVE)
    own = only(own.withColumn("archive_key", F.col("source_key")), archives, KEY).drop(*KEY)
    return own.unionByName(only(link.where(F.col("source_table") != survivor.ARCHIVE), valid, VALID))


def _services(service: DataFrame, numbers: DataFrame, persons: DataFrame) -> DataFrame:
    """The services given under some archive numbers or moved to one of them, and the visits of some persons."""
    visit = F.col("service_kind") == VISIT
    given = service.where(~visit)
    moved = only(given.where(F.col("ehr_no") != F.col("survivor_ehr_no")), numbers.select(F.col("ehr_no").alias("survivor_ehr_no")), MOVED)
    parts = only(given, numbers, NUMBER), without(moved, numbers, NUMBER), only(service.where(visit), persons, PERSON)
    return reduce(DataFrame.unionByName, parts)
