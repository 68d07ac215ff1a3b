"""The order of the files: the long ones first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import seconds
from tests.conftest import long_first
from tests.servers.need import ROOT

REPORT = """<testsuites><testsuite>
<testcase file="tests/a/test_a.py" name="one" time="7.5"/><testcase file="tests/a/test_a.py" name="two" time="4.6"/>
<testcase file="tests/b/test_b.py" name="one" time="4.9"/><testcase file="tests/c/test_c.py" name="one" time="31"/>
</testsuite></testsuites>"""


def test_every_file_of_the_table_is_there() -> None:
    assert [file for file in seconds.of_files() if not (ROOT / file).is_file()] == []


def test_a_report_is_summed_by_file(tmp_path: Path) -> None:
    (tmp_path / "tests.xml").write_text(REPORT)
    assert list(seconds.measured(tmp_path / "tests.xml").items()) == [("tests/c/test_c.py", 31), ("tests/a/test_a.py", 12)]


def test_the_long_files_come_first(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = [item for item in request.session.items if item.path == Path(__file__)]
    other = type("Item", (), {"path": ROOT / "tests/c/test_c.py", "get_closest_marker": lambda self, name: None})()
    monkeypatch.setattr(seconds, "of_files", lambda: {"tests/c/test_c.py": 31.0})
    items = [*mine, other]
    long_first(items)
    assert items == [other, *mine]
