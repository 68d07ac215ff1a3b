"""The maintenance log `operations/maintenance`: what was done to which table, and what was removed.

Here: this table. Not here: the maintenance itself (`pipelines.maintenance.maintain`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING

from pipelines.control.append_only import AppendOnlyTable, Row
from pipelines.control.ledger import MAINTENANCE
from resources.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa


class Task(StrEnum):
    """What maintenance did."""

    RELEASE = "release"
    """A release is no longer readable."""
    BATCH = "batch"
    """The rows of a batch are no longer kept."""
    COMPACTION = "compaction"
    CHECKPOINT = "checkpoint"
    ABANDONED_STAGES = "abandoned stages"
    FILES_REMOVED = "files removed"


@dataclass(frozen=True)
class MaintenanceRecord:
    """One task on a table: how many files, stages, releases or batches (`items`), with rows or bytes where they are known."""

    table: str
    task: Task
    items: int = 1
    rows: int | None = None
    bytes: int | None = None
    release: int | None = None
    batch_id: str | None = None
    business_date: date | None = None
    extract_ts: str | None = None


class MaintenanceLog:
    """Reads and appends `operations/maintenance`."""

    def __init__(self, lake: Lake) -> None:
        self._table = AppendOnlyTable(lake, MAINTENANCE, _schema, itemgetter("recorded_at"))

    def record(self, done: Iterable[MaintenanceRecord], *, run_id: str) -> None:
        """Append one row per task. What will be removed is recorded before it is removed."""
        now = datetime.now(UTC)
        rows = [{**asdict(d), "run_id": run_id, "recorded_at": now} for d in done]
        self._table.add(lambda known: rows)

    def rows(self) -> list[MaintenanceRecord]:
        """Return all records, oldest first."""
        return [_record(row) for row in self._table.rows()]

    def gone_releases(self) -> set[int]:
        """Return the numbers of the releases that are no longer readable."""
        return {r.release for r in self.rows() if r.task is Task.RELEASE and r.release is not None}

    def gone_batches(self, raw: str) -> list[MaintenanceRecord]:
        """Return the batches of a raw table whose rows are no longer kept."""
        return [r for r in self.rows() if r.task is Task.BATCH and r.table == raw]


def _record(row: Row) -> MaintenanceRecord:
    return MaintenanceRecord(**{**{name: row[name] for name in MaintenanceRecord.__dataclass_fields__}, "task": Task(row["task"])})


def _schema() -> pa.Schema:
    import pyarrow as pa

    text, whole = pa.string(), pa.int64()
    return pa.schema(
        [
            ("table", text), ("task", text), ("items", whole), ("rows", whole), ("bytes", whole), ("release", whole),
            ("batch_id", text), ("business_date", pa.date32()), ("extract_ts", text), ("run_id", text),
            ("recorded_at", pa.timestamp("us", tz="UTC")),
        ]
    )  # fmt: skip
