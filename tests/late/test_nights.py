"""A whole night takes in what came late for earlier dates, and says of a date that no night can be made for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from pipelines.orchestration.nights import run_night
from pipelines.runtime import Runtime
from tests.cleansed.nights import crowd, published, staff
from tests.deliveries import deliver

pytestmark = pytest.mark.slow
STAFF = "health/staff"


@pytest.mark.proves("D25")
def test_a_night_takes_in_earlier_dates_and_reports_one_it_cannot_have(installation: Callable[..., Runtime], proven: Any) -> None:
    city = installation()
    delivered = (("2017-06-01", [staff("OLD")]), ("2019-12-29", [*crowd(), staff("A")]), ("2019-12-30", [*crowd(), staff("B")]))
    for day, rows in delivered:
        deliver(city, STAFF, day, rows)
    night = run_night(city, date(2019, 12, 31))
    (said,) = [p for p in night.problems if p.startswith("DELIVERY_DATE")]
    assert "2017-06-01" in said
    assert sorted(p["_business_date"] for p in city.lake.partitions(f"raw/{STAFF}")) == ["2019-12-29", "2019-12-30"]
    assert published(city, STAFF, "_op") == {"A": "D", "B": "I"}
    proven(
        done="snapshots of two earlier dates and one of a date before the lake's first; one night for all",
        seen="the two taken in in their order, what the later one lacks is closed; the third reported",
    )
