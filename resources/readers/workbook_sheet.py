"""A workbook in the form that both of its formats are read into.

Here: sheets, and merged areas laid over their rows. Not here: reading a format, finding the table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Cells = list[Any]
Row = tuple[int, Cells]
"""A row's number in the sheet, from 1, and its cells: text, numbers, booleans, dates, times; None or empty text for nothing."""


@dataclass(frozen=True)
class Area:
    """A merged area: first and last row (from 1), first and last position in the cells of a row (from 0)."""

    first_row: int
    last_row: int
    first: int
    last: int


@dataclass(frozen=True)
class Sheet:
    """A visible sheet. `rows` are all of them in order, once."""

    name: str
    rows: Iterator[Row]
    merged: Sequence[Area]


@dataclass(frozen=True)
class Workbook:
    """`date1904`: day numbers count from 1904-01-01, not from 1899-12-30."""

    sheets: Iterator[Sheet]
    date1904: bool


def is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def with_merged(rows: Iterator[Row], merged: Sequence[Area]) -> Iterator[Row]:
    """The rows with the value of each merged area in its first column of every row, as Excel shows it.

    An area that begins above the first of these rows (a title, a header) is left as it is.
    """
    starting: dict[int, list[Area]] = defaultdict(list)
    for area in merged:
        if area.last_row > area.first_row and area.first >= 0:
            starting[area.first_row].append(area)
    if not starting:
        return rows
    return _shown(rows, starting)


def _shown(rows: Iterator[Row], starting: dict[int, list[Area]]) -> Iterator[Row]:
    shown: dict[int, tuple[int, Any]] = {}
    for number, cells in rows:
        for position, (last_row, value) in shown.items():
            if number <= last_row and is_empty(cells[position]):
                cells[position] = value
        for area in starting.pop(number, ()):
            if area.first < len(cells):
                shown[area.first] = area.last_row, cells[area.first]
        yield number, cells
