"""Nights that make anew only what their deliveries touch make the same lake as one that makes everything.

Here the tables are small and taken for large ones. Not here: cleansing alone (tests/cleansed/test_only_changes), links of made-up
records (tests/population/test_changes).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.check.rebuilt import compare_with_rebuild
from pipelines.nights import run_night
from pipelines.runtime import Runtime
from pipelines.steps import changed, cleanse
from resources.changes import GONE
from resources.keys import create_key
from resources.settings import Settings
from tests.soak.deliveries import Departments

pytestmark = pytest.mark.slow
PEOPLE, SEED, NIGHTS = 600, 11, 4
UPDATED = ("base/population/source_link", "base/population/death", "base/population/person")


@pytest.fixture(autouse=True)
def _every_table_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanse, "WORTH_CHANGING", 0)
    monkeypatch.setattr(changed, "WORTH_UPDATING", 0)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[tuple[Runtime, Departments]]:
    landing, url = tmp_path / "landing", f"sqlite:///{tmp_path}/exchange.db"
    landing.mkdir()
    settings = Settings(
        lake=f"{tmp_path}/lake", landing=f"{landing}", exchange_url=url, key_file=tmp_path / "key", profile="demo", home=tmp_path / "home"
    )
    create_key(settings.key_file)
    runtime = Runtime.of(settings)
    yield runtime, Departments(PEOPLE, SEED, NIGHTS, landing, url)
    runtime.engine.stop()


def test_nights_that_write_only_what_changes_make_what_a_rebuild_makes(city: tuple[Runtime, Departments]) -> None:
    runtime, departments = city
    for day in departments.days:
        departments.deliver(day)
        report = run_night(runtime, day)
        assert (report.failures, report.problems) == ([], [])
    for table in UPDATED:
        assert GONE in runtime.lake.notes(table), f"{table} was made as a whole"
        assert runtime.lake.verify(table) == []
    rebuilt, differences = compare_with_rebuild(runtime)
    assert rebuilt.failures == []
    assert [d for d in differences if not d.equal] == []
