"""What the logs of raw and cleansed tables say of batches, without reading rows.

Here: whether a table contains a batch, how many rows each has, when it was extracted. A batch that was taken in or folded is a
transaction of the commit that did it: it stays known when its rows are gone. Not here: what is done with batches (`steps`).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from resources.rows import dataset

if TYPE_CHECKING:
    from deltalake import DeltaTable


def containing(*batch_ids: str) -> dict[str, int]:
    """The transactions of a commit that brings batches into a table."""
    return {f"batch:{batch_id}": 1 for batch_id in batch_ids}


def contains(table: DeltaTable | None, batch_id: str) -> bool:
    """Whether a batch was ever brought into a table; into one that is not there, none was."""
    (transaction,) = containing(batch_id)
    return table is not None and table.transaction_version(transaction) is not None


def rows_of_batches(raw: DeltaTable) -> Counter[tuple[str, str]]:
    """Rows in raw by business date (text) and batch."""
    import pyarrow as pa

    rows: Counter[tuple[str, str]] = Counter()
    for file in pa.table(raw.get_add_actions(flatten=True)).to_pylist():
        rows[file["partition._business_date"], file["partition._batch_id"]] += file["num_records"]
    return rows


def extracted_at(raw: DeltaTable, batch_id: str) -> str | None:
    """When a batch was extracted, as its rows in raw say; None when it has none."""
    rows = dataset(raw, [("_batch_id", "=", batch_id)]).head(1, columns=["_extract_ts"])
    found: str | None = rows["_extract_ts"][0].as_py() if len(rows) else None
    return found
