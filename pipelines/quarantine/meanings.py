"""The meaning of every error code in Chinese and English, with its remedy: the table `meanings.csv`.

Here: the lookup. Not here: when a row gets a code (`quality.rows`, `standards`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Meaning:
    english: str
    chinese: str
    remedy_english: str
    remedy_chinese: str


UNKNOWN = Meaning("not as the contract says", "不符合约定", "see the table's contract", "请对照数据约定核对")


@cache
def meanings() -> dict[str, Meaning]:
    """Return the meanings by code, without its column."""
    with (Path(__file__).parent / "meanings.csv").open(encoding="utf-8", newline="") as file:
        return {row.pop("code"): Meaning(**row) for row in csv.DictReader(file)}


def meaning(code: str) -> Meaning:
    """Look up `CODE` or `column:CODE`."""
    return meanings().get(code.rpartition(":")[2], UNKNOWN)
