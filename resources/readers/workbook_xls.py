"""The visible sheets of an old binary Excel workbook (.xls, 97 to 2003), through xlrd.

Here: sheets, cells and merged areas as the library returns them. Not here: finding the table and cells to text
(`workbook_file`). A sheet of this format has at most 65,536 rows and 256 columns, which bounds the memory.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import xlrd
from xlrd.xldate import XLDateError, xldate_as_datetime

from resources.errors import DeliveryRejected
from resources.readers.streams import DataFile, too_large
from resources.readers.workbook_sheet import Area, Sheet, Workbook

MAX_BYTES = 128 << 20
DATE_1904 = 1
VISIBLE = 0


def opened(file: DataFile) -> Workbook:
    """Raises DeliveryRejected: DELIVERY_FORMAT, DELIVERY_TOO_LARGE."""
    if file.size > MAX_BYTES:
        raise too_large(f"the workbook has more than {MAX_BYTES} bytes", file.where)
    file.handle.seek(0)
    content = file.handle.read()
    try:
        book = xlrd.open_workbook(logfile=io.StringIO(), file_contents=content, on_demand=True, formatting_info=True, ragged_rows=True)
    except Exception:  # what xlrd raises for damaged files is of no common class
        raise _unreadable(file) from None
    return Workbook(_sheets(book, file), book.datemode == DATE_1904)


def _unreadable(file: DataFile) -> DeliveryRejected:
    remedy = "Save it as Excel workbook (.xlsx) without a password and deliver it again"
    return DeliveryRejected("DELIVERY_FORMAT", "the file is not a readable XLS workbook, or has a password", file.where, remedy)


def _sheets(book: xlrd.Book, file: DataFile) -> Iterator[Sheet]:
    for number, name in enumerate(book.sheet_names()):
        try:
            sheet = book.sheet_by_index(number)
        except Exception:  # as above
            raise _unreadable(file) from None
        if sheet.visibility == VISIBLE:
            merged = [Area(r1 + 1, r2, c1, c2 - 1) for r1, r2, c1, c2 in sheet.merged_cells]
            yield Sheet(name, _rows(sheet, book.datemode), merged)
        book.unload_sheet(number)


def _rows(sheet: Any, datemode: int) -> Iterator[tuple[int, list[Any]]]:
    for row in range(sheet.nrows):
        cells = [_value(kind, value, datemode) for kind, value in zip(sheet.row_types(row), sheet.row_values(row), strict=True)]
        yield row + 1, cells + [None] * (sheet.ncols - len(cells))


def _value(kind: int, value: Any, datemode: int) -> Any:
    """The cell as a Python value; a date outside the calendar stays the number it is, an error value becomes its text."""
    if kind == xlrd.XL_CELL_DATE:
        try:
            moment = xldate_as_datetime(value, datemode)
        except (XLDateError, ValueError, OverflowError):
            return value
        return moment.time() if 0 <= value < 1 else moment
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    if kind == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(value, "#ERROR!")
    return None if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) else value
