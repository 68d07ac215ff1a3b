"""What the departments have written down about the world: the rows of every table, their dirt, the drops made of them.

Here: from a declaration to drops, each table made when it is first asked for, and the evidence of deaths that is delivered. Not here:
which tables there are (`departments`), when drops come (`city`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from contracts.loader import load_all
from contracts.model import Format, Mode, SourceContract, sources
from simulator import dirt, rejects
from simulator.basics import NIGHTS, stream
from simulator.declare import Department, Table
from simulator.rejects import LINE
from simulator.world import World


class Registers:
    """The registers of all departments, of which some take part: only these deliver.

    Args:
        world: what they write down.
        departments: all, by name.
        taking_part: the names of those that deliver, departments or single tables; what is delivered are the tables `delivering`.
    """

    def __init__(self, world: World, departments: Mapping[str, Department], taking_part: Collection[str]) -> None:
        self.world = world
        self._tables = {name: table for d in departments.values() for name, table in d.tables.items()}
        self.delivering = [t for d in departments.values() for t in d.tables if d.name in taking_part or t in taking_part]
        self._rows: dict[str, pd.DataFrame] = {}
        self._nights: dict[str, tuple[pd.DataFrame, ...]] = {}
        self._record: dict[str, list[pd.DataFrame]] = {}

    def declared(self, table: str) -> Table:
        """What a department declares of a table."""
        return self._tables[table]

    def rows(self, table: str) -> pd.DataFrame:
        """All rows that a department has in the end, with dirt and hidden columns, whether it takes part or not."""
        if table not in self._rows:
            declared = self._tables[table]
            clean = declared.rows(self)
            if "_night" not in clean:
                clean = clean.assign(_night=0)
            spoilt = dirt.spoil(clean, declared.dirt, self._stream("dirt", table), partial(self.note, table))
            self._rows[table] = declared.after_dirt(self, spoilt) if declared.after_dirt else spoilt
        return self._rows[table]

    def nights(self, table: str) -> tuple[pd.DataFrame, ...]:
        """The rows of each night, with hidden columns: what is new, or the full list."""
        if table not in self._nights:
            self._nights[table] = self._by_night(self._tables[table], self.rows(table))
        return self._nights[table]

    def delivered(self, table: str) -> pd.DataFrame:
        """What the lake knows of a table after the last night, with hidden columns: no row when the department does not take part."""
        known = self.nights(table)[-1] if self._full(table) else self.rows(table)
        return known if table in self.delivering else known.iloc[:0]

    def drops(self, table: str) -> tuple[pd.DataFrame, ...]:
        """The rows of each night as they are delivered: with repeated and unusable rows, each behind the row it is made of."""
        declared, contract, nights = self._tables[table], contract_of(table), self.nights(table)
        more = self._more(declared, contract, nights)
        if declared.forgotten:
            nights = self._forgetful(declared, nights)
        parts = [more if self._full(table) else more[more["_night"] == night] for night in range(len(NIGHTS))]
        columns = [c.name for c in contract.delivered] + [LINE] * (LINE in more)
        shown = [pd.concat([rows, part]).sort_index(kind="stable") for rows, part in zip(nights, parts, strict=True)]
        if contract.delivery.format != Format.DATABASE:
            return tuple(rows[columns] for rows in shown)
        ends = np.cumsum([len(rows) for rows in shown])
        return tuple(
            rows.assign(cd_id=np.arange(end - len(rows), end) + 1, cd_operation=rows.get("_op", "I"))[["cd_id", "cd_operation", *columns]]
            for rows, end in zip(shown, ends, strict=True)
        )

    def note(self, table: str, rows: pd.DataFrame, column: str, code: str, clean: Any = None) -> None:
        """Remember dirt in a column of some rows; `clean`: what stood there before (None: nothing)."""
        names = dirt.keys(rows, contract_of(table).key).to_numpy()
        record = pd.DataFrame({"table": table, "key": names, "column": column, "code": code, "clean": clean})
        self._record.setdefault(table, []).append(record)

    def record(self) -> pd.DataFrame:
        """The dirt that is delivered: table, key, column, code, clean."""
        parts = [part for table in self.delivering for part in self._record.get(table, [])]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["table", "key", "column", "code", "clean"])

    def proven(self, *grades: str) -> dict[str, np.ndarray]:
        """By table that takes part: the persons of whose death it has evidence of one of the grades."""
        found = {}
        for table in (self._tables[name] for name in self.delivering):
            if table.evidence:
                rows = self.delivered(table.name)
                found[table.name] = self._persons(rows[np.isin(table.evidence(rows), grades)])
        return found

    def exactly_dated(self) -> np.ndarray:
        """The persons whose day of death the evidence gives exactly."""
        return self._any(self.proven("A"))

    def death_grades(self) -> np.ndarray:
        """Of every person, the grade of the best evidence (A, B, C, none; '' for the living); C from two tables is a B."""
        weak = self.proven("C")
        twice = np.sum([*weak.values(), self._any({})], axis=0) > 1
        grade = np.select([self.exactly_dated(), self._any(self.proven("B")) | twice, self._any(weak)], ["A", "B", "C"], "none")
        return np.where(self.world.people["death"].isna(), "", grade)

    def proven_dead(self) -> np.ndarray:
        """The persons whose death the evidence proves (grade A or B)."""
        return np.isin(self.death_grades(), ["A", "B"])

    def _any(self, found: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.any([*found.values(), np.zeros(len(self.world.people), dtype=bool)], axis=0)

    def _persons(self, rows: pd.DataFrame) -> np.ndarray:
        mask, at = np.zeros(len(self.world.people), dtype=bool), rows["_person"].to_numpy()
        mask[at[at >= 0]] = True
        return mask

    def _stream(self, purpose: str, table: str) -> np.random.Generator:
        return stream(self.world.seed, f"{purpose} {table}")

    @staticmethod
    def _full(table: str) -> bool:
        return contract_of(table).delivery.mode == Mode.FULL

    def _by_night(self, table: Table, rows: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
        if table.snapshots:
            return table.snapshots(self, rows)
        nights = range(len(NIGHTS))
        return tuple(rows[rows["_night"] <= night] if self._full(table.name) else rows[rows["_night"] == night] for night in nights)

    def _more(self, table: Table, contract: SourceContract, nights: tuple[pd.DataFrame, ...]) -> pd.DataFrame:
        """Repeated and unusable rows, with the index of the row they are made of: of a full list, one that stands in it every night."""
        rows = self.rows(table.name)
        if self._full(table.name):
            for present in nights:
                rows = rows[rows.index.isin(present.index)]
        note = partial(self.note, table.name)
        repeated = dirt.repeated(rows, table.older, table.copies, self._stream("repeat", table.name), note)
        unusable = rejects.additional(contract, rows, table.rejected, table.number, self._stream("rejected", table.name), note)
        return pd.concat([repeated, unusable])

    def _forgetful(self, table: Table, nights: tuple[pd.DataFrame, ...]) -> tuple[pd.DataFrame, ...]:
        rule, rows = table.forgotten, self.rows(table.name)
        assert rule is not None
        kept = dirt.forgotten(rows, rule, self._stream("forgotten", table.name), partial(self.note, table.name))
        return tuple(rows.assign(**{rule.column: rows[rule.column].mask(kept.reindex(rows.index), rule.before)}) for rows in nights)


def contract_of(table: str) -> SourceContract:
    """The contract of a department's table. Raises LookupError when there is none."""
    found = sources(load_all()).get(f"cleansed/{table}")
    if found is None:
        raise LookupError(f"{table} has no contract: write contracts/cleansed/{table}.yaml")
    return found
