"""Nights that make anew only what their deliveries touch make the same lake as one that makes everything.

Here the tables are small and taken for large ones. Not here: cleansing alone (tests/cleansed/test_only_changes), links of made-up
records (tests/population/test_changed_records).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.check.rebuilt import compare_with_rebuild
from pipelines.nights import run_night, run_rebuild
from pipelines.runtime import Runtime
from pipelines.steps import changed, cleanse
from resources.changes import GONE
from tests.soak.deliveries import Departments

pytestmark = pytest.mark.slow
PEOPLE, SEED, NIGHTS = 600, 11, 4
UPDATED = ("base/population/source_link", "base/population/death", "base/population/person", "themes/health/service")


@pytest.fixture(autouse=True)
def _every_table_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanse, "WORTH_CHANGING", 0)
    monkeypatch.setattr(changed, "WORTH_UPDATING", 0)


def test_nights_that_write_only_what_changes_make_what_a_rebuild_makes(installation: Callable[..., Runtime]) -> None:
    runtime = installation()
    departments = Departments(PEOPLE, SEED, NIGHTS, Path(runtime.settings.landing), runtime.settings.exchange_url)
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


def test_a_rebuild_makes_every_table_as_a_whole(installation: Callable[..., Runtime]) -> None:
    runtime = installation()
    departments = Departments(PEOPLE, SEED, 1, Path(runtime.settings.landing), runtime.settings.exchange_url)
    departments.deliver(departments.days[0])
    assert not run_night(runtime, departments.days[0]).failures
    assert not run_rebuild(runtime, departments.days[0]).failures
    assert [t for t in UPDATED if GONE in runtime.lake.notes(t)] == []
