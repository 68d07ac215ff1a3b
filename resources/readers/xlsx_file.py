"""Excel workbooks as departments send them: title rows above the header, totals and signatures below the data.

Here: finding the table in the sheet, cells to text. Not here: what the cells mean.

The header is the first of the first ten rows with at least 60 % of the contract's column names (domain rules D31),
in the first sheet that has one. Wholly empty rows, and rows at the end whose first filled cell speaks of a total or
a signature, are not rows of the delivery. `_row_no` is the row number of the sheet. An empty cell is NULL. A number
is its decimal text of 15 significant digits (no ".0"), a date ISO. A number with more digits before the point has lost
some: it keeps its exponent (3.2109919080101E+17), so that it is not mistaken for a valid identifier.
The workbook is held in memory, within the limits of `workbook_check`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa
import python_calamine

from contracts.model import Contract
from resources.readers import workbook_check
from resources.readers.batch import E_COLUMNS, Defect, Origin, defects, text_rows
from resources.readers.header import NEW, hits, match, new_columns, reject
from resources.readers.streams import DataFile

DIGITS = 15
"""Significant digits of a number in Excel; digits a cell stores beyond them are noise of binary fractions."""
HEADER_ROWS = 10
HEADER_SHARE = 0.6
FOOTER = re.compile("合计|小计|制表|审核")
ROWS_PER_BATCH = 20_000

Row = list[str | None]


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


def _sheet_rows(sheet: Any) -> Iterator[tuple[int, Row]]:
    """Rows that are not wholly empty, with their number."""
    for number, cells in enumerate(sheet.iter_rows(), 1):
        row = [_text(cell) for cell in cells]
        if any(cell is not None and cell.strip() for cell in row):
            yield number, row


def _table(workbook: Any, contract: Contract, file: DataFile) -> tuple[list[str], Iterator[tuple[int, Row]]]:
    """The header cells (empty text for an empty cell) and the rows below it."""
    for name in workbook.sheet_names:
        found = _sheet_rows(workbook.get_sheet_by_name(name))
        for _, row in islice(found, HEADER_ROWS):
            cells = [(cell or "").strip() for cell in row]
            if hits(cells, contract) >= HEADER_SHARE:
                return cells, found
    raise reject(f"no sheet has a header in its first {HEADER_ROWS} rows", file.where)


def _without_footer(found: Iterator[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    pending: list[tuple[int, Row]] = []
    for number, row in found:
        pending.append((number, row))
        first = next(cell for cell in row if cell is not None and cell.strip())
        if not FOOTER.search("".join(first.split())):
            yield from pending
            pending = []


def read(contract: Contract, file: DataFile) -> Iterator[pa.RecordBatch]:
    """Rows of the workbook; a row with a value outside the columns of the header becomes a defect row.

    Raises DeliveryRejected: DELIVERY_FORMAT, DELIVERY_HEADER, DELIVERY_TOO_LARGE.
    """
    if not file.size:
        return
    workbook_check.check(file)
    file.handle.seek(0)
    try:
        workbook = python_calamine.load_workbook(file.handle)
        cells, found = _table(workbook, contract, file)
    except python_calamine.CalamineError:
        raise workbook_check.no_workbook(file) from None
    names = match([c for c in cells if c], contract, file.where)
    named = [i for i, c in enumerate(cells) if c]
    unnamed = [i for i, c in enumerate(cells) if not c]
    positions = [named[names.index(c.name)] for c in contract.delivered]
    new = {n: named[names.index(NEW + n)] for n in new_columns(names)}
    data = _without_footer(found)
    origin = Origin(file.name, file.index)
    while chunk := list(islice(data, ROWS_PER_BATCH)):
        yield from _batches(contract, chunk, positions, unnamed, new, origin)


def _batches(
    contract: Contract, chunk: Sequence[tuple[int, Row]], positions: list[int], unnamed: list[int], new: dict[str, int], origin: Origin
) -> Iterator[pa.RecordBatch]:
    bad = [Defect(n, E_COLUMNS, "\t".join(c or "" for c in row)) for n, row in chunk if any(row[i] for i in unnamed)]
    numbers = {d.row_no for d in bad}
    good = [(n, row) for n, row in chunk if n not in numbers]
    if good:
        extra = [{name: row[i] for name, i in new.items()} for _, row in good] if new else []
        yield text_rows(contract, [[row[i] for i in positions] for _, row in good], [n for n, _ in good], origin, extra)
    if bad:
        yield defects(contract, bad, origin)
