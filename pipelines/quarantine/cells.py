"""Workbook cells with delivered text: never a formula, never a character that XLSX cannot store.

Here: escaping text. Not here: the sheets (`workbook`).
"""

from __future__ import annotations

import re
from typing import Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""A spreadsheet reads a text that starts with one of these as a formula, here or after the next export as CSV."""
LONGEST = 32_767
"""Maximum number of characters in a cell."""
NOT_STORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""Text that a spreadsheet would read as an escape sequence."""
TOP = Alignment(vertical="top", wrap_text=True)
BOLD, GREY, YELLOW = Font(bold=True), PatternFill("solid", fgColor="DDDDDD"), PatternFill("solid", fgColor="FFF2AB")


def visible(text: str) -> str:
    """Replace characters that cannot be stored: control characters by their Unicode pictures, others by \\uXXXX."""
    return ESCAPED.sub("_x005F_", NOT_STORABLE.sub(_picture, text))


def _picture(found: re.Match[str]) -> str:
    code = ord(found.group())
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else f"\\u{code:04x}"


def cell(sheet: Any, value: str | int, *, bold: bool = False, wrong: bool = False, wrapped: bool = False) -> WriteOnlyCell:
    """Make one cell; a text stays a text, whatever it looks like.

    Args:
        sheet: the sheet it belongs to.
        value: a number, or a text of any length; a longer one is cut and ends with its length.
        bold: format it as a heading.
        wrong: highlight it.
        wrapped: wrap long lines.
    """
    if isinstance(value, str):
        starts, shown = value[:1] in FORMULA and bool(value), visible(value)
        if len(shown) > LONGEST:
            note = f" … ({len(value)})"
            shown = shown[: LONGEST - len(note)] + note
        made = WriteOnlyCell(sheet, shown)
        made.data_type = "s"
        if starts:
            made.quotePrefix = True
    else:
        made = WriteOnlyCell(sheet, value)
    if bold:
        made.font, made.fill = BOLD, GREY
    if wrong:
        made.fill = YELLOW
    if wrapped:
        made.alignment = TOP
    return made
