"""Delivered rows of the counter -> the tables of the theme, as a night makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from assets.declare import in_order
from tests.frames import frame
from tests.touch.chain import made

THEME = "themes/government_services/"
SOURCES = ("item", "case", "case_step", "case_suspension", "comment", "hotline", "hotline_day", "ems_dispatch")
Write = Callable[[DataFrame], DataFrame]


def theme(spark: SparkSession, write: Write, as_of: date, **sources: Sequence[Mapping[str, Any]]) -> dict[str, DataFrame]:
    """The tables of the theme by their short names; sources that are not given have no rows."""
    tables = {f"cleansed/government_services/{s}": frame(spark, f"cleansed/government_services/{s}", sources.get(s, ())) for s in SOURCES}
    for asset in in_order():
        if asset.name.startswith(THEME) or asset.name == "reference/calendar/workday":
            tables[asset.name] = made(asset, {a: tables[t] for a, t in asset.inputs.items()}, as_of, write, spark.createDataFrame)
    return {name.removeprefix(THEME): rows for name, rows in tables.items() if name.startswith(THEME)}
