"""An installation in a folder, complete or with one thing wrong, and the doctor as a user calls it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resources.keys import create_key
from tests.servers.minio import Minio
from tests.story.city import Result, citylake, toml


@dataclass(frozen=True)
class Report:
    """What the doctor said, and everything it printed."""

    result: Result
    checks: dict[str, dict[str, Any]]
    settings: dict[str, str]

    @property
    def code(self) -> int:
        return self.result.code

    @property
    def printed(self) -> str:
        return self.result.out + self.result.err

    def verdict(self, check: str) -> str:
        return str(self.checks[check]["verdict"])

    def found(self, check: str) -> str:
        return str(self.checks[check]["found"])

    def remedy(self, check: str) -> str:
        return str(self.checks[check]["remedy"])

    @property
    def bad(self) -> set[str]:
        return {name for name, c in self.checks.items() if c["verdict"] not in ("ok", "not used")}


def install(root: Path, **settings: object) -> Path:
    """The settings file of an installation with a key and an exchange database; its folders are for `bootstrap` to make."""
    create_key(root / "pseudonym.key")
    with sqlite3.connect(root / "exchange.db") as database:
        database.execute("CREATE TABLE anything (a)")
    database.close()
    values: dict[str, object] = {
        "lake": str(root / "lake"),
        "landing": str(root / "landing"),
        "exchange_url": f"sqlite:///{root}/exchange.db",
        "key_file": str(root / "pseudonym.key"),
        "home": str(root / "dagster"),
        **settings,
    }
    config = root / "citylake.toml"
    config.write_text(toml(values))
    return config


def on_minio(root: Path, minio: Minio, bucket: str, **settings: object) -> Path:
    return install(
        root,
        **{
            "lake": f"s3://{bucket}/lake",
            "landing": f"s3://{bucket}/landing",
            "s3_endpoint": minio.endpoint,
            "s3_access_key": minio.access_key,
            "s3_secret_key": minio.secret_key,
            **settings,
        },
    )


def bootstrap(config: Path) -> Result:
    done = citylake("bootstrap", cwd=config.parent, config=config)
    assert done.code == 0, done.err
    return done


def doctor(config: Path, *options: str) -> Report:
    done = citylake("doctor", "--json", *options, cwd=config.parent, config=config)
    told = done.json()
    return Report(done, {c["check"]: c for c in told["checks"]}, told["settings"])


def files(root: Path) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
