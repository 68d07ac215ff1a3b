"""The common Arrow schema in which every reader returns rows.

Here: the Arrow schema of a delivery, and building its batches. Not here: getting the values out of a format.

Columns of every batch: the contract's delivered columns in contract order (string, as delivered), then
`_source_file` string; `_row_no` int64; `_op` string (I, U, D); `_order` string, orders the rows of one delivery;
`_defect` string, NULL or the code of an unreadable row; `_defect_text` string, that row as text (business columns
are NULL then); `_extra` string, the columns that the contract does not know and accepts, as a JSON object by their
delivered names. The schema's metadata names these columns under `NEW_COLUMNS`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import Contract

LINEAGE = (
    ("_source_file", pa.string()),
    ("_row_no", pa.int64()),
    ("_op", pa.string()),
    ("_order", pa.string()),
    ("_defect", pa.string()),
    ("_defect_text", pa.string()),
    ("_extra", pa.string()),
)
NEW_COLUMNS = b"new_columns"
DEFECT_TEXT_LIMIT = 4000
"""Characters kept of an unreadable row."""

ROWS_OF_A_PART = 10_000_000
"""More than a sheet can have: the rows of the next part are ordered after them."""

E_COLUMNS = "E_COLUMNS"
"""The row does not have the fields of its header, the fixed length, or the form of a JSON object."""
E_ENCODING = "E_ENCODING"
"""A fixed-width field ends in the middle of a character."""
E_OPERATION = "E_OPERATION"
"""The exchange database names an operation other than I, U, D."""


@dataclass(frozen=True)
class Origin:
    """Where rows come from: file or table name, the file's position in the manifest, the part of the file, such as a sheet."""

    name: str
    index: int = 0
    part: int = 0


@dataclass(frozen=True)
class Defect:
    """An unreadable row."""

    row_no: int
    code: str
    text: str


def schema(contract: Contract) -> pa.Schema:
    """The Arrow schema of every batch of this contract."""
    return pa.schema([(c.name, pa.string()) for c in contract.delivered] + list(LINEAGE))


def _order(row_no: pa.Array, origin: Origin) -> pa.Array:
    rows = pc.utf8_lpad(pc.cast(pc.add(row_no, origin.part * ROWS_OF_A_PART), pa.string()), 12, "0")
    return pc.binary_join_element_wise(pa.scalar(f"{origin.index:04d}"), rows, "")


def rows(
    contract: Contract,
    columns: Sequence[pa.Array],
    row_no: pa.Array,
    origin: Origin,
    op: pa.Array | None = None,
    order: pa.Array | None = None,
    extra: Sequence[Mapping[str, str | None]] = (),
) -> pa.RecordBatch:
    """Build a batch of readable rows.

    Args:
        contract: The table.
        columns: One string array per delivered column, in contract order.
        row_no: int64, the row numbers in the source.
        origin: File or table the rows come from.
        op: I, U or D per row; all I when omitted.
        order: Sort text per row; file index and row number when omitted.
        extra: Per row its values in new columns; empty when no row has any.

    Returns:
        A batch of `schema(contract)`, whose metadata names the new columns under `NEW_COLUMNS`.
    """
    n = len(row_no)
    lineage = [
        pa.repeat(pa.scalar(origin.name), n),
        row_no,
        op if op is not None else pa.repeat(pa.scalar("I"), n),
        order if order is not None else _order(row_no, origin),
        pa.nulls(n, pa.string()),
        pa.nulls(n, pa.string()),
        pa.array([_json(e) for e in extra], pa.string()) if extra else pa.nulls(n, pa.string()),
    ]
    new = sorted({name for e in extra for name in e})
    metadata = {NEW_COLUMNS: json.dumps(new)} if new else None
    return pa.RecordBatch.from_arrays([*columns, *lineage], schema=schema(contract).with_metadata(metadata))


def new_columns(rows: pa.RecordBatch) -> list[str]:
    """The names of new columns in a batch."""
    return list(json.loads((rows.schema.metadata or {}).get(NEW_COLUMNS, "[]")))


def _json(extra: Mapping[str, str | None]) -> str | None:
    return json.dumps(extra, ensure_ascii=False, separators=(",", ":")) if extra else None


def defects(contract: Contract, found: Sequence[Defect], origin: Origin, order: pa.Array | None = None) -> pa.RecordBatch:
    """Build a batch of unreadable rows: business columns NULL, code and text of the row in `_defect` and `_defect_text`."""
    row_no = pa.array([d.row_no for d in found], pa.int64())
    n = len(found)
    lineage = [
        pa.repeat(pa.scalar(origin.name), n),
        row_no,
        pa.repeat(pa.scalar("I"), n),
        order if order is not None else _order(row_no, origin),
        pa.array([d.code for d in found], pa.string()),
        pa.array([d.text[:DEFECT_TEXT_LIMIT] for d in found], pa.string()),
        pa.nulls(n, pa.string()),
    ]
    return pa.RecordBatch.from_arrays([*(pa.nulls(n, pa.string()) for _ in contract.delivered), *lineage], schema=schema(contract))


def text_rows(
    contract: Contract,
    records: Sequence[Sequence[str | None]],
    row_no: Sequence[int],
    origin: Origin,
    extra: Sequence[Mapping[str, str | None]] = (),
) -> pa.RecordBatch:
    """Build a batch of readable rows from Python records whose values are in contract order; see `rows`."""
    columns = [pa.array(values, pa.string()) for values in zip(*records, strict=True)]
    return rows(contract, columns, pa.array(row_no, pa.int64()), origin, extra=extra)
