"""Tables of the exchange database (前置库), read through SQLAlchemy.

Here: which batches a table holds, and their rows. Not here: files.

A table has the contract's columns and four of the exchange: operation (I, U, D), time, batch and row (a number
that grows; it becomes `_row_no` and `_order`). Values become text: dates ISO, NULL stays NULL.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from contracts.loader import Contract, Delivery
from resources.errors import DeliveryRejected, Unreachable
from resources.readers.batch import E_OPERATION, Defect, Origin, defects, rows
from resources.readers.header import known, match
from resources.readers.manifest import delivery_of

ROWS_PER_BATCH = 20_000
OPERATIONS = ("I", "U", "D")
REMEDY = "Check the address, the account and that the database is up; then try again"


@dataclass(frozen=True)
class Batch:
    """One value of the batch column, as the database has it, and what is stored under it."""

    value: Any
    count: int
    last_row: int
    last_time: str


def _address(url: sa.URL) -> str:
    """Host and database: never the user, the password or the options."""
    return f"{url.get_backend_name()} {url.host or ''}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def address(url: str | None) -> str:
    """What a message may show of a URL. Raises Unreachable (EXCHANGE_URL) when it is none."""
    return _address(_parsed(url))


def _parsed(url: str | None) -> sa.URL:
    try:
        return sa.make_url(url or "")
    except (SQLAlchemyError, ValueError):
        what = "the URL of the exchange database is not a SQLAlchemy URL" if url else "no URL of an exchange database is set"
        remedy = "Set it, for example postgresql+psycopg://user:password@host/name"
        raise Unreachable("EXCHANGE_URL", what, "setting exchange_url", remedy) from None


@contextmanager
def _connected(url: str | None) -> Iterator[sa.Connection]:
    """A connection; every error of the driver becomes Unreachable without the driver's words, which may hold values."""
    parsed = _parsed(url)
    where = _address(parsed)
    if parsed.get_backend_name() == "sqlite" and parsed.database and not Path(parsed.database).exists():
        raise Unreachable("EXCHANGE_DATABASE", "the database file does not exist", where, REMEDY)
    try:
        engine = sa.create_engine(parsed, poolclass=sa.NullPool, hide_parameters=True)
        with engine.connect() as connection:
            yield connection
    except NoSuchTableError as e:
        remedy = "Have the department create it, or correct the contract"
        raise Unreachable("EXCHANGE_TABLE", f"there is no table {e}", where, remedy) from None
    except (SQLAlchemyError, ModuleNotFoundError) as e:
        name = type(getattr(e, "orig", None) or e).__name__
        raise Unreachable("EXCHANGE_DATABASE", f"the exchange database cannot be read ({name})", where, REMEDY) from None


def _table(delivery: Delivery) -> sa.TableClause:
    owner, _, name = (delivery.table or "").rpartition(".")
    return sa.table(name, schema=owner or None)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)


def _time(value: Any) -> str:
    """ISO text of a time that may come as a time or as text."""
    text = _text(value) or ""
    try:
        return dt.datetime.fromisoformat(text).isoformat()
    except ValueError:
        return text


def _batches(connection: sa.Connection, delivery: Delivery) -> list[Batch]:
    batch: sa.ColumnClause[Any] = sa.column(delivery.batch_column)
    latest: list[sa.Function[Any]] = [sa.func.max(sa.column(c)) for c in (delivery.row_column, delivery.time_column)]
    query = sa.select(batch, sa.func.count(), *latest).select_from(_table(delivery)).group_by(batch)
    return [Batch(value, count, row, _time(time)) for value, count, row, time in connection.execute(query)]


def batches(contract: Contract, url: str | None) -> list[Batch]:
    """Every batch of the table, by one GROUP BY. Raises Unreachable, DeliveryRejected (DELIVERY_HEADER)."""
    delivery = delivery_of(contract)
    with _connected(url) as connection:
        _columns(connection, contract, delivery, address(url))
        return _batches(connection, delivery)


def _columns(connection: sa.Connection, contract: Contract, delivery: Delivery, where: str) -> dict[str, str]:
    """Column of the contract -> column of the table. Raises DeliveryRejected (DELIVERY_HEADER)."""
    table, control = _table(delivery), _control(delivery)
    names = [c["name"] for c in sa.inspect(connection).get_columns(table.name, schema=table.schema)]
    missing = [c for c in control if c not in names]
    where = f"{where}, table {delivery.table}"
    if missing:
        what = f"missing columns of the exchange {', '.join(missing)}"
        raise DeliveryRejected("DELIVERY_HEADER", what, where, "Add them, or correct the contract")
    business = [n for n in names if n not in control or n in known(contract)]
    return dict(zip(match(business, contract, where), business, strict=True))


def _control(delivery: Delivery) -> tuple[str, str, str, str]:
    return delivery.row_column, delivery.operation_column, delivery.time_column, delivery.batch_column


def read(contract: Contract, url: str | None, batch: Batch) -> Generator[pa.RecordBatch]:
    """Rows of one batch in the order of the row column; an unknown operation makes a defect row.

    Raises Unreachable; DeliveryRejected: DELIVERY_HEADER, DELIVERY_FORMAT.
    """
    delivery, where = delivery_of(contract), address(url)
    origin = Origin(delivery.table or "")
    with _connected(url) as connection:
        sources = _columns(connection, contract, delivery, where)
        wanted = [delivery.row_column, delivery.operation_column, *(sources[c.name] for c in contract.delivered)]
        query: sa.Select[*tuple[Any, ...]] = (
            sa.select(*(sa.column(c).label(f"c{i}") for i, c in enumerate(wanted)))
            .select_from(_table(delivery))
            .where(sa.column(delivery.batch_column) == batch.value)
            .order_by(sa.column(delivery.row_column))
        )
        result = connection.execution_options(stream_results=True, yield_per=ROWS_PER_BATCH).execute(query)
        for chunk in result.partitions():
            if not all(isinstance(record[0], int) for record in chunk):
                what = f"column {delivery.row_column} is not a whole number"
                raise DeliveryRejected("DELIVERY_FORMAT", what, f"{where}, table {delivery.table}", "Number the rows of the exchange table")
            yield from _chunk(contract, chunk, origin)


def _chunk(contract: Contract, chunk: Sequence[Sequence[Any]], origin: Origin) -> Iterator[pa.RecordBatch]:
    operations = [str(record[1] or "").strip().upper() for record in chunk]
    good = [(record, op) for record, op in zip(chunk, operations, strict=True) if op in OPERATIONS]
    bad = [
        Defect(record[0], E_OPERATION, json.dumps([_text(v) for v in record[1:]], ensure_ascii=False))
        for record, op in zip(chunk, operations, strict=True)
        if op not in OPERATIONS
    ]
    if good:
        numbers = pa.array([record[0] for record, _ in good], pa.int64())
        columns = [pa.array([_text(record[i]) for record, _ in good], pa.string()) for i in range(2, 2 + len(contract.delivered))]
        yield rows(contract, columns, numbers, origin, pa.array([op for _, op in good], pa.string()), _order(numbers))
    if bad:
        yield defects(contract, bad, origin, _order(pa.array([d.row_no for d in bad], pa.int64())))


def _order(numbers: pa.Array) -> pa.Array:
    return pc.utf8_lpad(pc.cast(numbers, pa.string()), 20, "0")
