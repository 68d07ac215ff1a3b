"""A connection to an exchange database: one snapshot, time-outs, retries, and errors a person can act on.

Here: connecting through SQLAlchemy, what differs between drivers, which errors may pass, what each is called.
Not here: which tables exist and what they contain (`database`).

A refusal is reported at once; only transient failures (connection refused, no answer, server starting) are retried,
`TRIES` times within about 15 seconds. That covers connecting and the caller's first queries, not the rows: a broken stream is
restarted by the caller. The driver's messages may contain values: they are matched, never shown.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SQLAlchemyError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from resources.errors import Unreachable

log = logging.getLogger(__name__)

T = TypeVar("T")

TRIES = 3
PAUSE = 0.5
"""Seconds before the second try, doubled before the next; as much again is added at random."""
CONNECT_SECONDS = 4
STATEMENT = "10min"
"""The longest a listing or one fetch of rows may take."""
LOCK = "30s"
REMEDY = "Check the address, the account and that the database is up; then try again"


@dataclass(frozen=True)
class Driver:
    """Settings of one driver: arguments of its connect, and statements that begin the transaction."""

    connect: Mapping[str, Any] = field(default_factory=dict)
    begin: tuple[str, ...] = ()


_LIBPQ = Driver(
    {
        "connect_timeout": CONNECT_SECONDS,
        "client_encoding": "utf8",
        "application_name": "citylake",
        "keepalives": 1,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 60_000,
    },
    # not connection options, which poolers such as PgBouncer refuse
    (f"SET LOCAL statement_timeout = '{STATEMENT}'", f"SET LOCAL lock_timeout = '{LOCK}'"),
)
DRIVERS = {
    "psycopg": _LIBPQ,
    "psycopg2": _LIBPQ,
    "pysqlite": Driver({"timeout": CONNECT_SECONDS}, ("BEGIN",)),  # by itself it begins with the first write only
}
SNAPSHOT = ("REPEATABLE READ", "SERIALIZABLE")
"""Isolation levels that show one state of the database, the cheaper first."""


@dataclass(frozen=True)
class Verdict:
    """A kind of failure: how it is recognised (SQLSTATE; else the message, in English or Chinese), and what is reported."""

    code: str
    what: str
    remedy: str = REMEDY
    states: tuple[str, ...] = ()
    words: str = "(?!)"
    passing: bool = False


_LOGIN = "Correct the account or the password in the setting exchange_url"
_CREATE = "Have the department create it, or correct the contract"
_GRANT = "Have the department grant SELECT on it to the account of the lake"
_INDEX = "Have the department put an index on the batch column"
VERDICTS = (
    Verdict("EXCHANGE_LOGIN", "the account or its password is not accepted", _LOGIN, ("28",),
            r"password authentication failed|no password supplied|role .* (does not exist|is not permitted)|"
            "认证失败|角色.*不存在|不允许角色"),
    Verdict("EXCHANGE_LOGIN", "the server does not admit this account from this machine", "Have the department admit it",
            words=r"pg_hba\.conf"),
    Verdict("EXCHANGE_DATABASE", "the server has no such database", "Correct the name in the setting exchange_url", ("3D000",),
            "database .* does not exist|数据库.*不存在"),
    Verdict("EXCHANGE_RIGHTS", "the account may not read it", _GRANT, ("42501",), "permission denied|权限不够"),
    Verdict("EXCHANGE_TABLE", "the table is not there, or not as it was a moment ago", _CREATE, ("42P01", "42703", "3F000")),
    Verdict("EXCHANGE_DATABASE", f"the answer took longer than {STATEMENT}", _INDEX, ("57014",)),
    Verdict("EXCHANGE_DATABASE", f"the table has been locked for {LOCK}", "Try again when the department has done", ("55P03",)),
    Verdict("EXCHANGE_DATABASE", "the server is starting, stopping or full, or has ended the connection", states=("57P", "53"),
            words="starting up|shutting down|recovery mode|too many (clients|connections)|connection slots|"
            "启动中|停止中|恢复模式|太多|连接位置",
            passing=True),
    Verdict("EXCHANGE_DATABASE", "the connection was cut", states=("08",), passing=True),
    Verdict("EXCHANGE_DATABASE", "the transaction conflicted with another", states=("40",), passing=True),
    Verdict("EXCHANGE_DATABASE", "the database is locked", words="database is locked", passing=True),
    Verdict("EXCHANGE_DATABASE", "no address is known for this host", words="resolve host|translate host name|转换主机", passing=True),
    Verdict("EXCHANGE_DATABASE", "nobody listens at this address", words="[Cc]onnection refused|拒绝连接|连接被拒绝", passing=True),
    Verdict("EXCHANGE_DATABASE", f"no answer within {CONNECT_SECONDS} s", words="timeout expired|timed out|超时", passing=True),
    Verdict("EXCHANGE_DATABASE", "the server refuses the connection", words="FATAL|致命错误|SSL was required|要求使用 SSL"),
)  # fmt: skip
LOST = Verdict("EXCHANGE_DATABASE", "the connection was cut", passing=True)
NO_CONNECTION = Verdict("EXCHANGE_DATABASE", "no connection can be made", passing=True)


def parsed(url: str | None) -> sa.URL:
    """Raises Unreachable (EXCHANGE_URL) when it is no URL."""
    try:
        return sa.make_url(url or "")
    except (SQLAlchemyError, ValueError):
        what = "the URL of the exchange database is not a SQLAlchemy URL" if url else "no URL of an exchange database is set"
        remedy = "Set it, for example postgresql+psycopg://user:password@host/name"
        raise Unreachable("EXCHANGE_URL", what, "setting exchange_url", remedy) from None


def address(url: str | None) -> str:
    """Host and database: never the user, the password or the options. Raises Unreachable (EXCHANGE_URL)."""
    known = parsed(url)
    return f"{known.get_backend_name()} {known.host or ''}{f':{known.port}' if known.port else ''}/{known.database or ''}"


@contextmanager
def snapshot(url: str | None, table: str | None, first: Callable[[sa.Connection], T]) -> Iterator[tuple[sa.Connection, T]]:
    """Open a read-only transaction on one state of the database, and run the caller's first queries in it.

    Args:
        url: SQLAlchemy URL of the exchange database.
        table: Named in errors; None when no single table is meant.
        first: The first queries; called again when the connection is retried.

    Yields:
        The connection, and the result of `first`.

    Raises:
        Unreachable: For every error of the driver.
    """
    target, where = parsed(url), address(url) + (f", table {table}" if table else "")
    if target.get_backend_name() == "sqlite" and target.database and not Path(target.database).exists():
        raise Unreachable("EXCHANGE_DATABASE", "the database file does not exist", where, REMEDY)
    tries = Retrying(
        stop=stop_after_attempt(TRIES),
        wait=wait_exponential_jitter(initial=PAUSE, jitter=PAUSE),
        retry=retry_if_exception(lambda e: isinstance(e, DBAPIError) and _verdict(e).passing),
        before_sleep=lambda state: _log_retry(state, where),
        reraise=True,
    )
    try:
        driver = DRIVERS.get(target.get_driver_name(), Driver())
        wanted = {k: v for k, v in driver.connect.items() if k not in target.query}
        engine = sa.create_engine(target, poolclass=sa.NullPool, hide_parameters=True, connect_args=wanted)
        connection, answer = tries(_begun, engine, driver, first)
        with connection:
            yield connection, answer
    except NoSuchTableError:
        raise Unreachable("EXCHANGE_TABLE", "there is no such table", where, _CREATE) from None
    except DBAPIError as e:
        verdict = _verdict(e)
        raise Unreachable(verdict.code, verdict.what, where, verdict.remedy) from None
    except (SQLAlchemyError, ModuleNotFoundError) as e:
        what = f"the exchange database cannot be read ({type(e).__name__})"
        raise Unreachable("EXCHANGE_DATABASE", what, where, REMEDY) from None


def _begun(engine: sa.Engine, driver: Driver, first: Callable[[sa.Connection], T]) -> tuple[sa.Connection, T]:
    try:
        connection = engine.connect()
    except AssertionError:  # SQLAlchemy's, when the server does not say PostgreSQL
        remedy = "Install the SQLAlchemy dialect made for this server and name it in the setting exchange_url"
        raise Unreachable("EXCHANGE_URL", "the server is not of the kind the URL says", "setting exchange_url", remedy) from None
    try:
        offered = engine.dialect.get_isolation_level_values(connection.connection.dbapi_connection)  # type: ignore[arg-type]
        level = next(name for name in SNAPSHOT if name in offered)
        connection = connection.execution_options(isolation_level=level, postgresql_readonly=True)
        for statement in driver.begin:
            connection.execute(sa.text(statement))
        return connection, first(connection)
    except BaseException:
        connection.close()
        raise


def _verdict(error: DBAPIError) -> Verdict:
    state, words = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None), str(error.orig)
    for verdict in VERDICTS:
        if state.startswith(verdict.states) if state else re.search(verdict.words, words):
            return verdict
    if error.connection_invalidated:
        return LOST
    if error.statement is None and not state and isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return NO_CONNECTION
    detail = f" (SQLSTATE {state})" if state else ""
    return Verdict("EXCHANGE_DATABASE", f"the exchange database cannot be read: {type(error.orig).__name__}{detail}")


def _log_retry(state: RetryCallState, where: str) -> None:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, DBAPIError):
        log.warning("%s: %s, trying again", where, _verdict(error).what)
