"""What the Delta logs of raw and cleansed tables record about batches, without reading rows.

Here: whether a table contains a batch, how many rows each has, when it was extracted. A batch that was ingested or folded is a
transaction identifier of that commit, so it stays known when its rows have been removed. Not here: processing batches (`steps`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from resources.readers.manifest import CITY
from resources.rows import dataset

if TYPE_CHECKING:
    from deltalake import DeltaTable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Batch:
    """One delivery in the lake: business date as text, and the digest of its manifest."""

    business_date: str
    batch_id: str


def batches_of(partitions: Iterable[Mapping[str, str]]) -> list[Batch]:
    """The batches of a raw table from its partitions, in order."""
    return sorted(Batch(p["_business_date"], p["_batch_id"]) for p in partitions)


def containing(*batch_ids: str) -> dict[str, int]:
    """Return the transaction identifiers of a commit that adds batches to a table."""
    return {f"batch:{batch_id}": 1 for batch_id in batch_ids}


def extracted(batch_id: str, extract_ts: str) -> dict[str, int]:
    """Return the transaction identifier that records when a batch was extracted, in microseconds since 1970.

    Empty for a text that is no time or has no time zone: then only the rows record it.
    """
    try:
        since = (datetime.fromisoformat(extract_ts) - EPOCH) // timedelta(microseconds=1)
    except (ValueError, TypeError):
        return {}
    return {f"extracted:{batch_id}": since} if _moment(since) == extract_ts else {}


def _moment(since: int) -> str:
    return (EPOCH + timedelta(microseconds=since)).astimezone(CITY).isoformat()


def contains(table: DeltaTable | None, batch_id: str) -> bool:
    """Whether a batch was ever added to a table; False for a table that does not exist."""
    (transaction,) = containing(batch_id)
    return table is not None and table.transaction_version(transaction) is not None


def rows_of_batches(raw: DeltaTable) -> Counter[tuple[str, str]]:
    """Count the rows in raw by business date (text) and batch."""
    import pyarrow as pa

    rows: Counter[tuple[str, str]] = Counter()
    for file in pa.table(raw.get_add_actions(flatten=True)).to_pylist():
        rows[file["partition._business_date"], file["partition._batch_id"]] += file["num_records"]
    return rows


def extracted_at(raw: DeltaTable, batch_id: str) -> str | None:
    """Return when a batch was extracted, from the log or else from its rows in raw; None when raw has no rows of it."""
    since = raw.transaction_version(f"extracted:{batch_id}")
    if since is not None:
        return _moment(since)
    rows = dataset(raw, [("_batch_id", "=", batch_id)]).head(1, columns=["_extract_ts"])
    found: str | None = rows["_extract_ts"][0].as_py() if len(rows) else None
    return found
