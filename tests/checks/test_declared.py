"""Invariants and explanations are declared with the assets they are about; the command line finds them by itself."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import assets
import assets.explain
import assets.invariants
from assets.explain import explainers
from assets.invariants import declared_invariants, read_invariants
from pipelines.checks import all_checks
from pipelines.cli.main import app
from resources.errors import CitylakeError

PIPELINES = Path(__file__).parents[2] / "pipelines"
DEMO_CITY = {"demo.py", "dirt.py", "truth.py"}
"""The commands that compare the demo city with its truth know its tables."""

EXPLAIN = '''
from assets.explain import Explanation, Section, explains


@explains("storm number")
def explain_storm(rows, identifier):
    """Explain a storm."""
    if identifier != "S1":
        return []
    people = rows("base/population/person", county6="321002")
    rain = Section("Rain", ("millimetres",), [(3,)])
    return [Explanation("Storm S1: [over]", {"storm": "S1", "people": len(people)}, ["it rained"], [rain])]
'''
INVARIANTS = """
rain_is_not_negative:
  code: H9
  must: no negative rain
  violations: SELECT person_uid AS example FROM {base/population/person} WHERE false
"""


@pytest.fixture
def weather(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A theme that is nothing but a package of assets."""
    explainers()  # the modules of assets register themselves once, when they are imported
    package = tmp_path / "weather"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "explain.py").write_text(EXPLAIN)
    (package / "invariants.yaml").write_text(INVARIANTS)
    monkeypatch.setattr(assets, "__path__", [*assets.__path__, str(tmp_path)])
    monkeypatch.setattr("assets.explain._EXPLAINERS", dict(assets.explain._EXPLAINERS))
    yield package
    for name in [n for n in sys.modules if n.startswith("assets.weather")]:
        del sys.modules[name]


def explain(lake: Path, identifier: str, *options: str) -> Any:
    return CliRunner().invoke(app, ["explain", identifier, "--lake", str(lake), *options])


@pytest.mark.usefixtures("weather")
def test_a_new_theme_brings_its_invariants_and_its_explanations(tmp_path: Path) -> None:
    checks = {c.name: (c.code, c.must) for c in all_checks()}
    assert checks["rain_is_not_negative"] == ("H9", "no negative rain")
    assert "death_after_birth" in checks
    lake = tmp_path / "lake"
    lake.mkdir()
    said = explain(lake, "S1", "--json")
    assert (said.exit_code, json.loads(said.stdout)) == (0, [{"storm": "S1", "people": 0}])
    shown = explain(lake, "S1").stdout
    assert all(part in shown for part in ("Storm S1: [over]", "it rained", "Rain", "millimetres"))


@pytest.mark.usefixtures("weather")
def test_an_identifier_that_nobody_knows_is_one_sentence(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    log = lake / "raw" / "health" / "staff" / "_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").touch()
    error = explain(lake, "12345").exception
    assert isinstance(error, CitylakeError)
    assert error.what == "the lake has no record 12345"
    assert re.search("what can be explained: .*archive number, .*storm number", error.remedy)


def test_an_invariant_of_every_domain_is_one_for_each(tmp_path: Path) -> None:
    file = tmp_path / "invariants.yaml"
    query = "SELECT indicator AS example FROM {themes/*/indicator} WHERE numerator < 0"
    file.write_text(f"counts_are_counts: {{code: H5, must: a, violations: '{query}'}}")
    found = {i.name: i.tables for i in read_invariants(file)}
    assert found["health_counts_are_counts"] == ("themes/health/indicator",)
    file.write_text(f"counts_are_counts: {{code: H5, must: a, violations: '{query.replace('indicator}', 'indicators}')}'}}")
    with pytest.raises(ValueError, match=r"counts_are_counts: no contract describes a table of every domain; correct the table name"):
        read_invariants(file)


def test_an_invariant_is_declared_once(weather: Path) -> None:
    (weather / "invariants.yaml").write_text(INVARIANTS.replace("rain_is_not_negative", "person_once"))
    with pytest.raises(ValueError, match=r"person_once is declared twice, in .*invariants\.yaml and .*: rename one"):
        declared_invariants()


def test_a_table_that_no_contract_describes_is_refused(weather: Path) -> None:
    (weather / "invariants.yaml").write_text(INVARIANTS.replace("base/population/person", "base/population/persons"))
    with pytest.raises(ValueError, match=r"weather/invariants\.yaml: rain_is_not_negative: no contract describes base/population/persons"):
        declared_invariants()


@pytest.mark.parametrize(
    ("entry", "remedy"),
    [
        ("a: {code: H1, must: b, violatons: SELECT 1}", "give exactly code, must and violations"),
        ("a: {code: H1, must: b}", "give exactly code, must and violations"),
        ("a: SELECT 1", "give exactly code, must and violations"),
        ("a: {code: H1, must: b, violations: SELECT 1 AS example}", r"the query names no table; write it as \{layer/domain/table\}"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_file_and_remedy(entry: str, remedy: str, tmp_path: Path) -> None:
    file = tmp_path / "invariants.yaml"
    file.write_text(entry)
    with pytest.raises(ValueError, match=rf"invariants\.yaml: a: {remedy}"):
        read_invariants(file)


def test_pipelines_know_no_table_of_a_theme() -> None:
    named = [
        f"{path.name}: {node.value}"
        for path in sorted(PIPELINES.rglob("*.py"))
        if path.name not in DEMO_CITY
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"(themes|base)/\w+/\w+", node.value)
    ]
    assert named == []
