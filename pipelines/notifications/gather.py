"""Turn incidents into notices: whom each concerns, which tables keep their last state, whether it is new.

Here: pure functions of incidents, contracts, ledger rows, problems reported before, and the date. Not here: texts (`messages`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from assets.declare import downstream
from contracts import Contract
from pipelines.control.freshness import Overdue, newest_deliveries
from pipelines.notifications.incidents import FAILURES, Incident, IncidentKind

KIND_OF_ROW = {"rejected": IncidentKind.REFUSED, "held": IncidentKind.HOLD}
ORDER = (*FAILURES, IncidentKind.UNREACHABLE, IncidentKind.HOLD, IncidentKind.REFUSED, IncidentKind.LATE)
ONE_PER_LINE = (IncidentKind.REFUSED, IncidentKind.HOLD, IncidentKind.RUN_FAILED)
"""Kinds of which a table may have several at once: the line is part of the notice's key."""
REMIND_DAYS = 7
"""Days after which a problem that is still open is reported as new again."""


@dataclass(frozen=True)
class Reported:
    """A problem that was reported before: since when it is open, and the night in which it was last reported as new."""

    since: date
    reported: date


@dataclass(frozen=True)
class Notice:
    """One problem.

    Attributes:
        table: the table that readers see; empty for a whole run.
        owner: the department that answers for it; empty when none does.
        keeps: the tables that keep their last state, or are made from old data, because of it.
        key: identifies the problem on other nights.
        since: the night in which it began.
        reported: the night in which it was last reported as new.
        news: whether it is reported as new tonight.
        facts: values for the message text of its kind.
    """

    kind: IncidentKind
    table: str
    owner: str
    what: str
    keeps: tuple[str, ...]
    key: str
    since: date
    reported: date
    news: bool
    facts: dict[str, Any] = field(default_factory=dict)


def notices(
    contracts: Mapping[str, Contract],
    found: Iterable[Incident],
    refusals: Iterable[Mapping[str, Any]],
    late: Iterable[Overdue],
    known: Mapping[str, Reported],
    as_of: date,
) -> list[Notice]:
    """Build the notices of a night, one per problem: failures first, then deliveries, then overdue ones.

    Args:
        contracts: by table.
        found: the incidents of the run.
        refusals: ledger rows of deliveries that are still refused (`open_refusals`).
        late: overdue deliveries.
        known: problems that were open at the last notification, by key.
        as_of: the business date of the night.

    Returns:
        The notices in the order of their kinds.
    """
    made: dict[str, Notice] = {}

    def add(kind: IncidentKind, table: str, what: str, detail: str = "", **facts: Any) -> None:
        readable = _readable(table)
        key = "|".join(filter(None, (kind, readable, detail)))
        before = known.get(key)
        news = before is None or (as_of - before.reported).days >= REMIND_DAYS
        owner = contracts[readable].owner if readable in contracts else ""
        keeps = (readable, *(t for t in downstream(readable) if t in contracts)) if readable else ()
        since, last = before.since if before else as_of, as_of if before is None or news else before.reported
        made.setdefault(key, Notice(kind, readable, owner, what, keeps, key, since, last, news, facts))

    rows = {r["reason"]: r for r in refusals}
    for h in found:
        if h.line not in rows:
            add(h.kind, h.table, h.reason, h.line if h.kind in ONE_PER_LINE else "", code=h.code, day=as_of)
    for r in refusals:
        add(KIND_OF_ROW[r["kind"]], r["table"], r["reason"], r["batch_id"], code=r["reason"].partition(":")[0], day=r["business_date"])
    for o in late:
        facts = {"expected": o.expected, "newest": o.newest, "days": o.days}
        add(IncidentKind.LATE, o.table, f"{o.sentence()}, {o.days} days later than agreed", o.expected.isoformat(), **facts)
    return sorted(made.values(), key=lambda n: ORDER.index(n.kind))


def _readable(table: str) -> str:
    """Replace a raw table by its cleansed one, which readers know."""
    return table.replace("raw/", "cleansed/", 1) if table.startswith("raw/") else table


def open_refusals(
    contracts: Mapping[str, Contract], refused: Iterable[Mapping[str, Any]], rows: Iterable[Mapping[str, Any]], as_of: date
) -> list[Mapping[str, Any]]:
    """Filter the refused deliveries that still matter: a newer full snapshot supersedes an older one.

    Args:
        contracts: by table.
        refused: `Ledger.refused`, without those a person has refused for good.
        rows: of the ledger.
        as_of: the business date of the night.
    """
    newest = newest_deliveries(rows, as_of)

    def superseded(row: Mapping[str, Any]) -> bool:
        delivery = contracts[_readable(row["table"])].delivery
        return delivery is not None and delivery.mode == "full" and newest.get(row["table"], date.min) > row["business_date"]

    return [r for r in refused if r["business_date"] <= as_of and _readable(r["table"]) in contracts and not superseded(r)]
