"""The derived tables of a small town, made from its cleansed tables by the declared functions, whole or of what a night touches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

from pyspark.sql import DataFrame

from assets.declare import TableAsset
from assets.declare import in_order as declared_in_order
from assets.joins import anti_join, changed_rows
from assets.touch import SELF
from contracts.loader import load
from contracts.refused import ROOT
from pipelines.steps.derive import conform
from pipelines.steps.touched import InputChanges, rows_of_units, touched
from tests.population.cleansed import TABLES, pseudonym

DELIVERED = frozenset(TABLES.values())
Tables = Mapping[str, DataFrame]
Write = Callable[[DataFrame], DataFrame]


def in_order(delivered: Collection[str]) -> list[TableAsset]:
    """Every declared table that follows from these, after those it is made from; reference tables among them."""
    there, found = set(delivered), list[TableAsset]()
    for asset in declared_in_order():
        if {*asset.inputs.values()} <= there:
            there.add(asset.name)
            found.append(asset)
    return found


def key(table: str) -> tuple[str, ...]:
    return load(ROOT / f"{table}.yaml").key


def made(asset: TableAsset, inputs: Tables, as_of: date, write: Write, frame: Callable[..., DataFrame] | None = None) -> DataFrame:
    """The rows of a table from its inputs, by argument. frame: makes those of a reference table."""
    values: dict[str, Any] = {"as_of": as_of, "checkpoint": write, "pseudonym": pseudonym, "sources": DELIVERED, "frame": frame}
    rows = asset.function(**inputs, **{argument: values[name] for argument, name in asset.parameters.items()})
    return write(conform(load(ROOT / f"{asset.name}.yaml"), rows))


def whole(cleansed: Tables, as_of: date, write: Write) -> dict[str, DataFrame]:
    """All tables of the town by their names: the cleansed ones and those derived from them."""
    tables, spark = dict(cleansed), next(iter(cleansed.values())).sparkSession
    for asset in in_order(cleansed):
        tables[asset.name] = made(asset, {a: tables[t] for a, t in asset.inputs.items()}, as_of, write, spark.createDataFrame)
    return tables


def in_part(asset: TableAsset, before: Tables, now: Tables, dates: tuple[date, date], write: Write) -> tuple[DataFrame, DataFrame] | None:
    """A table brought up to date by its touch declaration, and its rows that were touched; None when that asks for a whole table.

    Args:
        asset: the table; it has a declaration.
        before: every table as it was.
        now: every table as it is; that of the asset is not read.
        dates: for which the table was made, and is made now.
        write: writes rows down.
    """
    assert asset.touch is not None
    since, as_of = dates
    inputs = {a: now[t] for a, t in asset.inputs.items()}
    keys = {a: key(t) for a, t in asset.inputs.items()} | {SELF: key(asset.name)}
    inserted = {a: write(changed_rows(now[t], before[t], keys[a])) for a, t in asset.inputs.items()}
    replaced = {a: write(changed_rows(before[t], now[t], keys[a])) for a, t in asset.inputs.items()}
    changes, published = InputChanges(since, as_of, inserted, replaced), before[asset.name]
    found = touched(asset.touch, {**inputs, SELF: published}, keys, changes, write)
    if found is None:
        return None
    was = write(rows_of_units(published, asset.touch.unit, found.units))
    fresh = rows_of_units(made(asset, found.inputs, as_of, write), asset.touch.unit, found.units)
    return anti_join(published, was, key(asset.name)).unionByName(fresh), was
