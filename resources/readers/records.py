"""Records that name their columns themselves, such as JSON objects and XML elements, as batches of rows.

Here: matching the names of each record with the contract, gathering rows. Not here: getting records out of a format.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from contracts.model import Contract
from resources.readers.batch import Defect, Origin, defects, text_rows
from resources.readers.header import NEW, match, new_columns
from resources.readers.streams import DataFile

ROWS_PER_BATCH = 20_000

Record = tuple[int, Mapping[str, str | None]]
"""The number of a record, and its values by their names in the delivery."""


def batches(contract: Contract, file: DataFile, found: Iterable[Record | Defect], counted_as: str) -> Iterator[pa.RecordBatch]:
    """Rows of the records; a column that a record does not have is NULL.

    Args:
        contract: the table.
        file: where the records are from.
        found: the records in order, and what is none.
        counted_as: what the number of a record counts, for messages: line, record.

    Raises:
        DeliveryRejected: DELIVERY_HEADER for a name that nobody contracted.
    """
    accepted: dict[frozenset[str], dict[str, str]] = {}
    good: list[Record] = []
    bad: list[Defect] = []
    for each in found:
        if len(good) + len(bad) >= ROWS_PER_BATCH:
            yield from _batches(contract, file, good, bad)
            good, bad = [], []
        if isinstance(each, Defect):
            bad.append(each)
            continue
        number, record = each
        names = frozenset(record)
        if names not in accepted:
            matched = match(tuple(record), contract, f"{file.where}, {counted_as} {number}", partial=True)
            accepted[names] = dict(zip(record, matched, strict=True))
        good.append((number, {accepted[names][name]: value for name, value in record.items()}))
    yield from _batches(contract, file, good, bad)


def _batches(contract: Contract, file: DataFile, good: list[Record], bad: list[Defect]) -> Iterator[pa.RecordBatch]:
    origin, columns = Origin(file.name, file.index), [c.name for c in contract.delivered]
    if good:
        extra = [{name: record[NEW + name] for name in new_columns(list(record))} for _, record in good]
        yield text_rows(contract, [[record.get(c) for c in columns] for _, record in good], [n for n, _ in good], origin, extra)
    if bad:
        yield defects(contract, bad, origin)
