"""A contract as typed, immutable objects.

Here: the classes and what follows from their fields alone. Not here: reading them from files (`contracts.loader`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from contracts.rules import ContractRule

SYSTEM_COLUMNS = ("_source_file", "_row_no", "_batch_id", "_business_date", "_op", "_codes")
"""Columns of every cleansed table that contracts do not list; a derived column may name them as its origin."""


class Mode(StrEnum):
    """How deliveries of a table relate: each a whole list, changes by key, or new events."""

    FULL = "full"
    INC = "inc"
    APPEND = "append"


class Format(StrEnum):
    """The form of a delivery; DATABASE is a table of the exchange database, the others are files."""

    CSV = "csv"
    XLSX = "xlsx"
    XLS = "xls"
    DBF = "dbf"
    JSONL = "jsonl"
    XML = "xml"
    FIXED_WIDTH = "fixed_width"
    DATABASE = "database"


class NewColumns(StrEnum):
    """What happens to a delivery with more columns than the contract; ACCEPT keeps them in raw as text."""

    HOLD = "hold"
    ACCEPT = "accept"


class OnError(StrEnum):
    """What an `E_` code in a column does to the row."""

    QUARANTINE = "quarantine"
    FLAG = "flag"


class Period(StrEnum):
    """The unit of a cadence."""

    DAY = "d"
    WEEK = "w"
    MONTH = "m"
    YEAR = "y"


@dataclass(frozen=True)
class Field:
    """One column of a table. `source` is its name in the delivery, None for a column the lake derives.

    `unit`: of its numbers, "" when they have none. `other_units`: units that a source mixes up with it -> factor into it. `registrar`: the
    source itself issues the numbers of organisations. `date_format`: the order in which it writes dates, `dd/MM/yyyy`. `digits`: of a
    division's code, how many are kept. `crs`: the coordinate reference system of geometries. `meanings`: what each of the valid values
    means, as the contract says it.
    """

    name: str
    title: str
    description: str
    logical_type: str
    physical_type: str
    required: bool = False
    key_position: int | None = None
    classification: str = "L1"
    unit: str = ""
    source: str | None = None
    aliases: tuple[str, ...] = ()
    derived_from: tuple[str, ...] = ()
    rule: str | None = None
    code_list: str | None = None
    code_map: tuple[tuple[str, str], ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    other_units: tuple[tuple[str, float], ...] = ()
    registrar: bool = False
    date_format: str | None = None
    digits: int | None = None
    crs: str | None = None
    width: int | None = None
    on_error: OnError = OnError.FLAG
    valid_values: tuple[str, ...] = ()
    meanings: tuple[tuple[str, str], ...] = ()

    @property
    def delivered(self) -> bool:
        return self.rule is not None

    @property
    def personal(self) -> bool:
        """Real values of these columns stay out of logs, metadata and Delta statistics."""
        return self.classification in ("L3", "L4")


@dataclass(frozen=True)
class ControlLine:
    """The first or last line of a fixed-width file, which is no row but counts the rows and adds up columns.

    begins: the text it begins with, "" for any. count: where it has the number of rows, (first byte from 1, width). sums: column -> where
    it has the sum of the column's values, in the same unit.
    """

    begins: str = ""
    count: tuple[int, int] | None = None
    sums: tuple[tuple[str, tuple[int, int]], ...] = ()


@dataclass(frozen=True)
class DeliverySpec:
    """How a department delivers the table. `sequence` are the columns that order the versions of one key.

    `max_error_ratio`: the largest share of a column's values that may be unreadable before a delivery is held. Settings of some formats
    (`contracts.delivery`): `record`, the element of a record; `sheets`, the sheets with rows, `*` for all with the header, empty for the
    first; `header_rows`, how many rows the header has; `first_line` and `last_line`, lines that are no rows.
    """

    format: Format
    mode: Mode
    sequence: tuple[str, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ","
    compression: str | None = None
    table: str | None = None
    operation_column: str = "cd_operation"
    time_column: str = "cd_time"
    batch_column: str = "cd_batch"
    row_column: str = "cd_id"
    min_ratio: float = 0.9
    max_quarantine_ratio: float = 0.2
    max_error_ratio: float = 0.5
    new_columns: NewColumns = NewColumns.HOLD
    record: str | None = None
    sheets: tuple[str, ...] = ()
    header_rows: int = 1
    first_line: ControlLine | None = None
    last_line: ControlLine | None = None


@dataclass(frozen=True)
class Cadence:
    """How often a department delivers: once every `every` periods, at most `latency` days late."""

    every: int
    period: Period
    latency: int = 0


@dataclass(frozen=True)
class Check:
    """One expectation of the whole table, beyond those that follow from the columns themselves.

    `metric`: one of the standard's library, or `sql`. `comparison`, `value`: what its number must be, as the standard writes it. `query`,
    `says`: of `sql`, the query that gives the number (`contracts.queries`), and the expectation as a sentence.
    """

    metric: str
    comparison: str
    value: Any
    blocking: bool
    name: str
    query: str = ""
    says: str = ""


@dataclass(frozen=True)
class Contract:
    """One table's contract; a delivered table has a `SourceContract`.

    `digest` changes with what the contract says, not with its layout or comments.
    """

    name: str
    version: str
    title: str
    purpose: str
    owner: str
    owner_title: str
    columns: tuple[Field, ...]
    path: Path
    delivery: DeliverySpec | None = field(default=None, init=False)
    """None: the lake derives the table. Never None in a `SourceContract`."""
    cadence: Cadence | None = None
    checks: tuple[Check, ...] = ()
    digest: str = ""
    title_en: str = ""
    """The title in English; of a table that an installation has added it may be empty, and so may be `purpose_zh`."""
    purpose_zh: str = ""
    """The purpose in Chinese."""
    retention_days: int | None = None
    """Days a delivered batch stays in raw; None: for ever."""
    row_rules: tuple[ContractRule, ...] = ()
    table_rules: tuple[ContractRule, ...] = ()

    @property
    def layer(self) -> str:
        return self.name.split("/")[0]

    @property
    def domain(self) -> str:
        return self.name.split("/")[1]

    @property
    def table(self) -> str:
        return self.name.split("/")[2]

    @property
    def key(self) -> tuple[str, ...]:
        keyed = [c for c in self.columns if c.key_position is not None]
        return tuple(c.name for c in sorted(keyed, key=lambda c: c.key_position or 0))

    @property
    def delivered(self) -> tuple[Field, ...]:
        """The columns a department sends, in the order of the contract."""
        return tuple(c for c in self.columns if c.delivered)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Every column of the published table."""
        return tuple(c.name for c in self.columns) + (SYSTEM_COLUMNS if self.layer == "cleansed" else ())

    @property
    def crs(self) -> str | None:
        """The coordinate reference system of the delivered coordinates, None without any."""
        return next(iter(self.systems), None)

    @property
    def systems(self) -> tuple[str, ...]:
        """The coordinate reference systems that the table's rules and columns state, each once."""
        stated = [dict(rule.options).get("crs") for rule in self.row_rules] + [c.crs for c in self.columns]
        return tuple(dict.fromkeys(system for system in stated if system))

    @property
    def statistics(self) -> bool:
        """Whether the Delta log may hold minimum and maximum of the columns: only when no column is personal."""
        nested = ("array", "object", "map")
        return not any(c.personal or c.logical_type in nested for c in self.columns)

    def column(self, name: str) -> Field:
        return next(c for c in self.columns if c.name == name)

    def sibling(self, layer: str) -> str:
        """The name of the same table in another layer: cleansed/health/archive -> raw/health/archive."""
        return f"{layer}/{self.domain}/{self.table}"


@dataclass(frozen=True)
class SourceContract(Contract):
    """The contract of a cleansed table, which a department delivers."""

    delivery: DeliverySpec = field(kw_only=True)


def sources(contracts: Mapping[str, Contract]) -> dict[str, SourceContract]:
    """Return the contracts of the delivered tables, by table name."""
    return {name: c for name, c in contracts.items() if isinstance(c, SourceContract)}
