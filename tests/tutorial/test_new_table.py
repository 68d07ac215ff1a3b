"""The tutorial of docs/new-table.md: `citylake new-table` writes exactly the files it shows, they run, and nothing else changes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import new_table as command
from pipelines.wrong_use import WrongUse
from tests.servers.need import ROOT

PACKAGES = ("assets", "contracts", "pipelines", "quality", "resources", "simulator", "standards")
WATER = ("water/reading", "--title", "抄表记录", "--department-title", "Water Company (自来水公司)")
CITYLAKE = "import sys; from pipelines.cli.main import entry; sys.exit(entry())"
YAML_LINES, SIMULATOR_LINES = 60, 30


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, with the tutorial's table in it."""
    copy = tmp_path_factory.mktemp("project")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    before = files(copy)
    citylake(copy, "new-table", *WATER, "--project", str(copy))
    changed = {name for name, text in files(copy).items() if before.get(name) != text}
    assert changed == {*asked().files(), "contracts/departments.yaml"}
    return copy


def files(folder: Path) -> dict[str, str]:
    return {f.relative_to(folder).as_posix(): f.read_text() for f in folder.rglob("*") if f.suffix in (".py", ".yaml", ".csv", ".txt")}


def citylake(project: Path, *arguments: str) -> str:
    env = {"PYTHONPATH": str(project), "HOME": str(project), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", CITYLAKE, *arguments], cwd=project, env=env, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode in (0, 3), done.stderr + done.stdout
    return done.stdout


def asked(**other: Any) -> command.NewTable:
    said = {"title": WATER[2], "department_title": WATER[4], "theme": None, "format": "csv", "mode": "append"}
    return command.new_table(other.pop("name", WATER[0]), **{**said, **other})


def test_the_files_are_those_of_the_tutorial(project: Path) -> None:
    shown = re.findall(r"```(?:yaml|python)\n(.*?)```", (ROOT / "docs" / "new-table.md").read_text(encoding="utf-8"), re.DOTALL)
    written = [(project / name).read_text(encoding="utf-8") for name in asked().files() if not name.endswith("__init__.py")]
    assert [text for text in written if text not in shown] == []


def test_they_are_short(project: Path) -> None:
    lines = {name: len((project / name).read_text(encoding="utf-8").splitlines()) for name in asked().files()}
    assert sum(n for name, n in lines.items() if name.endswith(".yaml")) + 1 <= YAML_LINES
    assert lines["simulator/departments/water.py"] <= SIMULATOR_LINES


@pytest.mark.slow
def test_they_run(project: Path, tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    citylake(project, "demo", "--people", "300", "--departments", "water", "--folder", str(demo))
    config = ("--config", str(demo / "citylake.toml"))
    query = "SELECT indicator, period, numerator, denominator FROM themes.water.indicator WHERE div_level = 'city'"
    ((indicator, period, numerator, denominator),) = [
        tuple(r.values()) for r in json.loads(citylake(project, "sql", query, "--json", *config))
    ]
    assert (indicator, period) == ("identified", "2019-12")
    assert 0.9 * denominator < numerator < denominator
    night = json.loads(citylake(project, "status", "--json", *config))
    assert night["unbalanced_batches"] == 0
    rows = json.loads(citylake(project, "sql", "SELECT count(*) AS n FROM cleansed.water.reading", "--json", *config))
    assert rows == [{"n": denominator}]


def test_what_is_there_stays(project: Path) -> None:
    contract = project / "contracts" / "cleansed" / "water" / "reading.yaml"
    contract.write_text(contract.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    said = json.loads(citylake(project, "new-table", *WATER, "--project", str(project), "--json"))
    assert (said["written"], sorted(said["there"])) == ([], sorted(asked().files()))
    assert contract.read_text(encoding="utf-8").endswith("# mine\n")
    contract.write_text(contract.read_text(encoding="utf-8").removesuffix("# mine\n"), encoding="utf-8")


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"name": "water"}, "NAME: '' is no name"),
        ({"name": "Water/reading"}, "NAME: 'Water' is no name"),
        ({"theme": "../x"}, "NAME: '../x' is no name"),
        ({"format": "xml"}, "SETTING: 'xml' is not known"),
        ({"mode": "all"}, "SETTING: 'all' is not known"),
        ({"department_title": None}, "DEPARTMENT: the department water is not known"),
    ],
)
def test_what_cannot_be_meant_is_refused(other: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongUse) as refused:
        asked(**other)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("mode", ["inc", "full"])
@pytest.mark.parametrize("format", ["csv", "xlsx", "jsonl"])
def test_every_kind_of_contract_is_a_valid_one(tmp_path: Path, format: str, mode: str) -> None:
    from contracts.loader import load

    new = asked(name="health/reading", format=format, mode=mode)
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "departments.yaml").write_text("")
    command.write_new_table(new, tmp_path, as_json=True)
    contract = load(tmp_path / "contracts" / f"{new.source}.yaml")
    assert (contract.delivery.format, contract.delivery.mode) == (format, mode)
