"""How a table is declared: its name, its inputs, the pure function that makes it, and what a change of its inputs touches.

Here: `lake_asset`, the markers for inputs, the registry `declared()`, and what is made from what. Not here: the vocabulary of touch
declarations (`assets.touch`), reading, staging, gating, publishing, which `pipelines` does for every declaration.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from assets.touch import SELF, WHOLE_ABOVE, Path, Touch, Units


@dataclass(frozen=True)
class TableInput:
    """A table of the lake, handed to the function as a DataFrame of its live rows.

    optional: it may be awaited, and has no rows then. closed: of a full snapshot also the rows that it no longer has.
    """

    name: str
    optional: bool = False
    closed: bool = False


@dataclass(frozen=True)
class Parameter:
    """A value of the run, handed to the function as it is."""

    name: str


NotApplied = Callable[[frozenset[str]], list[str]]
"""Delivered tables -> a sentence for each rule that is not applied while others are not delivered."""


@dataclass(frozen=True)
class TableAsset:
    """One declared table: `function(**inputs, **parameters) -> DataFrame`.

    touch: None when it is always made whole. not_applied: says of the delivered tables (SOURCES) which rules need others. optional: the
    arguments of the inputs that it can be made without. closed: the arguments that are handed over with their closed rows.
    """

    name: str
    function: Callable[..., Any]
    inputs: dict[str, str]
    parameters: dict[str, str]
    touch: Touch | None = None
    not_applied: NotApplied | None = None
    optional: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()

    @property
    def dated(self) -> bool:
        """Whether its content follows from the business date."""
        return AS_OF.name in self.parameters.values()


AS_OF: Any = Parameter("as_of")
"""The run's business date, a `datetime.date`; the wall clock is never read."""

SOURCES: Any = Parameter("sources")
"""`frozenset[str]`: the delivered tables that have rows, such as `health/archive`. Absence from a table nobody delivered says nothing."""

PSEUDONYM: Any = Parameter("pseudonym")
"""`Column -> Column`: the keyed pseudonym (HMAC-SM3, 64 hex characters) of an already normalised text."""

CHECKPOINT: Any = Parameter("checkpoint")
"""`DataFrame -> DataFrame`: the same rows, materialized. For rows that are used more than once: a lazy plan computes them each time."""

FRAME: Any = Parameter("frame")
"""`(rows, schema) -> DataFrame`: a frame of rows that a reference table has from the data files of `standards`; the schema as DDL."""

_REGISTRY: dict[str, TableAsset] = {}


def cleansed(name: str, *, optional: bool = False, closed: bool = False) -> Any:
    """The cleansed table of a department: `cleansed("health/archive")`.

    optional: the table is made all the same while nobody has delivered this input; without it, it is awaited as well. closed: with the
    rows that a full snapshot no longer has; `_closed_on` is the date of the first one without the row, NULL of a live row.
    """
    return TableInput(f"cleansed/{name}", optional, closed)


def table(name: str, *, optional: bool = False) -> Any:
    """Any table by its full name: `table("base/population/person")`. optional: as in `cleansed`."""
    return TableInput(name, optional)


def lake_asset(
    name: str,
    *,
    unit: Units | None = None,
    touch: Mapping[str, Path | tuple[Path, ...]] | None = None,
    whole_above: float = WHOLE_ABOVE,
    spread: float = 1.0,
    not_applied: NotApplied | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the table `layer/domain/table`. The function stays callable with small frames.

    Args:
        name: of the table.
        unit: the units of its rows.
        touch: argument of an input -> the paths from its rows to units; without it the table is always made whole.
        whole_above: the share of touched rows above which the table is made whole.
        spread: how many times as large that share is as that of changed rows in the inputs, as measured.
        not_applied: the rules that are not applied, each in a sentence, by the delivered tables that have rows.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        defaults = {p.name: p.default for p in inspect.signature(function).parameters.values()}
        wrong = [n for n, d in defaults.items() if not isinstance(d, TableInput | Parameter)]
        if wrong:
            raise TypeError(f"{name}: give {', '.join(wrong)} a default such as cleansed(...), table(...) or AS_OF")
        if name in _REGISTRY and _REGISTRY[name].function.__module__ != function.__module__:
            raise ValueError(f"{name} is declared twice: in {_REGISTRY[name].function.__module__} and {function.__module__}")
        inputs = {n: d.name for n, d in defaults.items() if isinstance(d, TableInput)}
        parameters = {n: d.name for n, d in defaults.items() if isinstance(d, Parameter)}
        optional, closed = (
            frozenset(n for n, d in defaults.items() if isinstance(d, TableInput) and getattr(d, mark)) for mark in ("optional", "closed")
        )
        touched = _touch(name, inputs, unit, touch)
        touched = replace(touched, whole_above=whole_above, spread=spread) if touched else None
        if touched and closed:
            raise TypeError(f"{name} reads closed rows of {', '.join(sorted(closed))}: what they touch is not known, so declare no touch")
        _REGISTRY[name] = TableAsset(name, function, inputs, parameters, touched, not_applied, optional, closed)
        return function

    return declare


def _touch(name: str, inputs: Mapping[str, str], unit: Units | None, touch: Mapping[str, Path | tuple[Path, ...]] | None) -> Touch | None:
    if touch is None or unit is None:
        if touch is not unit:
            raise TypeError(f"{name}: give both unit and touch, or neither")
        return None
    paths = {argument: (path,) if isinstance(path, Path) else path for argument, path in touch.items()}
    named = {*paths, *(p.bridge for found in paths.values() for p in found if p.bridge)}
    if unknown := named - {*inputs, SELF}:
        raise TypeError(f"{name}: touch names {', '.join(sorted(unknown))}, but the inputs are {', '.join(inputs)}")
    return Touch(unit, paths)


def declared() -> dict[str, TableAsset]:
    """Every declared table, by name."""
    import assets

    _import_all(tuple(assets.__path__))
    return dict(_REGISTRY)


@cache
def _import_all(folders: tuple[str, ...]) -> None:
    """Import every module of the package `assets`, whose parts lie in some folders."""
    for module in walk_packages(folders, "assets."):
        import_module(module.name)


def in_order() -> list[TableAsset]:
    """Every declared table, each after those that it is made from."""
    tables = declared()
    order = TopologicalSorter({t.name: sorted(set(t.inputs.values())) for t in tables.values()}).static_order()
    return [tables[name] for name in order if name in tables]


def upstream(table: str) -> tuple[str, ...]:
    """The tables that a declared table is made from, directly or through others, by name; none of a table that is not declared."""
    tables, found, todo = declared(), set[str](), [table]
    while todo:
        new = set(tables[name].inputs.values()) - found if (name := todo.pop()) in tables else set()
        found |= new
        todo += new
    return tuple(sorted(found))


def downstream(table: str) -> tuple[str, ...]:
    """The declared tables that are made from a table, directly or through others, by name."""
    tables, found = declared().values(), {table}
    while more := {t.name for t in tables if found & set(t.inputs.values())} - found:
        found |= more
    return tuple(sorted(found - {table}))
