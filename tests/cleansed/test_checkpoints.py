"""Rows written down in the middle of a step are gone when it ends, however it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.runtime import Runtime
from pipelines.steps.checkpoints import checkpoints
from pipelines.steps.outcome import GateFailed
from quality import gates
from quality.gates import GateResult
from tests.cleansed.nights import crowd, night
from tests.deliveries import deliver

STAFF, CLEANSED = "health/staff", "cleansed/health/staff"
D29 = "2019-12-29"
Installation = Callable[..., Runtime]


def stages(city: Runtime) -> list[Path]:
    return sorted(Path(city.lake.root, CLEANSED).glob("stage-*"))


def test_only_published_rows_are_left_of_a_fold(installation: Installation) -> None:
    city = installation()
    deliver(city, STAFF, D29, crowd())
    night(city, STAFF, D29)
    handle = city.lake.open(CLEANSED)
    assert handle is not None
    assert [any(f"/{stage.name}/" in file for file in handle.file_uris()) for stage in stages(city)] == [True]


def test_a_gate_that_fails_leaves_its_candidates_and_nothing_else(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    city = installation()
    deliver(city, STAFF, D29, crowd())
    monkeypatch.setattr(gates, "check", lambda *_: [GateResult("key_unique", False, True, "one row per key")])
    with pytest.raises(GateFailed) as failed:
        night(city, STAFF, D29)
    assert [stage.name in str(failed.value) for stage in stages(city)] == [True]


def test_what_is_written_down_comes_back_and_goes_even_after_an_error(installation: Installation) -> None:
    city, rows, seen = installation(), [("王", 1), ("李", 2)], []

    def broken() -> None:
        with checkpoints(city, CLEANSED, "r") as checkpoint:
            again = checkpoint(city.spark.createDataFrame(rows, "name string, n int"))
            checkpoint(again.where("n = 1"))
            seen.extend([sorted(map(tuple, again.collect())), len(stages(city))])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert seen == [sorted(rows), 2]
    assert stages(city) == []
