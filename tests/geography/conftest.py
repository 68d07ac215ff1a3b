"""What the tests of the ground share: rows written down for all tests of a module, and the divisions of the demo city."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.base.geography import layers
from tests.geography.city import cleansed

Checkpoint = Callable[[DataFrame], DataFrame]


@pytest.fixture(scope="module")
def write(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Writes rows down and gives them back to be read; they stay for the tests of the module."""
    folder = tmp_path_factory.mktemp("rows")

    def checkpoint(rows: DataFrame) -> DataFrame:
        where = str(folder / uuid4().hex)
        rows.write.format("delta").save(where)
        return spark.read.format("delta").load(where)

    return checkpoint


@pytest.fixture(scope="module")
def division(spark: SparkSession, write: Checkpoint) -> DataFrame:
    """base/geography/division of the demo city."""
    return write(layers.division(cleansed(spark, write, "civil_affairs/division_boundary"), write))
