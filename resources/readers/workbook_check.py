"""Checks of a workbook before it is opened: its unpacked size, the extent of its cells, formulas without stored values.

Here: limits that keep a small file from filling the memory. The library that reads workbooks allocates the whole rectangle
around the cells of a sheet (one cell in the last corner makes that 17 thousand million) and returns a formula without a
stored value as an empty cell. So every part is scanned first, as a stream. Not here: reading rows.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from functools import cache
from typing import IO
from xml.parsers import expat

from resources.errors import DeliveryRejected
from resources.readers.streams import CHUNK, DataFile, too_large

MAX_UNPACKED_BYTES = 1 << 29
MAX_PARTS = 10_000
MAX_CELLS = 1 << 24
"""Cells of the rectangle from A1 to the last row and column in use; each takes about 30 bytes of memory."""
PLACE = re.compile("([A-Za-z]{1,3})([0-9]{1,7})")
MARKUP = (".xml", ".rels")
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError, RuntimeError)
"""What Python's zip module raises for archives that are damaged, encrypted, or compressed in an unsupported way."""


def no_workbook(file: DataFile) -> DeliveryRejected:
    remedy = "Save it as Excel workbook (.xlsx) without a password and deliver it again"
    return DeliveryRejected("DELIVERY_FORMAT", "the file is not a readable XLSX workbook", file.where, remedy)


def check(file: DataFile) -> None:
    """Raises DeliveryRejected: DELIVERY_FORMAT, DELIVERY_TOO_LARGE."""
    file.handle.seek(0)
    try:
        with zipfile.ZipFile(file.handle) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(p.file_size for p in parts) > MAX_UNPACKED_BYTES:
                raise too_large(f"more than {MAX_PARTS} parts or {MAX_UNPACKED_BYTES} bytes unpacked", file.where)
            for part in parts:
                with archive.open(part) as stream:
                    _scan(part.filename, stream, file)
    except UNREADABLE:
        raise no_workbook(file) from None


def _scan(name: str, stream: IO[bytes], file: DataFile) -> None:
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
        self._formula = 0
        """The row of a formula whose value has not been seen yet."""
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._element
        self.parser.StartDoctypeDeclHandler = self._document_type

    def _document_type(self, *_: object) -> None:
        raise no_workbook(self._file)  # no program writes one, and what it declares may unfold without end

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if self._formula and tag == "v" and self._kind != "str":
            self.parser.CharacterDataHandler = self._value
        elif self._formula:
            if tag != "v":
                self.finish()
            self._formula = 0
        if tag == "c":
            self._kind = attributes.get("t", "")
            self._cell(attributes.get("r"))
        elif tag == "row":
            self._row, self._column = int(attributes.get("r") or self._row + 1), 0
        elif tag == "f" and self._before == "c":
            self._formula = self._row
        elif tag == "sheetData":
            self._row = self._column = 0
        self._before = tag

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

    def _value(self, _: str) -> None:
        self._formula, self.parser.CharacterDataHandler = 0, None

    def finish(self) -> None:
        """Raises DeliveryRejected when the cell before this point has a formula and no value."""
        if self._formula:
            what = f"the formula in row {self._formula} of a sheet has no stored value"
            raise DeliveryRejected("DELIVERY_FORMAT", what, self._file.where, "Open it in Excel, save it and deliver it again")
