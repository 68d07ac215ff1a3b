"""The lean common form of every record that speaks of a legal entity, and of the changes that connect its numbers and names.

Here: which tables those are (sources.yaml), brought to one shape; what they can be matched by. Not here: whose they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path

import yaml
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.linkage import record_key
from assets.touch import Path as TouchPath
from assets.touch import Turn, Units, named, via
from quality.lineage import LINEAGE
from standards.organisations import is_branch, short_key

ENTITY = "market_regulation/entity"
NUMBERS = {"uscc": "USCC", "reg_no": "REG"}
UNKNOWN_COUNTY = "321000"
RECORD = (
    "source_table", "source_key", "uscc", "org_code", "reg_no", "name", "name_key", "short_key", "former_key", "is_branch", "county6",
    "rep_name", "rep_key", "rep_id_no", "name_order", "introduces", *LINEAGE,
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """One line of sources.yaml."""

    table: str
    key: tuple[str, ...]
    numbers: tuple[str, ...]
    name: str
    order: int
    former: str | None = None
    county: str | None = None
    rep: str | None = None
    rep_id: str | None = None
    introduces: bool = False


@cache
def sources() -> dict[str, Source]:
    """The tables that speak of legal entities, by name."""
    raw = yaml.safe_load((Path(__file__).parent / "sources.yaml").read_text(encoding="utf-8"))
    return {t: Source(t, **{**line, "key": tuple(line["key"]), "numbers": tuple(line["numbers"])}) for t, line in raw.items()}


def source_key(table: str) -> Column:
    """The record's key: its key columns joined by `|`."""
    return record_key(sources()[table].key)


def number(kind: str, *columns: str) -> Column:
    """The first number of a kind, USCC or REG, among columns that the rules of organisation numbers have parsed."""
    return F.coalesce(*[F.when(F.col(f"{c}_kind") == kind, F.col(c)) for c in columns])


def org_code(*columns: str) -> Column:
    """The organisation code: that of the credit code, if there is one, else the first delivered."""
    return F.coalesce(F.substring(number("USCC", *columns), 9, 9), *[F.col(f"{c}_code") for c in columns])


def _column(name: str | None) -> Column:
    return F.col(name) if name else F.lit(None).cast("string")


def _lean(source: Source, frame: DataFrame) -> DataFrame:
    key = F.col(f"{source.name}_key")
    county = _column(source.county)
    return frame.select(
        F.lit(source.table).alias("source_table"),
        record_key(source.key).alias("source_key"),
        *[number(kind, *source.numbers).alias(column) for column, kind in NUMBERS.items()],
        org_code(*source.numbers).alias("org_code"),
        F.col(source.name).alias("name"),
        key.alias("name_key"),
        short_key(key).alias("short_key"),
        _column(source.former and f"{source.former}_key").alias("former_key"),
        is_branch(key).alias("is_branch"),
        F.when(county != UNKNOWN_COUNTY, county).alias("county6"),
        _column(source.rep).alias("rep_name"),
        _column(source.rep and f"{source.rep}_key").alias("rep_key"),
        _column(source.rep_id).alias("rep_id_no"),
        F.lit(source.order).alias("name_order"),
        F.lit(source.introduces).alias("introduces"),
        *[F.col(c).cast("bigint").alias(c) if c == "_row_no" else F.col(c) for c in LINEAGE],
    )


def records(frames: Mapping[str, DataFrame]) -> DataFrame:
    """One row per source record, columns RECORD. `frames`: cleansed tables by the names of sources.yaml."""
    return reduce(DataFrame.unionByName, [_lean(sources()[table], frame) for table, frame in frames.items()])


def changes(frame: DataFrame) -> DataFrame:
    """What market_regulation/change says, one row per change.

    Columns: source_table, source_key, entity (key of the registration's record), before_uscc, before_code, before_reg and the same of
    `after`, before_key and after_key (names), before_county, after_county, change_date, item, _source_file, _row_no.
    """
    sides = ("before", "after")
    return frame.select(
        F.lit("market_regulation/change").alias("source_table"),
        F.col("change_no").alias("source_key"),
        F.col("entity_id").alias("entity"),
        *[number("USCC", f"{side}_no").alias(f"{side}_uscc") for side in sides],
        *[org_code(f"{side}_no").alias(f"{side}_code") for side in sides],
        *[number("REG", f"{side}_no").alias(f"{side}_reg") for side in sides],
        *[F.col(f"{side}_name_key").alias(f"{side}_key") for side in sides],
        *[F.col(f"{side}_county").alias(f"{side}_county") for side in sides],
        F.col("change_date"),
        F.col("item"),
        "_source_file",
        F.col("_row_no").cast("bigint").alias("_row_no"),
    )


def _words(codes: list[Column], registrations: list[Column], names: list[Column], *others: Column) -> Column:
    found = {"code": codes, "registration": registrations, "name": [short_key(n) for n in names]}
    return named(*[F.concat(F.lit(f"{kind}:"), value) for kind, values in found.items() for value in values], *others)


def _record_word(table: Column, key: Column) -> Column:
    return F.concat(F.lit("record:"), table, F.lit("|"), key)


def words(table: str) -> Units:
    """What a record of a source can be matched by (domain rules D4), and itself: records that share a word may be of one entity."""
    source = sources()[table]

    def made() -> Column:
        names = [F.col(f"{c}_key") for c in (source.name, source.former) if c]
        me = _record_word(F.lit(table), record_key(source.key))
        return _words([org_code(*source.numbers)], [number("REG", *source.numbers)], names, me)

    return made


def words_of_change() -> Column:
    """The words of a change: the registration's record, both numbers, both names."""
    numbers = ("before_no", "after_no")
    names = [F.col("before_name_key"), F.col("after_name_key")]
    me = _record_word(F.lit(ENTITY), F.col("entity_id"))
    return _words([org_code(n) for n in numbers], [number("REG", n) for n in numbers], names, me)


def words_of_judgement() -> Column:
    """The words of a judgement: the record, and the number of the entity that it is, or is not."""
    me = _record_word(F.col("source_table"), F.col("source_key"))
    return _words([org_code("entity_no")], [number("REG", "entity_no")], [], me)


def of_linked_entity(table: str, *, reads: tuple[str, ...] | None = None, turns: tuple[Turn, ...] = ()) -> TouchPath:
    """The path from a record to the entity that it is linked with, by the input `link`.

    Args:
        table: the source, by its name in sources.yaml.
        reads: the columns of the record whose change counts; None: any.
        turns: dates at which the record begins or ceases to count.
    """
    on = (lambda: F.lit(table), lambda: source_key(table))
    return via("link", on=on, to=("source_table", "source_key"), reads=reads, turns=turns, entity="entity_uid")


def of_registration(key: str = "entity_id") -> TouchPath:
    """The path from a row that names a registration to the entity that its record is linked with, by the input `link`."""
    return via("link", on=(lambda: F.lit(ENTITY), key), to=("source_table", "source_key"), entity="entity_uid")
