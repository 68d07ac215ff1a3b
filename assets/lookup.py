"""Joins of many rows with what is known of some of them.

An engine holds the left side of a hash join in memory and lets the other pass by, and where it knows no numbers of rows it
leaves the sides as they are written: so what is known stands on the left, and the rows, which are wide and many, on the right.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_THERE, _KEY = "_there", "_key_{}"


def with_known(rows: DataFrame, known: DataFrame, key: str | Sequence[str]) -> DataFrame:
    """Every row, with the other columns of `known` where that has its key; they are NULL where it has not.

    known: at most one row per key.
    """
    return known.join(rows, [key] if isinstance(key, str) else list(key), "right")


def only(rows: DataFrame, keys: DataFrame, key: Sequence[str]) -> DataFrame:
    """The rows whose key is among `keys`, each of which is there once."""
    return keys.select(*key).join(rows, list(key)).select(*[f"`{c}`" for c in rows.columns])


def without(rows: DataFrame, keys: DataFrame, key: Sequence[str]) -> DataFrame:
    """The rows whose key is not among `keys`, each of which is there once. A key that is not known in whole is not among them."""
    marked = keys.select(*[F.col(c).alias(_KEY.format(c)) for c in key], F.lit(True).alias(_THERE))
    same = [F.col(_KEY.format(c)) == F.col(c) for c in key]
    return marked.join(rows, same, "right").where(F.col(_THERE).isNull()).select(*[f"`{c}`" for c in rows.columns])
