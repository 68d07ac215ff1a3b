"""The catalogue of rules is whole, and only the decided rules act by themselves."""

from __future__ import annotations

from assets.rules import PROOF
from assets.themes.health.rules import RULES
from contracts.loader import load
from contracts.refused import ROOT


def test_only_four_rules_act_by_themselves() -> None:
    assert {r.id for r in RULES.rules.values() if r.automatic} == {"U1", "U4", "X1", "X3"}


def test_the_contracts_know_every_state_and_action() -> None:
    states = load(ROOT / "themes/health/archive.yaml").column("state").valid_values
    actions = load(ROOT / "themes/health/cleanup_list.yaml").column("action").valid_values
    assert set(RULES.states) <= set(states)
    assert {r.action for r in RULES.rules.values()} == set(actions)
    assert load(ROOT / "themes/health/cleanup_list.yaml").column("evidence").physical_type.count(":") == len(PROOF)
