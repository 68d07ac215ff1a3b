"""The visible sheets of an Excel workbook in the XML format (.xlsx), through python-calamine.

Here: sheets, cells and merged areas as the library returns them. Not here: the limits (`workbook_check`), finding the
table and cells to text (`workbook_file`).
"""

from __future__ import annotations

from collections.abc import Iterator

import python_calamine
from python_calamine import SheetTypeEnum, SheetVisibleEnum

from resources.readers import workbook_check
from resources.readers.streams import DataFile
from resources.readers.workbook_sheet import Area, Sheet, Workbook


def opened(file: DataFile) -> Workbook:
    """Raises DeliveryRejected: DELIVERY_FORMAT, DELIVERY_TOO_LARGE."""
    findings = workbook_check.check(file)
    try:
        book = python_calamine.load_workbook(workbook_check.readable(file, findings))
    except python_calamine.CalamineError:
        raise workbook_check.no_workbook(file) from None
    return Workbook(_sheets(book, file), findings.date1904)


def _sheets(book: python_calamine.CalamineWorkbook, file: DataFile) -> Iterator[Sheet]:
    for about in book.sheets_metadata:
        if about.typ != SheetTypeEnum.WorkSheet or about.visible != SheetVisibleEnum.Visible:
            continue
        try:
            sheet = book.get_sheet_by_name(about.name)
        except python_calamine.CalamineError:
            raise workbook_check.no_workbook(file) from None
        first = sheet.start[1] if sheet.start else 0
        merged = [Area(r1 + 1, r2 + 1, c1 - first, c2 - first) for (r1, c1), (r2, c2) in sheet.merged_cell_ranges or []]
        yield Sheet(about.name, enumerate(sheet.iter_rows(), 1), merged)
