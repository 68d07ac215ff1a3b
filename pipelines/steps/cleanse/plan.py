"""Plan: which batches are new, how much of the table has to be judged, and by which rules. The only place that decides on a mode.

Here: reading the logs of raw, state and quarantine. Not here: reading rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from contracts import SourceContract
from contracts.model import Mode as DeliveryMode
from pipelines.control.batches import Batch, batches_of, contains, rows_of_batches
from pipelines.runtime import Runtime
from pipelines.steps.cleanse import quarantine
from pipelines.steps.cleanse.snapshots import Snapshots
from pipelines.steps.cleanse.table_state import TableState, rule_fingerprint, table_state

CHANGED_FROM_ROWS = 100_000
"""A smaller table is written whole: that is quicker than finding its changed rows."""
CHANGED_UP_TO_SHARE = 0.5
"""Above this share of delivered rows in the table, most files change anyway, and it is written whole."""


class Mode(StrEnum):
    """How much of a table a run writes."""

    AWAITED = "awaited"
    """Nothing has ever been delivered: an empty table, so that what depends on it can be made."""
    NOTHING_NEW = "nothing new"
    FULL = "full"
    """All rows are merged and written."""
    CHANGED = "changed"
    """Only rows that change are merged and written, next to those of the same keys."""


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    raw_version: version of the raw table. delivered: every batch in raw; new: those that the state does not contain. state: how the
    published table and its quarantine relate. rules: fingerprint of today's rules. snapshots: of tables delivered as full snapshots.
    from_scratch: no published row counts, as in a rebuild or at first. rejudge_all: every quarantined row is judged again, because the
    rules have changed or a run ended halfway.
    """

    mode: Mode
    raw_version: int = 0
    delivered: tuple[Batch, ...] = ()
    new: tuple[Batch, ...] = ()
    state: TableState = field(default_factory=TableState)
    rules: int = 0
    snapshots: Snapshots = field(default_factory=Snapshots)
    from_scratch: bool = False
    rejudge_all: bool = False
    reason: str = ""
    """Why a table is written whole."""

    @property
    def new_ids(self) -> set[str]:
        return {b.batch_id for b in self.new}

    @property
    def judges_all(self) -> bool:
        """Whether every row ever delivered is judged by today's rules."""
        return self.from_scratch or (self.state.merges == 0 and len(self.new) == len(self.delivered))


def plan(runtime: Runtime, contract: SourceContract, base: int | None, *, rebuild: bool) -> Plan:
    """Decide what a run does to a cleansed table.

    Args:
        runtime: the installation.
        contract: of the table.
        base: the table's version, None when it has never been published.
        rebuild: whether all batches are merged into an empty state.

    Returns:
        The plan. It depends on the logs alone, so the same logs give the same plan.
    """
    raw = contract.sibling("raw")
    delivered = tuple(batches_of(runtime.lake.partitions(raw)))
    raw_version = runtime.lake.version(raw) or 0
    if not delivered:
        return Plan(Mode.AWAITED, raw_version)
    table = runtime.lake.open(contract.name)
    new = delivered if rebuild else tuple(b for b in delivered if not contains(table, b.batch_id))
    state, rules = table_state(runtime.lake, contract), rule_fingerprint(runtime, contract)
    outdated = state.unfinished or (state.rules != rules and bool(quarantine.batches(runtime, contract, state.quarantine)))
    if not new and not outdated:
        return Plan(Mode.NOTHING_NEW, raw_version, delivered)
    snapshots = Snapshots.of(runtime, contract, delivered, new)
    from_scratch = base is None or rebuild
    if from_scratch:
        reason = "rebuild" if rebuild else "first time"
    elif outdated or state.gated != rules:
        reason = "its rules changed, or a run ended halfway"
    else:
        reason = _why_whole(runtime, contract, new, snapshots)
    return Plan(
        mode=Mode.FULL if reason else Mode.CHANGED,
        reason=reason,
        raw_version=raw_version,
        delivered=delivered,
        new=new,
        state=state,
        rules=rules,
        snapshots=snapshots,
        from_scratch=from_scratch,
        rejudge_all=outdated or snapshots.late,
    )


def _why_whole(runtime: Runtime, contract: SourceContract, new: tuple[Batch, ...], snapshots: Snapshots) -> str:
    """Why a published table is written whole; empty when only its changes are."""
    rows = runtime.lake.rows(contract.name)
    if rows < CHANGED_FROM_ROWS:
        return f"it is small: {rows:,} rows"
    if snapshots.all:
        return "" if len(new) == 1 and not snapshots.late else "a snapshot arrived late, or several at once"
    if contract.delivery.mode == DeliveryMode.APPEND:
        return ""
    raw = runtime.lake.open(contract.sibling("raw"))
    assert raw is not None
    delivered = rows_of_batches(raw)
    incoming = sum(delivered[b.business_date, b.batch_id] for b in new)
    return "" if incoming < rows * CHANGED_UP_TO_SHARE else f"{incoming:,} rows came to {rows:,}"
