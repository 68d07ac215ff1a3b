"""Arrays: their elements without those that are not known.

Here: what an engine's own function gets wrong (docs/engines.md). Not here: what the elements mean.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def without_nulls(array: Column) -> Column:
    """An array without its NULLs. `F.array_compact` does that of an array made in the same expression only: of one that a window or a
    group has carried, Sail takes elements of other rows."""
    return F.filter(array, lambda one: one.isNotNull())
