"""A PostgreSQL server with a cluster, a port and a random password of its own.

Here: one cluster and its databases. Not here: what is kept in them. PostgreSQL refuses to run as root: then it runs
as an unprivileged user, to whom its folder belongs.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from tests.servers.need import need
from tests.servers.process import LOOPBACK, Process, as_user, environment, free_port, in_a_folder

USER = "citylake"
CLUSTER = ("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync")
UNPRIVILEGED = ("postgres", "nobody")
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "jit=off", "shared_buffers=32MB")
DURABLE = ("shared_buffers=256MB",)
"""As in deploy/compose.yaml: a commit is on the disk when it is acknowledged."""


class Postgres:
    """A PostgreSQL cluster that lives as long as the test.

    Args:
        folder: its own.
        settings: of the server, as `name=value`.

    Raises:
        RuntimeError: the cluster cannot be made, or does not answer.
    """

    def __init__(self, folder: Path, settings: Sequence[str] = FAST) -> None:
        self._bin = need("postgres").parent
        self.folder, self.port = folder, free_port()
        self.user, self.password = USER, secrets.token_urlsafe(16)
        self._account = _unprivileged()
        if self._account is not None:
            os.chown(folder, self._account, -1)
        self._initialise()
        where = ["-D", str(folder / "data"), "-h", LOOPBACK, "-p", str(self.port)]
        command = [
            str(self._bin / "postgres"),
            *where,
            *(x for setting in (*settings, "unix_socket_directories=") for x in ("-c", setting)),
        ]
        self._process = Process(command, folder / "postgres.log", env=environment(folder), folder=folder, user=self._account)
        self.seconds_to_start = self._process.start(self._answers)

    @property
    def pid(self) -> int:
        return self._process.pid

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy URL of a database, password and all."""
        return f"postgresql+psycopg://{self.user}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def database(self, name: str | None = None) -> str:
        """A new database, by default under a name nobody uses; its name."""
        name = name or f"db_{secrets.token_hex(6)}"
        engine = sa.create_engine(self.url(), isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {engine.dialect.identifier_preparer.quote(name)}"))
        return name

    def stop(self) -> None:
        self._process.stop(signal.SIGINT)  # its fast shutdown: open connections are ended

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        if self._account is not None:
            os.chown(secret, self._account, -1)
        made = subprocess.run(
            [str(self._bin / "initdb"), "-D", str(self.folder / "data"), "-U", self.user, "--pwfile", str(secret), *CLUSTER],
            env=environment(self.folder),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            **as_user(self._account),
        )
        secret.unlink()
        if made.returncode:
            raise RuntimeError(f"initdb failed:\n{made.stderr[-2000:]}")

    def _answers(self) -> bool:
        ask = [str(self._bin / "pg_isready"), "-q", "-h", LOOPBACK, "-p", str(self.port), "-t", "2"]
        return subprocess.run(ask, check=False, timeout=10).returncode == 0


def _unprivileged() -> int | None:
    """The user number to run as: None for "as I am"."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise RuntimeError(f"PostgreSQL does not run as root, and none of the users {', '.join(UNPRIVILEGED)} exists")


def postgres_server(settings: Sequence[str] = FAST) -> contextlib.AbstractContextManager[Postgres]:
    """A PostgreSQL inside the block, with these settings; nothing of it is left after."""
    return in_a_folder("postgres", lambda folder: Postgres(folder, settings))
