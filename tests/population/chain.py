"""Source records -> links -> deaths -> persons, for small cities of a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession

from assets.base.population.death import death
from assets.base.population.person import person
from assets.base.population.source_link import source_link
from tests.population.cleansed import AS_OF, as_it_is, frame, pseudonym

SOURCES = ("resident", "cancellation", "pension", "archive", "certificate", "visit", "card", "cremation")


@dataclass(frozen=True)
class Population:
    links: dict[tuple[str, str], Row]
    deaths: dict[str, Row]
    persons: dict[str, Row]

    def person_of(self, table: str, key: str) -> Row:
        return self.persons[self.links[table, key].person_uid]

    def death_of(self, table: str, key: str) -> Row | None:
        return self.deaths.get(self.links[table, key].person_uid)


def populate(spark: SparkSession, **tables: list[dict[str, Any]]) -> Population:
    """Tables that are not given are empty."""
    link, dead, persons = _tables(spark, tables)
    return Population(
        {(r.source_table, r.source_key): r for r in link.collect()},
        {r.person_uid: r for r in dead.collect()},
        {r.person_uid: r for r in persons.collect()},
    )


def populated(spark: SparkSession, **tables: list[dict[str, Any]]) -> tuple[DataFrame, DataFrame]:
    """Links and persons as tables. Tables that are not given are empty."""
    link, _, persons = _tables(spark, tables)
    return link, spark.createDataFrame(persons.collect(), persons.schema)


def _tables(spark: SparkSession, tables: dict[str, list[dict[str, Any]]]) -> tuple[DataFrame, DataFrame, DataFrame]:
    c: dict[str, DataFrame] = {name: frame(spark, name, tables.get(name, [])) for name in SOURCES}
    link = source_link(*[c[n] for n in SOURCES], pseudonym, as_it_is)
    # the collected links come back as a table, as in the lake, so that the plans do not grow with every step
    link = spark.createDataFrame(link.collect(), link.schema)
    dead = death(link, c["certificate"], c["cancellation"], c["cremation"], c["pension"], c["archive"], c["visit"], AS_OF, as_it_is)
    return link, dead, person(link, dead, c["resident"], c["archive"], c["card"], c["visit"], AS_OF, pseudonym, as_it_is)
