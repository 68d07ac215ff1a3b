"""Licences -> holders, versions, types -> their states and what has to lapse, for small cities of a test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import Row, SparkSession

from assets.base.licence.holder import holder
from assets.base.licence.lapse_list import lapse_list
from assets.base.licence.licence import licence
from assets.base.licence.type import type_
from assets.base.licence.version import version
from tests.legal_entity.chain import collected, uscc
from tests.population.cleansed import AS_OF, frame

PERSON = "person_uid string, id_no string, name string, former_name string, vital_status int, death_date date"
ENTITY = "entity_uid string, uscc string, org_code string, reg_no string, name string, status string, status_date date, first_seen date"
HISTORY = "entity_uid string, name string"
LINK = "source_table string, source_key string, person_uid string, id_no string, _source_file string, _row_no bigint"
ENTITY_LINK = "source_table string, source_key string, entity_uid string, _source_file string, _row_no bigint"
SOURCE = "struct<source_table:string,source_key:string,grade:string,death_date:date,date_kind:string,_source_file:string,_row_no:bigint>"
DEATH = f"person_uid string, status string, sources array<{SOURCE}>"
DELIVERED = frozenset({"public_security/resident", "health/archive", "market_regulation/entity"})
TYPE, OTHER = (f"{uscc(40, '11100000')}00{n}" for n in (1, 2))
ISSUER = uscc(41, "11321000")


@dataclass(frozen=True)
class World:
    """Golden persons and entities, and what is written down of them, as rows of the schemas above."""

    persons: list[tuple[Any, ...]]
    entities: list[tuple[Any, ...]]
    former: list[tuple[Any, ...]]
    residents: list[tuple[Any, ...]]
    registered: list[tuple[Any, ...]]
    deaths: list[tuple[Any, ...]]


@dataclass(frozen=True)
class Licences:
    types: dict[str, Row]
    holders: dict[str, Row]
    versions: dict[str, Row]
    licences: dict[str, Row]
    list: dict[tuple[str, str], Row]


def licence_id(serial: str, version: int = 1, kind: str = TYPE, issuer: str = ISSUER) -> str:
    """An identifier whose check character is no matter: cleansed rows are taken as judged."""
    return f"1.2.156.3005.2.{kind}.{issuer}.{serial}.{version:03d}.0"


def made(spark: SparkSession, world: World, as_of: date = AS_OF, delivered: frozenset[str] = DELIVERED, **tables: Any) -> Licences:
    """Tables that are not given are empty."""
    issued, catalogue, food, drug = (frame(spark, n, tables.get(n, [])) for n in ("licence", "licence_type", "food", "drug"))
    person, entity = spark.createDataFrame(world.persons, PERSON), spark.createDataFrame(world.entities, ENTITY)
    history, death = spark.createDataFrame(world.former, HISTORY), spark.createDataFrame(world.deaths, DEATH)
    police, link = spark.createDataFrame(world.residents, LINK), spark.createDataFrame(world.registered, ENTITY_LINK)
    types = collected(type_(catalogue, issued))
    holders = collected(holder(issued, person, entity, history, collected))
    versions = collected(version(issued))
    found = collected(licence(issued, holders, versions, types, person, entity, food, drug, as_of, collected, delivered))
    todo = lapse_list(found, death, police, link, food, drug).collect()
    return Licences(
        {r.type_code: r for r in types.collect()},
        {r.licence_id: r for r in holders.collect()},
        {r.licence_id: r for r in versions.collect()},
        {r.licence_id: r for r in found.collect()},
        {(r.licence_id, r.rule): r for r in todo},
    )
