"""JSON records: one object per line, one array of objects, or that array as the only value of an object.

Here: records of plain keys and values. Not here: what the values mean.

Numbers keep the text they are written with, true and false are that text, nested values their compact JSON.
A key that is absent is NULL. `_row_no` is the line in the file, and blank lines are no rows; in an array it is the number of
the element.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from contracts.model import Contract
from resources.errors import DeliveryRejected
from resources.readers import records
from resources.readers.batch import E_COLUMNS, Defect
from resources.readers.header import known
from resources.readers.streams import BOM, CHUNK, MAX_LINE_BYTES, DataFile, cut_off, too_large

MEMBER = r'\s*"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[-+.0-9eE]+|true|false|null)\s*'
ARRAY = re.compile(rf'\s*(\{{(?:{MEMBER},)*\s*"[^"\\]*"\s*:\s*)?\[\s*(?=[{{\]])')
"""The start of an array of objects, perhaps inside the one object that interfaces and export tools write ("data", "RECORDS")."""
END = {False: re.compile(r"\]\s*\Z"), True: re.compile(rf"\]\s*(?:,{MEMBER})*\}}\s*\Z")}
"""The end of it: alone, and inside an object."""
BETWEEN = re.compile(r"\s*(,?)\s*")
START_BYTES = 4096
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


class _Array:
    """The elements of an array that is too long to be held in memory."""

    def __init__(self, file: DataFile) -> None:
        self._file, self._text, self._position, self._ended = file, "", 0, False
        self._decoder = codecs.getincrementaldecoder(file.codec)("strict")
        self._skip = json.JSONDecoder()

    def elements(self) -> Iterator[tuple[int, str, bool]]:
        """Number and text of every element, and True: an element that can be read is not cut."""
        number = 0
        with self._file.lines() as stream:
            self._fill(stream)
            start = ARRAY.match(self._text)
            assert start is not None
            self._position = start.end()
            while not self._text.startswith("]", self._position):
                number += 1
                yield number, self._element(number), True
                self._fill(stream)
                between = BETWEEN.match(self._text, self._position)
                assert between is not None
                self._position = between.end()
                if not between[1] and not self._text.startswith("]", self._position):
                    raise self._broken(number, cut=self._position == len(self._text))
            if not END[start[1] is not None].match(self._text, self._position):
                raise self._broken(number, cut=False)

    def _element(self, number: int) -> str:
        try:
            _, end = self._skip.raw_decode(self._text, self._position)
        except json.JSONDecodeError as e:
            cut = e.msg.startswith("Unterminated") or e.pos > len(self._text) - len("false")
            raise self._broken(number, cut) from None
        except (ValueError, RecursionError):
            raise self._broken(number, cut=False) from None
        element, self._position = self._text[self._position : end], end
        return element

    def _fill(self, stream: Any) -> None:
        """Decode ahead, so that the longest element allowed is there as a whole."""
        if self._ended or len(self._text) - self._position > 2 * MAX_LINE_BYTES:
            return
        pieces = [self._text[self._position :]]
        self._position = 0
        while not self._ended and sum(map(len, pieces)) <= 4 * MAX_LINE_BYTES:
            octets = stream.read(CHUNK)
            self._ended = not octets
            try:
                pieces.append(self._decoder.decode(octets, final=self._ended))
            except UnicodeDecodeError:
                raise self._file.wrong_encoding() from None
        self._text = "".join(pieces).removeprefix(BOM)

    def _broken(self, number: int, cut: bool) -> DeliveryRejected:
        if cut and not self._ended:
            return too_large(f"element {number} of the JSON array is longer than {MAX_LINE_BYTES} bytes", self._file.where)
        if cut:
            what = f"the file stops in or after element {number} of its JSON array"
            return DeliveryRejected("DELIVERY_TRUNCATED", what, self._file.where, "Deliver the whole file again")
        what, remedy = f"the JSON array is not JSON in or after element {number}", "Deliver one JSON object per line"
        return DeliveryRejected("DELIVERY_FORMAT", what, self._file.where, remedy)


def _records(contract: Contract, file: DataFile) -> Iterator[tuple[int, str, bool]]:
    """Number and text of every record, and whether it is known to be complete."""
    with file.lines() as stream:
        start = stream.peek(START_BYTES)[:START_BYTES].decode(file.codec, "ignore").removeprefix(BOM)
    found = ARRAY.match(start)
    is_array = found is not None and not (found[1] and _is_record(start, found[1], contract))
    return _Array(file).elements() if is_array else _lines(file)


def _is_record(start: str, members: str, contract: Contract) -> bool:
    """An object with an array of objects is a row when it has a column of the contract, before the array or after it."""
    if any(json.dumps(name, ensure_ascii=False) in members for name in known(contract)):
        return True
    try:
        return not known(contract).keys().isdisjoint(json.loads(start.lstrip().splitlines()[0]))
    except (ValueError, RecursionError):
        return False


def read(contract: Contract, file: DataFile) -> Iterator[pa.RecordBatch]:
    """Rows of the file; a line or an element that is not one JSON object becomes a defect row.

    Raises DeliveryRejected: DELIVERY_HEADER for a key nobody contracted, DELIVERY_ENCODING, DELIVERY_TRUNCATED, DELIVERY_TOO_LARGE.
    """
    return records.batches(contract, file, _read(contract, file), "line")


def _read(contract: Contract, file: DataFile) -> Iterator[records.Record | Defect]:
    for number, line, ended in _records(contract, file):
        try:
            yield number, _record(line)
        except (ValueError, RecursionError):
            if not ended:
                raise cut_off(number, file.where) from None
            yield Defect(number, E_COLUMNS, line)
