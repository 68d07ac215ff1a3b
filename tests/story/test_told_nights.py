"""Nights that are easily judged or told wrongly: dates to come, names with lost characters, sources that are not there, dates run twice."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assets.declare import declared
from pipelines.checks import Verdict, View, check_lake
from pipelines.cli.main import app
from pipelines.orchestration.nights import NightReport, run_night, run_rebuild
from pipelines.runtime import Runtime
from pipelines.steps import input_changes
from pipelines.steps.derive import derive
from pipelines.wrong_use import WrongUse
from resources.change_set import ChangeCounts
from resources.engine import Engine
from resources.errors import CitylakeError
from resources.keys import create_key
from resources.settings import Settings
from tests.cleansed.nights import citizen
from tests.deliveries import deliver, exchange, write_drop
from tests.departments import ABOUT_PERSONS

pytestmark = pytest.mark.slow
ARCHIVE, RESIDENT, FOLLOWUP = "health/archive", "public_security/resident", "health/hypertension_followup"
D29, D30 = "2019-12-29", "2019-12-30"
MADE = (
    "base/population/source_link", "base/population/death", "base/population/person", "themes/health/service", "themes/health/archive",
    "themes/health/cleanup_list",
)  # fmt: skip
"""Of base and themes, what a night can update in part."""
PEOPLE = {
    # name at the police, name of the archive, death certificates (name, death)
    1: ("王建国", "王建国", [("王建国", "2019-03-01")]),  # with a visit ten years ahead
    2: ("王建军", "王建军", [("王建军", "2019-12-30")]),  # not after the night, but after the extract
    3: ("李㛃", "李?", [("李㛃", "2019-03-01")]),
    4: ("李䶮", "李䶮", [("李??", "2019-03-01")]),
    5: ("赵小明", "赵小明", [("赵小民", "2019-03-01")]),  # one character off
    6: ("周志刚", "周志刚", []),
    7: ("孙伟", "孙伟", [("孙纬", "2019-03-01")]),  # one of two characters off
}
Row = dict[str, Any]


def number(person: int) -> str:
    return f"32100200100100{person:03}"


def archive(person: int) -> Row:
    return {
        "ehr_no": number(person), "empi_id": f"E{person}", "id_no": citizen(person), "name": PEOPLE[person][1],
        "create_date": "2019-01-01", "status": "0", "update_time": "2019-12-01 08:00:00",
    }  # fmt: skip


def examination(person: int) -> Row:
    day = "2019-02-01"
    return {"exam_no": f"X{person}", "ehr_no": number(person), "exam_date": day, "sbp": "130", "dbp": "80", "input_time": f"{day} 17:00:00"}


@dataclass
class City:
    """An installation and what its nights have said."""

    runtime: Runtime
    root: Path

    @classmethod
    def make(cls, root: Path, engine: Engine) -> City:
        (root / "landing").mkdir(parents=True)
        settings = Settings(
            lake=f"{root}/lake", landing=f"{root}/landing", exchange_url=f"sqlite:///{root}/exchange.db", key_file=root / "key",
            profile="demo", departments=ABOUT_PERSONS, home=root / "dagster",
        )  # fmt: skip
        create_key(settings.key_file)
        return cls(Runtime.of(settings, engine), root)

    @property
    def manifest(self) -> Path:
        return self.root / "landing" / FOLLOWUP / D30 / "manifest.json"

    def night(self, day: str, **settings: str) -> NightReport:
        """Run a date, with some settings changed."""
        changed = Settings.model_validate({**self.runtime.settings.model_dump(), **settings})
        report = run_night(Runtime.of(changed, self.runtime.engine), date.fromisoformat(day))
        assert report.failures == []
        return report

    def ask(self, *arguments: str) -> Any:
        env = {"CITYLAKE_LAKE": f"{self.root}/lake", "CITYLAKE_LANDING": f"{self.root}/landing", "CITYLAKE_KEY_FILE": f"{self.root}/key"}
        return CliRunner().invoke(app, arguments, env=env)

    def status(self) -> tuple[int, dict[str, Any]]:
        asked = self.ask("status", "--json")
        return asked.exit_code, json.loads(asked.stdout)

    def rows(self, table: str) -> list[Row]:
        found = self.runtime.lake.arrow(table)
        assert found is not None
        return found.to_pylist()

    def archives(self) -> dict[int, Row]:
        return {int(r["ehr_no"][-3:]): r for r in self.rows("themes/health/archive")}

    def violated(self) -> list[str]:
        found = check_lake(View(self.runtime, self.runtime.ledger.releases()[-1]))
        return [f"{f.name}: {f.examples}" for f in found if f.verdict == Verdict.VIOLATED]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> City:
    """What is delivered for the 30th; the follow-ups have no manifest yet, and the certificates are an extract of the day before."""
    here = City.make(tmp_path_factory.mktemp("told"), engine)
    people = sorted(PEOPLE)
    who = [{"id_no": citizen(p), "name": PEOPLE[p][0]} for p in people]
    exchange(here.runtime, RESIDENT, D30, [{**w, "person_no": f"P{p}", "person_status": "0", "op_time": "2018-01-01 09:00:00"}
                                           for p, w in zip(people, who, strict=True)])  # fmt: skip
    dead = [(p, name, day) for p in people for name, day in PEOPLE[p][2]]
    certificates = [
        {"cert_no": f"C{p}", "id_no": citizen(p), "name": name, "death_datetime": f"{day} 08:00:00", "update_time": f"{D29} 08:00:00"}
        for p, name, day in dead
    ]
    card = {"card_no": "K1", "id_no": citizen(6), "name": "周志刚", "status": "1", "update_time": f"{D30} 08:00:00"}
    deliver(here.runtime, ARCHIVE, D30, [archive(p) for p in people])
    deliver(here.runtime, "health/examination", D30, [examination(p) for p in people])
    deliver(here.runtime, "health/death_certificate", D29, certificates)
    deliver(here.runtime, "citizen_card/card", D30, [card])
    followup = {"fu_no": "F1", "ehr_no": number(6), "fu_date": D30, "way_code": "1", "sbp": "132", "dbp": "82"}
    deliver(here.runtime, FOLLOWUP, D30, [{**followup, "input_time": f"{D30} 17:00:00"}])
    here.manifest.rename(here.root / "manifest.json")
    visit = {"org_code": "H1", "visit_no": "V1", "id_no": citizen(1), "name": "王建国", "visit_time": "2029-10-10 10:00:00"}
    contract = here.runtime.contracts["cleansed/health/outpatient_visit"]
    sources = {c.source: str(visit[c.name]) for c in contract.delivered if c.name in visit}
    data = json.dumps({c.source: sources.get(c.source) for c in contract.delivered}, ensure_ascii=False).encode()
    write_drop(here.root / "landing", contract, D30, gzip.compress(data + b"\n", mtime=0), 1)
    return here


@dataclass(frozen=True)
class Morning:
    """What is seen after a night and before the next one."""

    report: NightReport
    code: int
    status: dict[str, Any]
    shown: str
    archives: dict[int, Row]


@pytest.fixture(scope="module")
def first(city: City) -> Morning:
    """The morning after a night without the exchange database that has the register."""
    report = city.night(D30, exchange_url="sqlite:////nothing/here.db")
    return Morning(report, *city.status(), " ".join(city.ask("status").stdout.split()), city.archives())


def test_a_source_that_did_not_answer_stands_in_the_status(first: Morning) -> None:
    (problem,) = first.report.problems
    assert problem.startswith("EXCHANGE_DATABASE")
    assert (first.code, [(r["table"], r["reason"]) for r in first.status["refused"]]) == (3, [(f"raw/{RESIDENT}", problem)])


def test_a_folder_without_a_manifest_is_left_alone(first: Morning) -> None:
    assert [p for p in first.report.problems if FOLLOWUP in p] == []
    assert [o for o in first.status["late"] if o["table"] == f"cleansed/{FOLLOWUP}"] == []


def test_nobody_is_suspect_before_the_register_is_there(first: Morning) -> None:
    assert first.report.release is not None
    assert {p: (r["state"], r["rules"]) for p, r in first.archives.items() if p in (2, 5)} == {2: ("ACTIVE", []), 5: ("ACTIVE", ["X5"])}
    remark = (
        "rule F2 (Number valid but no other source has it) is not applied: it needs public_security/resident and the records of 3 other"
    )
    assert first.status["not_applied"]["themes/health/archive"].startswith(remark)
    assert "public_security/resident was never delivered" in first.shown


@pytest.fixture(scope="module")
def again(city: City, first: Morning) -> NightReport:
    """The same date once more: the database answers, and the follow-ups are complete."""
    assert first.report.problems
    (city.root / "manifest.json").rename(city.manifest)
    return city.night(D30)


def test_a_date_run_twice_counts_once(city: City, again: NightReport) -> None:
    code, told = city.status()
    assert (again.problems, code, told["refused"]) == ([], 0, [])
    figures = _figures(told["night"])
    assert {figures[f"{layer}/{t}"] for layer in ("raw", "cleansed") for t in (FOLLOWUP, "health/outpatient_visit")} == {1}
    assert {figures[t] for t in (f"raw/{ARCHIVE}", f"cleansed/{ARCHIVE}", "themes/health/archive")} == {len(PEOPLE)}


def _figures(night: list[Row]) -> dict[str, int]:
    """Rows in by table."""
    sums: dict[str, int] = {}
    for r in night:
        sums[r["table"]] = sums.get(r["table"], 0) + r["rows_in"]
    return sums


@pytest.mark.usefixtures("again")
def test_dates_to_come_and_names_with_lost_characters(city: City) -> None:
    found = city.archives()
    assert {p: (r["state"], r["death_date"] and str(r["death_date"])) for p, r in found.items()} == {
        1: ("DECEASED", "2019-03-01"), 2: ("ACTIVE", None), 3: ("DECEASED", "2019-03-01"), 4: ("DECEASED", "2019-03-01"),
        5: ("ACTIVE", None), 6: ("ACTIVE", None), 7: ("ACTIVE", None),
    }  # fmt: skip
    assert {p: r["rules"] for p, r in found.items()} == {1: ["X1"], 2: [], 3: ["X1"], 4: ["X1"], 5: ["X5"], 6: [], 7: ["X5"]}
    assert {r["name"] for r in city.rows("base/population/person")} == {police for police, _, _ in PEOPLE.values()}
    assert [r["flags"] for r in city.rows("themes/health/service") if r["service_kind"] == "VISIT"] == [["FUTURE"]]


@pytest.mark.usefixtures("again")
def test_a_death_one_character_off_is_work_for_the_institution(city: City) -> None:
    lines = [r for r in city.rows("themes/health/cleanup_list") if r["rule"] == "X5"]
    assert {(int(r["ehr_no"][-3:]), r["action"], r["automatic"]) for r in lines} == {(p, "REVIEW_DEATH", False) for p in (5, 7)}
    assert {tuple(e["source_table"] for e in r["evidence"]) for r in lines} == {("health/archive", "health/death_certificate")}
    (told,) = json.loads(city.ask("explain", number(5), "--json").stdout)
    assert [r["rule"] for r in told["rules"]] == ["X5"]
    assert "one character off" in told["rules"][0]["means"]


@pytest.mark.usefixtures("again")
def test_a_rebuild_replaces_its_accounts_and_makes_tables_whole(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large the tables are, and however little has changed: the links are more than all of their inputs, which are compared."""
    lake = city.runtime.lake
    before, night = city.runtime.ledger.rows(), city.status()[1]["night"]
    versions = {name: lake.version(name) or 0 for name in MADE}
    monkeypatch.setattr(input_changes, "PART_FROM_ROWS", len(PEOPLE) + 1)
    monkeypatch.setattr(input_changes, "too_much", lambda touch, share: False)
    assert run_rebuild(city.runtime, date.fromisoformat(D30)).failures == []
    assert [t for t, version in versions.items() if lake.version(t) == version] == []
    changes = {name: ChangeCounts.of_commit(lake.notes(name)) for name in MADE}
    assert [t for t, change in changes.items() if change is None or not change.whole] == []
    delivered = [_figures([r for r in rows if r["kind"] != "derived"]) for rows in (before, city.runtime.ledger.rows())]
    assert delivered[0] == delivered[1]
    assert _figures(city.status()[1]["night"]) == _figures(night)
    assert city.violated() == []


@pytest.mark.usefixtures("again")
def test_an_earlier_date_is_not_run_again(city: City) -> None:
    with pytest.raises(CitylakeError, match=r"AS_OF_EARLIER: themes/health/archive has been made for 2019-12-30"):
        derive(city.runtime, declared()["themes/health/archive"], date.fromisoformat(D29), "again")
    refused = city.ask("run", "--as-of", D29)
    assert isinstance(refused.exception, WrongUse)
    assert str(refused.exception).startswith("AS_OF_EARLIER: 2019-12-29 is before 2019-12-30")
