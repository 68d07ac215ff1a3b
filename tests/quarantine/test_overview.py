"""One place to see what is held back: night by night in `operations/quarantine`, now and filtered at the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg
from typer.testing import CliRunner

from pipelines.cli.main import app
from pipelines.control.ledger import QUARANTINE
from pipelines.orchestration.assets import AS_OF_TAG, overview_asset
from pipelines.quarantine.overview import lines
from pipelines.runtime import Runtime
from pipelines.steps.cleanse import cleanse
from pipelines.steps.release import release
from tests.cleansed.nights import citizen, crowd, examination, night, staff
from tests.deliveries import deliver

STAFF, EXAMINATION = "health/staff", "health/examination"
D29, D30, D31 = "2019-12-29", "2019-12-30", "2019-12-31"
STATUS, DATE = "status:E_CODE", "exam_date:E_DATE"
Figures = dict[tuple[str, str], tuple[int, int, int]]


def test_two_nights_and_a_corrected_rule(installation: Callable[..., Runtime]) -> None:
    city = installation()
    deliver(city, STAFF, D29, [staff("A"), staff("B", status="?!", id_no=citizen(7)), staff("C", status="?!", org_code="")])
    night(city, STAFF, D29)
    assert see(city, D29)[1] == {("staff", "*"): (2, 2, 0), ("staff", STATUS): (2, 2, 0), ("staff", "org_code:E_REQUIRED"): (1, 1, 0)}

    contract = city.contracts[f"cleansed/{STAFF}"]
    mild = replace(
        contract, columns=tuple(replace(c, on_error="flag", required=False) if c.name == "status" else c for c in contract.columns)
    )
    cleanse(city, mild, date.fromisoformat(D30), "night")
    deliver(city, EXAMINATION, D30, [examination("E1"), examination("E2", exam_date="?")])
    night(city, EXAMINATION, D30)
    shown, figures = see(city, D30)
    assert figures == {
        ("staff", "*"): (1, 0, 1), ("staff", STATUS): (1, 0, 1), ("staff", "org_code:E_REQUIRED"): (1, 0, 0),
        ("examination", "*"): (1, 1, 0), ("examination", DATE): (1, 1, 0),
    }  # fmt: skip
    assert [shown[f"rows {figure}"].value for figure in ("standing", "new", "cleared")] == [2, 1, 1]
    assert f"| 1 | 1 | 0 | health/examination | {DATE} | █" in shown["quarantined rows by reason"].value
    assert [row.split(" | ")[:2] for row in shown["trend"].value.splitlines()[2:]] == [[f"| {D29}", "2"], [f"| {D30}", "2"]]
    assert citizen(7) not in str(shown)

    before = city.lake.version(QUARANTINE)
    assert see(city, D30)[1] == figures
    see(city, D29)
    assert city.lake.version(QUARANTINE) == before, "the same night twice, or an old one again, changes nothing"
    assert not {t for t in release(city, date.fromisoformat(D30), "run").versions if t.startswith("operations/")}

    everything = ask(city)
    assert everything["rows_held_back"] == 2
    assert everything["nights"] == [
        {"as_of": D29, "standing": 2, "new": 2, "cleared": 0}, {"as_of": D30, "standing": 2, "new": 1, "cleared": 1},
    ]  # fmt: skip
    assert [(r["table"], r["code"], r["rows"]) for r in everything["by_reason"]] == [
        (EXAMINATION, DATE, 1), (STAFF, "org_code:E_REQUIRED", 1), (STAFF, STATUS, 1),
    ]  # fmt: skip
    for options in (["examination"], ["--code", "E_DATE"], ["--code", DATE], ["--date", D30], [f"cleansed/{EXAMINATION}"]):
        found = ask(city, "--rows", "9", *options)
        assert [(r["table"], r["_source_file"], r["_row_no"]) for r in found["rows"]] == [(EXAMINATION, "examination.csv.gz", 3)], options
        assert (found["rows_held_back"], [r["code"] for r in found["by_reason"]]) == (1, [DATE]), options
    screen = CliRunner().invoke(app, ["quarantine", "--lake", city.settings.lake, "--department", "health", "--rows", "5"]).stdout
    assert "2 quarantined rows" in screen
    assert "a value that is not in the code list" in screen
    assert citizen(7) not in screen
    assert CliRunner().invoke(app, ["quarantine", "--lake", city.settings.lake, "--department", "sports"]).exit_code == 1


def test_a_row_of_a_list_that_is_repeated_every_night_counts_once(installation: Callable[..., Runtime]) -> None:
    """It is new in the first night, stands in the second, and is cleared when a list without it comes."""
    city, wrong = installation(), [staff("B", status="?!")]
    for day, rows, figures in ((D29, wrong, (1, 1, 0)), (D30, wrong, (1, 0, 0)), (D31, [], (0, 0, 1))):
        deliver(city, STAFF, day, [*rows, *crowd()])
        night(city, STAFF, day)
        assert see(city, day)[1] == {("staff", "*"): figures, ("staff", STATUS): figures}, day
    assert ask(city)["rows_held_back"] == 0
    assert ask(city, "--date", D30)["rows_held_back"] == 1


def test_what_can_no_longer_be_compared_is_not_guessed(installation: Callable[..., Runtime]) -> None:
    city = installation()
    deliver(city, STAFF, D29, [staff("A"), staff("B", status="?!")])
    night(city, STAFF, D29)
    see(city, D29)
    cleansed = city.contracts[f"cleansed/{STAFF}"]
    cleanse(city, cleansed, date.fromisoformat(D29), "again", rebuild=True)
    quarantine = city.lake.open(f"quarantine/{STAFF}")
    assert quarantine is not None
    quarantine.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    assert see(city, D30)[1] == {("staff", "*"): (1, None, None), ("staff", STATUS): (1, None, None)}


def see(city: Runtime, day: str) -> tuple[dict[str, Any], Figures]:
    """Materialise the overview of a night: what Dagster shows, and the table's lines of that night by table and code."""
    done = dg.materialize([overview_asset([])], resources={"runtime": city}, tags={AS_OF_TAG: day})
    (made,) = done.asset_materializations_for_node("operations__quarantine")
    told = [r for r in lines(city.lake) if str(r["as_of"]) == day]
    return dict(made.metadata), {(r["table"], r["code"]): (r["standing"], r["new"], r["cleared"]) for r in told}


def ask(city: Runtime, *options: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["quarantine", "--lake", city.settings.lake, "--json", *options])
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told
