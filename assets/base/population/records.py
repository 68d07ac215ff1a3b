"""The lean common form of every record that speaks of a person.

Here: which tables those are (sources.yaml), their keys, names and numbers, brought to one shape. Not here: whose they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, reduce
from pathlib import Path

import yaml
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets import linkage
from assets.linkage import record_key
from assets.touch import Path as TouchPath
from assets.touch import Turn, Units, named, via
from standards.names import in_part

DOCUMENT_TYPES = ("03", "04", "06", "07", "10")
"""Codes of id_type whose number is not an 18-digit citizen number: passport, officer, HK/Macao and Taiwan permits, old residence card."""
MASKED, RARE = "W_MASKED", "W_RARE"
"""Names with hidden characters, or of which nothing is left to compare, agree with nothing and contradict nothing: they compare as no
name. A name with lost characters agrees with one that it could be."""
PLACEHOLDER = "W_NAME_PLACEHOLDER"

RECORD = (
    "source_table", "source_key", "id_no", "id_error", "name", "name_key", "former_name_key", "document", "local_numbers",
    "is_placeholder", "name_order", "introduces", "_source_file", "_row_no", "_batch_id", "_business_date",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """One line of sources.yaml."""

    table: str
    key: tuple[str, ...]
    name: str
    order: int
    former: str | None = None
    introduces: bool = False
    document: bool = False
    local: dict[str, list[str]] = field(default_factory=dict)


@cache
def sources() -> dict[str, Source]:
    """The tables that speak of persons, by name."""
    raw = yaml.safe_load((Path(__file__).parent / "sources.yaml").read_text(encoding="utf-8"))
    return {table: Source(table, **{**line, "key": tuple(line["key"])}) for table, line in raw.items()}


def source_key(table: str) -> Column:
    """The record's key: its key columns joined by `|`."""
    return record_key(sources()[table].key)


def _document(source: Source) -> Column:
    """type:number:birth of a document that is no citizen number (domain rules D3, M2); NULL when there is none."""
    if not source.document:
        return F.lit(None).cast("string")
    number = F.regexp_replace(F.upper(F.col("id_no_raw")), "[^0-9A-Z]", "")
    usable = F.col("id_no").isNull() & F.col("id_type").isin(*DOCUMENT_TYPES) & number.rlike("^[0-9A-Z]{5,18}$")
    usable = usable & ~F.col("id_no_raw").rlike("[*＊]")
    usable = usable & (F.coalesce(F.col("id_no_error"), F.lit("")) != "E_PLACEHOLDER") & F.col("birth_date").isNotNull()
    return F.when(usable, F.concat_ws(":", "id_type", number, F.date_format("birth_date", "yyyyMMdd")))


def _flagged(source: Source, *codes: str) -> Column:
    """Whether the cleanser has put one of these codes on the record's name."""
    return F.arrays_overlap("_codes", F.array(*[F.lit(f"{source.name}:{code}") for code in codes]))


def name_key(source: Source) -> Column:
    """The key of the record's name where there is something to compare."""
    key = F.col(f"{source.name}_key")
    return F.when(~_flagged(source, MASKED) & (~_flagged(source, RARE) | in_part(key)), key)


def _each_local_number(source: Source) -> list[Column]:
    return [F.concat(F.lit(f"{kind}:"), F.col(c)) for kind, columns in source.local.items() for c in columns]


def _local_numbers(source: Source) -> Column:
    numbers = _each_local_number(source)
    return F.array_compact(F.array(*numbers)) if numbers else F.array().cast("array<string>")


def words(table: str) -> Units:
    """What a record of a source can be matched by (domain rules D3): records with a word in common may be linked with the same person.

    Its valid number; without one its document and its first local number; and the local numbers that it teaches to others. A record
    without any of these is alone.
    """
    source = sources()[table]

    def made() -> Column:
        numbered, local = F.col("id_no").isNotNull(), _each_local_number(source)
        words = [F.concat(F.lit("number:"), "id_no"), F.concat(F.lit("document:"), _document(source))]
        if local:
            words.append(F.when(~numbered, F.coalesce(*local)))
        if source.introduces:
            words += [F.when(numbered, number) for number in local]
        found = named(*words)
        return F.when(F.size(found) > 0, found).otherwise(itself(table)())

    return made


def itself(table: str) -> Units:
    """The record as a unit of its own."""
    return linkage.itself(table, sources()[table].key)


def of_linked_person(table: str, *, reads: tuple[str, ...] | None = None, turns: tuple[Turn, ...] = (), narrows: bool = True) -> TouchPath:
    """The path from a record to the person it is linked with, by the input `link`.

    Args:
        table: the source, by its name in sources.yaml.
        reads: the columns of the record whose change counts; None: any.
        turns: dates at which the record begins or ceases to count.
        narrows: False: the table's function asks for the records of the narrowed links itself.
    """
    on = (lambda: F.lit(table), lambda: source_key(table))
    return via("link", on=on, to=("source_table", "source_key"), reads=reads, turns=turns, narrows=narrows, person="person_uid")


def records(frames: Mapping[str, DataFrame]) -> DataFrame:
    """One row per source record, columns RECORD. `frames`: cleansed tables by the names of sources.yaml."""

    def lean(source: Source, frame: DataFrame) -> DataFrame:
        return frame.select(
            F.lit(source.table).alias("source_table"),
            source_key(source.table).alias("source_key"),
            F.col("id_no"),
            F.col("id_no_error").alias("id_error"),
            F.col(source.name).alias("name"),
            name_key(source).alias("name_key"),
            (F.col(f"{source.former}_key") if source.former else F.lit(None).cast("string")).alias("former_name_key"),
            _document(source).alias("document"),
            _local_numbers(source).alias("local_numbers"),
            _flagged(source, PLACEHOLDER).alias("is_placeholder"),
            F.lit(source.order).alias("name_order"),
            F.lit(source.introduces).alias("introduces"),
            "_source_file",
            F.col("_row_no").cast("bigint").alias("_row_no"),
            "_batch_id",
            "_business_date",
        )

    return reduce(DataFrame.unionByName, [lean(sources()[table], frame) for table, frame in frames.items()])
