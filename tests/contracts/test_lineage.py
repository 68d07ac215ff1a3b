"""Where the columns of base and theme tables come from: named, existing, and declared as inputs of the table's function.

An origin is a column the value is taken or reckoned from; of a state, a flag, a count or a list of evidence also the columns
that decide it. Columns that only join, group or break ties are none, except of a count, where they decide what is counted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from assets.declare import declared
from contracts import Contract, ContractError, load_all
from contracts.loader import expanded
from contracts.model import SYSTEM_COLUMNS
from contracts.refused import ROOT

OF_AN_INDICATOR = {"indicator", "period_kind", "period", "div_level", "basis", "unit", "target", "state", "rule_version"}
BY_THE_RUN = {
    "base/legal_entity/source_link": {"source_table"},
    "base/population/source_link": {"source_table"},
    "base/population/scored_match": {"source_table"},
    "themes/health/service": {"service_kind"},
    "themes/industry/entity_survival": {"years"},
    "themes/traffic/bus_network": {"day"},
    "themes/urban_management/case_month": {"dimension"},
    "themes/urban_management/penalty_month": {"dimension"},
    **{name: OF_AN_INDICATOR for name in load_all() if name.endswith("/indicator")},
}
"""Columns without an origin: the name of the table that is read, what a rule table says, what a row counts, the date of the run."""

DERIVED = sorted(name for name, c in load_all().items() if c.layer in ("base", "themes"))
GOOD = {
    "cleansed/health/visits": ["no"],
    "themes/health/people": ["cleansed/health/visits.no", "cleansed/health/visits._row_no"],
}


def _origins(contract: Contract) -> list[tuple[str, str, str]]:
    """Column, table of its origin, column of its origin."""
    return [(c.name, *o.rsplit(".", 1)) for c in contract.columns for o in c.derived_from]  # type: ignore[misc]


@pytest.mark.parametrize("table", DERIVED)
def test_every_column_says_where_it_comes_from(table: str) -> None:
    without = {c.name for c in load_all()[table].columns if not c.derived_from}
    assert without == BY_THE_RUN.get(table, set())


@pytest.mark.parametrize("table", DERIVED)
def test_columns_without_an_origin_say_why(table: str) -> None:
    properties = expanded(ROOT / f"{table}.yaml")["schema"][0]["properties"]
    assert all(p.get("transformSourceObjects") or p.get("transformDescription") for p in properties)


@pytest.mark.parametrize("table", DERIVED)
def test_origins_are_columns_of_declared_inputs(table: str) -> None:
    given = set(declared()[table].inputs.values())
    assert [o for o in _origins(load_all()[table]) if o[1] not in given] == []


@pytest.mark.parametrize("table", DERIVED)
def test_every_input_is_the_origin_of_something(table: str) -> None:
    assert {source for _, source, _ in _origins(load_all()[table])} == set(declared()[table].inputs.values())


@pytest.mark.parametrize("table", DERIVED)
def test_no_origin_is_named_twice(table: str) -> None:
    for column in load_all()[table].columns:
        assert len(set(column.derived_from)) == len(column.derived_from), column.name


def _city(folder: Path, origins: dict[str, list[str]]) -> Path:
    """Contracts of one column each, in a folder of their own."""
    for name, named in origins.items():
        column: dict[str, Any] = {
            "name": "no", "logicalType": "string", "physicalType": "string", "primaryKey": True, "required": True,
            "classification": "L1", "description": "Number", "transformSourceObjects": named,
        }  # fmt: skip
        schema: dict[str, Any] = {"name": "thing", "physicalType": "table", "properties": [column]}
        if name.startswith("cleansed/"):
            column.pop("transformSourceObjects")
            column["customProperties"] = [{"property": "rule", "value": "identifier"}]
            schema["customProperties"] = [{"property": "delivery", "value": {"format": "csv", "mode": "full"}}]
        contract = {
            "apiVersion": "v3.1.0", "kind": "DataContract", "id": name, "status": "active", "name": name, "version": "1.0.0",
            "team": {"name": "health"}, "schema": [schema],
        }  # fmt: skip
        file = folder / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(contract), encoding="utf-8")
    return folder


def test_origins_that_exist_are_accepted(tmp_path: Path) -> None:
    system = [f"cleansed/health/visits.{c}" for c in SYSTEM_COLUMNS]
    city = load_all(_city(tmp_path, GOOD | {"base/health/rows": [*system, "no", "themes/health/people.no"]}))
    assert city["themes/health/people"].columns[0].derived_from == ("cleansed/health/visits.no", "cleansed/health/visits._row_no")


@pytest.mark.parametrize(
    ("origin", "where", "problem", "remedy"),
    [
        ("cleansed/health/visit.no", "table of 'cleansed/health/visit.no'", "health/visit' is not known", "cleansed/health/visits"),
        ("raw/health/visits.no", "table of 'raw/health/visits.no'", "raw/health/visits' is not known", "cleansed/health/visits"),
        ("cleansed/health/visits.nr", "column of cleansed/health/visits", "'nr' is not known", "no, _source_file"),
        ("cleansed/health/visits.", "column of cleansed/health/visits", "'' is not known", "no, _source_file"),
        ("themes/health/people._row_no", "column of themes/health/people", "'_row_no' is not known", "Use one of: no"),
        ("nr", "column of themes/health/rows", "'nr' is not known", "Use one of: no"),
    ],
)
def test_origin_that_nobody_has_is_refused(origin: str, where: str, problem: str, remedy: str, tmp_path: Path) -> None:
    with pytest.raises(ContractError) as refused:
        load_all(_city(tmp_path, GOOD | {"themes/health/rows": [origin]}))
    said = str(refused.value)
    assert "\n" not in said
    assert "themes/health/rows.yaml" in said
    assert "column 'no', transformSourceObjects" in refused.value.where
    assert where in refused.value.where
    assert problem in refused.value.problem
    assert remedy in refused.value.remedy
