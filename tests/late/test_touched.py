"""Nights that make only what their deliveries touch publish the same lake as one that makes everything.

Here the tables are small and taken for large ones; the first night, which makes everything, and the rebuild are made once. Not here:
cleansing alone (tests/cleansed/test_only_changes), declared tables of random towns (tests/touch).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import functions as F

from assets.declare import declared
from pipelines.cli.rebuild import compare_lakes
from pipelines.control.ledger import PROFILE
from pipelines.orchestration.nights import run_night, run_rebuild
from pipelines.runtime import Runtime
from pipelines.steps import input_changes
from pipelines.steps.checkpoints import checkpoints
from pipelines.steps.cleanse import plan
from pipelines.steps.input_changes import Inputs, Whole
from resources.change_set import ChangeCounts
from resources.engine import Engine
from resources.keys import create_key
from resources.lake import Lake
from resources.settings import Settings
from tests.departments import ABOUT_PERSONS
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


Nights = Callable[..., Runtime]


def _runtime(root: Path, engine: Engine) -> Runtime:
    settings = Settings(
        lake=f"{root}/lake", landing=f"{root}/landing", exchange_url=f"sqlite:///{root}/exchange.db", key_file=root / "pseudonym.key",
        profile="demo", departments=ABOUT_PERSONS, home=root / "dagster",
    )  # fmt: skip
    return Runtime.of(settings, engine)


def _night(runtime: Runtime, departments: Departments, night: int) -> None:
    report = run_night(runtime, departments.days[night])
    assert (report.failures, report.problems) == ([], [])


def _limits(patch: pytest.MonkeyPatch, *, changing: int, updating: int) -> None:
    """From how many rows on a cleansed table is changed in place, and one of base and themes is updated."""
    patch.setattr(plan, "CHANGED_FROM_ROWS", changing)
    patch.setattr(plan, "CHANGED_UP_TO_SHARE", 9)
    patch.setattr(input_changes, "PART_FROM_ROWS", updating)
    patch.setattr(input_changes, "too_much", lambda touch, share: False)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> tuple[Path, Departments]:
    """A city after its first night, in which every table is made whole; its departments have delivered for the second."""
    root = tmp_path_factory.mktemp("touched") / "first"
    (root / "landing").mkdir(parents=True)
    create_key(root / "pseudonym.key")
    departments, runtime = Departments(PEOPLE, SEED, 2, root / "landing", f"sqlite:///{root}/exchange.db"), _runtime(root, engine)
    departments.deliver(departments.days[0])
    with pytest.MonkeyPatch.context() as patch:
        _limits(patch, changing=0, updating=0)
        _night(runtime, departments, 0)
    departments.deliver(departments.days[1])
    return root, departments


@pytest.fixture(scope="module")
def nights(city: tuple[Path, Departments], engine: Engine) -> Nights:
    """`nights("name", changing=…, updating=…)`: a city of its own after the second night, under these limits."""
    root, departments = city

    def run(name: str, *, changing: int, updating: int) -> Runtime:
        copy = shutil.copytree(root, root.parent / name, ignore=shutil.ignore_patterns("dagster"))
        runtime = _runtime(copy, engine)
        with pytest.MonkeyPatch.context() as patch:
            _limits(patch, changing=changing, updating=updating)
            _night(runtime, departments, 1)
        return runtime

    return run


@pytest.fixture(scope="module")
def updated(nights: Nights) -> Runtime:
    """All that a night touches is changed in place."""
    return nights("updated", changing=0, updating=0)


@pytest.fixture(scope="module")
def rebuilt(updated: Runtime, city: tuple[Path, Departments]) -> Iterator[Lake]:
    """Everything after raw made of all deliveries at once, into an empty lake."""
    other = updated.with_lake(updated.lake.scratch())
    assert not run_rebuild(other, city[1].days[1], history=False).failures
    yield other.lake
    other.lake.store.remove("")


def _check(runtime: Runtime, rebuilt: Lake, tables: tuple[str, ...]) -> None:
    """These tables have been updated, and every table is as in the rebuild."""
    for table in tables:
        assert not _made_whole(runtime, table), f"{table}: {_scope(runtime, table)}"
        assert runtime.lake.verify(table) == []
    differences = compare_lakes(runtime.spark, runtime.lake, rebuilt)
    assert {*UPDATED} < {d.table for d in differences}
    assert [d for d in differences if not d.equal] == []


def test_nights_that_write_only_what_changes_make_what_a_rebuild_makes(updated: Runtime, rebuilt: Lake) -> None:
    _check(updated, rebuilt, UPDATED)


def test_so_does_a_night_whose_small_inputs_are_compared(nights: Nights, rebuilt: Lake) -> None:
    _check(nights("compared", changing=100_000, updating=1_100), rebuilt, (LINKS,))


def test_a_table_whose_changes_spread_far_is_made_whole_before_anything_is_searched(
    updated: Runtime, city: tuple[Path, Departments], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the logs alone: how many rows of the inputs have changed, and how many of its own each of them touches."""
    asset, (_, before) = declared()[LINKS], updated.lake.history(LINKS, 2)
    inputs = Inputs(asset, {table: updated.lake.version(table) or 0 for table in asset.inputs.values()}, before)
    monkeypatch.setattr(input_changes, "PART_FROM_ROWS", 0)

    def decided(spread: float) -> object:
        assert asset.touch is not None
        one = replace(inputs, asset=replace(asset, touch=replace(asset.touch, whole_above=1.0, spread=spread)))
        with checkpoints(updated, LINKS, "spread") as checkpoint:
            return input_changes.since_last_made(updated, one, city[1].days[1], checkpoint)

    assert not isinstance(decided(1.0), Whole)
    whole = decided(1_000.0)
    assert isinstance(whole, Whole)
    assert "its inputs changed in" in whole.reason
