"""A full snapshot that has shrunk waits for a person: released it is taken in once, refused never, replaced it is moot."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.cli.holds import decide, show_holds
from pipelines.cli.show import show_status
from pipelines.control.holds import HoldState
from pipelines.orchestration.definitions import build
from pipelines.runtime import Runtime
from pipelines.steps.ingest import attempt, pending
from resources.errors import CitylakeError
from tests.cleansed.nights import crowd, fold, night, staff, take_in
from tests.deliveries import deliver

STAFF = "health/staff"
D28, D29, D30, D31 = "2019-12-28", "2019-12-29", "2019-12-30", "2019-12-31"
NOON = {"extract_ts": f"{D30}T12:00:00+08:00"}
Installation = Callable[..., Runtime]


def waiting(city: Runtime) -> list[tuple[str, str, int, int | None]]:
    return [(h.state, h.business_date.isoformat(), h.rows, h.before) for h in city.holds.waiting()]


def due(city: Runtime) -> list[str]:
    """The dates of the drops that the next run would take in."""
    return [d.business_date.isoformat() for d in pending(city, city.contracts[f"cleansed/{STAFF}"], date(2020, 1, 31))]


def sums(city: Runtime, layer: str = "raw") -> dict[str, Counter[str]]:
    """What the whole ledger says of the rows of each date."""
    found: dict[str, Counter[str]] = {}
    for r in city.ledger.rows():
        if r["table"] == f"{layer}/{STAFF}":
            assert r["rows_in"] == r["published"] + r["quarantined"] + r["duplicates"] + r["rejected"]
            told = found.setdefault(r["business_date"].isoformat(), Counter())
            told.update({n: r[n] for n in ("rows_in", "published", "rejected")})
    return found


@pytest.fixture
def city(installation: Installation) -> Runtime:
    """20 people on the 29th are taken in, 17 on the 30th held."""
    made = installation()
    deliver(made, STAFF, D29, crowd())
    night(made, STAFF, D29)
    deliver(made, STAFF, D30, crowd()[:17], **NOON)
    assert "DELIVERY_SHRUNK" in take_in(made, STAFF, D30).problems[0]
    return made


@pytest.mark.proves("B31")
def test_a_shrunk_snapshot_waits_and_is_listed(city: Runtime, capsys: Any, proven: Any) -> None:
    assert waiting(city) == [("held", D30, 17, 20)]
    assert due(city) == []
    take_in(city, STAFF, D30)
    assert len(city.holds.events()) == 1, "tried again it is the same hold"
    assert sums(city)[D30] == {"rows_in": 17, "published": 0, "rejected": 17}, "and its rows count once"
    assert show_holds(city.settings, None, None, as_json=True) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert [told[n] for n in ("table", "business_date", "state", "rows", "before")] == [STAFF, D30, "held", 17, 20]
    assert show_status(city.settings, as_json=True) == 3
    proven(
        done="a full snapshot of 17 rows after one of 20, delivered once and looked at twice",
        seen="held, 17 of 17 rows accounted as rejected once, nothing closed, nothing due before a person decides",
    )


@pytest.mark.proves("B31")
def test_released_it_is_taken_in_exactly_once(city: Runtime, proven: Any) -> None:
    before = attempt(city, city.contracts[f"cleansed/{STAFF}"], city.landing.drops(city.contracts[f"cleansed/{STAFF}"])[1])
    assert decide(city.settings, STAFF, D30, HoldState.RELEASED, why="three have retired", who="engineer", as_json=True) == 0
    assert due(city) == [D30]
    drop = pending(city, city.contracts[f"cleansed/{STAFF}"], date(2020, 1, 31))[0]
    assert attempt(city, city.contracts[f"cleansed/{STAFF}"], drop) != before, "the sensor asks for another run"

    taken = take_in(city, STAFF, D30)
    assert not taken.problems
    assert [(a.kind, a.rows_in, a.published, a.rejected) for a in taken.accounts] == [("batch", 17, 17, 0), ("adjustment", -17, 0, -17)]
    assert not take_in(city, STAFF, D30).changed
    fold(city, STAFF, D30)
    found = city.lake.arrow(f"cleansed/{STAFF}")
    assert found is not None
    assert Counter(r["_op"] for r in found.to_pylist()) == {"I": 17, "D": 3}
    assert sums(city)[D30] == {"rows_in": 17, "published": 17, "rejected": 0}
    assert (due(city), waiting(city)) == ([], [])
    events = [(e["event"], e["who"], e["reason"]) for e in city.holds.events()[1:]]
    assert events == [("released", "engineer", "three have retired")]
    assert show_status(city.settings, as_json=True) == 0
    proven(
        done="a held snapshot of 17 rows after one of 20 was released, and the date run twice",
        seen="taken in once: 17 rows published, 3 people closed; the ledger's sum is 17 in, 17 published, 0 rejected",
    )


def test_refused_it_stays_out_and_nobody_is_asked_again(city: Runtime) -> None:
    decide(city.settings, STAFF, D30, HoldState.REFUSED, why="half an extract", who="engineer", as_json=True)
    again = take_in(city, STAFF, D30)
    assert (again.changed, again.problems, due(city)) == (False, [], [])
    assert sums(city)[D30] == {"rows_in": 17, "published": 0, "rejected": 17}
    assert waiting(city) == [("refused", D30, 17, 20)]
    assert show_status(city.settings, as_json=True) == 0
    decide(city.settings, STAFF, D30, HoldState.RELEASED, why="it was whole after all", who="chief", as_json=True)
    assert due(city) == [D30], "the last word counts"


@pytest.mark.proves("D25")
def test_a_corrected_drop_makes_the_hold_moot(city: Runtime, proven: Any) -> None:
    deliver(city, STAFF, D30, crowd()[:19], extract_ts=f"{D30}T22:00:00+08:00")
    night(city, STAFF, D30)
    assert waiting(city) == []
    with pytest.raises(CitylakeError, match="NOT_HELD"):
        decide(city.settings, STAFF, D30, HoldState.RELEASED, why="too late", who="engineer", as_json=True)
    assert [e["event"] for e in city.holds.events()] == ["held", "replaced"]
    assert sums(city)[D30] == {"rows_in": 36, "published": 19, "rejected": 17}
    deliver(city, STAFF, D30, crowd()[:17], **NOON)
    assert due(city) == [], "and the old drop delivered once more is no news"
    assert show_status(city.settings, as_json=True) == 0
    proven(
        done="a held drop was replaced by a corrected one of the same date, then delivered again",
        seen="19 rows taken in, the hold is closed as replaced, the old drop stays out",
    )


def test_released_while_its_file_is_sent_again_it_is_taken_in_when_it_is_whole(city: Runtime) -> None:
    decide(city.settings, STAFF, D30, HoldState.RELEASED, why="three have retired", who="engineer", as_json=True)
    file = next(p for p in Path(city.settings.landing, STAFF, D30).iterdir() if p.name != "manifest.json")
    whole = file.read_bytes()
    file.write_bytes(whole + b"x")
    assert "DELIVERY_DIGEST" in take_in(city, STAFF, D30).problems[0]
    assert (due(city), waiting(city)) == ([D30], [("released", D30, 17, 20)])
    assert sums(city)[D30] == {"rows_in": 17, "published": 0, "rejected": 17}
    file.write_bytes(whole)
    assert not take_in(city, STAFF, D30).problems
    assert sums(city)[D30] == {"rows_in": 17, "published": 17, "rejected": 0}
    assert (due(city), waiting(city)) == ([], [])


@pytest.mark.proves("D28")
def test_what_came_before_does_not_depend_on_when_it_arrived(installation: Installation, proven: Any) -> None:
    """The 31st has a tenth fewer than the 29th, not than the 28th. What has not come yet cannot be held against anything."""
    seen = []
    for name, order in (("in_order", (D28, D29, D31)), ("late", (D29, D28, D31)), ("later", (D28, D31, D29, D31))):
        city = installation(name)
        for day, rows in ((D28, 20), (D29, 22), (D31, 19)):
            deliver(city, STAFF, day, [staff(f"N{i:02}") for i in range(rows)])
        for day in order:
            take_in(city, STAFF, day)
        seen.append(waiting(city) or ["taken in"])
    assert seen == [[("held", D31, 19, 22)], [("held", D31, 19, 22)], ["taken in"]]
    proven(
        done="snapshots of 20, 22 and 19 rows for the 28th, 29th and 31st, the first two arriving in either order",
        seen="the 31st is held against the 22 rows of the 29th both times, whichever arrived last",
    )


def test_of_two_extracts_of_a_date_the_later_one_is_what_came_before(installation: Installation) -> None:
    for name, extracts in (("first", ((20, "12"), (30, "22"))), ("second", ((30, "22"), (20, "12")))):
        city = installation(name)
        for rows, hour in extracts:
            deliver(city, STAFF, D29, [staff(f"N{i:02}") for i in range(rows)], extract_ts=f"{D29}T{hour}:00:00+08:00")
            assert not take_in(city, STAFF, D29).problems
        deliver(city, STAFF, D30, crowd())
        take_in(city, STAFF, D30)
        assert waiting(city) == [("held", D30, 20, 30)]


def test_a_hold_is_released_in_dagster_too(city: Runtime) -> None:
    job = build(dg.ResourceDefinition.hardcoded_resource(city), city.contracts).resolve_job_def("release_hold")
    said = {"table": STAFF, "business_date": D30, "why": "three have retired", "who": "engineer"}
    with dg.DagsterInstance.ephemeral() as instance:
        done = job.execute_in_process(instance=instance, run_config={"ops": {"release": {"config": said}}})
    assert done.success
    assert (due(city), waiting(city)) == ([D30], [("released", D30, 17, 20)])


def test_a_decision_about_nothing_is_an_error(city: Runtime) -> None:
    for table, day, why, code in ((STAFF, D31, "x", "NOT_HELD"), ("health/no", D30, "x", "TABLE_MISSING"), (STAFF, D30, " ", "WHY"),
                                  (STAFF, "soon", "x", "DATE")):  # fmt: skip
        with pytest.raises(CitylakeError, match=code):
            decide(city.settings, table, day, HoldState.RELEASED, why=why, who="engineer", as_json=True)
    assert waiting(city) == [("held", D30, 17, 20)]
