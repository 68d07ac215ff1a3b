"""The book of maintenance, `operations/maintenance`: what was done to which table, and what is no longer there because of it.

Here: this table. Not here: doing it (`pipelines.maintenance.maintain`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import TYPE_CHECKING

from pipelines.control.append_only import AppendOnlyTable
from pipelines.control.ledger import MAINTENANCE
from resources.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

RELEASE, BATCH = "release", "batch"
"""Tasks that take something away: a release that can no longer be read; a batch whose raw rows are no longer kept."""


@dataclass(frozen=True)
class MaintenanceRecord:
    """One thing done: `items` files, stages, releases or batches of a table, with their rows or bytes where that is known."""

    table: str
    task: str
    items: int = 1
    rows: int | None = None
    bytes: int | None = None
    release: int | None = None
    batch_id: str | None = None
    business_date: date | None = None
    extract_ts: str | None = None


class MaintenanceLog:
    """Reads and appends the book."""

    def __init__(self, lake: Lake) -> None:
        self._book = AppendOnlyTable(lake, MAINTENANCE, _schema, itemgetter("recorded_at"))

    def record(self, done: Iterable[MaintenanceRecord], *, run_id: str) -> None:
        """Append a row for each. What is taken away is recorded before it is gone."""
        now = datetime.now(UTC)
        rows = [{**asdict(d), "run_id": run_id, "recorded_at": now} for d in done]
        self._book.add(lambda known: rows)

    def rows(self) -> list[MaintenanceRecord]:
        return [MaintenanceRecord(**{name: row[name] for name in MaintenanceRecord.__dataclass_fields__}) for row in self._book.rows()]

    def gone_releases(self) -> set[int]:
        return {u.release for u in self.rows() if u.task == RELEASE and u.release is not None}

    def gone_batches(self, raw: str) -> list[MaintenanceRecord]:
        """The batches of a raw table whose rows are no longer kept."""
        return [u for u in self.rows() if u.task == BATCH and u.table == raw]


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
