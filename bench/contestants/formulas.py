"""The functions that the formulas of `standards.coordinates` are written with, of DuckDB and of Polars, in place of those of Columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import polars as pl

NAMED = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atanh": "arctanh"}
"""Names of a function that Polars has under another one."""


class DuckFunctions:
    """`sin(x)` of an expression of DuckDB, whose text stands for it in a query."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *of: duckdb.FunctionExpression(name, *of)


class PolarsFunctions:
    """`sin(x)` of an expression of Polars."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda of, *more: pl.arctan2(of, *more) if name == "atan2" else getattr(of, NAMED.get(name, name))(*more)
