"""The arrows between packages, and a help text that needs no engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("pyspark", "pysail", "dagster", "pandas", "pyarrow", "deltalake", "great_expectations", "sqlalchemy")
HELP = f"""
import sys
sys.argv = ["citylake", *sys.argv[1:]]
from pipelines.cli.main import app
try:
    app()
except SystemExit as end:
    assert not end.code, end.code
print("LOADED", [m for m in {HEAVY!r} if m in sys.modules])
"""


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def test_packages_depend_on_each_other_only_as_declared() -> None:
    told = _run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache")
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-1000:]
    assert "0 broken" in told.stdout


def test_help_loads_neither_engine_nor_orchestrator() -> None:
    for arguments in (["--help"], ["run", "--help"]):
        told = _run("-c", HELP, *arguments)
        assert "Usage" in told.stdout, told.stderr[-2000:]
        assert told.stdout.splitlines()[-1] == "LOADED []"
