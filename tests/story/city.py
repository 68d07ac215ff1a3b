"""The command line and a small demo city, as a user has them: for tests that tell a whole story."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resources.keys import create_key
from resources.lake import Lake
from tests.departments import ABOUT_PERSONS
from tests.servers.forks import Fork
from tests.servers.need import ROOT

PATIENCE = 900


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def citylake(*arguments: str, cwd: Path, config: Path | None = None, fresh: bool = False) -> Result:
    """Run the command in a process of its own. No setting of the person who runs the tests leaks in.

    fresh: in a Python that begins as a user's does, so that it has an order of sets of its own; else in a fork.
    """
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CITYLAKE_", "DAGSTER_"))}
    if config is not None:
        env["CITYLAKE_CONFIG"] = str(config)
    if fresh:
        env["PYTHONPATH"] = str(ROOT)
        command = [sys.executable, "-c", "from pipelines.cli.main import entry; entry()", *arguments]
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
        return Result(done.returncode, done.stdout, done.stderr)
    with tempfile.TemporaryDirectory() as name:
        fork = Fork(*arguments, cwd=cwd, env=env, out=Path(name, "out"), err=Path(name, "err"))
        try:
            code = fork.wait(PATIENCE)
        finally:
            fork.kill()
        return Result(code, Path(name, "out").read_text(), Path(name, "err").read_text())


def toml(settings: Mapping[str, object]) -> str:
    """The text of a settings file."""
    return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in settings.items())


@dataclass(frozen=True)
class Installation:
    """A lake of one's own with a settings file, in a folder."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> Installation:
        (root / "landing").mkdir(parents=True)
        create_key(root / "pseudonym.key")
        here = cls(root)
        here.config.write_text(toml(here.settings))
        return here

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "lake": f"{self.root}/lake", "landing": f"{self.landing}", "exchange_url": self.exchange_url,
            "key_file": f"{self.root}/pseudonym.key", "home": f"{self.root}/dagster", "profile": "demo",
            "departments": ABOUT_PERSONS,
        }  # fmt: skip

    @property
    def config(self) -> Path:
        return self.root / "citylake.toml"

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def exchange_url(self) -> str:
        return f"sqlite:///{self.root}/exchange.db"

    @property
    def lake(self) -> Lake:
        return Lake(str(self.root / "lake"))

    def run(self, *arguments: str, fresh: bool = False) -> Result:
        return citylake(*arguments, cwd=self.root, config=self.config, fresh=fresh)

    def versions(self) -> dict[str, int | None]:
        """The version of every table but the lake's own books."""
        return {t: self.lake.version(t) for t in self.lake.tables() if not t.startswith("operations/")}
