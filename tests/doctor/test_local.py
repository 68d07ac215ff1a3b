"""The doctor on one machine: a healthy installation, and one thing wrong at a time."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest

from pipelines.doctor.checks import Check, hiding, run_check
from pipelines.doctor.engine import GOODBYE_SECONDS, EngineProbe
from resources.settings import Settings
from tests.doctor.installation import bootstrap, doctor, files, install
from tests.servers.fixtures import QUICKLY
from tests.servers.need import need
from tests.servers.process import free_port
from tests.story.city import citylake, toml


@pytest.fixture
def config(tmp_path: Path) -> Path:
    made = install(tmp_path)
    bootstrap(made)
    return made


def test_healthy(config: Path) -> None:
    before = files(config.parent)
    report = doctor(config)
    assert (report.code, report.bad) == (0, set()), report.checks
    assert {name for name in report.checks if report.verdict(name) == "not used"} == {"put-if-absent", "clocks", "Java"}
    assert "Sail" in report.found("engine")
    assert report.found("engine and lake").startswith("1,000 rows: staged in ")
    assert "GiB free" in report.found("lake")
    assert report.found("clean-up") == "nothing is left"
    assert files(config.parent) == before


def test_the_table_for_people(config: Path) -> None:
    done = citylake("doctor", cwd=config.parent, config=config)
    assert done.code == 0
    assert done.out.rstrip().endswith("All in order.")
    assert re.search(r"^pseudonym key +│ ok ", done.out, re.MULTILINE)
    assert re.search(r"^engine: ok \([0-9.]+ s\)$", done.err, re.MULTILINE), "progress is told while it runs"


def test_one_problem_hides_no_other(tmp_path: Path) -> None:
    config = install(tmp_path)
    (tmp_path / "exchange.db").unlink()
    (tmp_path / "pseudonym.key").unlink()
    report = doctor(config)
    assert report.code == 1
    assert report.bad == {"pseudonym key", "lake", "landing zone", "exchange database", "clocks", "engine and lake"}
    assert report.found("lake") == f"FOLDER: the folder does not exist ({tmp_path}/lake)"
    assert "citylake bootstrap" in report.remedy("lake")
    assert report.verdict("engine and lake") == "not checked"
    assert report.verdict("engine") == "ok"
    assert not (tmp_path / "lake").exists()


def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    config = tmp_path / "citylake.toml"
    for text, told in (('engine = "duck"', "SETTINGS: setting 'engine'"), ("lake = [", "SETTINGS: the settings cannot be read")):
        config.write_text(text)
        report = doctor(config)
        assert (report.code, report.verdict("packages"), report.verdict("lake")) == (1, "ok", "not checked")
        assert report.found("settings").startswith(told)


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_others_may_read(config: Path, mode: int) -> None:
    key = config.parent / "pseudonym.key"
    key.chmod(mode)
    report = doctor(config)
    assert (report.code, report.bad) == (1, {"pseudonym key"})
    assert report.found("pseudonym key").startswith(f"KEY_OPEN: other accounts than its owner may use the pseudonym key (mode {mode:04o})")
    assert report.remedy("pseudonym key") == f"chmod 600 {key}"
    assert key.read_text().strip() not in report.printed


@pytest.mark.parametrize("place", ["lake", "landing"])
def test_a_key_inside_what_others_are_given(tmp_path: Path, place: str) -> None:
    config = install(tmp_path, key_file=str(tmp_path / place / "pseudonym.key"))
    bootstrap(config)
    (tmp_path / "pseudonym.key").rename(tmp_path / place / "pseudonym.key")
    report = doctor(config)
    assert report.bad == {"pseudonym key"}
    assert report.found("pseudonym key").startswith("KEY_PLACE: ")


def test_a_delivery_that_no_run_finds_is_named(tmp_path: Path) -> None:
    config = install(tmp_path)
    bootstrap(config)
    landing = tmp_path / "landing"
    for folder in ("health/archives/2019-12-31", "health/staff/20191231", "health/staff/2019-12-31", "health/staff/being_written"):
        (landing / folder).mkdir(parents=True)
        if folder != "health/staff/being_written":
            (landing / folder / "manifest.json").touch()
    report = doctor(config)
    assert report.bad == {"landing zone"}
    said = "2 with a manifest.json belong to no table and date, and no run reads them: health/archives/2019-12-31, health/staff/20191231 "
    assert report.found("landing zone") == f"LANDING: {said}({landing})"
    assert report.remedy("landing zone").startswith("Name each folder <department>/<table>/<YYYY-MM-DD>")


@pytest.mark.slow
def test_secrets_in_addresses_and_properties_are_not_shown(tmp_path: Path) -> None:
    secret, address = "s3cr3t-of-nobody", f"sc://127.0.0.1:{free_port()}"
    config = install(
        tmp_path,
        engine="spark",
        spark=f"{address}/;token={secret}1",
        exchange_url=f"postgresql+psycopg://lake:{secret}2@127.0.0.1:{free_port()}/exchange",
    )
    with config.open("a") as file:
        file.write(f'[spark_conf]\n"a.secret.key" = "{secret}3"\n"b.password" = "123"\n"spark.ui.port" = "4040"\n')
    report = doctor(config)
    assert secret not in report.printed
    assert report.settings["spark"] == address
    assert report.settings["spark_conf"] == "a.secret.key=***, b.password=***, spark.ui.port=4040"
    assert report.found("engine").startswith(f"SPARK_CONNECT: no Spark Connect server answers ({address})")
    assert report.found("exchange database").startswith("EXCHANGE_DATABASE: nobody listens at this address (postgresql 127.0.0.1:")
    assert report.verdict("engine and lake") == "not checked"


@pytest.mark.parametrize(
    "said",
    ["the key s3cr3t is wrong", "http://user:s3cr3t@host/path", "to postgresql://lake:p%40ss-w0rd@h/d", "password p@ss-w0rd refused"],
)
def test_what_a_library_says_of_secrets_is_blanked_out(tmp_path: Path, said: str) -> None:
    settings = Settings(s3_secret_key="s3cr3t", exchange_url="postgresql://lake:p%40ss-w0rd@h/d", landing=str(tmp_path))

    def fails() -> str:
        raise RuntimeError(said)

    finding = run_check(Check("library", fails), hiding(settings))
    assert (finding.verdict, "***" in finding.found) == ("problem", True)
    assert "s3cr3t" not in finding.found
    assert "ss-w0rd" not in finding.found


def test_a_check_that_hangs_is_given_up() -> None:
    never = threading.Event()
    finding = run_check(Check("endless", lambda: str(never.wait(60)), seconds=0.2), hiding(None))
    never.set()
    assert (finding.verdict, finding.found[:16]) == ("problem", "no answer within")
    assert finding.seconds < 30


def test_spark_without_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = install(tmp_path, engine="spark", spark="local[2]")
    bootstrap(config)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    report = doctor(config)
    assert (report.code, report.bad) == (1, {"Java", "engine", "engine and lake"})
    assert report.found("Java") == "JAVA: Apache Spark needs Java 17, which is not installed (PATH)"
    assert "CITYLAKE_ENGINE=sail" in report.remedy("Java")
    assert report.found("engine") == report.found("Java")


def test_a_server_that_is_not_spark(tmp_path: Path) -> None:
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    try:
        address = f"sc://127.0.0.1:{server.listening_address[1]}"
        config = install(tmp_path, engine="spark", spark=address)
        bootstrap(config)
        report = doctor(config)
    finally:
        server.stop()
    assert (report.code, report.bad) == (1, {"engine", "engine and lake"})
    assert re.match(r"SPARK_VERSION: this is not Apache Spark 4\.2: the server says version \S+ \(sc://", report.found("engine"))


@pytest.mark.slow
def test_healthy_on_spark(tmp_path: Path) -> None:
    need("java")
    config = install(tmp_path, engine="spark", spark="local[2]")
    with config.open("a") as file:
        file.write("[spark_conf]\n" + toml({f'"{name}"': value for name, value in QUICKLY.items()}))
    bootstrap(config)
    report = doctor(config)
    assert (report.code, report.bad) == (0, set()), report.checks
    assert re.match(r"Java \d\S+ at /", report.found("Java"))
    assert report.found("engine").startswith("Apache Spark 4.2.")
    assert "Spark's driver takes" in report.found("capacity")


@pytest.mark.slow
def test_the_engines_process_ends_when_asked(config: Path) -> None:
    """Asked at any moment: a request in the middle of its own ending once left it hanging in every second case."""
    settings = Settings(lake=str(config.parent / "lake"), landing=str(config.parent / "landing"))
    begin = time.monotonic()
    for n in range(6):
        probe = EngineProbe(settings, f".doctor-{n}")
        probe.starts()
        if n % 3:
            probe.writes()
        probe.close()
    assert time.monotonic() - begin < GOODBYE_SECONDS
