"""A demo city whose lake is in a bucket, run by the command line in processes that a test can wait for and kill.

Here: its settings, its runs, what each left in the lake. Not here: what is done to the store meanwhile (the tests).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.control.ledger import Ledger
from resources.lake import Lake
from tests.differential.lakes import differences
from tests.servers.forks import Fork
from tests.servers.minio import Minio
from tests.story.city import Installation, Result, toml

PATIENCE = 420
"""Seconds for a night on a machine that is busy with other things."""
PAUSE = 0.05


@dataclass(frozen=True)
class Delivered:
    """What the departments have delivered for the first night, and what an undisturbed run makes of it."""

    desk: Installation
    day: date

    def lake_in(self, minio: Minio, root: Path, endpoint: str, **more: object) -> City:
        """The same deliveries for an empty lake in a new bucket. more: settings."""
        root.mkdir()
        where = f"s3://{minio.bucket()}/lake"
        store = {"s3_endpoint": endpoint, "s3_access_key": minio.access_key, "s3_secret_key": minio.secret_key}
        (root / "citylake.toml").write_text(toml({**self.desk.settings, "lake": where, "home": f"{root}/dagster", **store, **more}))
        return City(root, self, where, minio)


@dataclass(frozen=True)
class City:
    root: Path
    delivered: Delivered
    where: str
    minio: Minio

    @property
    def lake(self) -> Lake:
        """The lake as it is, past any proxy."""
        return Lake(self.where, self.minio.s3())

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.lake)

    @contextmanager
    def night(self, *select: str) -> Iterator[Night]:
        """A night under way, of all tables or of some; it is gone after the block."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(("CITYLAKE_", "DAGSTER_"))}
        env["CITYLAKE_CONFIG"] = str(self.root / "citylake.toml")
        told = ["run", "--as-of", self.delivered.day.isoformat(), *[x for table in select for x in ("--select", table)]]
        running = Fork(*told, cwd=self.root, env=env, out=self.root / "out", err=self.root / "err")
        try:
            yield Night(running, self.root)
        finally:
            running.kill()
            running.wait()

    def run(self, *select: str) -> Result:
        with self.night(*select) as night:
            return night.result()

    def differs(self, only: Collection[str] = ()) -> dict[str, str]:
        """From the undisturbed run: table -> the first difference. only: of these tables."""
        return differences(self.delivered.desk.lake, self.lake, only)


@dataclass(frozen=True)
class Night:
    process: Fork
    root: Path

    def result(self) -> Result:
        code = self.process.wait(PATIENCE)
        return Result(code, (self.root / "out").read_text(), (self.root / "err").read_text())

    def until(self, happened: Callable[[], bool]) -> None:
        """Wait until something happens that the run itself brings about."""
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert self.process.poll() is None, (self.root / "err").read_text()
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(PAUSE)
