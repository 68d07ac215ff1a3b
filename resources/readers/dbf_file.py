"""dBASE and FoxPro tables (DBF), as old tax and social-security tools write them.

Here: the header of the file, its records as text. Not here: memo files, what the values mean. Records are bytes of fixed
length, so they are cut and decoded as those of `fixed_width_file`; libraries for DBF convert the values, and the text as
delivered would be lost.

Character, number, date (YYYYMMDD) and logical fields keep their text without padding; an integer is its digits, a date with
time is ISO. Deleted records are not rows. `_row_no` is the number of the record, deleted ones counted. Columns are found by
field name, which has at most 10 bytes: long names need an alias in the contract.
Source: dBASE level 5 and Visual FoxPro table file structure.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import Contract
from resources.errors import DeliveryRejected
from resources.readers.batch import Origin, defects, rows, text_rows
from resources.readers.fixed_width_file import decoded_columns, decoded_rows
from resources.readers.header import NEW, match, new_columns
from resources.readers.streams import DataFile

HEADER_BYTES, FIELD_BYTES = 32, 32
END_OF_FIELDS = 0x0D
DELETED = ord("*")
RECORDS_PER_BATCH = 20_000
BLOCK_BYTES = 8 << 20
TEXT_TYPES = "CNFDL"
BINARY_TYPES = {"I": 4, "T": 8}
"""Types stored in binary form -> their length: integer, date with time."""
DAY_ZERO = 1_721_425
"""Julian day number of the day before 0001-01-01 in Python's count."""


@dataclass(frozen=True)
class _Layout:
    records: int
    start: int
    length: int
    names: tuple[str, ...]
    types: tuple[str, ...]
    widths: tuple[int, ...]


def _wrong(what: str, where: str, remedy: str = "Export it again as dBASE table (DBF)") -> DeliveryRejected:
    return DeliveryRejected("DELIVERY_FORMAT", what, where, remedy)


def _layout(head: bytes, file: DataFile) -> _Layout:
    """The fields of the table. Raises DeliveryRejected (DELIVERY_FORMAT, DELIVERY_ENCODING)."""
    if len(head) < HEADER_BYTES:
        raise _wrong("the file is no DBF table: it is shorter than a header", file.where)
    records, start, length = struct.unpack_from("<IHH", head, 4)
    names, types, widths = [], [], []
    for at in range(HEADER_BYTES, min(start, len(head)) - FIELD_BYTES + 1, FIELD_BYTES):
        if head[at] == END_OF_FIELDS:
            break
        raw, kind, width = head[at : at + 11].partition(b"\0")[0], chr(head[at + 11]), head[at + 16]
        try:
            names.append(raw.decode(file.codec).strip())
        except UnicodeDecodeError:
            raise file.wrong_encoding() from None
        width += 256 * head[at + 17] if kind == "C" else 0
        if kind not in TEXT_TYPES and BINARY_TYPES.get(kind) != width:
            what = f"field {names[-1]!r} is of a type that is not text, number, date or logical ({kind!r})"
            raise _wrong(what, file.where, "Export it without memo and picture fields")
        types.append(kind)
        widths.append(width)
    if not names or 0 in widths or length != 1 + sum(widths):
        raise _wrong("the file is no DBF table: its fields do not fill its records", file.where)
    return _Layout(records, start, length, tuple(names), tuple(types), tuple(widths))


def _integer(cells: np.ndarray) -> pa.Array:
    return pc.cast(pa.array(np.ascontiguousarray(cells).view("<i4")[:, 0]), pa.string())


def _moment(cells: np.ndarray) -> pa.Array:
    """ISO text of day number and milliseconds; NULL for an empty one or a day outside the calendar."""

    def text(day: int, milliseconds: int) -> str | None:
        try:
            moment = dt.datetime.fromordinal(day - DAY_ZERO) + dt.timedelta(milliseconds=milliseconds)
        except (ValueError, OverflowError):
            return None
        return moment.isoformat(sep=" ")

    return pa.array([text(int(d), int(m)) for d, m in np.ascontiguousarray(cells).view("<u4")], pa.string())


BINARY = {"I": _integer, "T": _moment}


def read(contract: Contract, file: DataFile) -> Iterator[pa.RecordBatch]:
    """Rows of the table; a record whose field ends in the middle of a character becomes a defect row.

    Raises DeliveryRejected: DELIVERY_FORMAT, DELIVERY_HEADER, DELIVERY_ENCODING, DELIVERY_TRUNCATED, and what the stream raises.
    """
    if not file.size:
        return
    with file.octets() as stream:
        head = stream.read(HEADER_BYTES)
        start = struct.unpack_from("<H", head, 8)[0] if len(head) == HEADER_BYTES else 0
        layout = _layout(head + stream.read(max(start - HEADER_BYTES, 0)), file)
        matched = match(layout.names, contract, file.where)
        wanted = [matched.index(n) for n in (*(c.name for c in contract.delivered), *(NEW + n for n in new_columns(matched)))]
        before = 0
        while before < layout.records:
            count = min(RECORDS_PER_BATCH, BLOCK_BYTES // layout.length, layout.records - before)
            octets = stream.read(count * layout.length)
            if len(octets) < count * layout.length:
                what = f"the file stops in record {before + len(octets) // layout.length + 1} of {layout.records}"
                raise DeliveryRejected("DELIVERY_TRUNCATED", what, file.where, "Deliver the whole file again")
            records = np.frombuffer(octets, dtype=np.uint8).reshape(count, layout.length)
            numbers = np.arange(before + 1, before + 1 + count, dtype=np.int64)
            kept = records[:, 0] != DELETED
            if kept.any():
                yield from _batches(contract, file, layout, wanted, new_columns(matched), records[kept][:, 1:], numbers[kept])
            before += count


def _batches(
    contract: Contract, file: DataFile, layout: _Layout, wanted: list[int], new: list[str], cells: np.ndarray, numbers: np.ndarray
) -> Iterator[pa.RecordBatch]:
    stops = np.cumsum(layout.widths)
    binary = {i: BINARY[kind](cells[:, stops[i] - layout.widths[i] : stops[i]]) for i, kind in enumerate(layout.types) if kind in BINARY}
    text = np.where(cells == 0, ord(" "), cells).astype(np.uint8)
    for i in binary:
        text[:, stops[i] - layout.widths[i] : stops[i]] = ord(" ")
    origin, delivered = Origin(file.name, file.index), len(contract.delivered)
    try:
        columns = decoded_columns(text, list(layout.widths), file.codec)
    except UnicodeDecodeError:
        records, good, bad = decoded_rows(text, numbers, list(layout.widths), file)
        if records:
            at = np.flatnonzero(np.isin(numbers, good))
            found = [
                [binary[i][int(n)].as_py() if i in binary else r[i].lstrip(" ") for i in wanted] for n, r in zip(at, records, strict=True)
            ]
            extra = [dict(zip(new, r[delivered:], strict=True)) for r in found] if new else []
            yield text_rows(contract, [r[:delivered] for r in found], good, origin, extra)
        if bad:
            yield defects(contract, bad, origin)
        return
    shown = [binary[i] if i in binary else pc.utf8_ltrim(columns[i], " ") for i in wanted]
    extra = [dict(zip(new, v, strict=True)) for v in zip(*(c.to_pylist() for c in shown[delivered:]), strict=True)] if new else []
    yield rows(contract, shown[:delivered], pa.array(numbers), origin, extra=extra)
