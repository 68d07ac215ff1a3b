"""Read the tables of the standards: the CSV files beside this module.

Here: reading and the placeholder lists. Not here: what a rule does with them.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of standards/<name>.csv, by column name. UTF-8, one header line."""
    with (ROOT / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def placeholders(rule: str) -> tuple[str, ...]:
    """Values typed only to get past a form (domain rules D07, D08, D09, D14), in normal form."""
    return tuple(row["value"] for row in rows("placeholders") if row["rule"] == rule)
