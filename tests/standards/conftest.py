"""The way tests ask a rule: all values of a family in one frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from standards.rules import Options, parse
from tests.standards.answers import codes


@pytest.fixture(scope="session")
def column_of(spark: SparkSession) -> Callable[[Sequence[str | None], Callable[[Column], Column]], list[Any]]:
    """`column_of(values, function)`: the function's result for each value, in their order."""

    def ask(values: Sequence[str | None], function: Callable[[Column], Column]) -> list[Any]:
        frame = spark.createDataFrame(list(enumerate(values)), "i int, raw string")
        return [row["p"] for row in frame.select("i", function(F.col("raw")).alias("p")).orderBy("i").collect()]

    return ask


@pytest.fixture(scope="session")
def parse_all(spark: SparkSession) -> Callable[..., list[tuple[Any, list[str]]]]:
    """`parse_all(rule, values, **options)`: (value, codes) for each value, in their order; business date 2017-12-31."""

    def ask(rule: str, values: Sequence[str | None], **options: Any) -> list[tuple[Any, list[str]]]:
        given = Options(**{"business_date": F.lit(date(2017, 12, 31)), **options})
        frame = spark.createDataFrame(list(enumerate(values)), "i int, raw string")
        answered = parse(frame, {"p": (rule, "raw", given)}).orderBy("i").select("p").collect()
        return [(row["p"]["value"], codes(row["p"]["codes"])) for row in answered]

    return ask
