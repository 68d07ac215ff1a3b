"""What the engineer sees in Dagster: a drop starts one run, a failed gate is red and stops what depends on it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from contracts import load_all
from pipelines.orchestration.assets import AS_OF_TAG, NIGHT_TAG, NOTIFIES_ITSELF
from pipelines.orchestration.definitions import build
from pipelines.orchestration.metadata import of_contract
from pipelines.orchestration.nights import dagster_instance, run_night
from pipelines.orchestration.sensors import complete_drops, notify_of_run, release_after_failure, released_afterwards
from pipelines.runtime import Runtime
from pipelines.steps.ingest import ingest
from resources.readers import manifest
from simulator import build as simulate
from tests.deliveries import deliver

Installation = Callable[..., Runtime]
DAY, NEXT = "2019-12-30", "2019-12-31"


def staff(number: int) -> dict[str, Any]:
    return {
        "licence_no": f"L{number}", "name": "王伟", "org_code": "O1", "status": "1", "update_time": "2019-12-01 08:00:00",
    }  # fmt: skip


def asked(runtime: Runtime) -> list[dg.RunRequest]:
    """What the sensor asks for at one tick."""
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, resources={"runtime": runtime}, definitions=_defs(runtime))
        return list(complete_drops.evaluate_tick(context).run_requests or [])


def _defs(runtime: Runtime) -> dg.Definitions:
    return build(dg.ResourceDefinition.hardcoded_resource(runtime), runtime.contracts)


def test_a_complete_drop_starts_one_run_under_its_digest(installation: Installation) -> None:
    city = installation()
    assert asked(city) == []
    drop = deliver(city, "health/staff", DAY, [staff(1)])
    (request,) = asked(city)
    assert asked(city)[0].run_key == request.run_key, "the same drop asks for the same run"
    assert request.partition_key == DAY
    assert request.asset_selection == [dg.AssetKey(["raw", "health", "staff"])]
    ingest(city, city.contracts["cleansed/health/staff"], date.fromisoformat(DAY), "run")
    assert asked(city) == []
    deliver(city, "health/staff", DAY, [staff(1), staff(2)], extract_ts=f"{DAY}T23:00:00+08:00")
    assert asked(city)[0].run_key != request.run_key, "a corrected drop is another one"
    (drop / "manifest.json").unlink()
    assert asked(city) == [], "a drop without its manifest is not complete"


def test_a_tick_reads_only_what_has_changed(installation: Installation, monkeypatch: Any) -> None:
    city, read = installation(), []
    for day in (DAY, NEXT):
        deliver(city, "health/staff", day, [staff(1)])
    real = manifest.read_bytes
    monkeypatch.setattr(manifest, "read_bytes", lambda store, folder: read.append(folder) or real(store, folder))
    assert [x.partition_key for x in asked(city)] == [DAY, NEXT]
    assert read == [f"health/staff/{day}" for day in (DAY, NEXT)]
    before = asked(city)
    assert len(read) == 2
    deliver(city, "health/staff", NEXT, [staff(1), staff(2)], extract_ts=f"{NEXT}T23:00:00+08:00")
    assert [x.run_key == y.run_key for x, y in zip(asked(city), before, strict=True)] == [True, False]
    assert read[2:] == [f"health/staff/{NEXT}"]


def test_a_drop_of_a_date_no_run_can_have_does_not_hide_the_others(installation: Installation) -> None:
    city = installation()
    for day in ("2012-01-01", DAY, "2999-01-01"):
        deliver(city, "health/staff", day, [staff(1)])
    assert [x.partition_key for x in asked(city)] == [DAY]


def test_an_exchange_database_out_of_reach_does_not_hide_the_other_drops(installation: Installation) -> None:
    city = installation()
    city.settings.exchange_url = type(city.settings.exchange_url)("sqlite:////nowhere/at/all.db")  # type: ignore[misc, call-arg]
    deliver(city, "health/staff", DAY, [staff(1)])
    assert [x.partition_key for x in asked(city)] == [DAY]


def site_of(folder: Path) -> int:
    """The release whose site is there."""
    return int(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["release"])


@pytest.mark.slow
def test_a_failed_gate_is_red_stops_what_depends_on_it_and_the_rest_is_released(installation: Installation, tmp_path: Path) -> None:
    city = installation()
    city.settings.site = tmp_path / "site"
    assert city.settings.exchange_url is not None
    simulated = simulate(300, 5)
    simulated.deliver(0, Path(city.settings.landing), city.settings.exchange_url.get_secret_value())
    first = run_night(city, simulated.nights[0])
    assert first.failures == []
    assert first.release is not None
    assert site_of(tmp_path / "site") == 1
    (seconds,) = re.findall(r'night\.html"><b>([^<]+)</b>', (tmp_path / "site" / "index.html").read_text(encoding="utf-8"))
    assert float(seconds) > 0, "a site that is made within the night knows what that night cost"
    before = {t: city.lake.version(t) for t in city.lake.tables()}
    people = city.lake.read(city.spark, "cleansed/health/staff").count()

    deliver(city, "health/staff", NEXT, [{**staff(i), "name": n} for i in range(people) for n in ("王伟", "李伟")[: 1 + (i % 3 > 0)]])
    night = run_night(city, date.fromisoformat(NEXT))

    (failure,) = night.failures
    for part in ("GATE", "cleansed/health/staff", "quarantine_share", "quarantined", "2019-12-31", "Readers keep the last version"):
        assert part in failure
    assert night.release is not None
    assert (night.release.number, len(city.ledger.releases())) == (2, 2)
    assert site_of(tmp_path / "site") == 2, "the site is of the newest release, though a table failed"
    kept = {t for t in before if t.split("/", 1)[1] == "health/staff" or t.startswith("themes/")}
    assert set(night.release.held_back) == kept, "what follows from the failed table, and nothing else"
    assert {night.release.versions[t] for t in kept} == {first.release.versions[t] for t in kept}
    after = {t: city.lake.version(t) for t in city.lake.tables()}
    changed = {t for t in after if after[t] != before.get(t)}
    assert "cleansed/health/staff" not in changed
    assert not changed & {"themes/health/service", "themes/health/archive", "themes/health/cleanup_list", "quarantine/health/staff"}
    assert city.lake.read(city.spark, "cleansed/health/staff").count() == people

    with dagster_instance(city.settings.home) as instance:
        run, afterwards = (instance.get_run_by_id(run_id) for run_id in night.run_ids[-2:])
        assert run is not None
        assert afterwards is not None
        assert (afterwards.job_name, afterwards.status) == ("release_night", dg.DagsterRunStatus.SUCCESS)
        assert run.status == dg.DagsterRunStatus.FAILURE
        red = [
            e.dagster_event.event_specific_data
            for e in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
            if e.dagster_event is not None and not e.dagster_event.event_specific_data.passed  # type: ignore[union-attr]
        ]
        assert [(c.asset_key.to_user_string(), c.check_name, c.blocking) for c in red] == [  # type: ignore[union-attr]
            ("cleansed/health/staff", "quarantine_share", True)
        ]
        started = {e.step_key for e in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)}
        assert "base__population__person" in started, "what does not depend on it goes on"
        assert not started & {"themes__health__service", "themes__health__archive", "operations__release"}

        assert not released_afterwards(instance, run), "who has started the night releases"
        by_schedule = run._replace(tags={name: value for name, value in run.tags.items() if name != NOTIFIES_ITSELF})
        assert notify_of_run(city, instance, by_schedule) is None, "the run of the release notifies"
        failed = next(e.dagster_event for e in reversed(instance.all_logs(run.run_id)) if e.dagster_event and e.dagster_event.is_failure)
        context = dg.build_run_status_sensor_context("release_after_failure", failed, instance, by_schedule)
        request = release_after_failure(context)
        assert isinstance(request, dg.RunRequest)
        assert request.tags == {AS_OF_TAG: NEXT, NIGHT_TAG: run.run_id}
        told = notify_of_run(city, instance, afterwards._replace(run_id="by the daemon", tags=request.tags))
        assert told is not None
        assert "release 2" in told.messages["engineers"].body
        assert "GATE_FAILED cleansed/health/staff" in told.messages["engineers"].body


def test_the_schema_says_what_a_column_is_and_in_which_unit() -> None:
    schema = of_contract(load_all()["themes/traffic/bus_line_day"], raw=False)["dagster/column_schema"]
    said = {c.name: c.description for c in schema.columns}
    assert said["metres"] == "行驶里程; Of runs whose clocks and distance can be right, m"
    delivered = of_contract(load_all()["cleansed/environment/air_hour"], raw=True)["dagster/column_schema"]
    assert {c.name: c.description for c in delivered.columns}["co"].endswith("; mg/m³")


def test_the_definitions_are_the_same_on_any_installation(installation: Installation) -> None:
    definitions = _defs(installation())
    named = {"nightly", "ingest", "release_night", "rebuild", "release_hold", "refuse_hold", "maintenance"}
    assert {j.name for j in definitions.jobs or []} == named
    assert definitions.resolve_job_def("nightly").partitions_def is not None
