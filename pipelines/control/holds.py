"""Holds: deliveries that wait for a person or for a contract, and what was decided about each.

Here: the table `operations/hold`. Not here: why a delivery is held (`pipelines.steps.ingest`, `pipelines.steps.drift`), what
became of its rows (`pipelines.control.ledger`).

The table is only ever appended to. Its events carry numbers, and the last event of a delivery says how it stands:

    held      not taken in. Tried again when its contract has changed, if that is why it was held
    released  a person wants it taken in: the next run does, once
    refused   a person wants it never taken in
    rejected  tried again, and not readable: as any delivery that was rejected
    replaced  the department has delivered this date again
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from contracts import Contract
from pipelines.control.append_only import AppendOnlyTable, Row
from pipelines.control.batches import contains
from pipelines.control.ledger import HOLD
from resources.errors import CitylakeError
from resources.lake import Lake
from resources.landing import Drop
from resources.readers.header import Difference

if TYPE_CHECKING:
    import pyarrow as pa

SHRUNK, HEADER, DRIFT, MANIFEST = "DELIVERY_SHRUNK", "DELIVERY_HEADER", "DELIVERY_DRIFT", "DELIVERY_CONTRACT"
OF_CONTRACT = (HEADER, DRIFT, MANIFEST)
"""Held because of the contract: when that changes, they are tried again."""
CODES = (SHRUNK, *OF_CONTRACT)
RELEASABLE = (SHRUNK, DRIFT)
"""Rows that can be read can be taken in as they are; under another header they cannot."""
WAITING = ("held", "released", "refused")


@dataclass(frozen=True)
class Hold:
    """How a held delivery stands. table: raw/…; contract: the digest of the contract that held it; before: rows of the snapshot before.

    who, why and decided_at are of the person who released or refused it.
    """

    number: int
    state: str
    table: str
    business_date: date
    batch_id: str
    code: str
    reason: str
    rows: int
    before: int | None
    contract: str
    differences: tuple[Difference, ...]
    since: datetime
    released: frozenset[str]
    who: str = ""
    why: str = ""
    decided_at: datetime | None = None

    @property
    def name(self) -> str:
        return self.table.removeprefix("raw/")

    def tried_again(self, contract: Contract) -> bool:
        """Whether the next run tries it: it was released, or its contract is another one now."""
        return self.state == "released" or (self.state == "held" and self.code in OF_CONTRACT and self.contract != contract.digest)


class Holds:
    """Reads and appends `operations/hold`."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self._book = lake, AppendOnlyTable(lake, HOLD, _schema, itemgetter("number"))

    def events(self) -> list[Row]:
        """Every event, oldest first."""
        return self._book.rows()

    def of(self, table: str) -> dict[str, Hold]:
        """How every delivery of a raw table stands that was ever held, by its batch."""
        events: dict[str, list[dict[str, Any]]] = {}
        for event in self.events():
            if event["table"] == table:
                events.setdefault(event["batch_id"], []).append(event)
        return {batch: _hold(told) for batch, told in events.items()}

    def waiting(self) -> list[Hold]:
        """The deliveries that are held now, also those already released or refused, oldest date first."""
        found = []
        for table in sorted({e["table"] for e in self.events()}):
            raw = self._lake.open(table)
            found += [h for h in self.of(table).values() if h.state in WAITING and not contains(raw, h.batch_id)]
        return sorted(found, key=lambda h: (h.business_date, h.table))

    def hold(self, contract: Contract, drop: Drop, error: CitylakeError, before: int | None) -> None:
        """Note that a drop is held and why; the same once only."""
        differences = [asdict(d) for d in getattr(error, "differences", ())]
        last = self.of(contract.sibling("raw")).get(drop.batch_id)
        if last is not None and last.state == "held" and (last.code, last.contract) == (error.code, contract.digest):
            return
        self._append(contract.sibling("raw"), drop.business_date, drop.batch_id, "held", code=error.code, reason=str(error),
                     rows=drop.declared_rows, before=before, contract=contract.digest, differences=json.dumps(differences))  # fmt: skip

    def decide(self, table: str, day: date, event: str, *, who: str, why: str) -> Hold:
        """Release or refuse what is held of a table's date. Raises CitylakeError when nothing is, or it cannot be released."""
        held = next((h for h in self.waiting() if h.name == table and h.business_date == day), None)
        if held is None:
            raise CitylakeError("NOT_HELD", f"nothing is held of {table} for {day}", self._lake.root, "See `citylake holds`")
        if not why.strip():
            raise CitylakeError("WHY", "a decision needs its reason", f"{table} {day}", "Say it with --why")
        if event == "released" and held.code not in RELEASABLE:
            remedy = f"Change contracts/cleansed/{table}.yaml as `citylake holds {table} {day}` shows; the next run takes it in then"
            raise CitylakeError(
                "NOT_RELEASABLE", f"{table} of {day} is not what its contract describes", f"held since {held.since:%F}", remedy
            )
        self._append(held.table, day, held.batch_id, event, code=held.code, who=who, reason=why)
        return self.of(held.table)[held.batch_id]

    def close(self, table: str, day: date, batch_id: str, event: str) -> None:
        """Note that what is held was replaced, or rejected when it was tried again."""
        self._append(table, day, batch_id, event)

    def replaced_by(self, drop: Drop, table: str) -> None:
        """A drop that is not the one held for its date: nobody can deliver that one any more."""
        for h in self.of(table).values():
            if h.business_date == drop.business_date and h.batch_id != drop.batch_id and h.state in WAITING:
                self.close(table, h.business_date, h.batch_id, "replaced")

    def _append(self, table: str, day: date, batch_id: str, event: str, **told: Any) -> None:
        row = {"table": table, "business_date": day, "batch_id": batch_id, "event": event, "recorded_at": datetime.now(UTC), **told}
        self._book.add(lambda known: [{"number": len(known) + 1, **row}])


def _hold(events: Sequence[dict[str, Any]]) -> Hold:
    """The state of one delivery from its events."""
    held = next(e for e in reversed(events) if e["event"] == "held")
    decided = next((e for e in reversed(events) if e["event"] in ("released", "refused") and e["number"] > held["number"]), None)
    return Hold(
        number=events[-1]["number"],
        state=events[-1]["event"],
        **{name: held[name] for name in ("table", "business_date", "batch_id", "code", "reason", "rows", "before", "contract")},
        differences=tuple(Difference(**d) for d in json.loads(held["differences"])),
        since=events[0]["recorded_at"],
        released=frozenset(e["code"] for e in events if e["event"] == "released"),
        **({"who": decided["who"], "why": decided["reason"], "decided_at": decided["recorded_at"]} if decided else {}),
    )


def _schema() -> pa.Schema:
    import pyarrow as pa

    text, whole = pa.string(), pa.int64()
    return pa.schema(
        [
            ("number", whole), ("table", text), ("business_date", pa.date32()), ("batch_id", text), ("event", text), ("code", text),
            ("reason", text), ("who", text), ("rows", whole), ("before", whole), ("contract", text), ("differences", text),
            ("recorded_at", pa.timestamp("us", tz="UTC")),
        ]
    )  # fmt: skip
