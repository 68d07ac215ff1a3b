"""The arrows between packages, and a help text that needs no engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIGHT = {"pipelines", "typer", "shellingham", "annotated_doc"}
"""All that the list of commands needs beside Python's own modules: not even rich, which takes longer to import than these together."""
OPTIONS = LIGHT | {"pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}
"""Typer reads options with these."""
HELP = """
import sys
before = set(sys.modules)
sys.argv = ["citylake", *sys.argv[1:]]
from pipelines.cli.main import app
try:
    app()
except SystemExit as end:
    assert not end.code, end.code
loaded = {m.partition(".")[0] for m in set(sys.modules) - before}
print("LOADED", *sorted(m for m in loaded - sys.stdlib_module_names if not m.startswith("_")))
"""


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_packages_depend_on_each_other_only_as_declared() -> None:
    told = _run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache")
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-1000:]
    assert "0 broken" in told.stdout


@pytest.mark.parametrize(("arguments", "needed"), [("--help", LIGHT), ("run --help", OPTIONS), ("keys create --help", OPTIONS)])
def test_help_loads_hardly_anything(arguments: str, needed: set[str]) -> None:
    told = _run("-c", HELP, *arguments.split())
    assert "Usage" in told.stdout, told.stderr[-2000:]
    assert set(told.stdout.splitlines()[-1].split()[1:]) <= needed
