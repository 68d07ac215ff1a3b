"""English titles of the tables: titles.csv, beside the Chinese ones that contracts state.

Here: reading them. Not here: titles of columns, which have Chinese ones alone.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path


@cache
def english_titles() -> dict[str, str]:
    """Return table -> English title. A table that an installation has added need not have one."""
    with (Path(__file__).parent / "titles.csv").open(encoding="utf-8", newline="") as file:
        return {row["table"]: row["english"] for row in csv.DictReader(file)}
