"""docs/domain.md: every rule that the repository names by its code is on the page, none else is, and what the page names exists."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pipelines.checks.table import all_checks
from pipelines.cli.dirt import TREATMENTS, WHOLE

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/domain.md"
TEXTS = ("*.py", "*.csv", "*.yaml", "*.md", "*.sql", "*.toml", "*.txt", "Makefile")
CODE = r"[A-H](?:[0-9]{1,2}(?:\.[0-9])?)?(?![\w.]*\w)"
NOTE = r"(?: \([^)]*\))?"
"""What a citation says of one code: "C5 (F7, constant vectors), D36"."""
NAMED = re.compile(r"[Dd]omain\s+(?:rules\b(?!\]\()|rule\s+[A-H][0-9])")  # other than as a link to the page
CITED = re.compile(rf"[Dd]omain\s+rules\s+({CODE}{NOTE}(?:(?:,| and| to|-)\s*{CODE}{NOTE})*)")
FREE = {"docs/glossary.md", "tests/architecture/test_domain_rules.py"}
"""Files that speak of the rules as such."""


def _codes(citation: str) -> Iterator[str]:
    """The codes of "A0-A4, D03 to D05 and E4.1 (air)", ranges in full. A code of dirt has two digits: D03 is another rule than D3."""
    last = ""
    for between, code in re.findall(rf"(-|\bto\b)?\s*\b({CODE})", re.sub(r"\([^)]*\)", "", citation)):
        if between:
            width = len(last) - 1
            yield from (f"{code[0]}{number:0{width}d}" for number in range(int(last[1:]) + 1, int(code[1:])))
        yield code
        last = code


@cache
def _texts() -> dict[str, str]:
    files = subprocess.run(["git", "ls-files", *TEXTS], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout.split()
    return {f: (ROOT / f).read_text(encoding="utf-8") for f in files if f not in FREE | {PAGE} and (ROOT / f).is_file()}


def _rows() -> dict[str, str]:
    rows = re.findall(rf"^\| ({CODE}) \|(.*)\|$", (ROOT / PAGE).read_text(encoding="utf-8"), re.MULTILINE)
    assert len(dict(rows)) == len(rows), "a code has two rows"
    return dict(rows)


def _cited() -> dict[str, str]:
    """Every code that is named somewhere, with the place."""
    cited = {code: file for file, text in _texts().items() for found in CITED.finditer(text) for code in _codes(found[1])}
    cited |= {t.of: "pipelines/cli/dirt.py" for t in TREATMENTS.values()} | {c: "pipelines/cli/dirt.py" for c in WHOLE if c.startswith("D")}
    return cited | {check.code: f"the check {check.name}" for check in all_checks() if check.code != "LAKE"}


@pytest.mark.parametrize(
    ("citation", "codes"),
    [
        ("A0-A2, D03-D05;", "A0 A1 A2 D03 D04 D05"),
        ("A1 to A3, B10, D6", "A1 A2 A3 B10 D6"),
        ("A9 (W_SHARED), C5 (F7, constant), D36", "A9 C5 D36"),
        ("E4.1, break points", "E4.1"),
        ("C5 and C6)", "C5 C6"),
        ("H); E1", "H"),
        ("D4, authority)", "D4"),
    ],
)
def test_a_citation_is_read(citation: str, codes: str) -> None:
    found = CITED.match(f"domain rules {citation}")
    assert found
    assert list(_codes(found[1])) == codes.split()


def test_every_citation_says_which_rule() -> None:
    vague = [
        f"{file}: {text[found.start() : found.end() + 40]!r}"
        for file, text in _texts().items()
        for found in NAMED.finditer(text)
        if not CITED.match(text, found.start())
    ]
    assert vague == []


def test_every_rule_that_is_cited_is_on_the_page() -> None:
    rows = _rows()
    assert {code: place for code, place in _cited().items() if code not in rows} == {}


def test_every_rule_on_the_page_is_cited() -> None:
    assert sorted(set(_rows()) - set(_cited())) == []


def test_every_path_on_the_page_exists() -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    named = {p for p in re.findall(r"`([^`]+)`", page) if "/" in p}
    linked = {p.partition("#")[0] for p in re.findall(r"\]\(([^)]+)\)", page)} - {""}
    assert len(named) > 100
    assert sorted(p for p in named if not (ROOT / p).exists()) == []
    assert sorted(p for p in linked if not (ROOT / "docs" / p).exists()) == []


def test_every_rule_on_the_page_has_a_place() -> None:
    assert [code for code, row in _rows().items() if "`" not in row.rpartition("|")[2]] == []
