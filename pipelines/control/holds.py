"""Holds: deliveries that wait for a decision or a changed contract, and what was decided about each.

Here: the append-only table `operations/hold` of numbered events; the last event of a delivery is its state (`HoldState`).
Not here: why a delivery is held (`pipelines.steps.ingest`, `pipelines.steps.drift`), the account of its rows
(`pipelines.control.ledger`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
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
"""Reasons that lie in the contract: when it changes, the delivery is tried again."""
CODES = (SHRUNK, *OF_CONTRACT)
RELEASABLE = (SHRUNK, DRIFT)
"""Reasons a person may override: the rows are readable as they are; under another header they are not."""


class HoldState(StrEnum):
    """The state of a held delivery, and the event that led to it."""

    HELD = "held"
    """Not ingested. Tried again when the contract has changed, if that is the reason."""
    RELEASED = "released"
    """A person has accepted it: the next run ingests it, once."""
    REFUSED = "refused"
    """A person has refused it for good."""
    REJECTED = "rejected"
    """Tried again, and not readable: as any other rejected delivery."""
    REPLACED = "replaced"
    """The department has delivered this date again."""


WAITING = (HoldState.HELD, HoldState.RELEASED, HoldState.REFUSED)
DECISIONS = (HoldState.RELEASED, HoldState.REFUSED)


@dataclass(frozen=True)
class Hold:
    """The state of one held delivery.

    Attributes:
        number: of its last event.
        table: the raw table.
        code: the reason as a code of the delivery errors.
        rows: as its manifest declares them.
        before: rows of the previous snapshot; None when that does not matter.
        contract: digest of the contract by which it was held.
        differences: columns that differ from the contract.
        released: the codes that a person has accepted for it.
        who: with `why` and `decided_at`, the person who released or refused it.
    """

    number: int
    state: HoldState
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
        """Whether the next run tries it again: it was released, or its contract has changed."""
        return self.state is HoldState.RELEASED or (
            self.state is HoldState.HELD and self.code in OF_CONTRACT and self.contract != contract.digest
        )


class Holds:
    """Reads and appends `operations/hold`."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self._table = lake, AppendOnlyTable(lake, HOLD, _schema, itemgetter("number"))

    def events(self) -> list[Row]:
        """Return every event, oldest first."""
        return self._table.rows()

    def of(self, table: str) -> dict[str, Hold]:
        """Return the state of every delivery of a raw table that was ever held, by batch."""
        events: dict[str, list[dict[str, Any]]] = {}
        for event in self.events():
            if event["table"] == table:
                events.setdefault(event["batch_id"], []).append(event)
        return {batch: _hold(of_batch) for batch, of_batch in events.items()}

    def waiting(self) -> list[Hold]:
        """Return the deliveries that are not in the lake: held, released but not yet ingested, or refused; oldest date first."""
        found = []
        for table in sorted({e["table"] for e in self.events()}):
            raw = self._lake.open(table)
            found += [h for h in self.of(table).values() if h.state in WAITING and not contains(raw, h.batch_id)]
        return sorted(found, key=lambda h: (h.business_date, h.table))

    def hold(self, contract: Contract, drop: Drop, error: CitylakeError, before: int | None) -> None:
        """Record that a drop is held; recording the same hold again changes nothing.

        Args:
            contract: of the cleansed table.
            drop: the delivery.
            error: why it is held; its `differences`, where it has any, are kept.
            before: rows of the previous snapshot; None when that does not matter.
        """
        differences = [asdict(d) for d in getattr(error, "differences", ())]
        last = self.of(contract.sibling("raw")).get(drop.batch_id)
        if last is not None and last.state is HoldState.HELD and (last.code, last.contract) == (error.code, contract.digest):
            return
        self._append(contract.sibling("raw"), drop.business_date, drop.batch_id, HoldState.HELD, code=error.code, reason=str(error),
                     rows=drop.declared_rows, before=before, contract=contract.digest, differences=json.dumps(differences))  # fmt: skip

    def decide(self, table: str, day: date, decision: HoldState, *, who: str, why: str) -> Hold:
        """Release or refuse the held delivery of a table and date.

        Args:
            table: such as `health/staff`.
            day: the business date of the delivery.
            decision: RELEASED or REFUSED.
            who: the person who decides.
            why: the reason.

        Returns:
            The hold after the decision.

        Raises:
            CitylakeError: nothing is held for that date, the reason is empty, or the delivery cannot be released because its
                columns do not match the contract.
        """
        held = next((h for h in self.waiting() if h.name == table and h.business_date == day), None)
        if held is None:
            raise CitylakeError(
                "NOT_HELD", f"no delivery of {table} for {day} is held", self._lake.root, "List the held deliveries with `citylake holds`"
            )
        if not why.strip():
            raise CitylakeError("WHY", "a decision needs a reason", f"{table} {day}", "Give the reason with --why")
        if decision is HoldState.RELEASED and held.code not in RELEASABLE:
            remedy = (
                f"Change contracts/cleansed/{table}.yaml as `citylake holds {table} {day}` shows; the next run then ingests the delivery"
            )
            raise CitylakeError(
                "NOT_RELEASABLE", f"the delivery of {table} for {day} does not match its contract", f"held since {held.since:%F}", remedy
            )
        self._append(held.table, day, held.batch_id, decision, code=held.code, who=who, reason=why)
        return self.of(held.table)[held.batch_id]

    def close(self, table: str, day: date, batch_id: str, event: str) -> None:
        """Record that a held delivery was replaced, or rejected when it was tried again.

        Args:
            table: the raw table.
            day: the business date of the delivery.
            batch_id: its batch.
            event: REPLACED or REJECTED.
        """
        self._append(table, day, batch_id, HoldState(event))

    def replaced_by(self, drop: Drop, table: str) -> None:
        """Close the other held deliveries of a drop's date: the drop has taken their place."""
        for h in self.of(table).values():
            if h.business_date == drop.business_date and h.batch_id != drop.batch_id and h.state in WAITING:
                self.close(table, h.business_date, h.batch_id, HoldState.REPLACED)

    def _append(self, table: str, day: date, batch_id: str, event: HoldState, **details: Any) -> None:
        row = {"table": table, "business_date": day, "batch_id": batch_id, "event": event, "recorded_at": datetime.now(UTC), **details}
        self._table.add(lambda known: [{"number": len(known) + 1, **row}])


def _hold(events: Sequence[dict[str, Any]]) -> Hold:
    """Fold the events of one delivery into its state."""
    held = next(e for e in reversed(events) if e["event"] == HoldState.HELD)
    decided = next((e for e in reversed(events) if e["event"] in DECISIONS and e["number"] > held["number"]), None)
    return Hold(
        number=events[-1]["number"],
        state=HoldState(events[-1]["event"]),
        **{name: held[name] for name in ("table", "business_date", "batch_id", "code", "reason", "rows", "before", "contract")},
        differences=tuple(Difference(**d) for d in json.loads(held["differences"])),
        since=events[0]["recorded_at"],
        released=frozenset(e["code"] for e in events if e["event"] == HoldState.RELEASED),
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
