"""Notices out of what happened: whom each concerns, what keeps its last state, whether it is news.

Here: pure functions of a run's happenings, contracts, the ledger's rows, what has been told, and the date. Not here: words (`words`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from assets.declare import downstream
from contracts import Contract
from pipelines.control.freshness import Overdue
from pipelines.notifications.incidents import FAILURES, HOLD, LATE, REFUSED, RUN_FAILED, UNREACHABLE, Incident

KIND_OF_ROW = {"rejected": REFUSED, "held": HOLD}
ORDER = (*FAILURES, UNREACHABLE, HOLD, REFUSED, LATE)
REMIND = 7
"""Days after which a problem that still stands is told like news again."""


@dataclass(frozen=True)
class Told:
    """A problem that was told before: since when it stands, and the night it was last told as news."""

    since: date
    told: date


@dataclass(frozen=True)
class Notice:
    """One problem. table: the one readers see, empty for a whole run; keeps: the tables that keep their last state, or are made without
    news of it; key: the same problem has the same one on another night; facts: what the words of its kind are made of."""

    kind: str
    table: str
    owner: str
    what: str
    keeps: tuple[str, ...]
    key: str
    since: date
    told: date
    news: bool
    facts: dict[str, Any] = field(default_factory=dict)


def notices(
    contracts: Mapping[str, Contract],
    found: Iterable[Incident],
    refusals: Iterable[Mapping[str, Any]],
    late: Iterable[Overdue],
    told: Mapping[str, Told],
    as_of: date,
) -> list[Notice]:
    """What is to be told of a night, each problem once, in the order: failures, deliveries, late ones.

    refusals: rows of the ledger that stand refused (`standing_refusals`); told: by a notice's key.
    """
    made: dict[str, Notice] = {}

    def add(kind: str, table: str, what: str, detail: str = "", **facts: Any) -> None:
        readable = _readable(table)
        key = "|".join(filter(None, (kind, readable, detail)))
        before = told.get(key)
        news = before is None or (as_of - before.told).days >= REMIND
        owner = contracts[readable].owner if readable in contracts else ""
        keeps = (readable, *downstream(readable)) if readable else ()
        since, last = before.since if before else as_of, as_of if before is None or news else before.told
        made.setdefault(key, Notice(kind, readable, owner, what, keeps, key, since, last, news, facts))

    rows = {r["reason"]: r for r in refusals}
    for h in found:
        if h.line not in rows:
            what = f"it stopped unexpectedly with {h.unexpected}; the run in Dagster says where" if h.unexpected else h.line
            add(h.kind, h.table, what, h.line if h.kind in (REFUSED, HOLD, RUN_FAILED) else "", code=h.code, day=as_of)
    for r in refusals:
        add(KIND_OF_ROW[r["kind"]], r["table"], r["reason"], r["batch_id"], code=r["reason"].partition(":")[0], day=r["business_date"])
    for o in late:
        facts = {"expected": o.expected, "newest": o.newest, "days": o.days}
        add(LATE, o.table, f"{o.sentence()}, {o.days} days later than agreed", o.expected.isoformat(), **facts)
    return sorted(made.values(), key=lambda n: ORDER.index(n.kind))


def _readable(table: str) -> str:
    """A raw table's news is that of the cleansed one, which readers know."""
    return table.replace("raw/", "cleansed/", 1) if table.startswith("raw/") else table


def standing_refusals(
    contracts: Mapping[str, Contract], refused: Iterable[Mapping[str, Any]], rows: Iterable[Mapping[str, Any]], as_of: date
) -> list[Mapping[str, Any]]:
    """Of the refused deliveries of the ledger those that matter still: a newer full snapshot makes up for an older one.

    refused: `Ledger.refused`, without those somebody has settled; rows: of the ledger.
    """
    newest: dict[str, date] = {}
    for row in rows:
        if row["kind"] == "batch" and row["business_date"] <= as_of:
            newest[row["table"]] = max(row["business_date"], newest.get(row["table"], date.min))

    def made_up_for(row: Mapping[str, Any]) -> bool:
        delivery = contracts[_readable(row["table"])].delivery
        return delivery is not None and delivery.mode == "full" and newest.get(row["table"], date.min) > row["business_date"]

    return [r for r in refused if r["business_date"] <= as_of and _readable(r["table"]) in contracts and not made_up_for(r)]
