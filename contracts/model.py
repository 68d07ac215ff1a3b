"""A contract as typed, immutable objects.

Here: the classes and what follows from their fields alone. Not here: reading them from files (`contracts.loader`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.rules import ContractRule


@dataclass(frozen=True)
class Field:
    """One column of a table. `source` is its name in the delivery, None for a column the lake derives.

    `other_units`: units that a source mixes up with the column's own -> factor into the column's unit. `registrar`: the source
    itself issues the numbers of organisations.
    """

    name: str
    title: str
    description: str
    logical_type: str
    physical_type: str
    required: bool = False
    key_position: int | None = None
    classification: str = "L1"
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
    width: int | None = None
    on_error: str = "flag"
    valid_values: tuple[str, ...] = ()

    @property
    def delivered(self) -> bool:
        return self.rule is not None

    @property
    def personal(self) -> bool:
        """Real values of these columns stay out of logs, metadata and Delta statistics."""
        return self.classification in ("L3", "L4")


@dataclass(frozen=True)
class DeliverySpec:
    """How a department delivers the table. `sequence` are the columns that order the versions of one key.

    `new_columns`: what happens to a delivery with more columns than the contract: "hold", or "accept" (kept in raw as text).
    `max_error_ratio`: the largest share of a column's values that may be unreadable before a delivery is held.
    """

    format: str
    mode: str
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
    new_columns: str = "hold"


@dataclass(frozen=True)
class Cadence:
    """How often a department delivers: once every `every` days, weeks, months or years (d, w, m, y), at most `latency` days late."""

    every: int
    period: str
    latency: int = 0


@dataclass(frozen=True)
class Check:
    """One expectation of the whole table, beyond those that follow from the columns themselves."""

    metric: str
    comparison: str
    value: Any
    blocking: bool
    name: str


@dataclass(frozen=True)
class Contract:
    """One table's contract. `digest` changes with every byte of its file."""

    name: str
    version: str
    title: str
    purpose: str
    owner: str
    owner_title: str
    columns: tuple[Field, ...]
    path: Path
    delivery: DeliverySpec | None = None
    cadence: Cadence | None = None
    checks: tuple[Check, ...] = ()
    digest: str = ""
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
    def crs(self) -> str | None:
        """The coordinate reference system of the delivered coordinates, None without any."""
        return next((rule.option("crs") for rule in self.row_rules if rule.rule == "coordinates"), None)

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
