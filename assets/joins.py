"""Joins of many rows with what is known of some of them.

An engine holds the left side of a hash join in memory and lets the other pass by, and where it knows no numbers of rows it
leaves the sides as they are written: so what is known stands on the left, and the rows, which are wide and many, on the right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from standards.text import digest

Checkpoint = Callable[[DataFrame], DataFrame]
"""Writes rows down and gives them back to be read: what a step passes to those that mention rows several times."""
_THERE, _KEY, DIGEST = "_there", "_key_{}", "_digest"
_DAY, _KNOWN_TO, _FROM, _TO = "_day", "_known_to", "_from", "_to"


def left_join_lookup(rows: DataFrame, known: DataFrame, key: str | Sequence[str]) -> DataFrame:
    """Every row, with the other columns of `known` where that has its key; they are NULL where it has not.

    known: at most one row per key.
    """
    return known.join(rows, [key] if isinstance(key, str) else list(key), "right")


def join_as_of(rows: DataFrame, reference: DataFrame, day: str, key: Sequence[str]) -> DataFrame:
    """Every row with what a reference table says of its key on a date; NULL where the table has no row that was valid then.

    Args:
        rows: with the columns `day` and `key`.
        reference: with `key`, `valid_from` and `valid_to`, both days included, NULL for always, and columns of its own. On no day are two
            rows of a key valid.
        day: name of the date.
        key: columns that both have.

    Returns:
        The rows with the reference's own columns, and `provisional`: the date is after the last that the reference table knows, and what it
        says of that last day stands until its next edition. A table with a row that is valid for ever knows every date.
    """
    own = [c for c in reference.columns if c not in {*key, "valid_from", "valid_to"}]
    endless = F.lit(date.max)
    known_to = reference.agg(F.max(F.coalesce("valid_to", endless)).alias(_KNOWN_TO))
    dated = known_to.crossJoin(rows).withColumn(_DAY, F.when(F.col(day) > F.col(_KNOWN_TO), F.col(_KNOWN_TO)).otherwise(F.col(day)))
    valid = reference.select(
        *[F.col(c).alias(_KEY.format(c)) for c in key], *own, F.col("valid_from").alias(_FROM), F.coalesce("valid_to", endless).alias(_TO)
    )
    same = [F.col(_KEY.format(c)) == F.col(c) for c in key]
    during = (F.col(_FROM).isNull() | (F.col(_FROM) <= F.col(_DAY))) & (F.col(_DAY) <= F.col(_TO))
    provisional = F.coalesce(F.col(day) > F.col(_KNOWN_TO), F.lit(False))
    return valid.join(dated, [*same, during], "right").select(*rows.columns, *own, provisional.alias("provisional"))


def semi_join(rows: DataFrame, keys: DataFrame, key: Sequence[str]) -> DataFrame:
    """The rows whose key is among `keys`, each of which is there once."""
    return keys.select(*key).join(rows, list(key)).select(*[f"`{c}`" for c in rows.columns])


def anti_join(rows: DataFrame, keys: DataFrame, key: Sequence[str]) -> DataFrame:
    """The rows whose key is not among `keys`. A key that is not known in whole is not among them."""
    marked = keys.select(*[F.col(c).alias(_KEY.format(c)) for c in key], F.lit(True).alias(_THERE))
    same = [F.col(_KEY.format(c)) == F.col(c) for c in key]
    return marked.join(rows, same, "right").where(F.col(_THERE).isNull()).select(*[f"`{c}`" for c in rows.columns])


def distinct_keys(*keys: DataFrame) -> DataFrame:
    """The keys of all, each once, but for those that are not known in whole."""
    return reduce(DataFrame.unionByName, [k.dropna() for k in keys]).distinct()


def hash_bucket(rows: DataFrame, key: str | Sequence[str], n: int, of: int) -> DataFrame:
    """One of so many parts of the rows: those of some keys, about as many in each."""
    key = [key] if isinstance(key, str) else key
    return rows.where(F.pmod(F.hash(*key), F.lit(of)) == n) if of > 1 else rows


def union_materialized(parts: Sequence[DataFrame], checkpoint: Checkpoint) -> DataFrame:
    """The rows of all parts. All but the last are written down first: what their plans hold in memory is not held at once."""
    *first, last = parts
    return reduce(DataFrame.unionByName, [*map(checkpoint, first), last])


def changed_rows(rows: DataFrame, others: DataFrame, key: Sequence[str]) -> DataFrame:
    """The rows that are not among the others just as they are.

    others: with the columns of the rows; of each at most one row per key.
    """
    lookup, same = _comparable(others, key, [c for c in rows.columns if c not in key])
    return left_join_lookup(rows, lookup, key).where(F.col(_THERE).isNull() | ~same).select(*rows.columns)


def unchanged_rows(rows: DataFrame, others: DataFrame, key: Sequence[str], said: Sequence[str]) -> DataFrame:
    """The rows that say in some columns what the other of their key says; of the others there is at most one per key."""
    lookup, same = _comparable(others, key, said)
    return lookup.join(rows, list(key)).where(same).select(*rows.columns)


def _comparable(others: DataFrame, key: Sequence[str], said: Sequence[str]) -> tuple[DataFrame, Column]:
    """The others, to be joined by the key, and whether they say the same as the rows that they are joined to."""
    renamed = {c: f"_other_{c}" for c in said}
    lookup = others.select(*key, *[F.col(c).alias(t) for c, t in renamed.items()], F.lit(True).alias(_THERE))
    return lookup, _all([F.col(c).eqNullSafe(F.col(t)) for c, t in renamed.items()])


def _all(conditions: Sequence[Column]) -> Column:
    """They in a tree that is as low as it can be: Spark Connect reads no expression of more than a hundred levels."""
    if not conditions:
        return F.lit(True)
    half = len(conditions) // 2
    return _all(conditions[:half]) & _all(conditions[half:]) if half else conditions[0]


def split_unique_keys(rows: DataFrame, key: Sequence[str]) -> tuple[DataFrame, DataFrame]:
    """The rows whose key no other row has, and the others, among which may be a few alone. A key that is not known in whole is alone.

    What is dear, such as sorting, then need only be done to the others. Counted are digests of 64 bits: an engine groups numbers faster
    than texts and in less memory, and two keys that share one are only looked at without need.
    """
    marked = with_digest(rows, key)
    return split_by_digest(marked, repeated_digests(marked))


def with_digest(rows: DataFrame, key: Sequence[str]) -> DataFrame:
    """The rows with the digest of their key, NULL of one that is not known in whole."""
    return rows.withColumn(DIGEST, digest(*map(F.col, key)))


def repeated_digests(marked: DataFrame) -> DataFrame:
    """The digests that several rows have, each once, and `_rows`, how many."""
    counted = marked.where(F.col(DIGEST).isNotNull()).groupBy(DIGEST).agg(F.count(F.lit(1)).alias("_rows"))
    return counted.where(F.col("_rows") > 1)


def split_by_digest(marked: DataFrame, digests: DataFrame) -> tuple[DataFrame, DataFrame]:
    """The rows without and those with one of the digests."""
    return anti_join(marked, digests, [DIGEST]).drop(DIGEST), semi_join(marked, digests, [DIGEST]).drop(DIGEST)
