"""The demo city: put together in memory, delivered night by night, and the truth about it.

Here: which departments take part, when their drops come, the truth. Not here: the world (`world`), the departments' tables
(`departments`) and what becomes of them (`registers`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from contracts.model import Format
from simulator.basics import NIGHTS, day_text
from simulator.declare import Department, Table, declared
from simulator.drops import prepare_exchange, write_drop, write_exchange
from simulator.registers import Registers, contract_of
from simulator.world import World

BEGINNING = date(2009, 1, 1)
"""First day of the period of the first night's drops."""


@dataclass(frozen=True)
class Delivery:
    """Rows of a table for a night, the night with which they come, and their edition: 2 is sent again."""

    table: str
    rows: pd.DataFrame
    night: int
    comes: int
    edition: int = 1


@dataclass(frozen=True)
class City:
    """`tables`: the rows of each table by night, `deliveries`: when they come, `truth`: what there is to find, by name."""

    tables: dict[str, tuple[pd.DataFrame, ...]]
    deliveries: tuple[Delivery, ...]
    truth: dict[str, pd.DataFrame]
    nights: tuple[date, ...] = NIGHTS

    def deliver(self, night: int, landing: Path, exchange_url: str, on_time: bool = False) -> None:
        """Write what the departments deliver before the run of night 0, 1 or 2.

        The exchange database has every table that a contract expects there, also of departments that do not take part.

        Args:
            night: the night.
            landing: root of the landing zone.
            exchange_url: SQLAlchemy URL of the exchange database.
            on_time: what would come late comes with its own night.
        """
        prepare_exchange(exchange_url)
        for d in self.deliveries:
            if night != (d.night if on_time and d.edition == 1 else d.comes):
                continue
            contract, day = contract_of(d.table), self.nights[d.night]
            if contract.delivery.format == Format.DATABASE:
                write_exchange(exchange_url, contract, d.rows, day)
            else:
                write_drop(landing, contract, d.rows, day, day if d.night else BEGINNING, d.edition)

    def write_truth(self, folder: Path) -> None:
        """person.csv, finding.csv, dirt.csv, and the truths of the departments (UTF-8): the situation after the third night."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.truth.items():
            rows.to_csv(folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")


def build(people: int = 46_000, seed: int = 20191231, first_number: int = 10, departments: Collection[str] | None = None) -> City:
    """Build the city: the same people and seed give the same bytes.

    Args:
        people: number of residents, from about 500 on.
        seed: of all random streams.
        first_number: the sequence with which the identity numbers of a day of birth begin, for cities that are to be put together.
        departments: those that take part, or single tables of theirs, department/table; all by default.

    Raises:
        ValueError: a department, or a table, is none.
    """
    known, chosen = declared(), departments_of(departments)
    registers = Registers(World.of(people, seed, first_number), known, chosen)
    tables = {table: registers.drops(table) for table in registers.delivering}
    deliveries = [d for name in registers.delivering for d in _deliveries(registers.declared(name), tables[name])]
    there = [d for d in known.values() if not d.tables.keys().isdisjoint(tables)]
    truth = {"person": _persons(registers)} | _truths(registers, there)
    truth |= {"finding": _findings(registers, there), "dirt": registers.record()}
    return City(tables, tuple(deliveries), truth)


def departments_of(names: Collection[str] | None) -> list[str]:
    """The departments and tables of these names, each once; None: all departments. Raises ValueError when one is none."""
    known = declared()
    tables = [table for department in known.values() for table in department.tables]
    if unknown := [name for name in names or () if name not in {*known, *tables}]:
        raise ValueError(f"there is no department {', '.join(map(repr, unknown))}; there are {', '.join(known)}")
    return list(known) if names is None else [name for name in (*known, *tables) if name in names]


def _deliveries(table: Table, drops: tuple[pd.DataFrame, ...]) -> list[Delivery]:
    late = {table.late.night: table.late.comes} if table.late else {}
    found = [Delivery(table.name, rows, night, late.get(night, night)) for night, rows in enumerate(drops)]
    if again := table.again:
        found.append(Delivery(table.name, again.corrected(drops[again.night]), again.night, again.comes, edition=2))
    return found


def _persons(registers: Registers) -> pd.DataFrame:
    """Who there is, who has died, and the grade of the evidence that is delivered."""
    people = registers.world.people
    dead = people["death"].notna()
    return pd.DataFrame(
        {
            "true_person": people["person"],
            "id_no": people["id_no"],
            "name": people["name"],
            "sex": people["sex"],
            "birth_date": day_text(people["birth"].to_numpy()),
            "county6": people["county6"],
            "alive": np.where(dead, 0, 1),
            "death_date": day_text(people["death"].to_numpy()),
            "death_grade": np.where(dead, registers.death_grades(), "none"),
        }
    )


def _truths(registers: Registers, departments: list[Department]) -> dict[str, pd.DataFrame]:
    """By name, the rows that the departments declare."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for name, rows in (truth for department in departments for truth in department.truths.items()):
        parts.setdefault(name, []).append(rows(registers))
    return {name: pd.concat(found, ignore_index=True) for name, found in parts.items()}


def _findings(registers: Registers, departments: list[Department]) -> pd.DataFrame:
    """What the lake must find: a row for each key, and one without a key for each finding."""
    parts = []
    for finding in (f for department in departments for f in department.findings):
        keys = ["", *finding.keys(registers)]
        parts.append(
            pd.DataFrame({"finding": finding.name, "table": finding.table, "column": finding.column, "value": finding.value, "key": keys})
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["finding", "table", "column", "value", "key"])
