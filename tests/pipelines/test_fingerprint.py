"""A table is made again when something that it follows from was edited, and not when something else was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assets.declare import declared
from contracts import load_all
from contracts.loader import chinese
from pipelines.fingerprint import DATA, MERGING, PACKAGES, PROJECT, closure, module_digest

DESCRIBING = {"explain", "invariants", "page", "pages"}
"""What says something about published rows and decides nothing."""
OF_NO_TABLE = {"standards/calendar/seed.py"}
"""For themes to come; and what writes the calendar's file."""
OF_OUTPUT = {"quality/balance.py", "quality/beside.py", "quality/gates.py", "standards/masking.py", "standards/pseudonym.py"}
"""Used by the steps and the sharing of tables. Of the pseudonym the key counts, by its digest."""
SERVICE, PERSON, LINK = "themes/health/service", "base/population/person", "base/population/source_link"


@pytest.fixture(scope="module")
def modules() -> dict[str, str]:
    """Every declared table and the module that makes it."""
    return {name: asset.function.__module__ for name, asset in declared().items()}


def edited(tmp_path: Path, modules: dict[str, str], file: str, text: str) -> set[str]:
    """The tables whose digest changes by an edit of a copy of the project."""
    for package in PACKAGES:
        shutil.copytree(PROJECT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    before = {name: module_digest(module, project=tmp_path) for name, module in modules.items()}
    assert before == {name: module_digest(module) for name, module in modules.items()}
    (tmp_path / file).write_text((tmp_path / file).read_text(encoding="utf-8") + text, encoding="utf-8")
    module_digest.cache_clear()
    return {name for name, module in modules.items() if module_digest(module, project=tmp_path) != before[name]}


def test_an_edit_of_a_themes_rules_leaves_other_tables_alone(tmp_path: Path, modules: dict[str, str]) -> None:
    changed = edited(tmp_path, modules, "assets/themes/health/rules.yaml", "\n# another threshold\n")
    assert changed == {"themes/health/archive", "themes/health/cleanup_list"}


def test_an_edit_of_what_a_base_table_uses_reaches_the_themes_that_use_it_too(tmp_path: Path, modules: dict[str, str]) -> None:
    changed = edited(tmp_path, modules, "assets/base/population/sources.yaml", "\n# another source\n")
    assert {LINK, PERSON, SERVICE} <= changed


def test_an_edit_of_a_standard_that_no_derived_table_uses_reaches_none(tmp_path: Path, modules: dict[str, str]) -> None:
    assert edited(tmp_path, modules, "standards/masking.py", "\nMORE = 1\n") == set()


def test_the_chinese_of_what_contracts_say_is_in_no_fingerprint(modules: dict[str, str]) -> None:
    """Nor is it in a contract, whose digest counts."""
    assert PROJECT / "contracts" / "chinese.csv" not in closure(*modules.values(), *MERGING)
    contract = load_all()["themes/traffic/bus_line_day"]
    assert contract.column("metres").description in chinese()
    assert chinese()[contract.column("metres").description] not in repr(contract)


def test_every_file_that_decides_about_rows_is_in_a_fingerprint(modules: dict[str, str]) -> None:
    reached = closure(*modules.values(), *MERGING)
    every = {f for package in PACKAGES for f in (PROJECT / package).rglob("*") if f.suffix in (".py", *DATA)}
    missing = {f.relative_to(PROJECT).as_posix() for f in every - reached}
    assert {f for f in missing if Path(f).stem not in DESCRIBING} == OF_OUTPUT | OF_NO_TABLE
