"""What the departments deliver on many days: the demo city's rows, dealt out over the days.

Here: a drop per table and day, late and corrected drops. Not here: what goes wrong with them (`faults`), the rows (`simulator`).
Full snapshots change a little every day; incs and appends bring the rows of their day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from contracts import load_all
from simulator import build
from simulator.drops import write_drop, write_exchange
from tests.departments import ABOUT_PERSONS

RESIDENT = "public_security/resident"
"""The table in the exchange database."""
FIRST = date(2019, 12, 31)
AT_FIRST = 0.6
"""The share of the rows that comes on the first day."""
CHANGED = {"health/archive": "update_time", "health/staff": "update_time", "citizen_card/card": "update_time"}
CHANGED_A_DAY = 3


@dataclass
class Departments:
    """Everything to be delivered, and what has been: (table, day) -> editions."""

    people: int
    seed: int
    nights: int
    landing: Path
    exchange_url: str
    tables: dict[str, list[pd.DataFrame]] = field(init=False)
    exchange: list[pd.DataFrame] = field(init=False)
    editions: dict[tuple[str, date], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        city = build(self.people, self.seed, departments=ABOUT_PERSONS)
        found = {t: self._snapshots(t, drops) if t in CHANGED else self._dealt(drops) for t, drops in city.tables.items()}
        self.exchange = found.pop(RESIDENT)
        self.tables = found

    @property
    def days(self) -> list[date]:
        return [FIRST + timedelta(days=n) for n in range(self.nights)]

    def _dealt(self, drops: tuple[pd.DataFrame, ...]) -> list[pd.DataFrame]:
        """The first day most of the rows, then the others in equal parts, in their order."""
        rows = pd.concat(drops)
        first = int(len(rows) * AT_FIRST)
        parts = np.array_split(np.arange(first, len(rows)), max(self.nights - 1, 1))
        return [rows.iloc[:first], *[rows.iloc[part] for part in parts]][: self.nights]

    def _snapshots(self, table: str, drops: tuple[pd.DataFrame, ...]) -> list[pd.DataFrame]:
        """The city's own snapshots, then the last one with a few rows that were changed since."""
        found, now = list(drops), drops[-1]
        for n in range(len(drops), self.nights):
            now = now.copy()
            some = (np.arange(CHANGED_A_DAY) + n * CHANGED_A_DAY) % len(now)
            now.iloc[some, now.columns.get_loc(CHANGED[table])] = f"{FIRST + timedelta(days=n)} 08:00:00"
            found.append(now)
        return found[: self.nights]

    def deliver(self, day: date) -> None:
        """What every department has for a day."""
        for table in self.tables:
            self.drop(table, day)
        self.exchange_batch(day)

    def exchange_batch(self, day: date) -> None:
        write_exchange(self.exchange_url, load_all()[f"cleansed/{RESIDENT}"], self.exchange[self.days.index(day)], day)

    def drop(self, table: str, day: date, *, again: bool = False) -> None:
        """One drop; `again`: a corrected one, with a later time of its extract."""
        rows = self.tables[table][self.days.index(day)]
        edition = self.editions.get((table, day), 0) + 1 if again else self.editions.get((table, day), 1)
        self.editions[table, day] = edition
        write_drop(self.landing, load_all()[f"cleansed/{table}"], rows, day, date(2009, 1, 1), edition)

    def folder(self, table: str, day: date) -> Path:
        return self.landing / table / day.isoformat()

    def file(self, table: str, day: date) -> Path:
        return next(f for f in sorted(self.folder(table, day).iterdir()) if f.name != "manifest.json")
