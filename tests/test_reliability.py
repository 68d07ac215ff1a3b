"""The document made from test results: what failed shows as failed, what nobody proved as not proven, always the same bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.reliability import FAILED, NOT_PROVEN, PASSED, codes, document, main, proofs
from tests.servers.need import ROOT

STORIES = """\
import pytest

@pytest.mark.proves("F7", "H1")
def test_holds(proven):
    proven(done="killed | at ten points", seen="the same rows")

@pytest.mark.proves("H1")
def test_does_not_hold(proven):
    assert False
    proven(done="never", seen="never")

@pytest.fixture(scope="module")
def broken():
    raise OSError

@pytest.mark.proves("H2")
def test_does_not_even_begin(broken, proven):
    proven(done="never", seen="never")

@pytest.mark.proves("F9")
@pytest.mark.skipif(True, reason="no server")
def test_cannot_run(proven):
    proven(done="never", seen="never")

@pytest.mark.parametrize("sign", [pytest.param(1, marks=pytest.mark.proves("D01")), pytest.param(-1, marks=pytest.mark.proves("D02"))])
def test_of_each(sign, proven):
    assert sign > 0
    proven(done=f"sign {sign}", seen="a number")

def test_of_no_code(proven):
    proven(done="something", seen="something")
"""


@pytest.fixture(scope="module", params=["0", "2"], ids=["one process", "two processes"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, under the project's settings, of tests with one of each kind."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "test_stories.py").write_text(STORIES)
    plugins = ["-p", "tests.proving", "-p", "no:cacheprovider", "-n", request.param]
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), f"--rootdir={folder}", *plugins]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([*command, "--junitxml=tests.xml", "."], cwd=folder, env=env, capture_output=True, check=False, timeout=120)
    return folder / "tests.xml"


def row(text: str, code: str) -> str:
    (found,) = [line for line in text.splitlines() if line.startswith(f"| {code} |")]
    return found


def test_every_code_has_its_verdict(report: Path) -> None:
    text = document(proofs([report]), None)
    assert row(text, "F7").endswith(f"| killed \\| at ten points | the same rows | {PASSED} | test_stories::test_holds |")
    assert f"| {NOT_PROVEN} | test_stories::test_cannot_run |" in row(text, "F9")
    assert f"| {NOT_PROVEN} |" in row(text, "B13")
    assert row(text, "D01").endswith(f"| sign 1 | a number | {PASSED} | test_stories::test_of_each[1] |")
    assert "| Faults of the machinery | 15 | 1 of 15 | 0 | 14 |" in text
    assert "| What must always be true | 13 | 0 of 13 | 2 | 11 |" in text
    for family in codes().values():
        for code in family:
            assert row(text, code)


def test_a_test_that_fails_before_it_has_seen_anything_is_shown_as_failed(report: Path) -> None:
    text = document(proofs([report]), None)
    assert row(text, "H1").endswith(f"|  |  | {FAILED} | test_stories::test_does_not_hold |")
    assert row(text, "H2").endswith(f"|  |  | {FAILED} | test_stories::test_does_not_even_begin |")
    assert row(text, "D02").endswith(f"|  |  | {FAILED} | test_stories::test_of_each[-1] |")


def test_who_has_seen_something_says_of_which_code(report: Path) -> None:
    (case,) = [c for c in ElementTree.parse(report).iter("testcase") if c.get("name") == "test_of_no_code"]
    failure = case.find("failure")
    assert failure is not None
    assert "test_of_no_code says what it has seen, but no code" in failure.get("message", "")


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
