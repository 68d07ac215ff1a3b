"""Notices out of what happened: whom each concerns, what keeps its last state, whether it is news.

Here: pure functions of a run's happenings, contracts, the ledger's rows, what has been told, and the date. Not here: words (`words`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from assets.declare import downstream
from contracts import Contract
from pipelines.freshness import Overdue
from pipelines.notices.happened import FAILURES, HOLD, LATE, REFUSED, RUN_FAILED, UNREACHABLE, Happened

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
    found: Iterable[Happened],
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

    batches = {r["reason"]: r["batch_id"] for r in refusals}
    for h in found:
        what = f"it stopped unexpectedly with {h.unexpected}; the run in Dagster says where" if h.unexpected else h.line
        detail = "" if h.kind not in (REFUSED, HOLD) else batches.get(h.line, h.line)
        add(h.kind, h.table, what, h.line if h.kind == RUN_FAILED else detail, code=h.code)
    for r in refusals:
        add(KIND_OF_ROW[r["kind"]], r["table"], r["reason"], r["batch_id"], code=r["reason"].partition(":")[0])
    for o in late:
        facts = {"expected": o.expected, "newest": o.newest, "days": o.days}
        add(LATE, o.table, f"{o.sentence()}, {o.days} days later than agreed", o.expected.isoformat(), **facts)
    return sorted(made.values(), key=lambda n: ORDER.index(n.kind))


def _readable(table: str) -> str:
    """A raw table's news is that of the cleansed one, which readers know."""
    return table.replace("raw/", "cleansed/", 1) if table.startswith("raw/") else table


def standing_refusals(contracts: Mapping[str, Contract], rows: Sequence[Mapping[str, Any]], as_of: date) -> list[Mapping[str, Any]]:
    """The ledger's rows of deliveries that were refused and not replaced since: by one for the same date, or a newer full snapshot."""
    standing: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:
        table, day = row["table"], row["business_date"]
        if row["kind"] in KIND_OF_ROW and day <= as_of:
            standing[table, row["batch_id"]] = row
        elif row["kind"] == "batch" and table.startswith("raw/"):
            contract = contracts.get(_readable(table))
            full = contract is not None and contract.delivery is not None and contract.delivery.mode == "full"
            done = [k for k, r in standing.items() if k[0] == table and (r["business_date"] == day or (full and r["business_date"] < day))]
            for key in done:
                del standing[key]
    return list(standing.values())
