"""What a figure of the site is held against: the same period in the release before, or the last period when its own has ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from assets.pages import declared_pages
from contracts import load_all
from pipelines.site.figures import figures

INDICATOR = "themes/health/indicator"


@dataclass
class TwoReleases:
    """A reading of two releases of the health indicators, each one value of the city by period. The dates: of the releases."""

    now: tuple[date, dict[str, str]]
    then: tuple[date, dict[str, str]]
    earlier: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        self.contracts = {INDICATOR: load_all()[INDICATOR]}
        self.release, self.before = (SimpleNamespace(as_of=day, number=n) for day, n in ((self.now[0], 2), (self.then[0], 1)))

    def has(self, table: str) -> bool:
        return table == INDICATOR

    def rows(self, _: str, __: None, release: Any) -> pa.Table:
        _, values = self.now if release is self.release else self.then
        return pa.Table.from_pylist(
            [
                {
                    "indicator": "usage_rate", "basis": "clean", "period_kind": "year", "period": period, "div_code": "321000",
                    "numerator": 600, "denominator": 1000, "value": float(value), "state": "SOUND", "rule_version": "1", "target": None,
                }
                for period, value in values.items()
            ]
        )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "then", "change"),
    [
        ((date(2019, 12, 31), {"2019": "61"}), (date(2019, 12, 30), {"2019": "60"}), "+1.00"),
        ((date(2020, 1, 1), {"2019": "61", "2020": "2"}), (date(2019, 12, 31), {"2019": "61"}), None),
        ((date(2020, 1, 2), {"2019": "61", "2020": "3"}), (date(2020, 1, 1), {"2019": "61", "2020": "2"}), "+1.00"),
        ((date(2020, 12, 31), {"2019": "61", "2020": "64"}), (date(2020, 12, 30), {"2019": "61"}), "+3.00"),
    ],
    ids=["a year that goes on", "the first day of a year", "its second day", "a year that has ended, and was not there before"],
)
def test_a_period_that_goes_on_is_held_against_itself_only(now: Any, then: Any, change: str | None) -> None:
    (page,) = [p for p in declared_pages() if p.indicators == INDICATOR]
    (figure,) = figures(page, TwoReleases(now, then))  # type: ignore[arg-type]
    assert figure.change == change
