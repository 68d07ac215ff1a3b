"""One engine for the tests of the standards, and the way they ask a rule: all values of a family in one frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import pytest
from pysail.spark import SparkConnectServer
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from standards.rules import Options, parse


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    _, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "Asia/Shanghai")
    yield session
    session.stop()
    server.stop()


@pytest.fixture(scope="session")
def column_of(spark: SparkSession) -> Callable[[Sequence[str | None], Callable[[Column], Column]], list[Any]]:
    """`column_of(values, function)`: the function's result for each value, in their order."""

    def ask(values: Sequence[str | None], function: Callable[[Column], Column]) -> list[Any]:
        frame = spark.createDataFrame(list(enumerate(values)), "i int, raw string")
        answered = frame.withColumn("p", function(F.col("raw")))
        return [row["p"] for row in answered.orderBy("i").select("p").collect()]

    return ask


@pytest.fixture(scope="session")
def parse_all(column_of: Callable[..., list[Any]]) -> Callable[..., list[tuple[Any, list[str]]]]:
    """`parse_all(rule, values, **options)`: (value, codes) for each value, in their order; business date 2017-12-31."""

    def ask(rule: str, values: Sequence[str | None], **options: Any) -> list[tuple[Any, list[str]]]:
        given = Options(**{"business_date": F.lit(date(2017, 12, 31)), **options})
        return [(p["value"], list(p["codes"])) for p in column_of(values, lambda raw: parse(rule, raw, given))]

    return ask
