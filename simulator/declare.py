"""How a department declares what it delivers: its tables with their dirt, what comes late or again, and what the lake must find.

    WATER = Department("water", organisation="FAKE321000000006")

    @WATER.table("meter", dirt=(Cell("D02", "name", 0.02),), copies=0.01)
    def meter(registers: Registers) -> pd.DataFrame: ...

Every module under `simulator.departments` takes part; nothing else lists them. Here: the vocabulary, and finding the departments. Not
here: what follows from a declaration (`registers`, `city`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simulator.dirt import Cell, Forgotten, Older
from simulator.rejects import MAKERS, Number, Rejected

if TYPE_CHECKING:
    from simulator.registers import Registers

Rows = Callable[["Registers"], pd.DataFrame]
"""The clean rows of a table, or the rows of a truth. Columns with a leading underscore stay in the simulator."""
Keys = Callable[["Registers"], pd.Series]
"""The business keys of rows, their columns joined by |."""
Change = Callable[["Registers", pd.DataFrame], pd.DataFrame]
Snapshots = Callable[["Registers", pd.DataFrame], tuple[pd.DataFrame, ...]]
"""The rows of a full list -> the list of each night."""
Grades = Callable[[pd.DataFrame], np.ndarray]
"""Rows -> the grade of each as evidence that its `_person` has died: A, B, C or an empty text."""


@dataclass(frozen=True)
class Late:
    """The drop of a night comes only with a later one."""

    night: int
    comes: int


@dataclass(frozen=True)
class Again:
    """The drop of a night is sent again with a later one, corrected."""

    night: int
    comes: int
    corrected: Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Table:
    """A table of a department.

    Attributes:
        name: department/table, as in its contract.
        rows: its clean rows with the hidden columns _night (of the first delivery; default 0) and, where they are about somebody,
            _person (row of the person, -1: nobody). _protected: rows that stay whole. _op: operation in the exchange database (default I).
        dirt: in its values.
        older: repeats some rows in an older version.
        copies: share of rows that are repeated as they are.
        forgotten: leaves some rows their former status.
        rejected: what cannot be taken in.
        number: the key column from which rejected rows get numbers of their own.
        after_dirt: changes the rows once dirt has been spread.
        snapshots: of a table that is delivered as a full list, what each night's list holds; by default all rows since their night.
        late: the drop that comes late.
        again: the drop that is sent again.
        evidence: what its rows say of deaths.
        newline: of its text files.
    """

    name: str
    rows: Rows
    dirt: tuple[Cell, ...] = ()
    older: Older | None = None
    copies: float = 0
    forgotten: Forgotten | None = None
    rejected: tuple[Rejected, ...] = ()
    number: Number | None = None
    after_dirt: Change | None = None
    snapshots: Snapshots | None = None
    late: Late | None = None
    again: Again | None = None
    evidence: Grades | None = None
    newline: str = "\n"

    def __post_init__(self) -> None:
        """Raise TypeError for a kind of dirt or of rejected rows that does not exist."""
        wrong = [cell for cell in self.dirt if cell.how is None] + [rule for rule in self.rejected if rule.code not in MAKERS]
        if wrong:
            raise TypeError(f"{self.name}: there is no such kind of dirt, so that it has to be given: {wrong[0]}")


@dataclass(frozen=True)
class Finding:
    """What the lake must find: `column` of its table `table` is (or, an array, has) `value` in the rows with the keys, and in no others."""

    name: str
    table: str
    column: str
    value: str
    keys: Keys


@dataclass(frozen=True)
class Department:
    """A department: its name in the lake, the code of its organisation, and what it has declared."""

    name: str
    organisation: str
    tables: dict[str, Table] = field(default_factory=dict)
    truths: dict[str, Rows] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def table(self, name: str, **declared: Any) -> Callable[[Rows], Rows]:
        """Declare a table by the function that makes its clean rows; `declared`: the other attributes of Table."""

        def declare(rows: Rows) -> Rows:
            full = f"{self.name}/{name}"
            self.tables[full] = Table(full, rows, **declared)
            return rows

        return declare

    def truth(self, name: str) -> Callable[[Rows], Rows]:
        """Declare the rows of a truth that is written beside the deliveries."""

        def declare(rows: Rows) -> Rows:
            self.truths[name] = rows
            return rows

        return declare

    def finding(self, name: str, table: str, column: str, value: str) -> Callable[[Keys], Keys]:
        """Declare what the lake must find by the function that makes the keys. Parameters as the attributes of Finding."""

        def declare(keys: Keys) -> Keys:
            self.findings.append(Finding(name, table, column, value, keys))
            return keys

        return declare


def declared() -> dict[str, Department]:
    """Every department under `simulator.departments`, by name."""
    import simulator.departments as package

    modules = [import_module(found.name) for found in walk_packages(package.__path__, f"{package.__name__}.")]
    departments = {d.name: d for module in modules for d in vars(module).values() if isinstance(d, Department)}
    return dict(sorted(departments.items()))
