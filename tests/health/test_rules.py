"""The catalogue of rules is whole, and only the decided rules act by themselves."""

from __future__ import annotations

from assets.themes.health import cleanup_list
from assets.themes.health.rules import catalogue, rules
from contracts.loader import load
from contracts.refused import ROOT


def test_rules_and_functions_name_the_same_rules() -> None:
    assert set(rules()) == set(catalogue()["rules"])


def test_only_four_rules_act_by_themselves() -> None:
    assert {r.id for r in rules().values() if r.automatic} == {"U1", "U4", "X1", "X3"}


def test_fake_rules_with_a_weight_have_a_family() -> None:
    assert all((r.family is not None) == (r.weight > 0) for r in rules().values())


def test_the_contracts_know_every_state_and_action() -> None:
    states = load(ROOT / "themes/health/archive.yaml").column("state").valid_values
    actions = load(ROOT / "themes/health/cleanup_list.yaml").column("action").valid_values
    assert set(catalogue()["states"]) <= set(states)
    assert {r.action for r in rules().values()} == set(actions)
    assert load(ROOT / "themes/health/cleanup_list.yaml").column("evidence").physical_type.count(":") == len(cleanup_list.PROOF)
