"""Overdue deliveries: what departments should have delivered as of a date, and have not.

Here: cadence and latency of the contracts against the business dates in the ledger. Not here: notifying anybody
(`pipelines.notifications`). The wall clock is never read, so a night that is repeated reports the same.

Dagster's own freshness policies do not fit: they check by the wall clock when a table was last materialized, and every night
materializes every table, also one whose department has delivered nothing for weeks.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from contracts import Contract
from contracts.model import Mode
from pipelines.control.ledger import UNFINISHED, Ledger
from quality.gates import GateResult

FRESH = "fresh"
RULE = "The department has delivered as often as its contract says"


@dataclass(frozen=True)
class Overdue:
    """A table whose department is late.

    Attributes:
        table: the cleansed table.
        owner: the department's name.
        expected: the business date that is due.
        newest: the business date of the newest delivery; None when there has never been one.
        days: days overdue, beyond the latency that the contract allows.
        unfinished: the folder of the expected date, when it is there without its manifest.
    """

    table: str
    owner: str
    expected: date
    newest: date | None
    days: int
    unfinished: str = ""

    def sentence(self) -> str:
        """`keeps the state of 2019-12-20; expected 2019-12-21`."""
        kept = f"keeps the state of {self.newest}" if self.newest else "is empty, nothing was ever delivered"
        return f"{kept}; expected {self.expected}{f', whose folder has no manifest.json: {self.unfinished}' if self.unfinished else ''}"


def overdue(contracts: Iterable[Contract], ledger: Ledger, as_of: date) -> list[Overdue]:
    """Find the overdue tables, the longest overdue first.

    Args:
        contracts: of the tables that are asked about.
        ledger: the accounts of deliveries; those for dates after `as_of` do not count.
        as_of: the business date of the night.

    Returns:
        The overdue tables. One that was never delivered is due from the first night on in which tables were made. A folder without a
        manifest is left alone so long, and overdue then, also when later dates have been delivered; unless they were full snapshots.
    """
    found, first_night = [], min(as_of, ledger.first_night() or as_of)
    for contract in contracts:
        cadence, raw = contract.cadence, contract.sibling("raw")
        if cadence is None:
            continue
        last = newest_deliveries(ledger.rows_of(raw), as_of).get(raw)
        expected = _end(first_night, cadence.period, 0) if last is None else _end(last, cadence.period, cadence.every)
        waiting = {r["business_date"]: r["reason"] for r in ledger.unread(raw) if r["kind"] == UNFINISHED}
        if last is not None and contract.delivery is not None and contract.delivery.mode == Mode.FULL:
            waiting = {day: folder for day, folder in waiting.items() if day > last}
        for day in sorted({expected, *waiting}):
            days = (as_of - day).days - cadence.latency
            if days > 0:
                found.append(Overdue(contract.name, contract.owner, day, last, days, waiting.get(day, "")))
    return sorted(found, key=lambda o: (-o.days, o.table))


def newest_deliveries(ledger_rows: Iterable[Mapping[str, Any]], as_of: date) -> dict[str, date]:
    """Return the business date of the newest accepted delivery up to a date, by table of every layer that accounts for it."""
    newest: dict[str, date] = {}
    for row in ledger_rows:
        if row["kind"] == "batch" and row["business_date"] <= as_of:
            newest[row["table"]] = max(row["business_date"], newest.get(row["table"], date.min))
    return newest


def _end(day: date, period: str, later: int) -> date:
    """Return the last day of the period (day, week from Monday, month or year) that is `later` periods after the one of `day`."""
    if period == "d":
        return day + timedelta(days=later)
    if period == "w":
        return day + timedelta(days=7 * later + 6 - day.weekday())
    months = (12 * later + 12 - day.month) if period == "y" else later
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    return date(year, month + 1, monthrange(year, month + 1)[1])


def verdict(table: str, late: Iterable[Overdue]) -> GateResult:
    """Return the check `fresh` of a cleansed table; it never blocks, the night continues with the data it has."""
    mine = [o for o in late if o.table == table]
    return GateResult(FRESH, not mine, False, RULE, {"table": mine[0].sentence()} if mine else {})
