"""What the departments and the engineer do with an installation that is up: deliver, look into the lake.

Here: a demo city's deliveries into its object store and exchange database. Not here: starting it (conftest.py).
"""

from __future__ import annotations

import io
import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import sqlalchemy as sa
from pydantic import SecretStr

from pipelines.control.ledger import Ledger
from resources.lake import Lake
from resources.s3 import S3
from simulator import City
from tests.installation.dagster_ui import DagsterUi

TAKING_PART = ["civil_affairs/cremation", "public_security/resident"]
"""They deliver files and rows of the exchange database, of which the population is made. What each function makes on Spark is compared in
`tests/differential`; here the services are tried."""
LANDING = "s3://citylake-landing/drops"
LAKE = "s3://citylake/lake"
LISTENS = "0A"
LOOPBACK = ("0100007F:", "0000000000000000FFFF00000100007F:", "00000000000000000000000001000000:")
"""127.0.0.1, the same as IPv6, and ::1, as /proc/net writes them."""


@dataclass(frozen=True)
class Installation:
    """A running installation, by the folder of its state."""

    folder: Path

    @property
    def _told(self) -> Any:
        return json.loads((self.folder / "installation.json").read_text())

    def pid(self, service: str) -> int:
        return int(self._told["pids"][service])

    def address(self, service: str) -> str:
        return str(self._told["addresses"][service])

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text()

    def complaints(self, service: str) -> list[str]:
        """The lines of a service's log that tell of something gone wrong, and those after them."""
        lines = (self.folder / "logs" / f"{service}.log").read_text("utf-8", "replace").splitlines()
        found = [n for n, line in enumerate(lines) if re.search(r"ERROR|FATAL|OutOfMemory|StackOverflow|stopping|Killed", line)]
        return [line[:300] for n in found[:10] for line in lines[n : n + 6]]

    def told_secrets(self) -> list[str]:
        """The logs that tell a secret, and which."""
        secrets = {p.name: p.read_text() for p in (self.folder / "secrets").iterdir()}
        logs = [p for part in ("logs", "volumes/dagster") for p in (self.folder / part).rglob("*") if p.is_file()]
        assert logs
        return [
            f"{log}: {name}" for log in logs for name, secret in secrets.items() if secret and secret in log.read_text("utf-8", "replace")
        ]

    @property
    def addresses(self) -> list[str]:
        return list(self._told["addresses"].values())

    def processes(self) -> list[Path]:
        """Where the system tells of all processes that it has started: they keep their temporary files in its folder."""
        mark, found = f"TMPDIR={self.folder}/".encode(), []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if any(x.startswith(mark) for x in (process / "environ").read_bytes().split(b"\0")):
                    found.append(process)
        return found

    def ports_open_to_others(self) -> list[str]:
        """Sockets of its processes that listen on more than the loopback address: address and port as the system writes them."""
        sockets = {os.readlink(fd) for p in self.processes() for fd in descriptors(p)}
        lines = [line.split() for table in ("tcp", "tcp6") for line in Path("/proc/net", table).read_text().splitlines()[1:]]
        listening = {f"socket:[{line[9]}]": line[1] for line in lines if line[3] == LISTENS}
        mine = [place for socket, place in listening.items() if socket in sockets]
        assert len(mine) >= len(self.addresses), "each service has at least one"
        return [place for place in mine if not place.startswith(LOOPBACK)]

    @property
    def ui(self) -> DagsterUi:
        return DagsterUi(f"http://{self.address('webserver')}")

    @cached_property
    def s3(self) -> S3:
        key = SecretStr(self.secret("citylake_s3_secret_key"))
        return S3(f"http://{self.address('minio')}", "us-east-1", "citylake", key)

    @cached_property
    def lake(self) -> Lake:
        return Lake(LAKE, self.s3)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.lake)

    def writer(self, table: str) -> str:
        """The program that has written a table's newest files, as they say themselves."""
        handle = self.lake.open(table)
        assert handle is not None
        file = urlsplit(handle.file_uris()[0])
        body = self.s3.client().get_object(Bucket=file.netloc, Key=file.path[1:])["Body"].read()
        return str(pq.ParquetFile(io.BytesIO(body)).metadata.created_by)

    def settings_on_a_folder(self, root: Path) -> dict[str, Any]:
        """Settings that read the same deliveries into a lake in a folder, on the embedded engine."""
        return {
            "lake": f"{root}/lake", "landing": LANDING, "home": f"{root}/dagster", "engine": "sail", "profile": "demo",
            "departments": TAKING_PART,
            "exchange_url": self.secret("citylake_exchange_url"), "key_file": f"{self.folder}/secrets/pseudonym_key",
            "s3_endpoint": self.s3.endpoint or "", "s3_access_key": "citylake", "s3_secret_key": self.secret("citylake_s3_secret_key"),
        }  # fmt: skip

    def database(self, name: str = "dagster") -> sa.Engine:
        """A database of the installation's PostgreSQL."""
        host, _, port = self.address("postgres").partition(":")
        url = sa.URL.create("postgresql+psycopg", "dagster", self.secret("postgres_password"), host, int(port), name)
        return sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")

    def exchange_database(self) -> None:
        """Make an exchange database and tell the installation of it, by its secret."""
        with self.database().connect() as connection:
            connection.execute(sa.text("CREATE DATABASE exchange"))
        url = self.database("exchange").url.render_as_string(hide_password=False)
        (self.folder / "secrets" / "citylake_exchange_url").write_text(url)

    def deliver(self, city: City, night: int, desk: Path) -> None:
        """One night's drops, each with its manifest last, and its rows in the exchange database. `desk`: an empty folder."""
        city.deliver(night, desk, self.secret("citylake_exchange_url"))
        place, client = urlsplit(LANDING), self.s3.client()
        for file in sorted((p for p in desk.rglob("*") if p.is_file()), key=lambda p: (p.name == "manifest.json", p)):
            client.upload_file(str(file), place.netloc, f"{place.path[1:]}/{file.relative_to(desk).as_posix()}")


def descriptors(process: Path) -> list[Path]:
    with suppress(OSError):
        return [fd for fd in (process / "fd").iterdir() if fd.is_symlink()]
    return []
