"""Runs scenario files through the real functions, from source records to the cleanup list, all scenarios in one city."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assets.base.population.death import death
from assets.base.population.person import person
from assets.base.population.scored_match import scored_match
from assets.base.population.source_link import source_link
from assets.declare import declared
from assets.themes.health.archive import archive
from assets.themes.health.cleanup_list import cleanup_list
from assets.themes.health.indicator import indicator
from assets.themes.health.service import service
from contracts.loader import load as load_contract
from contracts.refused import ROOT
from tests.population.cleansed import AS_OF, TABLES, as_it_is, frame, number, pseudonym

STAFF = [
    {"licence_no": "D1", "name": "医一一", "org_code": "O1", "status": "1", "start_date": "2005-01-01"},
    {"licence_no": "D2", "name": "医二二", "org_code": "O2", "status": "1", "start_date": "2005-01-01"},
    {"licence_no": "D9", "name": "医九九", "org_code": "O1", "status": "0", "start_date": "2005-01-01", "leave_date": "2016-12-31"},
]
COMMON = {
    "archive": {"status": "0", "mana_org": "O1", "village_code12": "321002001001", "crowd_type": "02"},
    "resident": {"hukou_div": "321002001001", "person_status": "0"},
}
LOCAL_KEYS = ("person_no", "exam_no", "fu_no", "cert_no", "cremation_no", "visit_no", "card_no")


@dataclass(frozen=True)
class City:
    """What came out of the chain."""

    source_link: DataFrame
    death: DataFrame
    person: DataFrame
    scored_match: DataFrame
    service: DataFrame
    archive: DataFrame
    cleanup_list: DataFrame
    indicator: DataFrame


def load(path: Path) -> dict[str, dict[str, Any]]:
    """Scenario files with @id, @typo and @ehr resolved: numbers of their own for every scenario; a @typo has one digit wrong."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))

    def resolve(value: Any, place: int) -> Any:
        if isinstance(value, dict):
            return {resolve(k, place): resolve(v, place) for k, v in value.items()}
        if isinstance(value, list):
            return [resolve(v, place) for v in value]
        if not isinstance(value, str):
            return value
        value = re.sub(r"@id(\d)", lambda m: number(place * 10 + int(m[1])), value)
        value = re.sub(r"@typo(\d)", lambda m: mistyped(number(place * 10 + int(m[1]))), value)
        return re.sub(r"@ehr(\d)", lambda m: f"321002001001{place:03d}0{m[1]}", value)

    return {str(name): resolve(scenario, place) for place, (name, scenario) in enumerate(raw.items(), 1)}


def mistyped(number: str) -> str:
    """The number with another digit before its check digit."""
    return f"{number[:16]}{(int(number[16]) + 2) % 10}{number[17:]}"


def local(scenario: str, key: str) -> str:
    """Keys of services, certificates … are unique in a scenario only: they get its name in front."""
    return f"{scenario}-{key}"


def rows(scenarios: dict[str, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    tables["staff"] = STAFF
    for name, scenario in scenarios.items():
        for table, given in scenario["given"].items():
            for row in given:
                keys = {k: local(name, row[k]) for k in LOCAL_KEYS if k in row}
                raw_id = {k: str(row[k]) for k in ("id_no_raw",) if k in row}
                tables[table].append({**COMMON.get(table, {}), **row, **keys, **raw_id})
    return tables


def run(spark: SparkSession, tables: dict[str, list[dict[str, Any]]], folder: Path, order: int = 1) -> City:
    """The whole chain on these rows, every table kept in `folder` and cut to its contract, as a run of the lake does it.

    `order` -1 turns the rows of every table round (their line numbers stay).
    """

    def kept(name: str, made: DataFrame) -> DataFrame:
        made.write.mode("overwrite").parquet(str(folder / name))
        return spark.read.schema(made.schema).parquet(str(folder / name))  # of no rows an engine writes no file

    def published(function: Callable[..., DataFrame], *inputs: Any) -> DataFrame:
        name = next(a.name for a in declared().values() if a.function is function)
        contract = load_contract(ROOT / f"{name}.yaml")
        made = function(*inputs)
        assert set(made.columns) == {c.name for c in contract.columns}
        return kept(name, made.select(*[F.col(c.name).cast(c.physical_type).alias(c.name) for c in contract.columns]))

    delivered = frozenset(TABLES[name] for name, given in tables.items() if given)
    numbered = {n: [{"_row_no": i, **r} for i, r in enumerate(rs, 1)][::order] for n, rs in tables.items()}
    c = {name: frame(spark, name, given) for name, given in numbered.items()}
    sources = ("resident", "cancellation", "pension", "archive", "certificate", "visit", "card", "cremation")
    link = published(source_link, *[c[n] for n in sources], pseudonym, as_it_is)
    dead = published(
        death, link, c["certificate"], c["cancellation"], c["cremation"], c["pension"], c["archive"], c["visit"], AS_OF, as_it_is
    )
    persons = published(person, link, dead, c["resident"], c["archive"], c["card"], c["visit"], AS_OF, pseudonym, as_it_is)
    services = published(
        service, c["examination"], c["followup"], c["visit"], c["archive"], c["staff"], link, persons, dead, AS_OF, as_it_is
    )
    scored = published(scored_match, link, persons, c["archive"], c["certificate"], c["cremation"], as_it_is)
    archives = published(archive, c["archive"], link, persons, dead, services, scored, AS_OF, as_it_is, delivered)
    work = published(cleanup_list, archives, services, dead, link, c["archive"], scored)
    rates = published(indicator, c["archive"], archives, persons, services, link, AS_OF)
    return City(link, dead, persons, scored, services, archives, work, rates)
