"""The derived tables of a small town, made from its cleansed tables by the declared functions, whole or of what a night touches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pyspark.sql import DataFrame

from assets.declare import TableAsset
from assets.declare import in_order as declared_in_order
from assets.joins import anti_join, changed_rows
from assets.touch import SELF
from pipelines.steps.derive import conform
from pipelines.steps.touched import InputChanges, rows_of_units, touched
from tests.frames import contract
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
    return contract(table).key


def made(asset: TableAsset, inputs: Tables, as_of: date, write: Write, frame: Callable[..., DataFrame] | None = None) -> DataFrame:
    """The rows of a table from its inputs, by argument. frame: makes those of a reference table."""
    values: dict[str, Any] = {"as_of": as_of, "checkpoint": write, "pseudonym": pseudonym, "sources": DELIVERED, "frame": frame}
    rows = asset.function(**inputs, **{argument: values[name] for argument, name in asset.parameters.items()})
    return write(conform(contract(asset.name), rows))


def made_for(delivered: Collection[str], wanted: Callable[[TableAsset], bool]) -> list[TableAsset]:
    """Of `in_order` the tables that are wanted, and those that these are made from."""
    found, needed = list[TableAsset](), set[str]()
    for asset in reversed(in_order(delivered)):
        if wanted(asset) or asset.name in needed:
            found.append(asset)
            needed.update(asset.inputs.values())
    return found[::-1]


def whole(cleansed: Tables, as_of: date, write: Write, assets: Iterable[TableAsset] | None = None) -> dict[str, DataFrame]:
    """Tables of the town by their names: the cleansed ones, and these derived ones, in order; default: all."""
    tables, spark = dict(cleansed), next(iter(cleansed.values())).sparkSession
    for asset in in_order(cleansed) if assets is None else assets:
        tables[asset.name] = made(asset, {a: tables[t] for a, t in asset.inputs.items()}, as_of, write, spark.createDataFrame)
    return tables


def in_part(asset: TableAsset, before: Tables, now: Tables, dates: tuple[date, date], write: Write) -> tuple[DataFrame, DataFrame] | None:
    """One table brought up to date: `Night.in_part`. dates: for which the tables were made before, and are made now."""
    return Night(before, now, *dates, write).in_part(asset)


@dataclass(frozen=True)
class Night:
    """What became of every table between two dates.

    before, now: every table as it was and as it is. since, as_of: the dates for which they were made. write: writes rows down.
    """

    before: Tables
    now: Tables
    since: date
    as_of: date
    write: Write
    _changed: dict[str, tuple[DataFrame, DataFrame]] = field(default_factory=dict)

    def changed(self, table: str) -> tuple[DataFrame, DataFrame]:
        """The rows that were inserted or changed, as they are, and those that these replace or that are gone; written down once."""
        if table not in self._changed:
            before, now, by = self.before[table], self.now[table], key(table)
            self._changed[table] = self.write(changed_rows(now, before, by)), self.write(changed_rows(before, now, by))
        return self._changed[table]

    def in_part(self, asset: TableAsset) -> tuple[DataFrame, DataFrame] | None:
        """A table brought up to date by its touch declaration, and its rows that were touched; None when that asks for a whole table.

        asset: the table; it has a declaration. The table as it is is not read.
        """
        assert asset.touch is not None
        inputs = {a: self.now[t] for a, t in asset.inputs.items()}
        keys = {a: key(t) for a, t in asset.inputs.items()} | {SELF: key(asset.name)}
        changed = {a: self.changed(t) for a, t in asset.inputs.items()}
        inserted, replaced = ({a: rows[side] for a, rows in changed.items()} for side in (0, 1))
        changes, published = InputChanges(self.since, self.as_of, inserted, replaced), self.before[asset.name]
        found = touched(asset.touch, {**inputs, SELF: published}, keys, changes, self.write)
        if found is None:
            return None
        was = self.write(rows_of_units(published, asset.touch.unit, found.units))
        fresh = rows_of_units(made(asset, found.inputs, self.as_of, self.write), asset.touch.unit, found.units)
        return anti_join(published, was, key(asset.name)).unionByName(fresh), was
