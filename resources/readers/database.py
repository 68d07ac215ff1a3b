"""Tables of the exchange database (前置库), read through SQLAlchemy.

Here: which batches a table holds, and their rows. Not here: connecting (`exchange_connection`), files.

A table has the contract's columns and four control columns: operation (I, U, D), time, batch and row (an increasing
number; it becomes `_row_no` and `_order`). Values become text: dates ISO, timestamps with a zone in the city's zone,
true and false 1 and 0, NULL stays NULL.

A batch is identified by its figures: row count, row numbers, latest time. A watermark on the time column would lose rows:
a transaction that began earlier may commit later, with times and numbers below the watermark. Here such a row changes the
figures of its batch, which is then read again as a whole; rows already known are deduplicated by key and sequence. Gaps in
the numbers mean nothing: a transaction that was rolled back leaves one. A row updated in place, with the same number and no
time later than the latest, changes none of the figures and IS NOT SEEN: a department corrects by writing a new row
(operation U).
"""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from contracts.model import Contract, DeliverySpec
from resources.errors import DeliveryRejected
from resources.readers.batch import E_OPERATION, Defect, Origin, defects, rows
from resources.readers.exchange_connection import address, snapshot
from resources.readers.header import known, match, new_columns
from resources.readers.manifest import CITY, delivery_of

ROWS_PER_BATCH = 5_000
OPERATIONS = ("I", "U", "D")
NOT_TEXT = "22021"
"""SQLSTATE of bytes that are no text."""
BLANKS = " \t\r\n\0\u200b\ufeff'\""
BATCH_DAY = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})(?:\.0+)?|([0-9]{4})[-/._年]([0-9]{1,2})[-/._月]([0-9]{1,2})日?(?:[ T]00:00:00(?:\.0+)?)?"
)
MODULUS = 999_983
"""Row numbers are added up modulo this prime, so that no database's sum overflows."""


def ddl(contract: Contract) -> str:
    """The SQL that creates the table of a contract in an exchange database (PostgreSQL), with the index the lake reads by.

    Values may be text: the lake parses them as it does those of files.
    """
    delivery = delivery_of(contract)
    table = sa.Table(
        delivery.table or "",
        sa.MetaData(),
        sa.Column(delivery.row_column, sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column(
            delivery.operation_column, sa.CHAR(1), sa.CheckConstraint(f"{delivery.operation_column} IN {OPERATIONS}"), nullable=False
        ),
        sa.Column(delivery.time_column, sa.DateTime, server_default=sa.func.now(), nullable=False),
        sa.Column(delivery.batch_column, sa.CHAR(8), nullable=False),
        *[sa.Column(c.source, sa.Text) for c in contract.delivered],
    )
    index = sa.Index(f"{table.name}_{delivery.batch_column}", table.c[delivery.batch_column])
    statements = (CreateTable(table), CreateIndex(index))
    lines = "\n".join(f"{str(s.compile(dialect=postgresql.dialect())).strip()};" for s in statements)
    return "".join(f"{line.rstrip()}\n" for line in lines.replace("\t", "  ").splitlines())


@dataclass(frozen=True)
class Batch:
    """One value of the batch column, as the database has it, with the figures of its rows. Equal figures: nothing has changed.

    `row_sum` detects that one row was deleted and another added below the last one.
    """

    value: Any
    count: int
    last_row: Any
    last_time: str
    row_sum: int


def day_of(batch: Any) -> dt.date | None:
    """The business date a batch is named by, in any usual form (20191230, 2019-12-30, a date column); None when it is no date."""
    if isinstance(batch, dt.datetime):
        return (batch.astimezone(CITY) if batch.tzinfo else batch).date()
    text = unicodedata.normalize("NFKC", str(batch)).strip(BLANKS)
    found = BATCH_DAY.fullmatch(text)
    try:
        return dt.date(*(int(part) for part in found.groups() if part)) if found else None
    except ValueError:
        return None


def _table(delivery: DeliverySpec) -> sa.TableClause:
    owner, _, name = (delivery.table or "").rpartition(".")
    return sa.table(name, schema=owner or None)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, dt.datetime):
        return (value.astimezone(CITY) if value.tzinfo else value).isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=_text)
    return str(value)


def _time(value: Any) -> str:
    """ISO text of a time that may come as a time or as text."""
    text = _text(value) or ""
    try:
        return dt.datetime.fromisoformat(text).isoformat()
    except ValueError:
        return text


def _batches(connection: sa.Connection, delivery: DeliverySpec, only: Any = None) -> list[Batch]:
    batch: sa.ColumnClause[Any] = sa.column(delivery.batch_column)
    row: sa.ColumnClause[int] = sa.column(delivery.row_column, sa.BigInteger)
    figures = [sa.func.count(), sa.func.max(row), sa.func.max(sa.column(delivery.time_column)), sa.func.sum(row % MODULUS)]
    query = sa.select(batch, *figures).select_from(_table(delivery)).group_by(batch)
    if only is not None:
        query = query.where(batch == only)
    return [Batch(value, count, last, _time(time), int(added or 0)) for value, count, last, time, added in connection.execute(query)]


def batches(contract: Contract, url: str | None) -> list[Batch]:
    """Every batch of the table, by one GROUP BY. Raises Unreachable, DeliveryRejected (DELIVERY_HEADER, DELIVERY_FORMAT).

    Only the control columns have to exist; differences in the other columns are reported when a batch is read.
    """
    delivery, where = delivery_of(contract), _where(contract, url)

    def listed(connection: sa.Connection) -> list[Batch]:
        _types(connection, delivery, where)
        return _batches(connection, delivery)

    with snapshot(url, delivery.table or "", listed) as (_, found):
        return found


def _where(contract: Contract, url: str | None) -> str:
    return f"{address(url)}, table {delivery_of(contract).table}"


def _types(connection: sa.Connection, delivery: DeliverySpec, where: str) -> dict[str, Any]:
    """Column of the table -> its type. Raises DeliveryRejected (DELIVERY_HEADER, DELIVERY_FORMAT) for the control columns."""
    table, control = _table(delivery), _control(delivery)
    types = {c["name"]: c["type"] for c in sa.inspect(connection).get_columns(table.name, schema=table.schema)}
    missing = [c for c in control if c not in types]
    if missing:
        what = f"missing columns of the exchange {', '.join(missing)}"
        raise DeliveryRejected("DELIVERY_HEADER", what, where, "Add them, or correct the contract")
    if not isinstance(types[delivery.row_column], sa.Integer | sa.Numeric):
        raise _unnumbered(delivery, where)
    return types


def _columns(connection: sa.Connection, contract: Contract, delivery: DeliverySpec, where: str) -> dict[str, str]:
    """Column of the contract, or accepted new one behind `NEW`, -> column of the table. Raises DeliveryRejected (DELIVERY_HEADER)."""
    control = _control(delivery)
    business = [n for n in _types(connection, delivery, where) if n not in control or n in known(contract)]
    return dict(zip(match(business, contract, where), business, strict=True))


def _unnumbered(delivery: DeliverySpec, where: str) -> DeliveryRejected:
    what = f"column {delivery.row_column} is not a whole number"
    return DeliveryRejected("DELIVERY_FORMAT", what, where, "Number the rows of the exchange table")


def _control(delivery: DeliverySpec) -> tuple[str, str, str, str]:
    return delivery.row_column, delivery.operation_column, delivery.time_column, delivery.batch_column


def read(contract: Contract, url: str | None, batch: Batch) -> Generator[pa.RecordBatch]:
    """Rows of one batch in the order of the row column; an unknown operation makes a defect row.

    The rows are streamed from the same snapshot in which the batch is compared with the listed one.
    Raises Unreachable; DeliveryRejected: DELIVERY_CHANGED, DELIVERY_HEADER, DELIVERY_FORMAT, DELIVERY_ENCODING.
    """
    delivery, where = delivery_of(contract), _where(contract, url)

    def unchanged(connection: sa.Connection) -> dict[str, str]:
        sources = _columns(connection, contract, delivery, where)
        if _batches(connection, delivery, batch.value) != [batch]:
            what = "the batch has changed since it was listed"
            raise DeliveryRejected("DELIVERY_CHANGED", what, f"{where}, batch {batch.value}", "List the drops again")
        return sources

    with snapshot(url, delivery.table or "", unchanged) as (connection, sources):
        new = new_columns(list(sources))
        for chunk in _chunks(connection, _query(contract, delivery, sources, batch), f"{where}, batch {batch.value}"):
            yield from _chunk(contract, delivery, chunk, where, new)


def _query(contract: Contract, delivery: DeliverySpec, sources: dict[str, str], batch: Batch) -> sa.Select[*tuple[Any, ...]]:
    business = [*(sources[c.name] for c in contract.delivered), *new_columns(list(sources))]
    wanted = [delivery.row_column, delivery.operation_column, *business]
    return (
        sa.select(*(sa.column(c).label(f"c{i}") for i, c in enumerate(wanted)))
        .select_from(_table(delivery))
        .where(sa.column(delivery.batch_column) == batch.value)
        .order_by(sa.column(delivery.row_column))
    )


def _chunks(connection: sa.Connection, query: sa.Select[*tuple[Any, ...]], where: str) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows, from a server-side cursor."""
    try:
        yield from connection.execution_options(yield_per=ROWS_PER_BATCH).execute(query).partitions()
    except sa.exc.DataError as e:
        code, what = "DELIVERY_FORMAT", "a value the driver cannot take over, such as a time of infinity or before the year 1"
        if getattr(e.orig, "sqlstate", None) == NOT_TEXT:
            code, what = "DELIVERY_ENCODING", "text that is not in the encoding the database declares"
        raise DeliveryRejected(code, what, where, "Have the department correct it") from None


def _chunk(
    contract: Contract, delivery: DeliverySpec, chunk: Sequence[Sequence[Any]], where: str, new: list[str]
) -> Iterator[pa.RecordBatch]:
    if not all(isinstance(record[0], int | Decimal) and record[0] % 1 == 0 for record in chunk):
        raise _unnumbered(delivery, where)
    origin = Origin(delivery.table or "")
    operations = [str(record[1] or "").strip().upper() for record in chunk]
    good = [(record, op) for record, op in zip(chunk, operations, strict=True) if op in OPERATIONS]
    bad = [
        Defect(int(record[0]), E_OPERATION, json.dumps([_text(v) for v in record[1:]], ensure_ascii=False))
        for record, op in zip(chunk, operations, strict=True)
        if op not in OPERATIONS
    ]
    if good:
        numbers = pa.array([int(record[0]) for record, _ in good], pa.int64())
        columns = [pa.array([_text(record[i]) for record, _ in good], pa.string()) for i in range(2, 2 + len(contract.delivered))]
        first = 2 + len(contract.delivered)
        extra = [{name: _text(v) for name, v in zip(new, record[first:], strict=True)} for record, _ in good] if new else []
        yield rows(contract, columns, numbers, origin, pa.array([op for _, op in good], pa.string()), _order(numbers), extra)
    if bad:
        yield defects(contract, bad, origin, _order(pa.array([d.row_no for d in bad], pa.int64())))


def _order(numbers: pa.Array) -> pa.Array:
    return pc.utf8_lpad(pc.cast(numbers, pa.string()), 20, "0")
