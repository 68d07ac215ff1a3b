"""Excel workbooks as departments send them: title rows above the header, totals and signatures below the data.

Here: finding the table in the visible sheets, cells to text. Not here: the two formats (`workbook_xlsx`, `workbook_xls`; the
first bytes of the file decide, not its name), what the cells mean.

The header is the first of the first ten rows (or so many rows one below another as the contract says) with at least 60 % of the
contract's column names (domain rules D31). The rows are those of the first visible sheet that has one; or of the sheets that the
contract names, all of them, and the name of the sheet stands behind that of the file. Wholly empty rows, and rows at the end whose first
filled cell speaks of a total or a signature, are not rows of the delivery. `_row_no` is the row number of the sheet. An empty cell is
NULL, a merged area's value stands in each of its rows, an error value is its text (#N/A). A number is its decimal text of 15 significant
digits (no ".0"), a date ISO. A number with more digits before the point has lost some: it keeps its exponent (3.2109919080101E+17), so
that it is not mistaken for a valid identifier. A day number in a date column is one of the 1900 date system, whichever the workbook
uses. The workbook is held in memory, within the limits of `workbook_check`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa

from contracts.model import Contract
from resources.errors import DeliveryRejected
from resources.readers import workbook_xls, workbook_xlsx
from resources.readers.batch import E_COLUMNS, Defect, Origin, defects, text_rows
from resources.readers.header import NEW, hits, match, new_columns, of_rows, reject
from resources.readers.manifest import delivery_of
from resources.readers.streams import DataFile
from resources.readers.workbook_sheet import Cells, Row, Sheet, Workbook, is_empty, with_merged

DIGITS = 15
"""Significant digits of a number in Excel; digits a cell stores beyond them are noise of binary fractions."""
HEADER_ROWS = 10
ALL_SHEETS = "*"
HEADER_SHARE = 0.6
FOOTER = re.compile("合计|小计|制表|审核")
ROWS_PER_BATCH = 20_000
DAYS_1904 = 1462
"""Days from the first day of the 1900 date system to that of the 1904 one."""
DAY_NUMBERS = range(1, 73_415)
"""Day numbers of the 1904 date system up to the year 2104; a larger number in a date column is no day number."""
DAY_RULES = ("date", "timestamp")
FORMATS: dict[bytes, Callable[[DataFile], Workbook]] = {
    b"PK\x03\x04": workbook_xlsx.opened,
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": workbook_xls.opened,
}
"""First bytes of a workbook -> its reader."""


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, int | float):
        text = format(value, f".{DIGITS}g")
        return text.upper() if abs(value) >= 10**DIGITS else format(Decimal(text), "f")
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _day_1904(value: Any) -> str | None:
    """Text of a cell of a date column in a workbook of the 1904 date system."""
    is_day = isinstance(value, int | float) and not isinstance(value, bool) and int(value) in DAY_NUMBERS
    return _text(value + DAYS_1904 if is_day else value)


def _opened(file: DataFile) -> Workbook:
    file.handle.seek(0)
    first = file.handle.read(8)
    for signature, opened in FORMATS.items():
        if first.startswith(signature):
            return opened(file)
    what, remedy = "the file is not an Excel workbook", "Save it as Excel workbook (.xlsx) and deliver it again"
    if first.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        what = "the file is a web page (HTML or XML) under the name of a workbook"
    raise DeliveryRejected("DELIVERY_FORMAT", what, file.where, remedy)


def _filled(rows: Iterator[Row]) -> Iterator[Row]:
    """Rows that are not wholly empty."""
    return (row for row in rows if not all(map(is_empty, row[1])))


def _table(sheet: Sheet, contract: Contract) -> tuple[list[str], Iterator[Row]] | None:
    """The names of the header (empty text for an empty cell) and the rows below it."""
    count = delivery_of(contract).header_rows
    found = _filled(sheet.rows)
    last: list[list[str]] = []
    for _, row in islice(found, HEADER_ROWS):
        last = [*last, [(_text(cell) or "").strip() for cell in row]][-count:]
        if len(last) == count and hits(names := of_rows(last), contract) >= HEADER_SHARE:
            return names, with_merged(_without_footer(found), sheet.merged)
    return None


def _without_footer(found: Iterator[Row]) -> Iterator[Row]:
    pending: list[Row] = []
    for number, row in found:
        pending.append((number, row))
        first = next(cell for cell in row if not is_empty(cell))
        if not FOOTER.search("".join((_text(first) or "").split())):
            yield from pending
            pending = []


def read(contract: Contract, file: DataFile) -> Iterator[pa.RecordBatch]:
    """Rows of the workbook; a row with a value outside the columns of the header becomes a defect row.

    Raises DeliveryRejected: DELIVERY_FORMAT, DELIVERY_HEADER, DELIVERY_TOO_LARGE.
    """
    if not file.size:
        return
    workbook, asked = _opened(file), delivery_of(contract).sheets
    taken = set[str]()
    for part, sheet in enumerate(workbook.sheets):
        if asked and ALL_SHEETS not in asked and sheet.name not in asked:
            continue
        table = _table(sheet, contract)
        if table is not None:
            origin = Origin(f"{file.name}#{sheet.name}", file.index, part) if asked else Origin(file.name, file.index)
            yield from _rows(contract, file, *table, workbook.date1904, origin)
            taken.add(sheet.name)
            if not asked:
                return
    missing = [name for name in asked if name not in taken and name != ALL_SHEETS]
    if missing or not taken:
        named = ", ".join(repr(name) for name in missing)
        what = f"there is no visible sheet {named} with a header" if missing else "no visible sheet has a header"
        raise reject(f"{what} in its first {HEADER_ROWS} rows", file.where)


def _rows(
    contract: Contract, file: DataFile, cells: list[str], data: Iterator[Row], date1904: bool, origin: Origin
) -> Iterator[pa.RecordBatch]:
    names = match([c for c in cells if c], contract, file.where)
    named = [i for i, c in enumerate(cells) if c]
    unnamed = [i for i, c in enumerate(cells) if not c]
    positions = [(named[names.index(c.name)], _day_1904 if date1904 and c.rule in DAY_RULES else _text) for c in contract.delivered]
    new = {n: named[names.index(NEW + n)] for n in new_columns(names)}
    while chunk := list(islice(data, ROWS_PER_BATCH)):
        yield from _batches(contract, chunk, positions, unnamed, new, origin)


def _batches(
    contract: Contract,
    chunk: Sequence[tuple[int, Cells]],
    positions: Sequence[tuple[int, Callable[[Any], str | None]]],
    unnamed: list[int],
    new: dict[str, int],
    origin: Origin,
) -> Iterator[pa.RecordBatch]:
    bad = [Defect(n, E_COLUMNS, "\t".join(_text(c) or "" for c in row)) for n, row in chunk if any(_text(row[i]) for i in unnamed)]
    numbers = {d.row_no for d in bad}
    good = [(n, row) for n, row in chunk if n not in numbers]
    if good:
        extra = [{name: _text(row[i]) for name, i in new.items()} for _, row in good] if new else []
        records = [[text(row[i]) for i, text in positions] for _, row in good]
        yield text_rows(contract, records, [n for n, _ in good], origin, extra)
    if bad:
        yield defects(contract, bad, origin)
