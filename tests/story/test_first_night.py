"""What several processes of a test run need is made by one of them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.story.first_night import once


def test_one_makes_what_all_wait_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    made: list[Path] = []

    def make(root: Path) -> None:
        root.mkdir()
        time.sleep(0.05)
        made.append(root)

    with ThreadPoolExecutor(4) as workers:
        found = list(workers.map(lambda n: once(tmp_path / f"popen-gw{n}", "lake", make), range(4)))
    assert found == [tmp_path / "lake"] * 4
    assert made == [tmp_path / "lake"]


def test_what_was_not_finished_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    def fails(root: Path) -> None:
        root.mkdir()
        (root / "half").touch()
        raise ValueError("the night has failed")

    with pytest.raises(ValueError, match="the night has failed"):
        once(tmp_path, "lake", fails)
    assert [f.name for f in once(tmp_path, "lake", Path.mkdir).iterdir()] == ["made"]
