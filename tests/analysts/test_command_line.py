"""`citylake sql`, `citylake tables --release` and `citylake serve`, as they are typed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from adbc_driver_flightsql import dbapi
from pyspark.sql import SparkSession

from tests.analysts.conftest import City
from tests.servers.forks import Fork
from tests.servers.proxy import proxy_server


def _environment(city: City) -> dict[str, str]:
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("CITYLAKE_", "AWS_"))}
    return {**mine, **city.settings, "CITYLAKE_LAKE": city.root}


def _run(city: City, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    out, err = folder / "said.out", folder / "said.err"
    fork = Fork(*arguments, cwd=folder, env=_environment(city), out=out, err=err)
    try:
        return subprocess.CompletedProcess(fork.args, fork.wait(120), out.read_text(), err.read_text())
    finally:
        fork.kill()


@contextmanager
def serving(city: City, folder: Path, *arguments: str) -> Iterator[dict[str, Any]]:
    """`citylake serve --json` inside the block; what it said when it was ready. Afterwards it has ended well."""
    said = folder / "said.json"
    server = Fork("serve", "--json", *arguments, cwd=folder, env=_environment(city), out=said, err=folder / "said.err")
    try:
        while not said.read_text().endswith("}\n"):
            assert server.poll() is None, f"ended with {server.poll()}"
            time.sleep(0.05)
        yield json.loads(said.read_text())
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    finally:
        server.kill()
        server.wait(10)


def test_names_are_names_and_strings_are_strings(any_city: City, tmp_path: Path) -> None:
    query = """
        SELECT a.ehr_no, 'themes.health.archive' AS s, "base.population.person" AS t, `p`.name  -- base.population.person
        FROM themes.health.archive AS a /* themes.health.archive */ JOIN `base`.population.Person AS p ON a.person_uid = p.person_uid
        WHERE a.state = 'DECEASED'
    """
    done = _run(any_city, tmp_path, "sql", query, "--json")
    assert json.loads(done.stdout) == [{"ehr_no": "1", "s": "themes.health.archive", "t": "base.population.person", "name": "欧阳测试"}], (
        done.stderr
    )


@pytest.mark.parametrize("name", ["themes.health.archive", "`themes/health/archive`", "themes_health_archive", "THEMES.Health.`archive`"])
def test_a_release_is_read_as_it_was(city: City, tmp_path: Path, name: str) -> None:
    done = _run(city, tmp_path, "sql", f"SELECT count(*) AS n FROM {name}", "--release", "1", "--json")
    assert json.loads(done.stdout) == [{"n": 2}], done.stderr


def test_a_column_is_called_by_its_whole_name(city: City, tmp_path: Path) -> None:
    done = _run(city, tmp_path, "sql", "SELECT max(themes.health.archive.ehr_no) AS m FROM themes.health.archive", "--json")
    assert json.loads(done.stdout) == [{"m": "3"}], done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["sql", "SELECT 'open FROM themes.health.archive"], 2, "error: SQL: the query cannot be read from character 8"),
        (["sql", "SELECT nothing_there FROM themes.health.archive"], 2, "error: SQL: "),
        (["sql", "SELECT * FROM themes.health.archives"], 2, "error: SQL: "),
        (["sql", "SELECT 1", "--release", "9"], 2, "error: RELEASE: there is no release 9"),
        (["tables", "--release", "9"], 2, "error: RELEASE: there is no release 9"),
        (["serve", "--release", "9"], 2, "error: RELEASE: there is no release 9"),
        (["serve", "--release", "newest"], 2, "error: RELEASE: 'newest' is not a release number"),
        (["serve", "--table", "themes.nothing"], 2, "error: TABLE_MISSING: release 2 has no table themes.nothing"),
        (["serve", "--port", "{taken}"], 1, "error: ADDRESS: cannot listen there: Address already in use"),
        (["serve", "--lake", "{empty}"], 1, "error: RELEASE: the lake has no release yet"),
    ],
)
def test_wrong_use_is_one_sentence(city: City, tmp_path: Path, arguments: list[str], code: int, sentence: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = _run(city, tmp_path, *(a.format(taken=taken.getsockname()[1], empty=tmp_path / "empty") for a in arguments))
    assert done.returncode == code
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_tables_of_a_release_are_told_to_programs(any_city: City, tmp_path: Path) -> None:
    done = _run(any_city, tmp_path, "tables", "--release", "1", "--json")
    found = {t["table"]: t for t in json.loads(done.stdout)}
    assert found["themes/health/archive"] == {
        "table": "themes/health/archive",
        "version": 0,
        "uri": f"{any_city.root}/themes/health/archive",
        "as_of": "2019-12-29",
        "remark": None,
    }
    assert set(found) == {"themes/health/archive", "themes/health/indicator", "base/population/person", "operations/release"}
    shown = _run(any_city, tmp_path, "tables", "--release", "1")
    assert "Release 1 as of 2019-12-29" in shown.stdout


def test_serve_answers_both_protocols_and_ends_when_told(any_city: City, tmp_path: Path) -> None:
    with serving(any_city, tmp_path, "--port", "0", "--flight-port", "0", "--release", "1", "--table", "themes") as said:
        assert said["release"] == 1
        assert said["as_of"] == "2019-12-29"
        assert said["tables"] == ["themes.health.archive", "themes.health.indicator"]
        session = SparkSession.builder.remote(said["spark_connect"]).create()
        assert session.table("themes.health.archive").count() == 2
        session.stop()
        with dbapi.connect(said["flight_sql"], autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT value FROM themes.health.indicator")
            assert cursor.fetchall() == [(0.5,)]


def test_only_this_machine_is_served_unless_told_otherwise(city: City, tmp_path: Path) -> None:
    with serving(city, tmp_path, "--port", "0") as said:
        assert said["spark_connect"].startswith("sc://127.0.0.1:")
        assert said["release"] == 2
        assert "flight_sql" not in said


def test_a_bucket_is_only_read(bucket_city: City, tmp_path: Path) -> None:
    """Keys of the store that may only read are enough to serve."""
    with proxy_server(bucket_city.settings["CITYLAKE_S3_ENDPOINT"]) as store:
        seen = replace(bucket_city, settings={**bucket_city.settings, "CITYLAKE_S3_ENDPOINT": store.endpoint})
        with serving(seen, tmp_path, "--port", "0") as said:
            session = SparkSession.builder.remote(said["spark_connect"]).create()
            assert session.table("base.population.person").toPandas().shape == (3, 2)
            session.stop()
        assert {entry.method for entry in store.log} == {"GET", "HEAD"}
