"""What fuzzing has found, and sound files, read once more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS, seeds

FOUND = [pytest.param(f.parent.name, f, id=f"{f.parent.name}/{f.name}") for f in sorted((Path(__file__).parent / "corpus").glob("*/*"))]


@pytest.mark.parametrize("target", TARGETS)
def test_sound_files_pass(target: str) -> None:
    for data in seeds()[target]:
        TARGETS[target](data)


@pytest.mark.parametrize(("target", "file"), FOUND)
def test_find_is_mended(target: str, file: Path) -> None:
    TARGETS[target](file.read_bytes())
