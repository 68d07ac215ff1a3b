"""Nights that make only what their deliveries touch publish the same lake as one that makes everything.

Here the tables are small and taken for large ones. Not here: cleansing alone (tests/cleansed/test_only_changes), declared
tables of random towns (tests/touch).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import functions as F

from pipelines.checks.rebuilt import compare_with_rebuild
from pipelines.control.ledger import PROFILE
from pipelines.orchestration.nights import run_night, run_rebuild
from pipelines.runtime import Runtime
from pipelines.steps import input_changes
from pipelines.steps.cleanse import plan
from resources.change_set import ChangeCounts
from tests.soak.deliveries import Departments

pytestmark = pytest.mark.slow
PEOPLE, SEED = 400, 11
LINKS = "base/population/source_link"
UPDATED = (
    LINKS, "base/population/death", "base/population/person", "themes/health/service", "themes/health/archive",
    "themes/health/cleanup_list",
)  # fmt: skip


def _scope(runtime: Runtime, table: str) -> str:
    """How the table was made when it last was, and why, as the profile says."""
    rows = runtime.lake.read(runtime.spark, PROFILE).where(F.col("table") == table).orderBy("as_of").collect()
    return "; ".join(f"{r.as_of}: {r.outcome}, {r.scope}" for r in rows)


def _made_whole(runtime: Runtime, table: str) -> bool:
    changes = ChangeCounts.of_commit(runtime.lake.notes(table))
    assert changes is not None
    return changes.whole


@pytest.fixture
def nights(installation: Callable[..., Runtime], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Runtime]:
    """A city after some nights, held against a rebuild. From how many rows on a cleansed table is changed in place and one of base and
    themes is updated, and which of these have been."""

    def run(count: int, *, changing: int, updating: int, updated: tuple[str, ...]) -> Runtime:
        monkeypatch.setattr(plan, "CHANGED_FROM_ROWS", changing)
        monkeypatch.setattr(plan, "CHANGED_UP_TO_SHARE", 9)
        monkeypatch.setattr(input_changes, "PART_FROM_ROWS", updating)
        monkeypatch.setattr(input_changes, "too_much", lambda touch, share: False)
        runtime = installation()
        landing = Path(runtime.settings.landing)
        departments = Departments(PEOPLE, SEED, count, landing, f"sqlite:///{landing.parent}/exchange.db")
        for day in departments.days:
            departments.deliver(day)
            report = run_night(runtime, day)
            assert (report.failures, report.problems) == ([], [])
        for table in updated:
            assert not _made_whole(runtime, table), f"{table}: {_scope(runtime, table)}"
            assert runtime.lake.verify(table) == []
        rebuilt, differences = compare_with_rebuild(runtime)
        assert rebuilt.failures == []
        assert [d for d in differences if not d.equal] == []
        return runtime

    return run


def test_nights_that_write_only_what_changes_make_what_a_rebuild_makes(nights: Callable[..., Runtime]) -> None:
    runtime = nights(2, changing=0, updating=0, updated=UPDATED)
    newest = date.fromisoformat(runtime.lake.notes(LINKS)["as_of"])
    assert not run_rebuild(runtime, newest).failures
    assert all(_made_whole(runtime, t) for t in UPDATED), "a rebuild makes tables whole"


def test_so_does_a_night_whose_small_inputs_are_compared(nights: Callable[..., Runtime]) -> None:
    nights(2, changing=100_000, updating=1_100, updated=(LINKS,))
