"""Checks of a workbook before it is opened: its unpacked size, the extent of its cells, formulas without stored values.

Here: limits that keep a small file from filling the memory. The library that reads workbooks allocates the whole rectangle
around the cells of a sheet (one cell in the last corner makes that 17 thousand million), returns a formula without a
stored value and an error value as an empty cell, and refuses a workbook with an error value of a later Excel (#SPILL!).
So every part is scanned first, as a stream, and sheets with such cells are rewritten: an error value becomes its text, a
formula that is only a text (="007") that text. Not here: reading rows.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import IO, BinaryIO, cast
from xml.parsers import expat

from resources.errors import DeliveryRejected
from resources.readers.streams import CHUNK, DataFile, too_large

MAX_UNPACKED_BYTES = 1 << 29
MAX_PARTS = 10_000
MAX_CELLS = 1 << 24
"""Cells of the rectangle from A1 to the last row and column in use; each takes about 30 bytes of memory."""
PLACE = re.compile("([A-Za-z]{1,3})([0-9]{1,7})")
MARKUP = (".xml", ".rels")
END_OF_ROW = b"row>"
LITERAL = re.compile('"([^"]*)"')
"""A formula that is only a text."""
TYPE = re.compile(rb"""\st\s*=\s*("[^"]*"|'[^']*')""")
ERROR_CELL = re.compile(rb"""(<(?:[\w.-]+:)?c\s(?:[^<>]*\s)?t\s*=\s*)(["'])e\2""")
LITERAL_CELL = re.compile(
    rb"""<(?P<prefix>(?:[\w.-]+:)?)c(?P<attributes>\s[^<>]*)?>\s*"""
    rb"""<(?P=prefix)f(?:\s[^<>]*)?>\s*(?:"|&quot;)(?P<text>(?:(?!"|&quot;)[^<])*)(?:"|&quot;)\s*</(?P=prefix)f>\s*"""
    rb"""(?:<(?P=prefix)v\s*/>|<(?P=prefix)v>\s*</(?P=prefix)v>)?\s*</(?P=prefix)c>"""
)
"""A cell whose formula is only a text and has no stored value."""
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError, RuntimeError)
"""What Python's zip module raises for archives that are damaged, encrypted, or compressed in an unsupported way."""


def no_workbook(file: DataFile) -> DeliveryRejected:
    remedy = "Save it as Excel workbook (.xlsx) without a password and deliver it again"
    return DeliveryRejected("DELIVERY_FORMAT", "the file is not a readable XLSX workbook", file.where, remedy)


@dataclass(frozen=True)
class Findings:
    """What the scan found: whether day numbers count from 1904, and the parts with cells that have to be rewritten."""

    date1904: bool
    rewrite: frozenset[str]


def check(file: DataFile) -> Findings:
    """Scan every part. Raises DeliveryRejected: DELIVERY_FORMAT, DELIVERY_TOO_LARGE."""
    file.handle.seek(0)
    try:
        with zipfile.ZipFile(file.handle) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(p.file_size for p in parts) > MAX_UNPACKED_BYTES:
                raise too_large(f"more than {MAX_PARTS} parts or {MAX_UNPACKED_BYTES} bytes unpacked", file.where)
            scanned = {}
            for part in parts:
                with archive.open(part) as stream:
                    scanned[part.filename] = _scan(part.filename, stream, file)
    except UNREADABLE:
        raise no_workbook(file) from None
    return Findings(any(p.date1904 for p in scanned.values()), frozenset(n for n, p in scanned.items() if p.rewrite))


def _scan(name: str, stream: IO[bytes], file: DataFile) -> _Part:
    """Scan a part to its end, which also verifies the archive's size and checksum."""
    part, known = _Part(file), name.lower().endswith(MARKUP)
    while chunk := stream.read(CHUNK):
        try:
            part.parser.Parse(chunk)
        except expat.ExpatError:
            if known:
                raise no_workbook(file) from None
            continue
    part.finish()
    return part


def readable(file: DataFile, findings: Findings) -> BinaryIO:
    """The workbook itself, or a copy in memory in which error values and formulas that are only a text are texts."""
    file.handle.seek(0)
    if not findings.rewrite:
        return file.handle
    copy = io.BytesIO()
    with zipfile.ZipFile(file.handle) as archive, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for part in archive.infolist():
            with archive.open(part) as stream, packed.open(part.filename, "w") as target:
                for piece in _rewritten(stream) if part.filename in findings.rewrite else iter(lambda: stream.read(CHUNK), b""):
                    target.write(piece)
    copy.seek(0)
    return cast(BinaryIO, copy)


def _rewritten(stream: IO[bytes]) -> Iterator[bytes]:
    """Whole rows of a sheet, piece by piece."""
    carried = b""
    while chunk := stream.read(CHUNK):
        head, end, carried = (carried + chunk).rpartition(END_OF_ROW)
        yield _as_text(head + end)
    yield _as_text(carried)


def _as_text(rows: bytes) -> bytes:
    return LITERAL_CELL.sub(_literal, ERROR_CELL.sub(rb'\1"str"', rows))


def _literal(cell: re.Match[bytes]) -> bytes:
    prefix, attributes = cell["prefix"], TYPE.sub(b"", cell["attributes"])
    return b'<%bc%b t="str"><%bv>%b</%bv></%bc>' % (prefix, attributes, prefix, cell["text"], prefix, prefix)


@cache
def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


class _Part:
    """Follows the cells of a sheet; a part that is no sheet has none."""

    def __init__(self, file: DataFile) -> None:
        self._file, self._row, self._column, self._rows, self._columns = file, 0, 0, 0, 0
        self._before, self._kind = "", ""
        self._formula, self._text = 0, ""
        """Row and text of a formula whose value has not been seen yet."""
        self.date1904 = self.rewrite = False
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._element
        self.parser.StartDoctypeDeclHandler = self._document_type

    def _document_type(self, *_: object) -> None:
        raise no_workbook(self._file)  # no program writes one, and its entities may expand without limit

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if self._formula:
            self._after_formula(tag)
        if tag == "c":
            self._kind = attributes.get("t", "")
            if self._kind == "e":
                self.rewrite = True
            self._cell(attributes.get("r"))
        elif tag == "row":
            self._row, self._column = int(attributes.get("r") or self._row + 1), 0
        elif tag == "f" and self._before == "c":
            self._formula, self._text, self.parser.CharacterDataHandler = self._row, "", self._formula_text
        elif tag == "sheetData":
            self._row = self._column = 0
        elif tag == "workbookPr":
            self.date1904 |= attributes.get("date1904") in ("1", "true")
        self._before = tag

    def _after_formula(self, tag: str) -> None:
        if tag == "v" and self._kind != "str":
            self.parser.CharacterDataHandler = self._value
            return
        if tag != "v":
            self.finish()
        self._formula, self.parser.CharacterDataHandler = 0, None

    def _cell(self, place: str | None) -> None:
        found = PLACE.fullmatch(place) if place else None
        if place and not found:
            raise no_workbook(self._file)
        self._column = _column(found[1]) if found else self._column + 1
        self._row = int(found[2]) if found else self._row
        self._rows, self._columns = max(self._rows, self._row), max(self._columns, self._column)
        if self._rows * self._columns > MAX_CELLS:
            what = f"a sheet reaches to row {self._rows} and column {self._columns}, more than {MAX_CELLS} cells"
            raise DeliveryRejected("DELIVERY_TOO_LARGE", what, self._file.where, "Delete what lies far off the table, or split it")

    def _formula_text(self, text: str) -> None:
        self._text += text

    def _value(self, _: str) -> None:
        self._formula, self.parser.CharacterDataHandler = 0, None

    def finish(self) -> None:
        """Raises DeliveryRejected when the cell before this point has a formula that is not only a text, and no value."""
        if self._formula and LITERAL.fullmatch(self._text.strip()):
            self.rewrite = True
        elif self._formula:
            what = f"the formula in row {self._formula} of a sheet has no stored value"
            raise DeliveryRejected("DELIVERY_FORMAT", what, self._file.where, "Open it in Excel, save it and deliver it again")
