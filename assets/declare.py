"""How a table is declared: its name, its inputs and the pure function that makes it.

Here: `lake_asset`, the markers for inputs, `update_of` for tables that need not be made as a whole each time, the registry
`declared()`, and what is made from what. Not here: reading, staging, gating, publishing; `pipelines` does that for every declaration alike.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class TableInput:
    """A table of the lake, handed to the function as a DataFrame of its live rows."""

    name: str


@dataclass(frozen=True)
class Parameter:
    """A value of the run, handed to the function as it is."""

    name: str


@dataclass(frozen=True)
class Changes:
    """What has happened since a table was made. before: its rows; since: the date for which they were made. Rows of its inputs, by the
    name of the argument: came: those that are new or changed, as they are now; was: those of the same keys, and of keys that are
    gone, as they were."""

    before: DataFrame
    since: date
    came: dict[str, DataFrame]
    was: dict[str, DataFrame]


@dataclass(frozen=True)
class Update:
    """What becomes of a table. rows: those that may be new or changed, as they are now; keys: by the columns of its own key, those that
    may be gone, and any others. A key that is among them and not among the rows is gone."""

    keys: DataFrame
    rows: DataFrame


@dataclass(frozen=True)
class TableAsset:
    """One declared table: `function(**inputs, **parameters) -> DataFrame`; update, where there is one: `update(changes, **inputs,
    **parameters) -> Update`, which makes of the changed rows what the function would make of all."""

    name: str
    function: Callable[..., Any]
    inputs: dict[str, str]
    parameters: dict[str, str]
    update: Callable[..., Update] | None = None


AS_OF: Any = Parameter("as_of")
"""The run's business date, a `datetime.date`; the wall clock is never read."""

PSEUDONYM: Any = Parameter("pseudonym")
"""`Column -> Column`: the keyed pseudonym (HMAC-SM3, 64 hex characters) of an already normalised text."""

CHECKPOINT: Any = Parameter("checkpoint")
"""`DataFrame -> DataFrame`: the same rows, written down, for what is used more than once: a plan would reckon it anew each time."""

_REGISTRY: dict[str, TableAsset] = {}
_UPDATES: dict[str, Callable[..., Update]] = {}


def cleansed(name: str) -> Any:
    """The cleansed table of a department: `cleansed("health/archive")`."""
    return TableInput(f"cleansed/{name}")


def table(name: str) -> Any:
    """Any table by its full name: `table("base/population/person")`."""
    return TableInput(name)


def lake_asset(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the table `layer/domain/table`. The function stays callable with small frames."""

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        defaults = {p.name: p.default for p in inspect.signature(function).parameters.values()}
        wrong = [n for n, d in defaults.items() if not isinstance(d, TableInput | Parameter)]
        if wrong:
            raise TypeError(f"{name}: give {', '.join(wrong)} a default such as cleansed(...), table(...) or AS_OF")
        if name in _REGISTRY and _REGISTRY[name].function.__module__ != function.__module__:
            raise ValueError(f"{name} is declared twice: in {_REGISTRY[name].function.__module__} and {function.__module__}")
        _REGISTRY[name] = TableAsset(
            name,
            function,
            {n: d.name for n, d in defaults.items() if isinstance(d, TableInput)},
            {n: d.name for n, d in defaults.items() if isinstance(d, Parameter)},
        )
        return function

    return declare


def update_of(name: str) -> Callable[[Callable[..., Update]], Callable[..., Update]]:
    """Declare how a table is brought up to date, so that a night costs what has changed. The function stays callable."""

    def declare(function: Callable[..., Update]) -> Callable[..., Update]:
        _UPDATES[name] = function
        return function

    return declare


def declared() -> dict[str, TableAsset]:
    """Every declared table, by name."""
    import assets

    for module in walk_packages(assets.__path__, "assets."):
        import_module(module.name)
    if unknown := _UPDATES.keys() - _REGISTRY.keys():
        raise ValueError(f"there is an update of {', '.join(sorted(unknown))}, and no such table")
    return {name: replace(asset, update=_UPDATES.get(name)) for name, asset in _REGISTRY.items()}


def downstream(table: str) -> tuple[str, ...]:
    """The declared tables that are made from a table, directly or through others, by name."""
    tables, found = declared().values(), {table}
    while more := {t.name for t in tables if found & set(t.inputs.values())} - found:
        found |= more
    return tuple(sorted(found - {table}))
