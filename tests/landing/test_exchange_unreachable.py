"""A PostgreSQL that does not answer, or answers no: one sentence that says which, no secret, and tries only where they help."""

from __future__ import annotations

import logging
import secrets
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGDialect

from resources.errors import Unreachable
from resources.landing import LandingZone
from resources.readers import exchange_connection
from tests.landing.department import Department
from tests.landing.writing import contract
from tests.servers.postgres import Postgres
from tests.servers.process import free_port

TABLE = contract("database", table="visits", mode="inc")
DAY = "2019-12-31"
VISIT = {"visit_no": "A1", "name": "x", "visit_date": DAY}


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.url(postgres.database())


@pytest.fixture
def department(url: str) -> Department:
    made = Department(url, TABLE)
    made.deliver(DAY, VISIT)
    return made


@pytest.fixture
def account(department: Department) -> Iterator[Callable[..., str]]:
    """Makes an account that may read the table as far as the grants say; gives its URL."""
    names: list[str] = []

    def make(*grants: str, limit: int = -1) -> str:
        name, password = f"reader_{secrets.token_hex(4)}", f"s3cret{secrets.token_hex(8)}"
        department.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' CONNECTION LIMIT {limit}")
        names.append(name)
        for grant in grants:
            department.execute(f"GRANT {grant} TO {name}")
        return sa.make_url(department.url).set(username=name, password=password).render_as_string(hide_password=False)

    yield make
    for name in names:
        department.execute(f"DROP OWNED BY {name}")
        department.execute(f"DROP ROLE {name}")


def listed(url: str, table: str = "visits") -> list[int]:
    agreed = contract("database", table=table, mode="inc")
    return [d.declared_rows for d in LandingZone("unused", url).drops(agreed)]


def refusal(url: str, table: str = "visits") -> Unreachable:
    """The error of a listing, which holds neither the password nor the account."""
    with pytest.raises(Unreachable) as error:
        listed(url, table)
    expected, parts = "".join(traceback.format_exception(error.value)), sa.make_url(url)
    assert parts.password is not None
    assert parts.username is not None
    assert parts.password not in expected
    assert f'"{parts.username}"' not in expected
    assert "\n" not in str(error.value)
    assert table in str(error.value)
    return error.value


def changed(url: str, **parts: object) -> str:
    return sa.make_url(url).set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type]


def waits(caplog: pytest.LogCaptureFixture) -> int:
    return sum("trying again" in r.getMessage() for r in caplog.records)


def test_a_refusal_is_told_at_once(url: str, department: Department, account: Callable[..., str], caplog: pytest.LogCaptureFixture) -> None:
    allowed = account("SELECT ON visits")
    assert listed(allowed) == [1]
    department.execute("CREATE SCHEMA closed")
    department.execute("CREATE TABLE closed.visits AS SELECT * FROM visits")
    cases = [
        (changed(allowed, password="wrong-s3cret"), "visits", "EXCHANGE_LOGIN: the account or its password is not accepted"),
        (changed(allowed, username="nobody_known"), "visits", "EXCHANGE_LOGIN: the account or its password is not accepted"),
        (changed(allowed, database="nosuch"), "visits", "EXCHANGE_DATABASE: the server has no such database"),
        (changed(allowed, query={"sslmode": "require"}), "visits", "EXCHANGE_DATABASE: the server refuses the connection"),
        (account(), "visits", "EXCHANGE_RIGHTS: the account may not read it"),
        (allowed, "closed.visits", "EXCHANGE_RIGHTS: the account may not read it"),
        (allowed, "nosuch", "EXCHANGE_TABLE: there is no such table"),
        (allowed, "nosuch.visits", "EXCHANGE_TABLE: there is no such table"),
    ]
    for where, table, expected in cases:
        assert str(refusal(where, table)).startswith(expected)
    assert waits(caplog) == 0


def test_nobody_listens(url: str, caplog: pytest.LogCaptureFixture) -> None:
    error = refusal(changed(url, port=free_port()))
    assert str(error).startswith("EXCHANGE_DATABASE: nobody listens at this address")
    assert waits(caplog) == exchange_connection.TRIES - 1


def test_unknown_host(url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = refusal(changed(url, host="db.example"))
    assert str(error).startswith("EXCHANGE_DATABASE: no address is known for this host (postgresql db.example:")
    assert waits(caplog) == exchange_connection.TRIES - 1


@pytest.mark.slow
def test_a_server_that_accepts_and_never_answers(url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begin = time.monotonic()
        error = refusal(changed(url, port=silent.getsockname()[1]))
    assert str(error).startswith("EXCHANGE_DATABASE: no answer within 4 s")
    assert 3 * 4 - 1 < time.monotonic() - begin < 20


def test_a_full_server_is_asked_again(department: Department, account: Callable[..., str], caplog: pytest.LogCaptureFixture) -> None:
    limited = account("SELECT ON visits", limit=1)
    held = sa.create_engine(limited, poolclass=sa.NullPool).connect()
    backend = held.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()

    class LetGo(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "full" in record.getMessage():
                held.close()
                department.execute(f"SELECT pg_terminate_backend({backend}, 5000)")  # waits until it is gone

    handler = LetGo()
    exchange_connection.log.addHandler(handler)
    try:
        assert listed(limited) == [1]
    finally:
        exchange_connection.log.removeHandler(handler)
        held.close()
    assert waits(caplog) >= 1


def test_a_listing_that_is_cut_is_asked_again(department: Department, monkeypatch: pytest.MonkeyPatch) -> None:
    cut: list[str] = []

    def break_off(_: object, cursor: object, statement: str, *__: object) -> None:
        if "GROUP BY" in statement and not cut:
            cut.append(statement)
            department.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'citylake'")

    sa.event.listen(sa.Engine, "before_cursor_execute", break_off)
    try:
        assert listed(department.url) == [1]
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", break_off)
    assert cut


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("SET LOCAL statement_timeout = '100ms'", "the answer took longer than"),
        ("SET LOCAL lock_timeout = '100ms'", "the table has been locked for"),
    ],
)
def test_a_table_that_does_not_answer_in_time(department: Department, limit: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = exchange_connection.DRIVERS["psycopg"]
    monkeypatch.setitem(exchange_connection.DRIVERS, "psycopg", replace(driver, begin=(limit,)))
    with department.transaction() as transaction:
        transaction.execute(sa.text("LOCK TABLE visits IN ACCESS EXCLUSIVE MODE"))
        error = refusal(department.url)
    assert error.what.startswith(expected)


def test_the_time_limits_hold_on_the_server_and_nothing_can_be_written(department: Department) -> None:
    def asked(connection: sa.Connection) -> list[str]:
        names = ("statement_timeout", "lock_timeout", "transaction_isolation", "transaction_read_only")
        return [connection.execute(sa.text(f"SHOW {name}")).scalar_one() for name in names]

    with exchange_connection.snapshot(department.url, "visits", asked) as (_, found):
        assert found == ["10min", "30s", "repeatable read", "on"]


def test_a_server_of_another_kind(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise AssertionError("Could not determine version from string '(openGauss 5.0.0)'")

    monkeypatch.setattr(PGDialect, "_get_server_version_info", unknown)
    with pytest.raises(Unreachable, match="EXCHANGE_URL: the server is not of the kind the URL says"):
        listed(url)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('致命错误:  用户 "x" Password 认证失败', "the account or its password is not accepted"),
        ('致命错误:  数据库 "x" 不存在', "the server has no such database"),
        ("致命错误:  数据库系统启动中", "the server is starting, stopping or full"),
        ('致命错误:  没有用于主机 "h", 用户 "x", 数据库 "d" 的 pg_hba.conf 记录', "the server does not admit this account"),
        ("致命错误:  对不起, 已经有太多的客户", "the server is starting, stopping or full"),
    ],
)
def test_a_server_that_speaks_chinese(url: str, words: str, expected: str) -> None:
    """What a server refuses before it knows anybody it says in its own language, without a code."""
    packet = b"SFATAL\0C00000\0M" + words.removeprefix("致命错误:  ").encode() + b"\0\0"
    packet = packet.replace(b"SFATAL", b"S" + "致命错误".encode())
    answer = b"E" + (len(packet) + 4).to_bytes(4, "big") + packet
    with socket.create_server(("127.0.0.1", 0)) as server, answering(server, answer):
        error = refusal(changed(url, port=server.getsockname()[1]))
    assert error.what.startswith(expected)


class answering:  # noqa: N801
    """Every connection to the server gets these bytes for its first packets."""

    def __init__(self, server: socket.socket, answer: bytes) -> None:
        import threading

        self._server, self._answer = server, answer
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                first = connection.recv(1024)
                if first[4:8] == b"\x04\xd2\x16\x2f":  # a question for TLS
                    connection.sendall(b"N")
                    connection.recv(1024)
                connection.sendall(self._answer)
                connection.recv(1024)
