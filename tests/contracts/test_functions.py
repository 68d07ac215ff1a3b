"""Derived tables have a contract and a function, and functions read tables that exist."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assets.declare import declared
from contracts import ContractError, load_all, sources
from contracts.model import Check
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


@pytest.mark.parametrize(
    ("query", "problem", "remedy"),
    [
        ("SELECT count(*) FROM {table} WHERE perid > 1", "cannot be evaluated (Column 'perid' could not be resolved", "Correct the query"),
        ("SELECT count(* FROM {table}", "cannot be evaluated (Expecting )", "Correct the query"),
        ("SELECT count(*) FROM {table} JOIN {themes/health/cleanup_list} USING (period)", "'themes/health/cleanup_list' is not known",
         "Use one of: table, base/population/person"),
        ("SELECT max(p.death) FROM {table} CROSS JOIN {base/population/person} p", "(Unknown column: death)", "Correct the query"),
        ("SELECT max(a._nr) FROM {table} CROSS JOIN {cleansed/health/archive} a", "(Unknown column: _nr)", "Correct the query"),
        ("SELECT period, count(*) FROM {table} GROUP BY period", "gives 2 columns", "Select one number"),
        ("DELETE FROM {table}", "is not one query", "Write one SELECT"),
        ("SELECT count(*) FROM {table}; SELECT 1", "is not one query", "Write one SELECT"),
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_evaluated_is_refused_with_its_contract_and_line(query: str, problem: str, remedy: str) -> None:
    rates = load_all()["themes/health/indicator"]
    wrong = replace(rates, checks=(*rates.checks, Check("sql", "mustBe", 0, True, "mine", query, "says")))
    with pytest.raises(ContractError) as refused:
        match_functions({**load_all(), rates.name: wrong}, FUNCTIONS)
    assert "contracts/themes/health/indicator.yaml, quality of the table, 'mine', query" in str(refused.value)
    assert problem in refused.value.problem
    assert remedy in refused.value.remedy


def test_a_query_reads_system_columns_inputs_and_arrays() -> None:
    archive = load_all()["themes/health/archive"]
    query = (
        "WITH hit AS (SELECT ehr_no, explode(rules) AS rule FROM {table}) SELECT count(DISTINCT d._row_no) FROM hit "
        "LEFT JOIN {cleansed/health/archive} d ON d.ehr_no = hit.ehr_no WHERE rule IS NULL AND d.ehr_no RLIKE '^[0-9]{3}'"
    )
    right = replace(archive, checks=(Check("sql", "mustBe", 0, True, "mine", query, "says"),))
    match_functions({**load_all(), archive.name: right}, FUNCTIONS)
