"""Cells of a workbook that hold delivered text: never a formula, never a character that XLSX cannot hold.

Here: making a text harmless and visible. Not here: what stands in which sheet (`workbook`).
"""

from __future__ import annotations

import re
from typing import Any

from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""With these a program takes a text for a formula, here or after the next export as CSV."""
LONGEST = 32_767
"""Characters a cell holds at most."""
UNHOLDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""What a spreadsheet would read as one character, written out."""
TOP = Alignment(vertical="top", wrap_text=True)
BOLD, GREY, YELLOW = Font(bold=True), PatternFill("solid", fgColor="DDDDDD"), PatternFill("solid", fgColor="FFF2AB")


def visible(text: str) -> str:
    """The text with what cannot be held made visible: control characters as their Unicode pictures, others as \\uXXXX."""
    return ESCAPED.sub("_x005F_", UNHOLDABLE.sub(_picture, text))


def _picture(found: re.Match[str]) -> str:
    code = ord(found.group())
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else f"\\u{code:04x}"


def cell(sheet: Any, value: str | int, *, bold: bool = False, wrong: bool = False, wrapped: bool = False) -> WriteOnlyCell:
    """One cell. A text stays a text, whatever it looks like; `wrong` marks it, `bold` makes it a heading."""
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
