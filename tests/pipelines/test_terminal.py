"""What people see on a terminal: every encoding, one sentence for what cannot be, and the exit code of wrong use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.orchestration.unended import begun
from pipelines.runtime import Runtime
from tests.cleansed.nights import night, staff
from tests.deliveries import deliver
from tests.story.city import toml

ROOT = Path(__file__).parents[2]
STAFF, D29 = "health/staff", "2019-12-29"
RARE = "王𠮷㐂"
"""The first character is in GBK; the others are in no code page of a terminal."""


@pytest.fixture
def city(installation: Callable[..., Runtime]) -> Runtime:
    city = installation()
    settings = city.settings
    Path(settings.lake).mkdir()
    config = {"lake": settings.lake, "landing": settings.landing, "key_file": str(settings.key_file), "home": str(settings.home)}
    Path(settings.landing).with_name("citylake.toml").write_text(
        toml(
            {
                **config,
                "exchange_url": f"sqlite:///{Path(settings.landing).parent}/exchange.db",
                "profile": "demo",
                "departments": settings.departments,
            }
        )
    )
    return city


def run(city: Runtime, *arguments: str, encoding: str = "utf-8") -> tuple[int, str, str]:
    """Run the command on a terminal of an encoding: exit code, standard output, standard error."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CITYLAKE_", "DAGSTER_"))}
    config = Path(city.settings.landing).with_name("citylake.toml")
    done = subprocess.run(
        [sys.executable, "-c", "from pipelines.cli.main import entry; entry()", *arguments],
        env={**env, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding, "CITYLAKE_CONFIG": str(config)},
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout.decode(encoding), done.stderr.decode(encoding)


def test_a_terminal_shows_what_it_can_and_escapes_the_rest(city: Runtime) -> None:
    deliver(city, STAFF, D29, [staff("A", name=RARE)])
    night(city, STAFF, D29)
    query = "SELECT name FROM cleansed.health.staff"

    code, out, err = run(city, "sql", query, encoding="gbk")
    assert (code, "王\\U00020bb7\\u3402" in out) == (0, True), err
    code, out, err = run(city, "sql", query, encoding="ascii")
    assert (code, "\\u738b\\U00020bb7\\u3402" in out) == (0, True), err
    for encoding in ("gbk", "ascii", "utf-8"):
        code, out, err = run(city, "sql", query, "--json", encoding=encoding)
        assert (code, json.loads(out)) == (0, [{"name": RARE}]), err
    assert RARE in out, "a terminal that can show everything gets everything"

    for command in (("tables",), ("status",), ("holds",), ("quarantine",), ("notify",), ("explain", RARE), ("--help",)):
        code, _, err = run(city, *command, encoding="ascii")
        assert (code in (0, 1, 3), "Traceback" in err, "UnicodeEncodeError" in err) == (True, False, False), (command, err)


def test_a_date_without_a_night_is_one_sentence(city: Runtime) -> None:
    for day, why in (("2016-01-01", "2016-01-01 is before the first date of this lake"), ("2999-01-01", "2999-01-01 has not ended yet")):
        code, out, err = run(city, "run", "--as-of", day)
        assert (code, out) == (2, "")
        assert err.startswith(f"error: AS_OF: {why} (--as-of). Give a date from 2017-12-01 to ")
        assert len(err.splitlines()) == 1
    code, _, err = run(city, "run", "--as-of", "29.12.2019")
    assert (code, len(err.splitlines())) == (2, 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "--as-of", D29, "--select", "cleansed/health/nothing"), "error: SELECT: there is no table cleansed/health/nothing"),
        (("run", "--as-of", D29, "--key-file", "/no/key", "--select", "no/such/table"), "error: SELECT: there is no table no/such/table"),
        (("contract", "cleansed/health/nothing"), "error: CONTRACT_UNKNOWN: no contract is named cleansed/health/nothing"),
        (("contract", "cleansed/health/archive", "--ddl"), "error: DDL: cleansed/health/archive is not delivered by the exchange"),
        (("holds", "health/nothing"), "error: TABLE_MISSING: no department delivers health/nothing"),
        (("refuse-hold", "health/nothing", D29, "--why", "x"), "error: TABLE_MISSING: no department delivers health/nothing"),
        (("run", "--as-of", "the 29th"), "error: AS_OF: 'the 29th' is not a date"),
        (("sql", "SELECT * FROM cleansed.health.nothing"), "error: SQL: "),
        (("maintain", "--table", "cleansed/health/nothing"), "error: TABLE_MISSING: there is no table cleansed/health/nothing"),
        (("quarantine", "health/nothing"), "error: TABLE_MISSING: no row was ever quarantined for health/nothing"),
        (("release-hold", STAFF, "29", "--why", "x"), "error: DATE: '29' is not a date"),
    ],
)
def test_wrong_use_ends_with_two_and_one_sentence(city: Runtime, arguments: tuple[str, ...], sentence: str) -> None:
    code, _, err = run(city, *arguments)
    assert code == 2, err
    assert err.splitlines()[-1].startswith(sentence)
    assert "Traceback" not in err


def test_nobody_takes_an_empty_lake_for_one_in_order(city: Runtime) -> None:
    for command in (("holds",), ("quarantine",), ("status",)):
        code, out, err = run(city, *command)
        assert (code, out.startswith(f"The lake at {city.settings.lake} is empty. Run a night: ")) == (0, True), (command, out, err)
    for command, code in ((("explain", "321002"), 1), (("sql", "SELECT state FROM themes.health.archive"), 2)):
        ended, out, err = run(city, *command)
        assert (ended, out) == (code, ""), err
        assert f"the lake is empty ({city.settings.lake}). Run a night first, or name another lake by --lake or CITYLAKE_CONFIG." in err


def test_a_night_without_a_release_is_in_the_status_until_there_is_one(city: Runtime) -> None:
    deliver(city, STAFF, D29, [staff("A")])
    night(city, STAFF, D29)
    day, home = date(2019, 12, 30), city.settings.home
    with begun(home, day), begun(home, day):
        code, out, err = run(city, "status")
        assert (code, "The night of 2019-12-30 is running: its tables are in no release yet.\n" in out) == (0, True), err
    code, out, err = run(city, "status")  # as kill -9 leaves it: the file is there, and nobody holds its lock
    assert code == 1, err
    assert "The night of 2019-12-30 has no release: it was killed, gave up its lake or failed. Run it again: " in out
    assert json.loads(run(city, "status", "--json")[1])["unended"] == ["2019-12-30"]
    with begun(home, day + timedelta(days=1)) as released:
        released()
    code, out, err = run(city, "status")
    assert (code, "2019-12-30" in out) == (0, False), err


def test_the_sql_of_an_exchange_table_stands_in_the_document(city: Runtime) -> None:
    code, out, err = run(city, "contract", "cleansed/public_security/resident", "--ddl")
    assert code == 0, err
    assert f"```sql\n{out}```\n" in (ROOT / "docs" / "deliveries.md").read_text(encoding="utf-8")


def test_a_syntax_error_is_named_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "theme_of_tomorrow.py").write_text("def rule(((:\n")
    program = "import sys; from pipelines.cli import main; main.app = lambda: __import__('theme_of_tomorrow'); sys.exit(main.entry())"
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, check=False, text=True, timeout=120)
    assert done.returncode == 1
    assert f"({tmp_path}/theme_of_tomorrow.py, line 1). Correct the file; nothing was run." in done.stderr


@pytest.mark.slow
def test_a_drop_of_an_impossible_date_is_one_sentence(city: Runtime) -> None:
    for day in ("2016-01-01", "2999-01-01", D29):
        deliver(city, STAFF, day, [staff("A")])
    code, out, err = run(city, "run", "--as-of", D29, "--json")
    refused = json.loads(out)["refused_deliveries"]
    assert [line.partition(" (")[0] for line in refused if line.startswith("DELIVERY_DATE")] == [
        "DELIVERY_DATE: the drop's date 2016-01-01 is before 2017-12-01, the first date of this lake",
        "DELIVERY_DATE: the drop's date 2999-01-01 is in the future",
    ], err
    assert all(line.endswith("Correct the date of its folder or batch.") for line in refused if line.startswith("DELIVERY_DATE"))
    assert code in (1, 3)
    assert misdated(city) == {"2016-01-01", "2999-01-01"}
    for day in ("2016-01-01", "2999-01-01"):
        shutil.rmtree(Path(city.settings.landing) / STAFF / day)
    run(city, "run", "--as-of", D29, "--json")
    assert misdated(city) == set()


def misdated(city: Runtime) -> set[str]:
    """The dates that `citylake status` says no night comes to."""
    code, out, _ = run(city, "status", "--json")
    assert code != 0
    return {r["business_date"] for r in json.loads(out)["refused"] if r["kind"] == "misdated"}
