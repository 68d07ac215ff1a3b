"""Derived tables have a contract and a function, and functions read tables that exist."""

from __future__ import annotations

import pytest

from assets.declare import declared
from contracts import ContractError, load_all, sources
from contracts.strict import match_functions

FUNCTIONS = {name: tuple(t.inputs.values()) for name, t in declared().items()}


def test_the_lake_s_own_contracts_and_functions_match() -> None:
    match_functions(load_all(), FUNCTIONS)
    assert len(FUNCTIONS) + len(sources(load_all())) == len(load_all())


@pytest.mark.parametrize(
    ("functions", "file", "problem", "remedy"),
    [
        (
            {**FUNCTIONS, "themes/health/thing": ()},
            "contracts/themes/health/thing.yaml", "a function makes the table", "Write the contract",
        ),
        (
            {n: i for n, i in FUNCTIONS.items() if n != "themes/health/service"},
            "contracts/themes/health/service.yaml", "no function in assets makes the table", '@lake_asset("themes/health/service")',
        ),
        (
            {**FUNCTIONS, "themes/health/service": ("cleansed/health/exam",)},
            "contracts/themes/health/service.yaml", "'cleansed/health/exam' is not known", "cleansed/health/examination",
        ),
    ],
)  # fmt: skip
def test_a_missing_contract_function_or_input_is_refused(
    functions: dict[str, tuple[str, ...]], file: str, problem: str, remedy: str
) -> None:
    with pytest.raises(ContractError) as refused:
        match_functions(load_all(), functions)
    assert file in str(refused.value)
    assert problem in refused.value.problem
    assert remedy in refused.value.remedy
