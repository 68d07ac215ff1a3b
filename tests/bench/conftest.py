"""The job of the bench, done once by ours, bare, for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.data import inputs
from bench.measure import Cost, run

SIZE = 0.0002
OURS = "ours_on_sail"


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return inputs(tmp_path_factory.mktemp("inputs"), SIZE)


@pytest.fixture(scope="session")
def ours(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cost]:
    folder = tmp_path_factory.mktemp("ours") / OURS
    return folder, run(OURS, source, folder)
