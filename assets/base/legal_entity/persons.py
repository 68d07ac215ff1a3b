"""The golden persons that registers of legal entities name: representatives and shareholders."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.joins import left_join_lookup
from standards import names

READS = ("id_no", "person_uid", "name", "former_name")
"""The columns of base/population/person that count."""


def with_person(rows: DataFrame, person: DataFrame, number: str, name_key: str, into: str) -> DataFrame:
    """The rows with `into`, the person_uid of the golden person of a number, whose name must not contradict the one that is stated.

    Args:
        rows: with the columns `number` (identity number) and `name_key` (comparison key of a name).
        person: base/population/person.
        number: name of the column.
        name_key: name of the column.
        into: name of the new column.
    """
    known = person.where(F.col("id_no").isNotNull()).select(
        F.col("id_no").alias(number),
        "person_uid",
        names.compare_key(F.col("name")).alias("_key"),
        names.compare_key(F.col("former_name")).alias("_former"),
    )
    agree = names.same_person_name(F.col(name_key), F.col("_key"), F.col("_former")).isNotNull()
    joined = left_join_lookup(rows, known, number)
    return joined.withColumn(into, F.when(agree, F.col("person_uid"))).drop("person_uid", "_key", "_former")
