"""Plain PySpark on two cores of this machine: column functions for values, SQL (`spark_sql/`) for tables, Delta by delta-spark."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Template
from time import perf_counter
from typing import Any

import pandas as pd
from delta import configure_spark_with_delta_pip
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from bench.contestants.in_python import pseudonym
from bench.contestants.pyspark_cleansed import cleansed
from bench.contestants.pyspark_rules import Rules
from bench.contestants.pyspark_values import IN_NUMBERS, OF_NUMBERS
from bench.contestants.tables import DERIVED
from bench.contestants.texts import IDENTITY, IN_IDENTITY

SQL = Path(__file__).parent / "spark_sql"
CONF = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "Asia/Shanghai",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.constraintPropagation.enabled": "false",  # with it, tables of forty computed columns take minutes to plan
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.driver.memory": "6g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.extraJavaOptions": "-Duser.timezone=Asia/Shanghai",
    "spark.ui.enabled": "false",
    "spark.log.level": "ERROR",  # it writes out whole plans otherwise
}


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Do the job; seconds by table."""
    started = perf_counter()
    spec = json.loads((inputs / "spec.json").read_text(encoding="utf-8"))
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").appName("bench")
    for name, value in CONF.items():
        builder = builder.config(name, value)
    spark = configure_spark_with_delta_pip(builder).getOrCreate()
    values = _values(spec)
    _functions(spark, bytes.fromhex(spec["key"]), values)
    rules, seconds = Rules(spec), {"start": perf_counter() - started}

    for source, table in spec["tables"].items():
        at = perf_counter()
        made = cleansed(spark.read.format("delta").load(str(inputs / "raw" / source)), table, rules)
        made.write.format("delta").save(str(outputs / "cleansed" / source))
        spark.read.format("delta").load(str(outputs / "cleansed" / source)).createOrReplaceTempView(f"`cleansed/{source}`")
        seconds[f"cleansed/{source}"] = perf_counter() - at
    for name in DERIVED:
        at = perf_counter()
        for view, query in _statements(name.rpartition("/")[2], values):
            frame = spark.sql(query)
            if view == name:
                frame.write.format("delta").save(str(outputs / name))
                frame = spark.read.format("delta").load(str(outputs / name))
            else:
                frame = frame.persist()
            frame.createOrReplaceTempView(f"`{view}`")
        seconds[name] = perf_counter() - at
    spark.stop()
    return seconds


def _values(spec: dict[str, Any]) -> dict[str, str]:
    """What the SQL files leave open."""

    def text(value: str) -> str:
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    points = ", ".join(f"{text(kind)}, {n}" for kind, n in spec["linkage_points"].items())
    return {
        "as_of": f"DATE '{spec['as_of']}'",
        "variants_from": text(spec["variants"][0] + " ·"),
        "variants_to": text(spec["variants"][1]),
        "identity": text(IDENTITY),
        "in_identity": text(IN_IDENTITY),
        "identity_from": text(IN_NUMBERS),
        "identity_to": text(OF_NUMBERS),
        "points": f"map({points})",
    }


def _filled(name: str, values: dict[str, str]) -> str:
    return Template((SQL / f"{name}.sql").read_text(encoding="utf-8")).safe_substitute(values)


def _statements(name: str, values: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The views that a file makes, in their order: name and query."""
    for statement in _filled(name, values).split("CREATE TABLE ")[1:]:
        view, _, query = statement.strip().rstrip(";").partition(" AS\n")
        yield view.strip("`"), query


def _functions(spark: SparkSession, key: bytes, values: dict[str, str]) -> None:
    """What the SQL calls: the pseudonym, and the functions of functions.sql."""

    def of(texts: Iterator[pd.Series]) -> Iterator[pd.Series]:
        one = pseudonym(key)
        for batch in texts:
            yield batch.map(one, na_action="ignore").astype(object)

    spark.udf.register("pseudonym", F.pandas_udf(of, "string"))  # type: ignore[call-overload]
    for statement in _filled("functions", values).split(";\n"):
        if "CREATE" in statement:
            spark.sql(statement)
