"""What the small random worlds have in common: tables by name, their frames, and rows that come and go.

Here: the base of the worlds. Not here: which tables each has (`counter`, `economy`, `incidents`, `monitoring`, `streets`).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.frames import contract, frame

Row = dict[str, Any]


class Network:
    """Tables by name, each with a maker of new rows. rows: by table; makers: of those tables whose rows come and go."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.rows: dict[str, list[Row]] = {}
        self.makers: dict[str, Callable[[], Row]] = {}

    def night(self) -> None:
        """A few rows come, are sent again with other contents, or go."""
        for table, make in self.makers.items():
            rows, key = self.rows[table], self._key(table)
            rows += [make() for _ in range(self.random.randint(0, 2))]
            if self.random.random() < 0.5:
                again = self.random.randrange(len(rows))
                rows[again] = {**make(), **{c: rows[again][c] for c in key}}
            if self.random.random() < 0.3:
                rows.pop(self.random.randrange(len(rows)))
            self._once(table)

    def tables(self, spark: SparkSession) -> dict[str, DataFrame]:
        return {table: frame(spark, table, rows) for table, rows in self.rows.items()}

    def _pick(self, *of: Any) -> Any:
        return self.random.choice(of)

    def _key(self, table: str) -> tuple[str, ...]:
        return contract(table).key

    def _once(self, table: str) -> None:
        """Of several rows with one key the last stands."""
        self.rows[table] = list({tuple(row.get(k) for k in self._key(table)): row for row in self.rows[table]}.values())

    def _come_and_go(self, table: str, gone: float = 0.5) -> None:
        """Up to two rows come, and one goes. gone: how probably."""
        rows = self.rows[table]
        rows += [self.makers[table]() for _ in range(self.random.randint(0, 2))]
        if self.random.random() < gone:
            rows.pop(self.random.randrange(len(rows)))
