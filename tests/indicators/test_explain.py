"""An indicator is explained by what it counts, and by its newest figures of each place."""

from __future__ import annotations

from typing import Any

from assets.indicators.explain import explain_indicator


def row(period: str, code: str, numerator: int, denominator: int) -> dict[str, Any]:
    return {
        "indicator": "archive_rate", "period_kind": "year", "period": period, "basis": "clean", "div_code": code, "numerator": numerator,
        "denominator": denominator, "value": 100 * numerator / denominator, "unit": "%", "state": "NO_TARGET", "rule_version": "1.0.0",
    }  # fmt: skip


ROWS = [
    row("2017", "321000", 1, 9),
    row("2018", "321000", 1, 2),
    row("2019", "321003", 3, 4),
    row("2019", "321000", 4, 6),
    row("2019", "000000", 1, 2),
]


def rows(table: str, /, **equal: Any) -> list[dict[str, Any]]:
    return [r for r in ROWS if table == "themes/health/indicator" and r["indicator"] == equal["indicator"]]


def test_an_indicator_says_what_it_counts_and_shows_the_two_newest_years_the_city_first() -> None:
    (found,) = explain_indicator(rows, "archive_rate")
    assert found.title == "Archives over residents (建档率), themes/health/indicator"
    assert "residents with an archive that is real" in found.lines[0]
    assert found.lines[1].startswith("over: Residents of the population database")
    assert [(f["period"], f["div_code"], f["numerator"]) for f in found.facts["figures"]] == [
        ("2018", "321000", 1), ("2019", "321000", 4), ("2019", "000000", 1), ("2019", "321003", 3),
    ]  # fmt: skip
    assert [r[4] for r in found.sections[0].rows] == ["Yangzhou City", "Yangzhou City", "unknown county", "Hanjiang District"]
    assert "higher is better up to 100, and more is a finding;" in found.lines[2]
    assert "base/population/person" in found.facts["counted_from"]
    assert explain_indicator(rows, "bus_punctuality") == explain_indicator(rows, "32100200100100005") == []
