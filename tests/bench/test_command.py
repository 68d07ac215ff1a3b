"""The command of the bench."""

from __future__ import annotations

import sys

import pytest

from bench.__main__ import _arguments


def test_folder_is_the_same_for_servers_that_work_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "--folder", "some/where"])
    assert _arguments().folder.is_absolute()
    monkeypatch.setattr(sys, "argv", ["bench"])
    assert _arguments().folder.is_absolute()
