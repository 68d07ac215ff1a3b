"""What a test needs of the machine: the path of a program, or the test is skipped and says how to get it.

Here: where programs are looked for. Not here: installing them (`make servers`). Under CI a missing program fails the
test: a check that nobody runs is no check.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
JAVA_AT_LEAST = 17


def need(program: str) -> Path:
    """The path of one of PROGRAMS; else skips the test, or fails it where the variable CI is `true`."""
    path = found(program)
    if path is None:
        _missing(f"{program} not installed: run `make servers`")
    return path


@functools.cache
def found(program: str) -> Path | None:
    """The path of the program on this machine, None when there is none that will do."""
    return next((p for p in PROGRAMS[program]() if p.is_file() and os.access(p, os.X_OK)), None)


def _missing(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def _on_path(name: str) -> Iterator[Path]:
    if path := shutil.which(name):
        yield Path(path)


def _minio() -> Iterator[Path]:
    yield ROOT / ".servers" / "bin" / "minio"
    if gobin := os.environ.get("GOBIN"):
        yield Path(gobin) / "minio"
    if go := shutil.which("go"):
        answer = subprocess.run([go, "env", "GOPATH"], capture_output=True, text=True, check=False, timeout=30)
        if answer.returncode == 0 and answer.stdout.strip():
            yield Path(answer.stdout.strip()) / "bin" / "minio"
    yield from _on_path("minio")


def _postgres() -> Iterator[Path]:
    """Debian keeps the programs of each major version in a folder of its own; the newest first."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    yield from sorted(versions, key=lambda p: int(p.parts[-3]) if p.parts[-3].isdigit() else 0, reverse=True)
    yield from (p.resolve() for p in _on_path("postgres"))


def _java() -> Iterator[Path]:
    candidates = [Path(os.environ["JAVA_HOME"]) / "bin" / "java"] if os.environ.get("JAVA_HOME") else []
    for java in [*candidates, *_on_path("java")]:
        if java.is_file():
            told = subprocess.run([str(java), "-version"], capture_output=True, text=True, check=False, timeout=30).stderr
            version = re.search(r'version "(\d+)', told)
            if version and int(version[1]) >= JAVA_AT_LEAST:
                yield java


def _faketime() -> Iterator[Path]:
    yield from _on_path("faketime")


def _chromium() -> Iterator[Path]:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        yield from _on_path(name)


PROGRAMS: dict[str, Callable[[], Iterator[Path]]] = {
    "minio": _minio,
    "postgres": _postgres,
    "java": _java,
    "faketime": _faketime,
    "chromium": _chromium,
}
