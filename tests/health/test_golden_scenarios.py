"""The golden scenarios of the archive rules, run through the real chain in one city."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.health import scenarios

FILE = Path(__file__).with_name("golden_scenarios.yaml")
SCENARIOS = scenarios.load(FILE)
GOLDEN = {str(n) for n in range(1, 21)}
LATER = {
    "12": "F7, identical vectors of one doctor's day",
    "13": "F11, inpatient elsewhere on the day of the visit",
    "15": "a cremation without a number: name, sex, age and village",
    "16": "M1, moved out with medical events in another city",
    "18": "F5, phones shared by many archives",
    "19": "matching without a valid number (step 2): newborn and birth certificate",
}
"""Scenario -> the rule it waits for. What must hold of them already is in test_the_rules_to_come_change_nothing_yet."""


@pytest.fixture(scope="module")
def city(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> scenarios.City:
    return scenarios.run(spark, scenarios.rows(SCENARIOS), tmp_path_factory.mktemp("golden"))


@pytest.fixture(scope="module")
def archives(city: scenarios.City) -> dict[str, dict[str, Any]]:
    return {f"{r.ehr_no}/{r.empi_id}": r.asDict() for r in city.archive.collect()}


@pytest.fixture(scope="module")
def services(city: scenarios.City) -> dict[str, dict[str, Any]]:
    return {r.service_no: r.asDict() for r in city.service.collect()}


def differences(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {k: (found[k], v) for k, v in expected.items() if found[k] != v}


@pytest.mark.proves("H13")
@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str, archives: dict[str, dict[str, Any]], services: dict[str, dict[str, Any]], proven: Callable[..., None]) -> None:
    scenario = SCENARIOS[name]
    wrong = {}
    for key, expected in scenario["expect"].items():
        rows = [r for k, r in archives.items() if k == key or k.split("/")[0] == key]
        assert len(rows) == 1, f"{key} stands for {len(rows)} archives"
        wrong |= {key: d} if (d := differences(rows[0], expected)) else {}
    for key, expected in scenario.get("services", {}).items():
        wrong |= {key: d} if (d := differences(services[scenarios.local(name, key)], expected)) else {}
    assert not wrong, f"{scenario['facts']}: (found, expected) {wrong}"
    proven(done=f"scenario {name}: {scenario['facts']}", seen="state, rules and flags as published")


def test_every_golden_scenario_is_tested_or_waits_for_a_rule() -> None:
    assert (set(SCENARIOS) & GOLDEN) | set(LATER) == GOLDEN
    assert not set(SCENARIOS) & set(LATER)


def test_the_order_of_the_rows_changes_nothing(spark: SparkSession, city: scenarios.City, tmp_path: Path) -> None:
    turned = scenarios.run(spark, scenarios.rows(SCENARIOS), tmp_path, order=-1)
    for table in ("source_link", "death", "person", "scored_match", "service", "archive", "cleanup_list", "indicator"):
        first, second = (sorted(map(repr, getattr(c, table).collect())) for c in (city, turned))
        assert first == second, table


@pytest.mark.proves("H6")
def test_every_archive_has_one_state_and_every_hit_a_line_of_work(
    city: scenarios.City, archives: dict[str, dict[str, Any]], proven: Callable[..., None]
) -> None:
    delivered = sum(len(s["given"].get("archive", ())) for s in SCENARIOS.values())
    assert len(archives) == delivered
    work = {(r.ehr_no, r.empi_id, r.rule): r for r in city.cleanup_list.collect()}
    assert set(work) == {(r["ehr_no"], r["empi_id"], rule) for r in archives.values() for rule in r["rules"]}
    assert all(r.evidence for r in work.values())
    assert {r.rule for r in work.values() if r.automatic} == {"U1", "U4", "X1", "X3"}
    proven(done="all scenarios as one city", seen=f"{len(archives)} archives with one state each, {len(work)} lines of work with evidence")


def test_the_clawback_list_shows_each_service_after_the_death(city: scenarios.City) -> None:
    lines = [r for r in city.cleanup_list.collect() if r.rule == "X2"]
    shown = {e.source_key for r in lines for e in r.evidence if e.source_table == "health/hypertension_followup"}
    assert [r.action for r in lines] == ["CLAWBACK"]
    assert shown == {"4-f4", "4-f5"}


def test_a_probable_death_is_shown_with_who_it_is_and_what_states_it(city: scenarios.City) -> None:
    lines = [r for r in city.cleanup_list.collect() if r.rule == "X6"]
    shown = {frozenset(e.source_table for e in r.evidence) for r in lines}
    archive, police, certificate = "health/archive", "public_security/resident", "health/death_certificate"
    assert shown == {frozenset({archive, police, certificate}), frozenset({archive, certificate})}
    assert all("probably, score" in " ".join(e.fact for e in r.evidence) for r in lines)


@pytest.mark.proves("H4")
def test_no_service_after_a_death_goes_without_its_flag(city: scenarios.City, proven: Callable[..., None]) -> None:
    died = {r.person_uid: r.death_date for r in city.person.collect() if r.vital_status == 2}
    for r in city.service.collect():
        late = r.person_uid in died and r.service_date > died[r.person_uid]
        assert ("AFTER_DEATH" in r.flags) == (late and "FUTURE" not in r.flags), r.service_no
    proven(done="all scenarios as one city", seen=f"{len(died)} dead, each service afterwards has its flag and no other")


@pytest.mark.proves("B21")
def test_services_without_an_archive_are_kept_and_flagged(city: scenarios.City, proven: Callable[..., None]) -> None:
    numbers = {r.ehr_no for r in city.archive.collect()}
    given = [r for r in city.service.collect() if r.service_kind != "VISIT"]
    orphans = {r.service_no for r in given if r.ehr_no not in numbers}
    assert orphans == {r.service_no for r in given if "NO_ARCHIVE" in r.flags} == {"N-e", "N-f"}
    proven(
        done="an examination and a follow-up under archive numbers that no archive has",
        seen=f"{len(orphans)} of {len(given)} services flagged NO_ARCHIVE, none lost",
    )


@pytest.mark.proves("H6")
def test_closing_is_proposed_with_reason_and_date(archives: dict[str, dict[str, Any]], proven: Callable[..., None]) -> None:
    for r in archives.values():
        closing = r["state"] in ("CLOSED", "DUPLICATE", "DECEASED", "FAKE_CONFIRMED")
        assert (r["close_reason"] is not None) == closing
        assert (r["close_date"] is not None) == closing
        assert r["close_date"] is None or r["close_date"] <= date(2019, 12, 31)
    proven(done="all scenarios as one city", seen=f"of {len(archives)} archives exactly the closed ones have reason and date")
