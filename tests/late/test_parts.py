"""One department is late, one fails its gate, some have never delivered: there is a release all the same, and it says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg
import pytest

from pipelines.checks.checks import Verdict
from pipelines.checks.table import check_lake
from pipelines.checks.view import View
from pipelines.cli.query import run_sql, show_release
from pipelines.cli.run import exit_code
from pipelines.cli.show import show_status
from pipelines.control.ledger import Release
from pipelines.orchestration.nights import NightReport, dagster_instance, run_night
from pipelines.runtime import Runtime
from pipelines.serving.tables import tables_of
from pipelines.steps.release import release
from resources.errors import CitylakeError
from tests.cleansed.nights import certificate, citizen, examination, resident, staff
from tests.deliveries import deliver, exchange

pytestmark = pytest.mark.slow
FIRST, BAD, GOOD = "2019-12-20", "2019-12-30", "2019-12-31"
ARCHIVE, CERTIFICATE, EXAMINATION, RESIDENT, STAFF = (
    "health/archive", "health/death_certificate", "health/examination", "public_security/resident", "health/staff",
)  # fmt: skip
NEVER = "cleansed/civil_affairs/cremation"
POPULATION = ("base/population/source_link", "base/population/death", "base/population/person")
SERVICE, ARCHIVES, WORK, RATES = (f"themes/health/{t}" for t in ("service", "archive", "cleanup_list", "indicator"))
CALENDAR = "reference/calendar/workday"
PEOPLE = 30


def archive(number: int) -> dict[str, Any]:
    return {"ehr_no": f"321099001001{number:05}", "empi_id": f"E{number}", "id_no": citizen(number), "name": "测试人", "status": "0",
            "create_date": "2019-05-01", "update_time": "2019-12-01 08:00:00"}  # fmt: skip


def employees(title: str) -> list[dict[str, Any]]:
    """A whole list of staff."""
    return [staff(f"S{i}", title=title) for i in range(PEOPLE)]


def rows(city: Runtime, release: Release, table: str) -> list[dict[str, Any]]:
    """What readers of a release see of a table."""
    found = city.lake.arrow(table, release.versions[table])
    assert found is not None
    return found.to_pylist()


def states(release: Release) -> dict[str, tuple[str, date | None, int | None]]:
    return {t: (str(r.kind), r.as_of, r.release) for t, r in release.remarks.items()}


@pytest.fixture
def city(installation: Callable[..., Runtime]) -> Runtime:
    """A city before its first night: nobody has delivered a health service."""
    city = installation()
    deliver(city, ARCHIVE, FIRST, [archive(n) for n in range(1, PEOPLE)])
    deliver(city, CERTIFICATE, FIRST, [certificate("C1", id_no=citizen(1), name="测试人", death_datetime="2019-12-02 04:00:00")])
    deliver(city, STAFF, FIRST, employees("医师"))
    exchange(city, RESIDENT, FIRST, [{**resident(f"P{n}", n), "_id": n} for n in range(1, PEOPLE)])
    return city


def night(city: Runtime, day: str) -> tuple[NightReport, Release]:
    report = run_night(city, date.fromisoformat(day))
    assert report.release is not None, report.failures
    assert report.release.as_of == date.fromisoformat(day)
    return report, report.release


@pytest.mark.proves("D25")
def test_one_late_department_does_not_stop_the_city(city: Runtime, capsys: pytest.CaptureFixture[str], proven: Any) -> None:
    first, one = night(city, FIRST)
    assert (exit_code(first), first.failures) == (0, [])
    said = states(one)
    assert said[NEVER] == said[f"cleansed/{EXAMINATION}"] == said[SERVICE] == said[RATES] == ("awaited", None, None)
    assert said["base/population/person"] == said[ARCHIVES] == ("incomplete", one.as_of, None)
    assert one.held_back == []
    assert len(rows(city, one, ARCHIVES)) == PEOPLE - 1, "archives are judged by what there is"
    assert rows(city, one, RATES) == [], "no rate of services that nobody has delivered"

    deliver(city, ARCHIVE, BAD, [archive(n) for n in range(1, PEOPLE + 2)])
    deliver(city, STAFF, BAD, employees("主任"))
    asked = city.contracts[f"cleansed/{STAFF}"]
    city.contracts[f"cleansed/{STAFF}"] = replace(asked, checks=tuple(replace(c, value=PEOPLE) for c in asked.checks))
    bad, two = night(city, BAD)
    assert exit_code(bad) == 1
    assert [f.split()[2] for f in bad.failures] == [f"cleansed/{STAFF}"]
    said = states(two)
    assert said[f"cleansed/{STAFF}"] == said[f"raw/{STAFF}"] == ("failed", one.as_of, 1)
    assert said[SERVICE] == said[RATES] == ("awaited", one.as_of, 1)
    assert said[ARCHIVES] == said[WORK] == ("waiting", one.as_of, 1)
    assert said[f"cleansed/{CERTIFICATE}"] == ("late", one.as_of, None)
    assert two.remarks[f"cleansed/{STAFF}"].why.startswith("GATE: ")
    assert two.remarks[SERVICE].why == f"waits for cleansed/{STAFF}"
    assert set(two.held_back) == {SERVICE, ARCHIVES, WORK, RATES, *(f"{layer}/{STAFF}" for layer in ("raw", "cleansed", "quarantine"))}
    assert {two.origin(t) for t in (*POPULATION, f"cleansed/{ARCHIVE}")} == {(2, date.fromisoformat(BAD))}
    assert all(two.versions[t] == one.versions[t] for t in two.held_back)
    assert (len(rows(city, two, ARCHIVES)), len(rows(city, two, f"cleansed/{ARCHIVE}"))) == (PEOPLE - 1, PEOPLE + 1)

    verdicts = {f.name: (f.verdict, f.why or f.examples) for f in check_lake(View(city, two))}
    assert [v for v in verdicts.items() if v[1][0] is Verdict.VIOLATED] == []
    assert verdicts["archives_all_there"][0] is Verdict.DOES_NOT_APPLY
    assert "do not belong together" in verdicts["archives_all_there"][1]
    runs_in_dagster(city, bad)
    seen_by_readers(city, two, capsys)

    again = release(city, two.as_of, "again", {f"cleansed/{STAFF}": "GATE: in other words"})
    assert again == two, "the same state again is no new release"
    city.contracts[f"cleansed/{STAFF}"] = asked
    deliver(city, CERTIFICATE, GOOD, [certificate("C2", id_no=citizen(2), name="测试人", death_datetime="2019-12-03 04:00:00")])
    deliver(city, EXAMINATION, GOOD, [examination("X1", ehr_no=archive(3)["ehr_no"])])
    healed, three = night(city, GOOD)
    assert (healed.failures, three.held_back, three.number) == ([], [], 3)
    said = states(three)
    assert {said[t] for t in (*POPULATION, SERVICE, ARCHIVES, WORK, RATES)} == {("incomplete", three.as_of, None)}
    assert not said.keys() & {f"cleansed/{t}" for t in (STAFF, CERTIFICATE, EXAMINATION)}
    assert said[NEVER] == ("awaited", None, None)
    assert (len(rows(city, three, ARCHIVES)), len(rows(city, three, SERVICE))) == (PEOPLE + 1, 1)
    assert {r["indicator"] for r in rows(city, three, RATES)}
    with pytest.raises(CitylakeError, match="no table has the state of this night"):
        release(city, date(2020, 1, 1), "none", dict.fromkeys(city.contracts.keys() - {CALENDAR}, "the engine ended"))
    proven(
        done="three nights: services never delivered; then staff fails its gate while certificates are late; then all are put right",
        seen="a release each night; what was made from the failed table stays at the night before, the rest is of the night; healed",
    )


def runs_in_dagster(city: Runtime, bad: NightReport) -> None:
    """The night is red, what follows from the failed table is skipped, and a run of its own has released the rest."""
    with dagster_instance(city.settings.home) as instance:
        failed, released = (instance.get_run_by_id(run) for run in bad.run_ids[-2:])
        assert failed is not None
        assert released is not None
        assert (failed.job_name, failed.status) == ("nightly", dg.DagsterRunStatus.FAILURE)
        assert (released.job_name, released.status) == ("release_night", dg.DagsterRunStatus.SUCCESS)
        steps = {e.step_key for e in instance.all_logs(failed.run_id, of_type=dg.DagsterEventType.STEP_START)}
        assert "base__population__person" in steps
        assert not steps & {t.replace("/", "__") for t in (SERVICE, ARCHIVES, RATES, "operations/release")}


def seen_by_readers(city: Runtime, two: Release, capsys: pytest.CaptureFixture[str]) -> None:
    """The overview, the list of tables, a query and the endpoint say what is older, and why."""
    capsys.readouterr()
    show_status(city.settings, as_json=True)
    status = json.loads(capsys.readouterr().out)
    assert [(r["release"], r["held_back"]) for r in status["releases"]] == [(1, 0), (2, len(two.held_back))]
    told = {r["table"]: r for r in status["remarks"]}
    assert (told[ARCHIVES]["state"], told[ARCHIVES]["as_of"], told[ARCHIVES]["why"]) == ("waiting", FIRST, f"waits for {SERVICE}")
    show_release(city.settings, 2, as_json=True)
    listed = {t["table"]: t["as_of"] for t in json.loads(capsys.readouterr().out)}
    assert (listed[ARCHIVES], listed[POPULATION[0]]) == (FIRST, BAD)
    (served,) = (t for t in tables_of(city.lake, two) if t.name == ARCHIVES)
    assert f"waiting, state of {FIRST}" in served.title
    run_sql(city.settings, "SELECT count(*) AS n FROM themes.health.archive", 2, 10, as_json=True)
    said = capsys.readouterr()
    assert json.loads(said.out) == [{"n": PEOPLE - 1}]
    assert f"note: {ARCHIVES}: waiting, state of {FIRST}: waits for {SERVICE}" in said.err
