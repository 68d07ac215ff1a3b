"""The document made from test results: what failed shows as failed, what nobody proved as not proven, always the same bytes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reliability import FAILED, NOT_PROVEN, PASSED, codes, document, main, proofs

STORIES = """\
import pytest

def test_holds(record_property):
    for name, value in (("proves", "F7"), ("proves", "H1"), ("done", "killed | at ten points"), ("seen", "the same rows")):
        record_property(name, value)

def test_does_not_hold(record_property):
    record_property("proves", "H1")
    record_property("seen", "3 rows lost")
    assert False

def test_cannot_run(record_property):
    record_property("proves", "F9")
    pytest.skip("no server")
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the tests with one of each kind."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "test_stories.py").write_text(STORIES)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir=.",
        "--junitxml=tests.xml",
        ".",
    ]
    subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    return folder / "tests.xml"


def row(text: str, code: str) -> str:
    (found,) = [line for line in text.splitlines() if line.startswith(f"| {code} |")]
    return found


def test_every_code_has_its_verdict(report: Path) -> None:
    text = document(proofs([report]), None)
    assert row(text, "F7").endswith(f"| killed \\| at ten points | the same rows | {PASSED} | test_stories::test_holds |")
    assert f"| 3 rows lost | {FAILED} | test_stories::test_does_not_hold |" in row(text, "H1")
    assert f"| {NOT_PROVEN} | test_stories::test_cannot_run |" in row(text, "F9")
    assert f"| {NOT_PROVEN} |" in row(text, "B13")
    assert "| Faults of the machinery | 15 | 1 of 15 | 0 | 14 |" in text
    assert "| What must always be true | 13 | 0 of 13 | 1 | 12 |" in text
    for family in codes().values():
        for code in family:
            assert row(text, code)


def test_a_code_nobody_knows_is_refused(report: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange.xml"
    strange.write_text(report.read_text().replace('value="F7"', 'value="F99"'))
    with pytest.raises(ValueError, match="F99"):
        document(proofs([strange]), None)


def test_the_same_results_make_the_same_bytes(report: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.xml"
    shutil.copy(report, again)
    made = []
    for reports in ([report, again], [again, report]):
        assert main([*map(str, reports), "--out", str(tmp_path / "out.md")]) == 0
        made.append((tmp_path / "out.md").read_bytes())
    assert made[0] == made[1]
