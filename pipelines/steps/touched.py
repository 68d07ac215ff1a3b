"""Follow a touch declaration (`assets.touch`): from changed rows to touched units, and from these to narrowed inputs.

Here: frames in, frames out. Not here: which rows of an input have changed (`input_changes`), making and writing the table (`derive`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from assets.dates import ONE_DAY, around_days
from assets.joins import anti_join, changed_rows, semi_join
from assets.touch import SELF, Cell, Path, Touch, Units, cell, day_from
from standards.moments import at

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import Column, DataFrame

    Checkpoint = Callable[[DataFrame], DataFrame]

UNIT, ALL, DAY = "_unit", "_units", "_day"
FIRST_DAY, LAST_DAY = date(1800, 1, 1), date(2199, 12, 31)
"""All days that dates of the lake may have."""
ROUNDS = 12
"""Rows connect a few units. A chain that is longer than this is no longer local: the table is made whole."""


@dataclass(frozen=True)
class InputChanges:
    """The rows of each input, by argument, that were inserted or changed, as they are now, and the rows that these replace or that were
    deleted, as they were before. since, as_of: the dates for which the table was made last, and is made now."""

    since: date
    as_of: date
    inserted: Mapping[str, DataFrame]
    before: Mapping[str, DataFrame]


@dataclass(frozen=True)
class Touched:
    """units: the touched units, column `_unit`, each once. inputs: the inputs, narrowed to their rows."""

    units: DataFrame
    inputs: dict[str, DataFrame]


@dataclass(frozen=True)
class _Bridge:
    """An input that leads to units, and its columns that other rows are held against."""

    argument: str
    to: tuple[Cell, ...]
    units: Units


@dataclass(frozen=True)
class _Follow:
    """One declaration with the frames it is followed through. keys: key columns of each input, by argument."""

    touch: Touch
    inputs: Mapping[str, DataFrame]
    keys: Mapping[str, Sequence[str]]
    checkpoint: Checkpoint

    def paths(self) -> Iterator[tuple[str, Path]]:
        return ((argument, path) for argument, found in self.touch.paths.items() for path in found)

    def narrowing(self, argument: str) -> list[Path]:
        return [p for p in self.touch.paths.get(argument, ()) if p.narrows]


def touched(
    touch: Touch,
    inputs: Mapping[str, DataFrame],
    keys: Mapping[str, Sequence[str]],
    changes: InputChanges,
    checkpoint: Checkpoint,
) -> Touched | None:
    """The units that the changes touch, and the inputs narrowed to them.

    Args:
        touch: the declaration.
        inputs: the live rows of every input, by argument, and of the table itself as SELF.
        keys: the key columns of every input, by argument.
        changes: what has changed in the inputs since the table was made.
        checkpoint: writes rows down and reads them back.

    Returns:
        None when rows connect more and more units, so that the touched ones are no longer few.
    """
    follow = _Follow(touch, inputs, keys, checkpoint)
    units = _connected(follow, checkpoint(_union(_touching(follow, changes)).distinct()))
    if units is None:
        return None
    narrowed = {a: _narrowed(follow, a, units) if follow.narrowing(a) else frame for a, frame in inputs.items() if a != SELF}
    labelled = [(narrowed[a], changes.inserted[a], changes.before[a], p.labels) for a, p in follow.paths() if p.labels]
    if labelled:
        labels = [_each(rows, made) for *found, made in labelled for rows in found]
        units = checkpoint(_union([units, *labels]).distinct())
    return Touched(units, narrowed)


def rows_of_units(rows: DataFrame, unit: Units, units: DataFrame) -> DataFrame:
    """The rows of a table that belong to one of the units."""
    return semi_join(rows.withColumn(UNIT, F.get(unit(), 0)), units, [UNIT]).drop(UNIT)


def _touching(follow: _Follow, changes: InputChanges) -> list[DataFrame]:
    """The units of changed rows, and of rows that begin or cease to count with the date. Paths over the same bridge share a look at it."""
    found, over = list["DataFrame"](), defaultdict[_Bridge, list["DataFrame"]](list)
    for argument, path in follow.paths():
        for rows in _concerned(follow, argument, path, changes):
            if path.bridge is None:
                found.append(_each(rows, path.units))
            else:
                over[_Bridge(path.bridge, path.to, path.units)].append(_on(rows, path).dropna())
    for bridge, wanted in over.items():
        on = _union(wanted).distinct()
        found.append(_each(semi_join(_to(follow.inputs[bridge.argument], bridge.to), on, on.columns), bridge.units))
    return found


def _concerned(follow: _Follow, argument: str, path: Path, changes: InputChanges) -> list[DataFrame]:
    """The changed rows of an input whose units a path asks for, and those for which the date has passed one of its turns."""
    found = list["DataFrame"]()
    if argument in changes.inserted:
        inserted, before = changes.inserted[argument], changes.before[argument]
        found += (inserted, before) if path.reads is None else _where_read(inserted, before, follow.keys[argument], path.reads)
    if path.turns and changes.since != changes.as_of:
        passed = reduce(lambda a, b: a | b, [turn.passed(changes.since, changes.as_of) for turn in path.turns])
        found.append(follow.inputs[argument].where(passed))
    return found


def _where_read(inserted: DataFrame, before: DataFrame, key: Sequence[str], reads: Sequence[str]) -> tuple[DataFrame, DataFrame]:
    """The changed rows without those that say the same as before in the columns that are read."""
    columns = list(dict.fromkeys([*key, *reads]))
    now, then = inserted.select(*columns), before.select(*columns)
    keys = changed_rows(now, then, key).select(*key).unionByName(changed_rows(then, now, key).select(*key)).distinct()
    return semi_join(inserted, keys, key), semi_join(before, keys, key)


def _on(rows: DataFrame, path: Path) -> DataFrame:
    return rows.select(*[c.alias(name) for name, c in _cells(path.on).items()])


def _to(bridge: DataFrame, to: Sequence[Cell]) -> DataFrame:
    return bridge.withColumns(_cells(to))


def _cells(cells: Sequence[Cell]) -> dict[str, Column]:
    """Columns to join by, as texts."""
    return {f"_on{i}": cell(c).cast("string") for i, c in enumerate(cells)}


def _each(rows: DataFrame, made: Units) -> DataFrame:
    return rows.select(F.explode(made()).alias(UNIT))


def _union(frames: Sequence[DataFrame]) -> DataFrame:
    return reduce(lambda a, b: a.unionByName(b), frames)


def _connected(follow: _Follow, units: DataFrame) -> DataFrame | None:
    """The units, and all that rows with several units connect to them."""
    rows = [r for a in follow.touch.paths if (r := _connecting(follow, a)) is not None]
    if not rows:
        return units
    connecting, fresh = follow.checkpoint(_union(rows).distinct()), units
    for _ in range(ROUNDS):
        reached = connecting.select(ALL, F.explode(ALL).alias(UNIT)).join(fresh, UNIT).select(F.explode(ALL).alias(UNIT)).distinct()
        fresh = follow.checkpoint(anti_join(reached, units, [UNIT]))
        if not fresh.take(1):
            return units
        units = follow.checkpoint(units.unionByName(fresh))
    return None


def _connecting(follow: _Follow, argument: str) -> DataFrame | None:
    """The units of the rows of an input that have several, `_units`; None when no row can."""
    paths = follow.narrowing(argument)
    if len(paths) < 2 and not any(p.connects for p in paths):
        return None
    rows, nothing = follow.inputs[argument], F.array().cast("array<bigint>")
    rows = rows.withColumn(ALL, F.concat(*[p.units() for p in paths if p.bridge is None], nothing))
    for path, bridge_rows in ((p, follow.inputs[p.bridge]) for p in paths if p.bridge is not None):
        bridge, on = _to(bridge_rows, path.to).withColumn("_more", path.units()), _cells(path.on)
        joined = bridge.select(*on, "_more").dropna(subset=list(on)).join(rows.withColumns(on), list(on), "right")
        rows = joined.withColumn(ALL, F.concat(ALL, F.coalesce("_more", nothing))).drop("_more", *on)
    return rows.select(F.array_sort(F.array_distinct(ALL)).alias(ALL)).where(F.size(ALL) > 1)


def _narrowed(follow: _Follow, argument: str, units: DataFrame) -> DataFrame:
    """The rows of an input that have one of the units by one of its paths. Their keys are written down: the function reads its inputs
    several times, and each time only the columns that it needs. Where each row has one unit of its own, the rows themselves are."""
    rows, key, paths = follow.inputs[argument], follow.keys[argument], follow.narrowing(argument)
    if all(path.day for path in paths):
        return _union([_of_days(rows, path, units) for path in paths])
    if len(paths) == 1 and paths[0].single:
        return follow.checkpoint(rows_of_units(rows, paths[0].units, units))
    found = []
    for path in paths:
        if path.bridge is None:
            found.append(semi_join(rows.select(*key, F.explode(path.units()).alias(UNIT)), units, [UNIT]))
        else:
            on = rows_of_units(_to(follow.inputs[path.bridge], path.to), path.units, units).select(*_cells(path.on)).dropna().distinct()
            found.append(semi_join(rows.select(*key, *[c.alias(n) for n, c in _cells(path.on).items()]), on, on.columns))
    return semi_join(rows, follow.checkpoint(_union([f.select(*key) for f in found]).distinct()), key)


def _of_days(rows: DataFrame, path: Path, units: DataFrame) -> DataFrame:
    """The rows of the touched days, by their column `path.day`: which days these are is asked of all days, not of the rows."""
    assert path.day is not None
    every = rows.sparkSession.range((LAST_DAY - FIRST_DAY).days + 1)
    each = every.select(at(F.date_add(F.lit(FIRST_DAY), F.col("id").cast("int")), F.lit(path.begins * 3_600)).alias(path.day))
    asked = semi_join(each.select(path.day, F.explode(path.units()).alias(UNIT)), units, [UNIT])
    found = asked.select(F.col(path.day).cast("date").alias(DAY)).distinct()
    days = {row[DAY] for row in found.collect()}
    near = rows.where(around_days(path.day, days if path.begins == 0 else days | {day + ONE_DAY for day in days}))
    return semi_join(near.withColumn(DAY, day_from(path.day, path.begins)), found, [DAY]).drop(DAY)
