"""How a table is declared: its name, its inputs and the pure function that makes it.

Here: `lake_asset`, the markers for inputs, the registry `declared()`, and what is made from what. Not here: reading, staging, gating,
publishing; `pipelines` does that for every declaration alike.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import walk_packages
from typing import Any


@dataclass(frozen=True)
class TableInput:
    """A table of the lake, handed to the function as a DataFrame of its live rows."""

    name: str


@dataclass(frozen=True)
class Parameter:
    """A value of the run, handed to the function as it is."""

    name: str


@dataclass(frozen=True)
class TableAsset:
    """One declared table: `function(**inputs, **parameters) -> DataFrame`."""

    name: str
    function: Callable[..., Any]
    inputs: dict[str, str]
    parameters: dict[str, str]


AS_OF: Any = Parameter("as_of")
"""The run's business date, a `datetime.date`; the wall clock is never read."""

PSEUDONYM: Any = Parameter("pseudonym")
"""`Column -> Column`: the keyed pseudonym (HMAC-SM3, 64 hex characters) of an already normalised text."""

CHECKPOINT: Any = Parameter("checkpoint")
"""`DataFrame -> DataFrame`: the same rows, written down, for what is used more than once: a plan would reckon it anew each time."""

_REGISTRY: dict[str, TableAsset] = {}


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


def declared() -> dict[str, TableAsset]:
    """Every declared table, by name."""
    import assets

    for module in walk_packages(assets.__path__, "assets."):
        import_module(module.name)
    return dict(_REGISTRY)


def downstream(table: str) -> tuple[str, ...]:
    """The declared tables that are made from a table, directly or through others, by name."""
    tables, found = declared().values(), {table}
    while more := {t.name for t in tables if found & set(t.inputs.values())} - found:
        found |= more
    return tuple(sorted(found - {table}))
