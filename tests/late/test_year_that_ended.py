"""What is delivered in January changes the figures of the year that has ended where it is about that year, and nothing else of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.checks.checks import Verdict
from pipelines.checks.table import check_lake
from pipelines.checks.view import View
from pipelines.control.ledger import Release
from pipelines.orchestration.nights import run_night
from pipelines.runtime import Runtime
from pipelines.site.make import make_site
from tests.cleansed.nights import certificate, citizen, examination, resident
from tests.deliveries import deliver, exchange

pytestmark = pytest.mark.slow
ARCHIVE, CERTIFICATE, EXAMINATION, FOLLOWUP = (
    f"health/{t}" for t in ("archive", "death_certificate", "examination", "hypertension_followup")
)
PEOPLE, NAME = 30, "王秀英"
Figures = dict[tuple[str, str, str, str], tuple[int, int]]
"""Indicator, period, basis, division -> numerator, denominator."""


def archive(number: int, **changed: str) -> dict[str, Any]:
    row = {"ehr_no": f"321099001001{number:05}", "empi_id": f"E{number}", "id_no": citizen(number), "name": NAME, "status": "0"}
    facts = {"birth_date": "1908-01-01", "create_date": "2013-05-01", "crowd_type": "01,02", "update_time": "2019-12-01 08:00:00"}
    return {**row, **facts, **changed}


def examined(number: int, day: str) -> dict[str, Any]:
    return examination(f"X{number}{day}", ehr_no=f"321099001001{number:05}", exam_date=day, input_time=f"{day} 09:00:00")


def followed_up(number: int, day: str, sbp: str) -> dict[str, Any]:
    return {"fu_no": f"F{number}{day}", "ehr_no": f"321099001001{number:05}", "fu_date": day, "way_code": "1", "sbp": sbp, "dbp": "80",
            "input_time": f"{day} 09:00:00"}  # fmt: skip


def night(city: Runtime, day: str) -> Release:
    report = run_night(city, date.fromisoformat(day))
    assert report.release is not None, report.failures
    assert report.failures == []
    return report.release


def figures(city: Runtime, release: Release) -> Figures:
    """What readers of a release see of the whole city."""
    table = city.lake.arrow("themes/health/indicator", release.versions["themes/health/indicator"])
    assert table is not None
    return {
        (r["indicator"], r["period"], r["basis"], r["div_code"]): (r["numerator"], r["denominator"])
        for r in table.to_pylist()
        if r["div_code"] == "321000"
    }


def of(period: str, figures: Figures) -> Figures:
    return {key: counts for key, counts in figures.items() if key[1] == period}


def changes(before: Figures, after: Figures) -> dict[tuple[str, str, str], tuple[int, int]]:
    """By how much numerators and denominators differ, where they do."""
    by = {key[:3]: (after[key][0] - before[key][0], after[key][1] - before[key][1]) for key in after}
    return {key: difference for key, difference in by.items() if difference != (0, 0)}


@pytest.mark.proves("D25")
def test_december_is_delivered_in_january(installation: Callable[..., Runtime], tmp_path: Path, proven: Any) -> None:
    city = installation()
    people = range(1, PEOPLE + 1)
    exchange(city, "public_security/resident", "2019-12-31", [{**resident(f"P{n}", n, name=NAME), "_id": n} for n in people])
    deliver(city, ARCHIVE, "2019-12-31", [archive(n) for n in people if n < PEOPLE])
    deliver(city, EXAMINATION, "2019-12-31", [examined(n, "2019-11-20") for n in range(1, 11)])
    deliver(city, FOLLOWUP, "2019-12-31", [followed_up(n, "2019-11-20", "170") for n in range(1, 21)])
    last = figures(city, night(city, "2019-12-31"))
    assert {key[1] for key in last} == {"2018", "2019"}
    assert last["elderly_exam_rate", "2019", "clean", "321000"] == (10, PEOPLE)
    assert last["usage_rate", "2019", "clean", "321000"] == (20, PEOPLE - 1)

    new_year = figures(city, night(city, "2020-01-01"))
    assert {key[1] for key in new_year} == {"2019", "2020"}
    assert of("2019", new_year) == of("2019", last), "nobody has delivered: the year's last figures stand"
    assert new_year["elderly_exam_rate", "2020", "clean", "321000"] == (0, PEOPLE)

    deliver(city, EXAMINATION, "2020-01-08", [examined(11, "2019-12-28"), examined(12, "2019-12-31")])
    deliver(city, FOLLOWUP, "2020-01-08", [followed_up(1, "2019-12-31", "130")])
    late = figures(city, night(city, "2020-01-08"))
    assert changes(new_year, late) == {
        ("elderly_exam_rate", "2019", "raw"): (2, 0), ("elderly_exam_rate", "2019", "clean"): (2, 0),
        ("bp_control_rate", "2019", "raw"): (1, 0), ("bp_control_rate", "2019", "clean"): (1, 0),
    }  # fmt: skip

    died = {"name": NAME, "death_datetime": "2020-01-03 04:00:00", "update_time": "2020-01-09 09:00:00"}
    deliver(city, CERTIFICATE, "2020-01-09", [certificate("C1", id_no=citizen(1), **died)])
    opened = [archive(n, **({"create_date": "2020-01-06"} if n == PEOPLE else {})) for n in people]
    deliver(city, ARCHIVE, "2020-01-09", opened)
    release = night(city, "2020-01-09")
    january = figures(city, release)
    assert of("2019", january) == of("2019", late), "who died in January was a resident; what was opened then was not open"
    assert changes(late, january) == {
        ("archive_rate", "2020", "raw"): (1, -1), ("archive_rate", "2020", "clean"): (0, -1),
        ("usage_rate", "2020", "raw"): (0, 1), ("usage_rate", "2020", "clean"): (-1, 0),
        ("elderly_exam_rate", "2020", "raw"): (0, 1), ("elderly_exam_rate", "2020", "clean"): (0, -1),
        ("htn_managed_norm_rate", "2020", "raw"): (0, 1), ("bp_control_rate", "2020", "raw"): (0, 1),
    }  # fmt: skip
    assert [f.name for f in check_lake(View(city, release)) if f.verdict is Verdict.VIOLATED] == []
    page = (make_site(city.settings, tmp_path / "site").folder / "themes-health.html").read_text(encoding="utf-8")
    assert page.count("2019（已结束）") == len({key[0] for key in january}) * 2, "next to each indicator on both bases"
    proven(
        done="services of December, a death and an archive of January, delivered in January",
        seen="the services change the year that has ended, the others only the one that goes on",
    )
