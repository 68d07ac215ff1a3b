"""One economy for the tests of the theme: its figures in plain Python, and all tables that the declared functions make of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from tests.industry.figures import AS_OF, Figures
from tests.touch.chain import Tables, whole
from tests.touch.economy import Economy


@pytest.fixture(scope="package")
def figures() -> Figures:
    return Figures(Economy(20231231, months=36, size=600).rows)


@pytest.fixture(scope="package")
def lake(spark: SparkSession, figures: Figures, write: Callable[[DataFrame], DataFrame]) -> Tables:
    """All tables by name, each computed once."""
    economy = Economy(20231231, months=36, size=600)
    assert economy.rows == figures.rows
    return whole({name: write(rows) for name, rows in economy.tables(spark).items()}, AS_OF, write)


@pytest.fixture(scope="package")
def tables(lake: Tables) -> dict[str, list[Row]]:
    """The rows of the tables of the theme, by their short names."""
    theme = "themes/industry/"
    return {name.removeprefix(theme): rows.collect() for name, rows in lake.items() if name.startswith(theme)}
