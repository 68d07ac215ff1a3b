"""A department at its exchange database: creates its table and writes rows in transactions of its own.

Here: the writing side, on any database. Not here: what the lake makes of it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from contracts.model import Contract
from resources.readers.manifest import delivery_of

EVENING = dt.datetime(2019, 12, 31, 20)


class Department:
    """One exchange table. `types`: other types than text, by the column's name in the table."""

    def __init__(self, url: str, contract: Contract, types: dict[str, Any] | None = None) -> None:
        self.contract, self.url = contract, url
        self.engine = sa.create_engine(url, poolclass=sa.NullPool)
        delivery, kinds = delivery_of(contract), types or {}
        owner, _, name = (delivery.table or "").rpartition(".")
        number: Any = kinds.get(delivery.row_column) or sa.BigInteger().with_variant(sa.Integer, "sqlite")
        self.table = sa.Table(
            name,
            sa.MetaData(schema=owner or None),
            sa.Column(delivery.row_column, number, primary_key=True),
            sa.Column(delivery.operation_column, kinds.get(delivery.operation_column, sa.String(1))),
            sa.Column(delivery.time_column, kinds.get(delivery.time_column, sa.DateTime)),
            sa.Column(delivery.batch_column, kinds.get(delivery.batch_column, sa.String(8)), index=True),
            *(sa.Column(c.source, kinds.get(c.source or "", sa.Text)) for c in contract.delivered),
        )
        with self.engine.begin() as connection:
            if owner:
                connection.execute(sa.schema.CreateSchema(owner))
            self.table.create(connection)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A transaction that the test ends itself: `commit()` or `rollback()` of what it yields."""
        with self.engine.connect() as connection:
            yield connection

    def insert(self, connection: sa.Connection, day: str, row: dict[str, Any], number: int | None = None, seconds: int = 0) -> None:
        """A row of the batch of a day, by the contract's names; `_op` (default I) is the operation, `seconds` the time after 20:00."""
        delivery = delivery_of(self.contract)
        sources = {c.name: c.source for c in self.contract.delivered}
        values = {sources[name]: value for name, value in row.items() if name != "_op"}
        values |= {delivery.operation_column: row.get("_op", "I"), delivery.time_column: EVENING + dt.timedelta(seconds=seconds)}
        values |= {delivery.batch_column: day.replace("-", "")} | ({} if number is None else {delivery.row_column: number})
        connection.execute(self.table.insert(), values)

    def deliver(self, day: str, *rows: dict[str, Any]) -> None:
        """Rows committed together, numbered by the database."""
        with self.engine.begin() as connection:
            for i, row in enumerate(rows):
                self.insert(connection, day, row, seconds=i)

    def execute(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement))
