"""What is odd about a row, as an array of codes.

Here: the one way of putting conditions into such an array, and what the codes of a cleansed row say of a column. Not here: the conditions
(themes), rules with evidence (`assets.rules`).
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F


def flags(conditions: Mapping[str, Column]) -> Column:
    """The codes whose condition holds, array<string>, in their order; a condition that is NULL does not hold."""
    return F.array_compact(F.array(*[F.when(condition, code) for code, condition in conditions.items()]))


def refused(column: str) -> Column:
    """Over `_codes` of a cleansed row: whether a value of the column was delivered and refused (a code E_…)."""
    return F.exists("_codes", lambda code: code.startswith(f"{column}:E_"))
