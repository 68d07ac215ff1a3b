"""The first night of a small city, run once by the command line for all processes of a test run: tests of later nights begin there.

Here: its lake, which all read and nobody changes, copies of it, and the city that delivers. Not here: later nights (the tests).
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from resources.settings import Settings
from tests.departments import ABOUT_PERSONS
from tests.story.city import Installation, toml

if TYPE_CHECKING:
    from simulator import City

PEOPLE, SEED = 400, 11
MADE = "made"


@dataclass(frozen=True)
class FirstNight:
    """desk: an installation after the night. city: delivered for it, and can deliver for the nights that follow."""

    desk: Installation
    city: City

    @property
    def day(self) -> date:
        return self.city.nights[0]

    @property
    def settings(self) -> Settings:
        return Settings(**self.desk.settings)

    def copy(self, root: Path) -> Installation:
        """An installation of one's own, with this lake and what was delivered for it. root: a folder that is not there yet."""
        shutil.copytree(self.desk.root, root, ignore=shutil.ignore_patterns(MADE))
        here = Installation(root)
        here.config.write_text(toml(here.settings))
        return here


@pytest.fixture(scope="session")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstNight]:
    """In a Python of its own, as a user's: forks are held against it. When the tests are over it is as it was."""
    from simulator import build  # half a second, of which tests without this night know nothing

    city = build(PEOPLE, SEED, departments=ABOUT_PERSONS)

    def run(root: Path) -> None:
        desk = Installation.make(root)
        city.deliver(0, desk.landing, desk.exchange_url)
        done = desk.run("run", "--as-of", city.nights[0].isoformat(), fresh=True)
        assert done.code == 0, done.err

    root = once(tmp_path_factory.getbasetemp(), "first-night", run)
    before = written(root)
    yield FirstNight(Installation(root), city)
    assert written(root) == before, "a test has changed what others read"


def once(mine: Path, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first process of a test run to ask for it makes, while the others wait. mine: the folder of this process."""
    of_all = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    root = of_all / name
    with (of_all / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / MADE).exists():
            shutil.rmtree(root, ignore_errors=True)
            make(root)
            (root / MADE).touch()
    return root


def written(root: Path) -> dict[str, int]:
    """When each file was last written, by its place."""
    return {f"{f.relative_to(root)}": f.stat().st_mtime_ns for f in root.rglob("*") if f.is_file()}
