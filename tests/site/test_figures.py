"""What a figure of the site is held against: the same period in the release before, or the last period when its own has ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from assets.dates import ONE_DAY
from assets.pages import declared_pages
from contracts import load_all
from pipelines.site.figures import figures

INDICATOR = "themes/health/indicator"
(PAGE,) = [p for p in declared_pages() if p.indicators == INDICATOR]


@dataclass
class TwoReleases:
    """A reading of two releases of the health indicators, each one value of the city by period. The dates: of the releases."""

    now: tuple[date, dict[str, str]]
    then: tuple[date, dict[str, str]]
    earlier: tuple[Any, ...] = ()
    indicator: str = "usage_rate"

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
                    "indicator": self.indicator, "basis": "clean", "period_kind": "year", "period": period, "div_code": "321000",
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
    (figure,) = figures(PAGE, TwoReleases(now, then))  # type: ignore[arg-type]
    assert figure.change == change


@pytest.mark.parametrize(
    ("as_of", "values", "ended"),
    [
        (date(2020, 1, 1), {"2019": "61", "2020": "2"}, ("2019", "61.00")),
        (date(2020, 12, 30), {"2019": "61", "2020": "64"}, ("2019", "61.00")),
        (date(2020, 12, 31), {"2019": "61", "2020": "64"}, None),
        (date(2020, 1, 1), {"2020": "2"}, None),
        (date(2020, 1, 1), {"2018": "60", "2019": "61", "2020": "2"}, None),
    ],
    ids=["the first day of a year", "the last but one", "the year has ended itself", "no year before", "the course shows every year"],
)
def test_next_to_a_year_that_goes_on_stands_the_one_that_has_ended(as_of: date, values: Any, ended: Any) -> None:
    (figure,) = figures(PAGE, TwoReleases((as_of, values), (as_of - ONE_DAY, values)))  # type: ignore[arg-type]
    found = figure.ended and (figure.ended.period, figure.ended.city.value)
    assert found == ended
    assert list(figure.periods) == [max(values), *([ended[0]] if ended else [])]


@pytest.mark.parametrize(
    ("then", "now", "better", "beyond"),
    [
        ("98", "100", True, False),
        ("98", "97", False, False),
        ("102", "103", False, True),
        ("103", "102", True, True),
        ("99", "101", False, True),
        ("101", "99", True, False),
        ("101", "101", None, True),
    ],
)
def test_more_archives_than_residents_are_a_finding_and_no_success(then: str, now: str, better: bool | None, beyond: bool) -> None:
    of = (date(2019, 12, 31), {"2019": now}), (date(2019, 12, 30), {"2019": then})
    (figure,) = figures(PAGE, TwoReleases(*of, indicator="archive_rate"))  # type: ignore[arg-type]
    assert (figure.better, figure.beyond) == (better, beyond)
