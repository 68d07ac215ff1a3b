"""What is late: cadence and latency of a contract against what has come, as of a date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from contracts import Cadence, load_all
from pipelines.control.freshness import Overdue, overdue
from pipelines.control.ledger import Ledger

STAFF, EXAMINATION = "cleansed/health/staff", "cleansed/health/examination"
BEGUN = {"table": "base/population/person", "kind": "derived", "business_date": date(2019, 11, 5)}
CASES = [
    # once in every, latency, deliveries, as of, expected and days over (None: not late)
    ("1d", 2, ["2019-12-20"], "2019-12-23", None),
    ("1d", 2, ["2019-12-20"], "2019-12-24", ("2019-12-21", 1)),
    ("1d", 2, ["2019-12-22", "2019-12-20"], "2019-12-24", None),
    ("1d", 0, ["2019-12-20"], "2019-12-22", ("2019-12-21", 1)),
    ("3d", 0, ["2019-12-20"], "2019-12-23", None),
    ("3d", 0, ["2019-12-20"], "2019-12-24", ("2019-12-23", 1)),
    ("1w", 1, ["2019-12-16"], "2019-12-30", None),  # any day of the next week will do
    ("1w", 1, ["2019-12-16"], "2019-12-31", ("2019-12-29", 1)),
    ("1m", 5, ["2019-11-30"], "2020-01-05", None),  # any day of December
    ("1m", 5, ["2019-11-01"], "2020-01-06", ("2019-12-31", 1)),
    ("1m", 0, ["2020-01-31"], "2020-03-01", ("2020-02-29", 1)),
    ("3m", 0, ["2019-10-01"], "2020-02-01", ("2020-01-31", 1)),
    ("1y", 10, ["2019-03-01"], "2021-01-10", None),
    ("1y", 10, ["2019-03-01"], "2021-01-11", ("2020-12-31", 1)),
    ("1d", 2, [], "2019-11-07", None),  # never delivered: awaited from the first night on
    ("1d", 2, [], "2019-11-08", ("2019-11-05", 1)),
    ("1m", 0, [], "2019-11-30", None),
    ("1m", 0, [], "2019-12-01", ("2019-11-30", 1)),
    ("1d", 2, ["2019-12-20", "2099-01-01"], "2019-12-24", ("2019-12-21", 1)),  # a date to come is no delivery yet
]


class Told(Ledger):
    """A ledger of some rows, without a lake."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._told = rows

    def rows(self) -> list[dict[str, Any]]:
        return self._told

    def rows_of(self, table: str) -> list[dict[str, Any]]:
        return [r for r in self._told if r["table"] == table]


def delivery(day: str, kind: str = "batch") -> dict[str, Any]:
    return {"table": "raw/health/staff", "kind": kind, "business_date": date.fromisoformat(day)}


def late(cadence: Cadence | None, rows: list[dict[str, Any]], as_of: str) -> list[Overdue]:
    contract = replace(load_all()[STAFF], cadence=cadence)
    return overdue([contract], Told(rows), date.fromisoformat(as_of))


@pytest.mark.parametrize(("every", "latency", "days", "as_of", "found"), CASES)
def test_a_table_is_late_when_its_cadence_and_latency_are_over(
    every: str, latency: int, days: list[str], as_of: str, found: tuple[str, int] | None
) -> None:
    said = late(Cadence(int(every[0]), every[1], latency), [BEGUN, *map(delivery, days)], as_of)
    assert [(o.expected.isoformat(), o.days) for o in said] == ([found] if found else [])
    if said:
        assert said[0].owner == "health"
        assert said[0].newest == max((date.fromisoformat(d) for d in days if d <= as_of), default=None)


def test_refused_deliveries_have_not_come() -> None:
    rows = [delivery("2019-12-20"), delivery("2019-12-23", "rejected"), delivery("2019-12-24", "held")]
    assert [o.days for o in late(Cadence(1, "d", 2), rows, "2019-12-24")] == [1]


@pytest.mark.parametrize(
    ("as_of", "later", "found"),
    [
        ("2019-12-23", [], []),  # two days of lateness from the 21st on
        ("2019-12-24", [], [("2019-12-21", 1, "there")]),
        ("2019-12-24", [delivery("2019-12-21")], []),
        ("2019-12-24", [delivery("2019-12-21", "rejected")], [("2019-12-21", 1, "")]),
        ("2019-12-24", [delivery("2019-12-21", "settled")], [("2019-12-21", 1, "")]),
        ("2019-12-24", [delivery("2019-12-22")], [("2019-12-21", 1, "there")]),  # of events and changes every date counts
    ],
)
def test_a_folder_without_a_manifest_is_late_when_its_contract_says_so(
    as_of: str, later: list[dict[str, Any]], found: list[tuple[str, int, str]]
) -> None:
    rows = [delivery("2019-12-20"), {**delivery("2019-12-21", "unfinished"), "reason": "there"}, *later]
    rows = [{**r, "table": "raw/health/examination"} for r in rows]
    contract = replace(load_all()[EXAMINATION], cadence=Cadence(1, "d", 2))
    said = overdue([contract], Told(rows), date.fromisoformat(as_of))
    assert [(o.expected.isoformat(), o.days, o.unfinished) for o in said] == found
    assert all(("has no manifest.json: there" in o.sentence()) == bool(o.unfinished) for o in said)


def test_a_later_snapshot_makes_an_unfinished_one_moot() -> None:
    rows = [delivery("2019-12-20"), {**delivery("2019-12-21", "unfinished"), "reason": "there"}, delivery("2019-12-22")]
    assert late(Cadence(1, "d", 2), rows, "2019-12-25") == []


def test_a_table_that_comes_now_and_then_and_an_empty_lake_are_never_late() -> None:
    assert late(None, [BEGUN, delivery("2019-12-20")], "2021-01-01") == []
    assert overdue(load_all().values(), Told([]), date(2021, 1, 1)) == []


def test_every_delivered_table_says_how_often_it_comes() -> None:
    sources = [c for c in load_all().values() if c.delivery]
    assert [c.name for c in sources if c.cadence is None] == []
