"""What a code says to people, in Chinese and English, and what to do about it.

Here: looking it up. Not here: the meanings (`contracts.registry`), when a row gets a code (`quality.rows`, `standards`).
"""

from __future__ import annotations

from contracts.registry import Meaning, meanings

UNKNOWN = Meaning("not as the contract says", "不符合约定", "see the table's contract", "请对照数据约定核对")


def meaning(code: str) -> Meaning:
    """Return the meaning of `CODE` or `column:CODE`."""
    return meanings().get(code.rpartition(":")[2], UNKNOWN)
