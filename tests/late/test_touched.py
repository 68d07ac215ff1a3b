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
PEOPLE, SEED, NIGHTS = 400, 11, 3
UPDATED = ("base/population/source_link", "base/population/death", "base/population/person", "themes/health/service")


LARGE = {
    "every table": (0, 0, UPDATED),
    "links": (100_000, 1_200, ("base/population/source_link",)),  # what they follow from is small, and is compared
}
"""From how many rows on a cleansed table is changed in place and one of base and themes is updated, and which of these that are."""


@pytest.mark.parametrize("which", LARGE)
def test_nights_that_write_only_what_changes_make_what_a_rebuild_makes(
    installation: Callable[..., Runtime], monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    changing, updating, updated = LARGE[which]
    monkeypatch.setattr(cleanse, "WORTH_CHANGING", changing)
    monkeypatch.setattr(changed, "WORTH_UPDATING", updating)
    runtime = installation()
    landing = Path(runtime.settings.landing)
    departments = Departments(PEOPLE, SEED, NIGHTS, landing, f"sqlite:///{landing.parent}/exchange.db")
    for day in departments.days:
        departments.deliver(day)
        report = run_night(runtime, day)
        assert (report.failures, report.problems) == ([], [])
    for table in updated:
        assert GONE in runtime.lake.notes(table), f"{table} was made as a whole"
        assert runtime.lake.verify(table) == []
    rebuilt, differences = compare_with_rebuild(runtime)
    assert rebuilt.failures == []
    assert [d for d in differences if not d.equal] == []

    assert not run_rebuild(runtime, departments.days[-1]).failures
    assert [t for t in updated if GONE in runtime.lake.notes(t)] == [], "a rebuild makes tables as a whole"
