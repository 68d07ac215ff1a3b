"""A whole installation: object store, PostgreSQL, Spark Connect, code server, web server, daemon, as deploy/compose.yaml says."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from resources.lake import Lake
from simulator import City
from tests.differential.lakes import differences
from tests.installation.city import Installation
from tests.story.city import citylake, toml

pytestmark = pytest.mark.slow
NIGHT_SECONDS = 1500


@dataclass(frozen=True)
class Night:
    """The first night, run as the UI runs it; and what the embedded default, on a folder, makes otherwise of the same deliveries."""

    run_id: str
    run: dict[str, Any]
    failures: list[str]
    differences: dict[str, str]
    versions: dict[str, int | None]


@pytest.fixture(scope="module")
def night(installed: Installation, city: City, tmp_path_factory: pytest.TempPathFactory) -> Night:
    day, elsewhere = city.nights[0].isoformat(), tmp_path_factory.mktemp("embedded")
    run_id = installed.ui.launch("nightly", day)
    run = installed.ui.wait(run_id, seconds=NIGHT_SECONDS)
    config = elsewhere / "citylake.toml"
    config.write_text(toml(installed.settings_on_a_folder(elsewhere)))
    embedded = citylake("run", "--as-of", day, cwd=elsewhere, config=config)
    assert embedded.code == 0, embedded.err
    failures = installed.ui.failures(run_id)
    if failures:
        failures += installed.complaints("spark-connect")
    found = differences(Lake(f"{elsewhere}/lake"), installed.lake) if run["status"] == "SUCCESS" else {}
    versions = {table: installed.lake.version(table) for table in installed.lake.tables()}
    return Night(run_id, run, failures, found, versions)


def test_a_night_runs_through_all_of_it(installed: Installation, city: City, night: Night) -> None:
    day, run_id = city.nights[0], night.run_id
    assert night.run["status"] == "SUCCESS", "\n".join(night.failures)
    assert night.run["stats"]["enqueuedTime"] < night.run["stats"]["launchTime"], "it waited in the daemon's queue"
    assert night.differences == {}, "Spark on the object store makes what Sail makes on a disk"

    (release,) = installed.ledger.releases()
    assert (release.as_of, release.run_id) == (day, run_id)
    assert "base/population/person" in release.versions
    assert {t: v for t, v in night.versions.items() if not t.startswith("operations/")} == release.versions
    resident = installed.lake.arrow("raw/public_security/resident", columns=["_business_date"])
    assert resident is not None
    with installed.database("exchange").connect() as exchange:
        sent = exchange.scalar(sa.text("SELECT count(*) FROM ga_resident WHERE cd_batch = :batch"), {"batch": f"{day:%Y%m%d}"})
    assert resident["_business_date"].to_pylist().count(day.isoformat()) == sent > 0
    assert installed.writer("base/population/person").startswith("parquet-mr"), "Spark wrote it; delta-rs and Sail sign otherwise"

    site = installed.folder / "volumes" / "dagster" / "site"
    assert f'"release": {release.number}' in (site / "manifest.json").read_text(encoding="utf-8"), "the pages of the morning"

    with installed.database().connect() as dagster:
        assert dagster.scalar(sa.text("SELECT status FROM runs WHERE run_id = :id"), {"id": run_id}) == "SUCCESS"
    assert list(installed.folder.rglob("*.db")) == [], "Dagster keeps nothing beside PostgreSQL"
    assert installed.told_secrets() == []
    assert installed.ports_open_to_others() == []


def test_a_run_that_loses_its_code_server_fails_and_is_run_again(installed: Installation, city: City, night: Night) -> None:
    run_id = installed.ui.launch("ingest", city.nights[1].isoformat())
    installed.ui.wait(run_id, "STARTED", seconds=120)
    os.kill(installed.pid("code"), signal.SIGKILL)
    assert installed.ui.wait(run_id, seconds=180)["status"] == "FAILURE"
    assert any("the code server has no process of this run" in said for said in installed.ui.messages(run_id)), "it says why"
    again = installed.ui.retry_of(run_id, seconds=120)
    assert installed.ui.wait(again, seconds=300)["status"] == "SUCCESS", installed.ui.failures(again)
    assert installed.lake.version("raw/civil_affairs/cremation") is not None
    assert installed.ui.unhealthy() == []
