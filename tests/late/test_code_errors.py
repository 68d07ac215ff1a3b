"""A mistake in a table's own code: where it is, and what the release says once another one has taken its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from assets.base.population import death
from pipelines.orchestration.nights import run_night
from pipelines.runtime import Runtime
from tests.cleansed.nights import certificate, citizen
from tests.deliveries import deliver

DAY, TABLE = "2019-12-30", "base/population/death"


def test_an_error_is_said_with_its_line_and_the_newest_one_stands(
    installation: Callable[..., Runtime], monkeypatch: pytest.MonkeyPatch
) -> None:
    city = installation()
    deliver(
        city, "health/death_certificate", DAY, [certificate("C1", id_no=citizen(1), name="测试人", death_datetime="2019-12-02 04:00:00")]
    )
    whys = []
    for error in (ZeroDivisionError("by nothing"), LookupError("nowhere")):

        def broken(*_: Any, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(death, "evidence", broken)
        night = run_night(city, date.fromisoformat(DAY))
        (line,) = [f for f in night.failures if TABLE in f]
        assert str(error) in line
        assert "(assets/base/population/death.py:" in line, "the line of the lake's own code, not of a library"
        assert night.release is not None
        whys.append(night.release.remarks[TABLE].why)
    assert ["ZeroDivisionError" in whys[0], "LookupError" in whys[1]] == [True, True]
