"""`citylake new-table department/table`: the files of a department's table and of a theme that is made from it, ready to run.

Here: which files, and writing those that are not there yet. Not here: their texts (`skeleton`), what can stand in them (docs/new-table.md).
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contracts.model import Format, Mode
from contracts.refused import ROOT
from contracts.short import departments
from pipelines.cli.screen import console, print_json
from pipelines.wrong_use import WrongUse

PROJECT = ROOT.parent
NAME = re.compile(r"[a-z][a-z0-9_]*")
FORMATS = (Format.CSV, Format.XLSX, Format.JSONL)
"""Formats that the demo city writes without further settings."""
TEMPLATES = Environment(  # noqa: S701 - the files are YAML and Python
    loader=FileSystemLoader(Path(__file__).parent / "skeleton"), undefined=StrictUndefined, keep_trailing_newline=True
)


@dataclass(frozen=True)
class NewTable:
    """A department's table and the theme that gets an indicator of it. organisation: its code in the demo city."""

    department: str
    table: str
    theme: str
    title: str
    department_title: str
    format: Format
    mode: Mode
    organisation: str

    @property
    def source(self) -> str:
        return f"cleansed/{self.department}/{self.table}"

    @property
    def derived(self) -> str:
        return f"themes/{self.theme}/indicator"

    def files(self) -> dict[str, str]:
        """File -> the template it is made of."""
        return {
            f"contracts/{self.source}.yaml": "contract.txt",
            f"contracts/{self.derived}.yaml": "indicator_contract.txt",
            f"assets/themes/{self.theme}/__init__.py": "package.txt",
            f"assets/themes/{self.theme}/indicator.py": "indicator.txt",
            f"assets/themes/{self.theme}/indicators.yaml": "indicators.txt",
            f"simulator/departments/{self.department}.py": "simulator.txt",
        }

    def settings(self) -> dict[str, Any]:
        """What stands in the templates."""
        own = {"source": self.source, "derived": self.derived, "encoding": "gb18030" if self.format == Format.CSV else "utf-8"}
        return asdict(self) | own | {"sequence": "" if self.mode == Mode.APPEND else "update_time"}


def write_new_table(asked: NewTable, project: Path, *, as_json: bool) -> int:
    """Write the files that are not there yet, and name the department in contracts/departments.yaml when it is new."""
    written, there = [], []
    for name, template in asked.files().items():
        file = project / name
        if file.exists() or (file.suffix == ".py" and file.with_suffix("").is_dir()):
            there.append(name)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(TEMPLATES.get_template(template).render(asked.settings()), encoding="utf-8")
        written.append(name)
    if asked.department not in departments():
        known = project / "contracts" / "departments.yaml"
        known.write_text(f"{known.read_text(encoding='utf-8')}{asked.department}: {asked.department_title}\n", encoding="utf-8")
        written.append("contracts/departments.yaml")
    if as_json:
        print_json({"written": written, "there": there})
        return 0
    console.print(f"Written into {project}:" if written else f"Nothing was written into {project}:", style="bold")
    for name in written:
        console.print(f"  {name}")
    for name in there:
        console.print(f"  {name} is there already: add the table to it as docs/new-table.md says")
    console.print("Next: correct the columns to what the department delivers, then")
    console.print(f"  citylake demo --people 500 --departments {asked.department} --folder try")
    console.print(f'  citylake sql "SELECT * FROM {asked.derived.replace("/", ".")}" --config try/citylake.toml')
    return 0


def new_table(name: str, *, title: str, department_title: str | None, theme: str | None, format: str, mode: str) -> NewTable:
    """Return what is asked for.

    Args:
        name: department/table.
        title: Chinese name of the table.
        department_title: of a new department; None for a known one.
        theme: of the indicator; None: named like the department.
        format: of the deliveries, one of FORMATS.
        mode: of the deliveries.

    Raises:
        WrongUse: for a name, format or mode that cannot be, and for a new department without a title.
    """
    department, _, table = name.partition("/")
    for part in (department, table, theme or department):
        if not NAME.fullmatch(part):
            raise WrongUse("NAME", f"{part!r} is no name", name, "Write department/table in small letters, digits and _: water/reading")
    for value, allowed in ((format, FORMATS), (mode, tuple(Mode))):
        if value not in allowed:
            raise WrongUse("SETTING", f"{value!r} is not known", name, f"Use one of: {', '.join(allowed)}")
    if not (told := department_title or departments().get(department)):
        remedy = f"Give --department-title, or use one of: {', '.join(departments())}"
        raise WrongUse("DEPARTMENT", f"the department {department} is not known", name, remedy)
    organisation = f"FAKE321000{sum(department.encode()):06}"
    return NewTable(department, table, theme or department, title, told, Format(format), Mode(mode), organisation)
