"""Linking source records with the person or legal entity they speak of: what every base database needs.

Here: keys of records, whose value counts first, stable pseudonyms, the newest row of a source. Not here: which records there are, and the
rules by which they are matched (`assets/base/<domain>`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import yaml
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.joins import anti_join, left_join_lookup, split_unique_keys
from assets.touch import Units, units
from standards.names import is_damaged
from standards.tables import looked_up

UID_LENGTH = 32
ORDER_DIGITS = 3
BETWEEN = "\x1f"
"""Stands in no cleansed text (unit separator)."""


def record_key(columns: Sequence[str]) -> Column:
    """A record's key: its key columns joined by `|`."""
    return F.concat_ws("|", *[F.col(c).cast("string") for c in columns])


def itself(table: str, columns: Sequence[str]) -> Units:
    """The record as a unit of its own: table and key, as in `units(record=("source_table", "source_key"))`."""
    return units(record=(lambda: F.lit(table), lambda: record_key(columns)))


def by_order(name: Column, order: Column) -> Column:
    """Sorts records by whose spelling of a name counts: those without one last, those with lost or hidden characters before them, then by
    the source's order, then by the key.

    One text, for `of_first`.
    """
    worth = F.when(name.isNull(), "2").when(is_damaged(name) | name.contains("*"), "1").otherwise("0")
    return F.concat(worth, F.lpad(order.cast("string"), ORDER_DIGITS, "0"), F.col("source_key"))


def of_first(order: Column, *values: Column) -> Column:
    """Aggregate: the values of the row that comes first by `order`, for `value_of`; rows whose order is NULL do not count.

    One text, as `by_order` is: an engine keeps a `min_by` or a struct per group several times as dear.
    """
    return F.min(F.concat(order, *[F.concat(F.lit(BETWEEN), F.coalesce(v.cast("string"), F.lit(""))) for v in values]))


def value_of(found: str, place: int, of: int) -> Column:
    """The value at `place` (from 0) among the `of` values that `of_first` kept in the column `found`."""
    return F.nullif(F.split_part(F.col(found), F.lit(BETWEEN), F.lit(place - of)), F.lit(""))


def source_count(tables: Sequence[str]) -> Column:
    """Aggregate: of how many of these tables the records of a group are.

    A bit for each table: for a distinct count next to other aggregates the engine keeps a set per group, 7 GB for 500,000 persons.
    """
    bit = looked_up({table: 1 << place for place, table in enumerate(tables)}, F.col("source_table"))
    return F.bit_count(F.bit_or(F.coalesce(bit, F.lit(0))))


def with_uid(matched: DataFrame, uid: str, pseudonym: Callable[[Column], Column]) -> DataFrame:
    """The rows with `uid`: the first UID_LENGTH hex characters of the keyed pseudonym of the column `owner`, reckoned once per owner."""
    owners = matched.select("owner").where(F.col("owner").isNotNull()).distinct()
    keyed = owners.withColumn(uid, F.substring(pseudonym(F.col("owner")), 1, UID_LENGTH))
    return left_join_lookup(matched, keyed, "owner")


def linked_records(link: DataFrame, source_table: str, uid: str) -> DataFrame:
    """The records of a source that are linked: source_key and `uid`."""
    return link.where((F.col("source_table") == source_table) & F.col(uid).isNotNull()).select("source_key", uid)


def newest_rows(mine: DataFrame, keyed: DataFrame, uid: str, version: str) -> DataFrame:
    """Per `uid` the newest row of a source that has several.

    Of equally new rows the one with the greatest key, so that the choice is the same every time.

    Args:
        mine: the source's linked records, `source_key` and `uid`.
        keyed: the source's rows with their `source_key`.
        uid: name of the column that says whose a record is.
        version: name of the column that says which row is the newest.
    """
    several = split_unique_keys(mine, [uid])[1]
    versions = several.join(keyed.select("source_key", version), "source_key")
    newest = Window.partitionBy(uid).orderBy(F.col(version).desc_nulls_last(), F.col("source_key").desc())
    older = versions.withColumn("_place", F.row_number().over(newest)).where(F.col("_place") > 1)
    return anti_join(mine, older.select("source_key"), ["source_key"]).join(keyed, "source_key")


@cache
def priorities(file: Path) -> dict[str, tuple[str, ...]]:
    """Read a `survivorship.yaml`: field -> `source.column`, most trustworthy first."""
    return {field: tuple(paths) for field, paths in yaml.safe_load(file.read_text(encoding="utf-8")).items()}


def columns_of(source: str, survivorship: dict[str, tuple[str, ...]]) -> list[str]:
    """The columns of a source that survivorship asks for, in order."""
    return sorted({c.split(".")[1] for paths in survivorship.values() for c in paths if c.startswith(f"{source}.")})
