"""One JSON object per line.

Here: records of plain keys and values. Not here: what the values mean.

Numbers keep the text they are written with, true and false are that text, nested values their compact JSON.
A key that is absent is NULL. `_row_no` is the line in the file; blank lines are no rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from contracts.loader import Contract
from resources.readers.batch import E_COLUMNS, Defect, Origin, defects, text_rows
from resources.readers.header import known, match
from resources.readers.streams import BOM, MAX_LINE_BYTES, DataFile, cut_off, too_large

ROWS_PER_BATCH = 20_000
NAMES = {True: "true", False: "false"}


class _NotARecordError(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise _NotARecordError("a key is there twice")
    return record


def _constant(name: str) -> None:
    raise _NotARecordError(f"{name} is not JSON")


DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=_constant)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return NAMES[value]
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _record(line: str) -> dict[str, str | None]:
    """Raises ValueError or RecursionError when the line is not one object of encodable values."""
    raw = DECODER.decode(line)
    if not isinstance(raw, dict):
        raise _NotARecordError("it is not an object")
    record = {key: _text(value) for key, value in raw.items()}
    if "\\u" in line:
        for value in (*record, *record.values()):
            (value or "").encode("utf-8")  # an escaped half of a surrogate pair is not a character
    return record


def _lines(file: DataFile) -> Iterator[tuple[int, str, bool]]:
    """Number, text, and whether a line end follows, of every line that is not blank."""
    with file.lines() as stream:
        for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE_BYTES + 1), b""), 1):
            if len(line) > MAX_LINE_BYTES:
                raise too_large(f"line {number} is longer than {MAX_LINE_BYTES} bytes", file.where)
            try:
                text = line.decode(file.codec)
            except UnicodeDecodeError:
                raise file.wrong_encoding() from None
            text = text.removeprefix(BOM) if number == 1 else text
            if text.strip():
                yield number, text.rstrip("\r\n"), line.endswith(b"\n")


def read(contract: Contract, file: DataFile) -> Iterator[pa.RecordBatch]:
    """Rows of the file; a line that is not one JSON object becomes a defect row.

    Raises DeliveryRejected: DELIVERY_HEADER for a key nobody contracted, DELIVERY_ENCODING, DELIVERY_TRUNCATED, DELIVERY_TOO_LARGE.
    """
    origin, lookup, columns = Origin(file.name, file.index), known(contract), [c.name for c in contract.delivered]
    accepted: set[frozenset[str]] = set()
    records: list[list[str | None]] = []
    extra: list[dict[str, str | None]] = []
    numbers: list[int] = []
    bad: list[Defect] = []
    for number, line, ended in _lines(file):
        if len(records) + len(bad) >= ROWS_PER_BATCH:
            yield from _batches(contract, records, numbers, bad, origin, extra)
            records, numbers, bad, extra = [], [], [], []
        try:
            record = _record(line)
        except (ValueError, RecursionError):
            if not ended:
                raise cut_off(number, file.where) from None
            bad.append(Defect(number, E_COLUMNS, line))
            continue
        keys = frozenset(record)
        if keys not in accepted:
            match(tuple(record), contract, f"{file.where}, line {number}", partial=True)
            accepted.add(keys)
        values = {lookup[key]: value for key, value in record.items() if key in lookup}
        records.append([values.get(c) for c in columns])
        extra.append({key: value for key, value in record.items() if key not in lookup})
        numbers.append(number)
    yield from _batches(contract, records, numbers, bad, origin, extra)


def _batches(
    contract: Contract,
    records: list[list[str | None]],
    numbers: list[int],
    bad: list[Defect],
    origin: Origin,
    extra: list[dict[str, str | None]],
) -> Iterator[pa.RecordBatch]:
    if records:
        yield text_rows(contract, records, numbers, origin, extra)
    if bad:
        yield defects(contract, bad, origin)
