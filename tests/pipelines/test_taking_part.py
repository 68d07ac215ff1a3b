"""Which tables an installation has when only some departments take part."""

from __future__ import annotations

import pytest

from contracts import load_all
from pipelines.taking_part import contracts_of
from resources.errors import CitylakeError
from resources.settings import load

AWAITED = {"cleansed/public_security/resident", "cleansed/citizen_card/card"}
"""Tables of others, without which the population can be made."""


def test_all_take_part_unless_some_are_named() -> None:
    assert contracts_of([]) == load_all()


def test_only_their_tables_and_what_can_be_made_from_them_are_there() -> None:
    health, pensions = contracts_of(["health"]), contracts_of(["human_resources"])
    assert {"themes/health/archive", "themes/health/indicator", "base/population/person", *AWAITED} <= health.keys()
    assert {"base/population/person", "cleansed/human_resources/pension_payment"} <= pensions.keys()
    assert "reference/calendar/workday" in contracts_of(["government_services"]).keys() - pensions.keys(), "who reads it has it"
    assert not {name for name in pensions if name.startswith("themes/health")}, "they need the archives"
    assert not {name for name in pensions if name.startswith("cleansed/health/hypertension")}, "nothing that is there reads it"
    assert health.keys() | pensions.keys() <= load_all().keys()
    limits = "reference/ecology/air_limit"
    assert limits not in health, "no table reads it; it goes with the theme of its name"
    assert limits in contracts_of(["environment"])


def test_a_department_may_begin_with_one_table() -> None:
    there = contracts_of(["public_security/resident"])
    assert {"cleansed/public_security/resident", "base/population/person"} <= there.keys()
    assert "cleansed/public_security/standard_address" not in there


def test_a_department_that_delivers_nothing_is_refused_with_those_that_do() -> None:
    with pytest.raises(CitylakeError, match=r"helth delivers no table.*health, .*human_resources"):
        contracts_of(["health", "helth"])


def test_they_are_a_list_in_a_file_and_names_with_commas_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYLAKE_DEPARTMENTS", "health, human_resources")
    assert load().departments == ["health", "human_resources"]
    assert load(departments=["health"]).departments == ["health"]
