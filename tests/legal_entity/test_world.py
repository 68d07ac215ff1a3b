"""The numbers of the demo city's entities are right by the standards (GB 11714, GB 32100, GS 15), by their published examples."""

from __future__ import annotations

import numpy as np

from simulator.world import World
from simulator.world.enterprises import credit_codes, registration_numbers


def text(*values: str) -> np.ndarray:
    return np.array(values, dtype=object)


def mod_11_10(number: str) -> int:
    """The check digit of ISO 7064 MOD 11,10, digit by digit."""
    product = 10
    for digit in number[:14]:
        product = (((product + int(digit)) % 10 or 10) * 2) % 11
    return (11 - product) % 10


def test_numbers_have_their_check_characters() -> None:
    assert credit_codes(text("12"), text("FAKE00064"))[0][:17] == "12321099FAKE00064"
    assert all(int(n[14]) == mod_11_10(n) for n in registration_numbers(text("0", "6", "4"), np.array([1, 3, 1234567])))
    assert mod_11_10("321000000000017") == 7
    assert mod_11_10("321091200000068") == 8


def test_what_happens_to_entities_happens_in_order() -> None:
    e = World.of(3_000, 7).enterprises
    assert e["uscc"].dropna().is_unique
    assert e["reg_no"].dropna().is_unique
    assert (e["ended"].dropna() >= e.loc[e["ended"].notna(), "born"]).all()
    assert (e["renamed"].dropna() > e.loc[e["renamed"].notna(), "born"]).all()
    assert e.loc[e["kind"] == "branch", "parent"].map(e["kind"]).eq("company").all()
    assert e["uscc"].isna().any(), "some sole traders still have the old number"
    assert (e["reg_no"].notna() & e["uscc"].notna()).any()
    assert World.of(3_000, 7).enterprises.equals(e)
