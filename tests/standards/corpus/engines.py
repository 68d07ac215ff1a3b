"""Sail and Apache Spark side by side, asked the same.

Here: starting both, one question to both. Not here: what is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession

from resources.engine import Engine, Spark
from tests.servers.need import need

WITHOUT_DELTA = {
    "spark.jars.packages": "",
    "spark.jars.excludes": "",
    "spark.sql.extensions": "",
    "spark.sql.catalog.spark_catalog": "builtin",
    "spark.driver.memory": "2g",
}
"""Values need no tables, so the server needs nothing from the network."""
AS_FROM_FILES = "org.apache.spark.sql.catalyst.optimizer.ConvertToLocalRelation"
"""Spark would interpret small frames while it plans; without this rule it runs the code it runs on tables."""

Answers = dict[str, list[Any]]


class Both:
    """The two engines. `ask` returns the answers of (Sail, Spark)."""

    def __init__(self, sail: SparkSession, spark: SparkSession) -> None:
        self.sessions = (sail, spark)

    def frames(self, rows: Sequence[tuple[Any, ...]], ddl: str) -> tuple[DataFrame, DataFrame]:
        """The same rows on both, numbered in column `i`."""
        numbered = [(i, *row) for i, row in enumerate(rows)]
        sail, spark = (session.createDataFrame(numbered, f"i int, {ddl}") for session in self.sessions)
        return sail, spark

    def ask(self, rows: Sequence[tuple[Any, ...]], ddl: str, columns: Mapping[str, Column]) -> tuple[Answers, Answers]:
        """Column by column what each engine makes of the rows, in their order."""
        sail, spark = (told(f.select("i", *[c.alias(n) for n, c in columns.items()])) for f in self.frames(rows, ddl))
        return sail, spark


def told(frame: DataFrame) -> Answers:
    """What a frame with a column `i` holds, by column, in the order of `i`."""
    table = frame.toArrow().sort_by("i").drop_columns("i")
    return {name: table.column(name).to_pylist() for name in table.column_names}


def differing(rows: Sequence[tuple[Any, ...]], sail: Answers, spark: Answers) -> list[tuple[Any, ...]]:
    """(column, row, what Sail says, what Spark says) where they do not say the same. repr: -0.0 is not 0.0, NaN is NaN."""
    assert list(sail) == list(spark)
    return [
        (name, ascii(row)[:80], ascii(a)[:120], ascii(b)[:120])
        for name in sail
        for row, a, b in zip(rows, sail[name], spark[name], strict=True)
        if repr(a) != repr(b)
    ]


@contextmanager
def both_engines(sail: Engine) -> Iterator[Both]:
    """The engine of the other tests, and one Apache Spark for all questions."""
    need("java")
    spark = Spark("local[2]", WITHOUT_DELTA)
    try:
        spark.session.conf.set("spark.sql.shuffle.partitions", "2")
        spark.session.conf.set("spark.sql.optimizer.excludedRules", AS_FROM_FILES)
        yield Both(sail.session, spark.session)
    finally:
        spark.stop()
        _ = sail.session  # whoever has it, has it as the default session again
