"""A demo city: every licence's state reckoned again in plain Python, counts by type and issuer, and the findings of the simulator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame

import simulator
from assets.base.legal_entity.entity import entity
from assets.base.legal_entity.entity_history import entity_history
from assets.base.legal_entity.source_link import source_link as entity_link
from assets.base.licence.coverage import coverage
from assets.base.licence.holder import holder
from assets.base.licence.lapse_list import lapse_list
from assets.base.licence.licence import licence
from assets.base.licence.type import type_
from assets.base.licence.version import version
from assets.base.population.death import death
from assets.base.population.person import person
from assets.base.population.source_link import source_link as person_link
from pipelines.runtime import Runtime
from pipelines.steps.cleanse import cleanse
from pipelines.steps.ingest import ingest
from tests.legal_entity.chain import SOURCES as OF_ENTITIES
from tests.legal_entity.chain import collected
from tests.population.chain import SOURCES as OF_PERSONS
from tests.population.cleansed import AS_OF, TABLES, frame, pseudonym

DELIVERED = [
    "big_data", "market_regulation/entity", "market_regulation/food_licence", "public_security/death_cancellation",
    "public_security/resident",
]  # fmt: skip
GRACE = timedelta(days=30)
VALID = "01"
Rows = list[dict[str, Any]]


@pytest.fixture
def city(installation: Callable[..., Runtime]) -> tuple[dict[str, DataFrame], pd.DataFrame]:
    """The tables of a city of 1,300 people after three nights, by name, and the findings of the simulator."""
    runtime, people = installation(departments=DELIVERED), simulator.build(1_300, departments=DELIVERED)
    assert runtime.settings.exchange_url
    for night in range(len(people.nights)):
        people.deliver(night, Path(runtime.settings.landing), runtime.settings.exchange_url.get_secret_value(), on_time=True)
    spark, day = runtime.engine.session, people.nights[-1]
    for table in people.tables:
        for each in people.nights:
            assert not ingest(runtime, runtime.contracts[f"cleansed/{table}"], each, f"in{each}").problems
        cleanse(runtime, runtime.contracts[f"cleansed/{table}"], day, "clean")

    def source(name: str) -> DataFrame:
        table = TABLES[name]
        return runtime.lake.read(spark, f"cleansed/{table}").where("_op <> 'D'") if table in people.tables else frame(spark, name, [])

    of_persons, of_entities = {n: source(n) for n in OF_PERSONS}, {n: source(n) for n in (*OF_ENTITIES, "branch")}
    issued, food, drug = (source(n) for n in ("licence", "food", "drug"))
    police = collected(person_link(*of_persons.values(), pseudonym, collected))
    dead = collected(
        death(police, *[of_persons[n] for n in ("certificate", "cancellation", "cremation", "pension", "archive", "visit")], day, collected)
    )
    golden = collected(person(police, dead, *[of_persons[n] for n in ("resident", "archive", "card", "visit")], day, pseudonym, collected))
    link = collected(entity_link(*[of_entities[n] for n in OF_ENTITIES], pseudonym, collected))
    registers = [of_entities[n] for n in ("firm", "institution", "association", "taxpayer", "credit", "branch")]
    entities = collected(entity(link, *registers, golden, collected))
    history = collected(entity_history(entities, link, of_entities["change"]))
    holders, versions = collected(holder(issued, golden, entities, history, collected)), collected(version(issued))
    types, sources = collected(type_(source("licence_type"), issued)), frozenset(people.tables)
    found = collected(licence(issued, holders, versions, types, golden, entities, food, drug, day, collected, sources))
    tables = {
        "issued": issued, "food": food, "person": golden, "entity": entities, "history": history, "type": types, "licence": found,
        "version": versions, "holder": holders, "list": collected(lapse_list(found, dead, police, link, food, drug)),
        "coverage": coverage(found),
    }  # fmt: skip
    return tables, people.truth["finding"]


def rows(table: DataFrame) -> Rows:
    return [r.asDict() for r in table.collect()]


def expected_states(tables: dict[str, DataFrame]) -> dict[str, str]:
    """The state of every licence, reckoned from the golden records and the cleansed rows by D6."""
    issued = {r["licence_id"]: r for r in rows(tables["issued"])}
    person = {r["id_no"]: r for r in rows(tables["person"]) if r["id_no"]}
    entity = {r[c]: r for c in ("reg_no", "uscc") for r in rows(tables["entity"]) if r[c]}
    linked = {r["licence_id"]: r["person_uid"] or r["entity_uid"] for r in rows(tables["holder"])}
    unique = {r["type_code"] for r in rows(tables["type"]) if r["unique_type"]}
    ended = {r["licence_no"]: r["end_date"] for r in rows(tables["food"]) if r["licence_status"] != "1"}
    replaced = {r["previous_licence_id"] for r in issued.values()}
    newest = pd.DataFrame(issued.values()).groupby("licence_id_series")["licence_id_version"].max()

    def over(day: date | None) -> bool:
        return day is not None and day + GRACE < AS_OF

    def one(r: dict[str, Any]) -> str:
        golden = person.get(r["holder_id_no"]) if linked[r["licence_id"]] else None
        firm = entity.get(r["holder_id_no"]) if linked[r["licence_id"]] else None
        if r["state"] != VALID:
            return "SUSPENDED" if r["state"] == "02" else "ENDED"
        if r["licence_id"] in replaced or r["licence_id_version"] < newest[r["licence_id_series"]]:
            return "REPLACED"
        died = golden["death_date"] if golden and golden["vital_status"] == 2 else None
        gone = firm["status_date"] if firm and firm["status"] in ("3", "5") else None
        if over(died) or over(gone) or over(ended.get(r["certificate_no"])):
            return "LAPSED"
        if r["valid_to"] and r["valid_to"] < AS_OF:
            return "EXPIRED"
        return "NOT_YET" if r["valid_from"] > AS_OF else "VALID"

    states = {key: one(r) for key, r in issued.items()}
    stands: dict[tuple[str, str], tuple[date, str]] = {}
    for key in [k for k, s in states.items() if s == "VALID" and issued[k]["type_code"] in unique and linked[k]]:
        pair, mine = (issued[key]["type_code"], linked[key]), (issued[key]["issue_date"], key)
        if pair in stands:
            states[min(mine, stands[pair])[1]] = "DOUBTFUL"
        stands[pair] = max(mine, stands.get(pair, mine))
    return states


def test_the_licences_of_a_city(city: tuple[dict[str, DataFrame], pd.DataFrame]) -> None:
    tables, truth = city
    found = {r["licence_id"]: r for r in rows(tables["licence"])}
    states = expected_states(tables)
    assert {key: r["state"] for key, r in found.items()} == states
    assert {"VALID", "ENDED", "REPLACED", "LAPSED", "EXPIRED", "DOUBTFUL", "SUSPENDED"} <= set(states.values())

    work = {(r["licence_id"], r["rule"]) for r in rows(tables["list"])}
    assert work == {(key, rule) for key, r in found.items() for rule in r["rules"]}

    counted = pd.DataFrame(found.values()).groupby(["type_code", "issuer_no"])
    expected = {
        key: (len(g), (g["match"] == "NUMBER").sum(), (g["state"] == "VALID").sum(), (g["state"] == "LAPSED").sum(), g["use_count"].sum())
        for key, g in counted
    }
    assert expected == {
        (r["type_code"], r["issuer_no"]): (r["licences"], r["linked"], r["valid"], r["lapsed"], r["uses"]) for r in rows(tables["coverage"])
    }

    declared = truth[(truth["table"] == "base/licence/licence") & (truth["key"] != "")]
    assert set(declared["value"]) >= {"H1", "H2", "H3", "V1", "T1", "I1", "R1"}
    for rule, keys in declared.groupby("value")["key"]:
        hit, wanted = {key for key, r in found.items() if rule in r["rules"]}, set(keys)
        assert len(hit & wanted) >= 0.95 * len(wanted), f"{rule}: {sorted(wanted - hit)} not found"
        assert len(hit & wanted) >= 0.95 * len(hit), f"{rule}: {sorted(hit - wanted)} found"
