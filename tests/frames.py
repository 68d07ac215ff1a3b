"""Small cleansed and derived tables for tests: rows as dictionaries, what they leave out is NULL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from contracts.loader import load
from contracts.model import Contract
from contracts.refused import ROOT

LINEAGE: Mapping[str, tuple[str, Any]] = {
    "_batch_id": ("string", "b1"), "_source_file": ("string", "f"), "_row_no": ("bigint", 1), "_business_date": ("date", date(2026, 4, 1)),
    "_op": ("string", "I"), "_codes": ("array<string>", []),
}  # fmt: skip
SENT = {"sent_time": datetime(2026, 12, 31), "update_time": datetime(2026, 1, 1)}


@cache
def contract(table: str) -> Contract:
    """The contract of the table, such as `cleansed/environment/air_hour`; its file is read once, however many rows ask for it."""
    return load(ROOT / f"{table}.yaml")


def _typed(physical: str, value: Any) -> Any:
    return Decimal(str(value)) if value is not None and physical.startswith("decimal") else value


def frame(spark: SparkSession, table: str, rows: Iterable[Mapping[str, Any]]) -> DataFrame:
    """The table, such as `cleansed/environment/air_hour`, with these rows. Raises KeyError for a column that it does not have."""
    types = {c.name: c.physical_type for c in contract(table).columns}
    lineage = {c: v for c, v in LINEAGE.items() if c not in types}
    values = []
    for row in rows:
        if unknown := set(row) - set(types) - set(LINEAGE):
            raise KeyError(f"{table} has no {sorted(unknown)}")
        own = [_typed(t, row.get(c, SENT.get(c, LINEAGE.get(c, ("", None))[1]))) for c, t in types.items()]
        values.append((*own, *[row.get(c, default) for c, (_, default) in lineage.items()]))
    ddl = ", ".join(f"`{c}` {t}" for c, t in {**types, **{c: t for c, (t, _) in lineage.items()}}.items())
    return spark.createDataFrame(values, ddl)
