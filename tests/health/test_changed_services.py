"""What follows for services from what has changed is what would follow from all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.base.population.death import death
from assets.base.population.person import person
from assets.base.population.source_link import source_link
from assets.themes.health.changed_services import changed_services
from assets.themes.health.service import service
from tests.population.chain import SOURCES
from tests.population.cleansed import AS_OF, contract, pseudonym
from tests.population.town import OF_DEATHS, OF_PERSONS, SERVED, SINCE, Tables, Town, changes, updated

OF_SERVICES = ("examination", "followup", "visit", "archive", "staff")
KEYS = {"link": ("source_table", "source_key"), "person": ("person_uid",), "death": ("person_uid",)}
SERVICE = ("service_kind", "service_no")


@pytest.mark.parametrize("seed", range(6))
def test_services_of_what_has_changed_are_what_all_would_be(
    spark: SparkSession, write: Callable[[DataFrame], DataFrame], seed: int
) -> None:
    town = Town(seed, (*SOURCES, *SERVED))

    def of(tables: Tables, names: tuple[str, ...]) -> Tables:
        return {n: tables[n] for n in names}

    def made(as_of: date) -> tuple[Tables, DataFrame]:
        tables = {n: write(f) for n, f in town.tables(spark).items()}
        link = write(source_link(**of(tables, SOURCES), pseudonym=pseudonym, checkpoint=write))
        dead = write(death(link, **of(tables, OF_DEATHS), as_of=as_of, checkpoint=write))
        people = write(person(link, dead, **of(tables, OF_PERSONS), as_of=as_of, pseudonym=pseudonym, checkpoint=write))
        inputs = {**of(tables, OF_SERVICES), "link": link, "person": people, "death": dead}
        return inputs, write(service(**inputs, as_of=as_of, checkpoint=write))

    was, before = made(SINCE)
    for _ in range(3):
        town.night()
    now, after = made(AS_OF)
    keys = {**{n: contract(n).key for n in OF_SERVICES}, **KEYS}
    update = changed_services(changes(before, was, now, keys), as_of=AS_OF, checkpoint=write, **now)
    assert updated(before, update, SERVICE) == sorted(after.collect(), key=str)
