"""Fingerprints: a digest of the code and data that decide what a table contains, so that only what an edit concerns is made again.

Here: the import closure of a module within the packages of rules, and the data files that its modules name. Not here: contracts,
parameters and input versions, which the steps add (`derive`, `cleanse.table_state`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

from contracts import Contract

PROJECT = Path(__file__).resolve().parents[1]
PACKAGES = ("assets", "quality", "standards")
"""The packages whose code decides about rows. A contract counts by its content, so the code that reads it does not."""
DATA = (".yaml", ".csv", ".txt")
NAME = re.compile(r"[a-z0-9_]+(/[a-z0-9_]*)*(\.[a-z]+)?")
"""What the name of a data file or folder looks like, with or without its suffix."""
MERGING = ("quality.rows", "quality.table_rules", "assets.cleansed.merge")


@cache
def module_digest(*modules: str, project: Path = PROJECT) -> str:
    """A digest of the sources of some modules, of all that they import within PACKAGES, and of the data files that these name."""
    digest = sha256()
    for file in sorted(closure(*modules, project=project)):
        digest.update(file.relative_to(project).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()


def rules_digest(contract: Contract) -> str:
    """A digest of the code and data that decide about the rows of a cleansed table."""
    return module_digest(*MERGING)


def closure(*modules: str, project: Path = PROJECT) -> set[Path]:
    """The source and data files that a change of these modules' results can come from."""
    files: set[Path] = set()
    todo = list(_imported(list(modules), project))
    while todo:
        file = todo.pop()
        if file not in files:
            files.add(file)
            uses = _uses(file, project)
            files |= {f for f in uses if f.suffix in DATA}
            todo += [f for f in uses if f.suffix not in DATA]
    return files


@cache
def _uses(file: Path, project: Path) -> tuple[Path, ...]:
    """The modules of PACKAGES that a module imports anywhere, and the data files that its strings name: below its own folder, and, by a
    path, below that of the standards (`standards.tables`)."""
    found: list[Path] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += _imported([a.name for a in node.names], project)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found += _imported([node.module, *(f"{node.module}.{a.name}" for a in node.names)], project)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += _data(file.parent, node.value)
            found += _data(project / "standards", node.value) if "/" in node.value else []
    return tuple(dict.fromkeys(found))


def _imported(names: list[str], project: Path) -> Iterator[Path]:
    for name in names:
        parts = name.split(".")
        if parts[0] in PACKAGES:  # importing a module also runs the packages above it
            yield from (f for n in range(1, len(parts) + 1) if (f := _file(".".join(parts[:n]), project)) is not None)


def _file(module: str, project: Path) -> Path | None:
    path = project.joinpath(*module.split("."))
    return next((f for f in (path.with_suffix(".py"), path / "__init__.py") if f.is_file()), None)


def _data(folder: Path, name: str) -> list[Path]:
    if not NAME.fullmatch(name):
        return []
    named = folder / name
    if named.is_dir():
        return [f for f in sorted(named.rglob("*")) if f.suffix in DATA]
    return [f for f in (named, *(Path(f"{named}{suffix}") for suffix in DATA)) if f.suffix in DATA and f.is_file()]
