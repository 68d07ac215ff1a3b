"""docs/analysts.md: what it shows is run, on disk and in a bucket, and every way gives the same figures."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.analysts.conftest import City
from tests.analysts.test_command_line import _run, serving

pytestmark = pytest.mark.slow

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "analysts.md"
PORTS = {"sc://127.0.0.1:50051": "spark_connect", "grpc://127.0.0.1:32010": "flight_sql"}


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def _commands() -> list[list[str]]:
    lines = "".join(_blocks("bash")).splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


def test_every_way_of_python_gives_the_same(any_city: City, tmp_path: Path) -> None:
    blocks = _blocks("python")
    assert len(blocks) == 6
    code = "\n".join(blocks).replace("/data/lake", any_city.root)
    results = ["pandas", "duckdb", "polars", "spark", "flight"]
    code += "import json as _json\nprint('RESULT', _json.dumps({'counts': [" + ", ".join(f"by_state_{r}" for r in results) + "], "
    code += "'dead': dead.num_rows, 'joined': len(joined), 'release': release['release'], 'again': again.count()}))\n"
    with serving(any_city, tmp_path, "--port", "0", "--flight-port", "0") as said:
        for shown, real in PORTS.items():
            assert shown in code
            code = code.replace(shown, said[real])
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("CITYLAKE_", "AWS_"))}
        environment |= any_city.s3.environment() if any_city.s3 else {}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False
        )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    found = json.loads(line.removeprefix("RESULT "))
    assert found == {"counts": [{"DECEASED": 1, "ACTIVE": 2}] * 5, "dead": 1, "joined": 3, "release": 2, "again": 1}


def test_every_command_is_one(any_city: City, tmp_path: Path) -> None:
    commands = [c for c in _commands() if c[1] != "serve"]
    assert len(commands) == 5
    for program, *arguments in commands:
        assert program == "citylake"
        done = _run(any_city, tmp_path, *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        assert done.stdout, arguments


def test_every_way_to_serve_serves(city: City, tmp_path: Path) -> None:
    """The addresses of the examples may be taken on this machine, or not be its own: free ones instead."""
    commands = [c for c in _commands() if c[1] == "serve"]
    assert len(commands) == 3
    for _, _, *arguments in commands:
        at = {"--host": "127.0.0.1", "--flight-port": "0"}
        given = [at.get(before, argument) for before, argument in zip(["", *arguments], arguments, strict=False)]
        with serving(city, tmp_path, *given, "--port", "0") as said:
            assert said["tables"]


def test_the_variables_of_the_bucket_are_those_citylake_sets(bucket_city: City) -> None:
    (block,) = _blocks("sh")
    shown = {assignment.partition("=")[0] for assignment in shlex.split(block.replace("export", ""), comments=True)}
    assert bucket_city.s3 is not None
    limits = {"AWS_CONNECT_TIMEOUT", "AWS_TIMEOUT"}
    assert shown == set(bucket_city.s3.environment()) - {"AWS_ENDPOINT"} - limits
