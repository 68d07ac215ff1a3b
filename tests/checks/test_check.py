"""`citylake check`: a good lake holds; a lake that is made wrong in one way is found out by the check for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from assets.invariants import declared_invariants
from pipelines.checks import Verdict, View, all_checks, check_lake
from pipelines.cli.check import run_check
from pipelines.cli.explain import show_explanation
from pipelines.cli.query import run_sql
from pipelines.control.ledger import LEDGER
from pipelines.runtime import Runtime
from pipelines.serving import tables
from pipelines.taking_part import contracts_of
from resources.engine import Engine
from resources.errors import CitylakeError
from tests.checks.lakes import Doctored, Rows
from tests.departments import ABOUT_PERSONS
from tests.story.city import citylake, toml
from tests.story.first_night import FirstNight

PERSON, SERVICE, ARCHIVE = "base/population/person", "themes/health/service", "themes/health/archive"
SCORED = "base/population/scored_match"
INDICATOR, WORK, STAFF = "themes/health/indicator", "themes/health/cleanup_list", "health/staff"
Wrong = Callable[[Doctored], None]


@pytest.fixture(scope="module")
def good(first_night: FirstNight, engine: Engine) -> Runtime:
    return Runtime.of(first_night.settings, engine)


@pytest.fixture
def lake(good: Runtime, tmp_path: Path) -> Doctored:
    return Doctored.copy(good, tmp_path)


def rows(table: str, where: Callable[[dict[str, Any]], bool], **changed: Any) -> Wrong:
    """The first row of a kind is changed."""

    def change(found: Rows) -> None:
        first = next(r for r in found if where(r))
        first |= {k: v(first) if callable(v) else v for k, v in changed.items()}

    return lambda lake: lake.publish(table, change)


def any_row(row: dict[str, Any]) -> bool:
    return True


def twice(table: str) -> Wrong:
    return lambda lake: lake.publish(table, lambda found: [*found, found[0]])


def without_one(table: str, where: Callable[[dict[str, Any]], bool] = any_row) -> Wrong:
    def change(found: Rows) -> Rows:
        gone = next(r for r in found if where(r))
        return [r for r in found if r is not gone]

    return lambda lake: lake.publish(table, change)


def shared_number(lake: Doctored) -> None:
    def change(found: Rows) -> None:
        one, other = [r for r in found if r["id_no"]][:2]
        other["id_no"] = one["id_no"]

    lake.publish(PERSON, change)


def swapped_pseudonyms(lake: Doctored) -> None:
    def change(found: Rows) -> None:
        one, other = [r for r in found if r["id_no"]][:2]
        one["person_uid"], other["person_uid"] = other["person_uid"], one["person_uid"]

    lake.publish(PERSON, change)


def forgotten_flag(lake: Doctored) -> None:
    def change(found: Rows) -> None:
        next(r for r in found if "AFTER_DEATH" in r["flags"])["flags"] = []

    lake.publish(SERVICE, change)


def stranger(lake: Doctored) -> None:
    lake.publish(PERSON, lambda found: None, metadata={})


def unwritten_account(lake: Doctored) -> None:
    from deltalake import write_deltalake

    found = lake.lake.arrow(LEDGER)
    assert found is not None
    write_deltalake(lake.lake.uri(LEDGER), found.slice(1), mode="overwrite")


def unfolded_batch(lake: Doctored) -> None:
    lake.publish(f"raw/{STAFF}", lambda found: [{**r, "_batch_id": "0" * 32} for r in found])


def lost_commit(lake: Doctored) -> None:
    for _ in range(2):
        lake.publish(WORK, lambda found: None)
    Path(lake.lake.uri(WORK), "_delta_log", f"{1:020}.json").unlink()


def a_file(lake: Doctored) -> Path:
    """One that readers of the newest version need."""
    handle = lake.lake.open(WORK)
    assert handle is not None
    return Path(handle.file_uris()[0].removeprefix("file://"))


def lost_file(lake: Doctored) -> None:
    a_file(lake).unlink()


def longer_file(lake: Doctored) -> None:
    file = a_file(lake)
    file.write_bytes(file.read_bytes() + b"\x00")


def changed_byte(lake: Doctored) -> None:
    file = a_file(lake)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))


def has_grade(row: dict[str, Any]) -> bool:
    return row["death_grade"] == "A"


WRONG: dict[str, dict[str, Wrong]] = {
    "ledger_balances": {"a line of the ledger with one row too many": lambda lake: lake.account(f"cleansed/{STAFF}", rows_in=10**6)},
    "rows_have_lineage": {
        "a cleansed row of a line that was never delivered": rows(f"cleansed/{STAFF}", any_row, _row_no=10**9),
        "a quarantined row of another file": rows("quarantine/health/archive", any_row, _source_file="elsewhere.csv"),
    },
    "rows_have_one_fate": {"a cleansed row twice": twice(f"cleansed/{STAFF}")},
    "batches_recomputed": {
        "a quarantined row lost": without_one("quarantine/health/archive"),
        "a raw row lost": without_one(f"raw/{STAFF}"),
        "a batch counted twice": lambda lake: lake.account(f"cleansed/{STAFF}"),
    },
    "numbers_are_valid": {
        "the last character of a number changed": rows(
            PERSON, lambda r: bool(r["id_no"]), id_no=lambda r: r["id_no"][:17] + ("1" if r["id_no"][17] != "1" else "2")
        )
    },
    "pseudonym_of_one_person": {"two persons with each other's pseudonym": swapped_pseudonyms},
    "person_once": {"a person twice": twice(PERSON)},
    "number_of_one_person": {"two persons with one number": shared_number},
    "death_after_birth": {"a death in 1800": rows(PERSON, has_grade, death_date=date(1800, 1, 1))},
    "nothing_after_the_night": {"a death to come": rows(PERSON, has_grade, death_date=date(2099, 1, 1))},
    "dead_by_evidence": {
        "dead without evidence": rows(PERSON, lambda r: r["death_grade"] is None, vital_status=2),
        "alive with a certificate": rows(PERSON, has_grade, vital_status=1),
    },
    "after_death_flagged": {"a service after the death without its flag": forgotten_flag},
    "services_to_come_prove_nothing": {
        "a service to come without its flag": rows(SERVICE, lambda r: not r["flags"], service_date=date(2099, 1, 1)),
        "an archive last used tomorrow": rows(ARCHIVE, any_row, last_event_date=date(2099, 1, 1)),
    },
    "one_candidate_is_chosen": {"a candidate without a number": rows(SCORED, any_row, candidate_uid="nobody")},
    "archive_has_one_state": {"an archive twice": twice(ARCHIVE)},
    "archives_all_there": {
        "an archive without a state": without_one(ARCHIVE),
        "an archive nobody delivered": rows(ARCHIVE, any_row, empi_id="nobody"),
    },
    "archive_closing_has_reason": {"a duplicate without a reason": rows(ARCHIVE, lambda r: r["state"] == "DUPLICATE", close_reason=None)},
    "archive_rules_have_evidence": {
        "a line of the work list lost": without_one(WORK),
        "a line without evidence": rows(WORK, any_row, evidence=[]),
    },
    "health_values_follow_from_counts": {
        "no value": rows(INDICATOR, lambda r: r["value"] is not None, value=None),
        "a state of nothing to count": rows(INDICATOR, lambda r: r["state"] != "EMPTY", state="EMPTY"),
        "another value than the counts give": rows(INDICATOR, lambda r: bool(r["value"]), numerator=lambda r: r["numerator"] - 1),
    },
    "rates_both_published": {"no raw value": without_one(INDICATOR, lambda r: r["basis"] == "raw")},
    "part_of_the_whole": {
        "more used than there are": rows(INDICATOR, lambda r: r["indicator"] == "usage_rate", numerator=lambda r: r["denominator"] + 1)
    },
    "copies_keep_their_level": {"a contract that calls the number public": lambda lake: lake.classify(WORK, "person_uid", "L1")},
    "no_number_in_plain_columns": {
        "a number in the column of the county": rows(PERSON, lambda r: bool(r["id_no"]), county6=lambda r: r["id_no"])
    },
    "log_without_personal_values": {
        "persons published with statistics": lambda lake: lake.publish(PERSON, lambda found: None, statistics=True)
    },
    "releases_are_readable": {"a release of a version that never was": lambda lake: lake.release(**{WORK: 99})},
    "versions_have_accounts": {"a commit nobody accounts for": stranger, "a line of the ledger lost": unwritten_account},
    "accounts_have_versions": {"an account of a version that never was": lambda lake: lake.account(PERSON, version=99)},
    "batches_are_folded": {"a batch in raw that cleansed does not know": unfolded_batch},
    "logs_are_contiguous": {"a commit removed": lost_commit},
    "files_are_there": {"a file removed": lost_file, "a file with a byte too many": longer_file},
    "files_are_sound": {"a byte changed": changed_byte},
}
NEEDS_A_REBUILD = "rebuild_is_equal"
THOROUGH = ("files_are_sound", NEEDS_A_REBUILD)


def of_others() -> set[str]:
    """The invariants of tables that are not in this lake, whose own tests show what they find."""
    here = contracts_of(ABOUT_PERSONS)
    there = {*here, *(c.sibling("raw") for c in here.values())}
    return {i.name for i in declared_invariants() if not there.issuperset(i.tables)}


def test_every_check_is_here() -> None:
    assert {c.name for c in all_checks()} == {*WRONG, NEEDS_A_REBUILD, *of_others()}


@pytest.mark.proves("H1", "H3", "H4", "H6", "H7", "H10")
def test_a_good_lake_holds(good: Runtime, proven: Callable[..., None]) -> None:
    found = check_lake(View(good, good.ledger.releases()[-1]))
    assert {f.name: (f.why, f.examples) for f in found if f.verdict == Verdict.VIOLATED} == {}
    assert {f.name for f in found if f.verdict == Verdict.DOES_NOT_APPLY} == {NEEDS_A_REBUILD, "files_are_sound", *of_others()}
    proven(
        done="every invariant asked of a night of a small city",
        seen=f"{sum(f.verdict == Verdict.HOLDS for f in found)} invariants hold, none is violated",
    )


INVARIANTS = {c.name: c.code for c in all_checks() if c.code != "LAKE"}


@pytest.mark.parametrize(
    ("name", "how"),
    [
        pytest.param(name, how, marks=[pytest.mark.proves(INVARIANTS[name])] if name in INVARIANTS else [])
        for name, ways in WRONG.items()
        for how in ways
    ],
)
def test_a_wrong_lake_is_found_out(name: str, how: str, lake: Doctored, proven: Callable[..., None]) -> None:
    before = lake.ask(name, thorough=name in THOROUGH)
    WRONG[name][how](lake)
    found = lake.ask(name, thorough=name in THOROUGH)
    assert (before.verdict, found.verdict) == (Verdict.HOLDS, Verdict.VIOLATED), (before.why, found.why)
    assert found.violations > 0
    assert "the check failed with" not in found.why
    if name in INVARIANTS:
        proven(done=f"a lake made wrong: {how}", seen=f"the check {name} finds {found.violations}, before it found none")


def test_a_check_that_failed_does_not_stand_among_those_that_do_not_apply(lake: Doctored, capsys: pytest.CaptureFixture[str]) -> None:
    handle = lake.lake.open(ARCHIVE)
    assert handle is not None
    Path(handle.file_uris()[0]).unlink()
    assert run_check(lake.runtime.settings, None, thorough=False, as_json=False) == 1
    failed, _, rest = capsys.readouterr().out.partition("Could not be checked, and count as violated")[2].partition("Do not apply")
    assert "archive_has_one_state" in failed
    assert "TABLE_DAMAGED" in failed
    assert "TABLE_DAMAGED" not in rest
    assert NEEDS_A_REBUILD in rest


def test_a_release_does_not_read_the_rows_of_a_table_that_was_made_anew(lake: Doctored, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its version numbers begin again: 0 of the release is not 0 of the folder any more."""
    monkeypatch.setattr(tables, "CLOCKS_DIFFER", timedelta(0))
    number = lake.runtime.ledger.releases()[-1].number
    assert lake.ask("releases_are_readable").verdict is Verdict.HOLDS
    rows = lake.lake.arrow(ARCHIVE)
    assert rows is not None
    shutil.rmtree(Path(lake.lake.uri(ARCHIVE)))
    stage = lake.lake.stage(ARCHIVE, "rebuild")
    stage.write(lake.runtime.spark.createDataFrame(rows.slice(1)), [])
    lake.lake.publish(stage, base_version=None, partition_by=[], metadata={"run_id": "rebuild"})
    assert f"release {number}: {ARCHIVE} version 0 was made after the release" in lake.ask("releases_are_readable").examples
    with pytest.raises(CitylakeError, match=f"TABLE_MADE_ANEW: release {number} no longer has {ARCHIVE}"):
        run_sql(lake.runtime.settings, "SELECT count(*) FROM themes.health.archive", number, 1, as_json=True)


def test_a_record_is_explained_as_of_a_release(lake: Doctored, capsys: pytest.CaptureFixture[str]) -> None:
    before = lake.runtime.ledger.releases()[-1].number
    archives = lake.lake.arrow(ARCHIVE)
    assert archives is not None
    known = next(r for r in archives.to_pylist() if r["state"] == "ACTIVE")

    def closed(found: Rows) -> None:
        next(r for r in found if r["ehr_no"] == known["ehr_no"])["state"] = "CLOSED"

    lake.publish(ARCHIVE, closed)
    states = {}
    for release in (before, before + 1, None):
        assert show_explanation(lake.runtime.settings, known["ehr_no"], release, as_json=True) == 0
        states[release] = json.loads(capsys.readouterr().out)[0]["facts"]["state"]
    assert states == {before: "ACTIVE", before + 1: "CLOSED", None: "CLOSED"}
    lake.publish(ARCHIVE, lambda found: [r for r in found if r["ehr_no"] != known["ehr_no"]])
    with pytest.raises(CitylakeError, match=f"^GONE: the lake no longer has the record {known['ehr_no']}; release {before + 1} had it"):
        show_explanation(lake.runtime.settings, known["ehr_no"], as_json=True)


def test_examples_are_not_personal(lake: Doctored) -> None:
    """Of two persons with one number the pseudonym is named."""
    known = lake.lake.arrow(PERSON, columns=["person_uid", "id_no"])
    assert known is not None
    shared_number(lake)
    found = lake.ask("number_of_one_person")
    assert set(found.examples) <= set(known["person_uid"].to_pylist())


@pytest.mark.proves("H2")
@pytest.mark.slow
def test_a_table_that_a_rebuild_would_not_make(lake: Doctored, proven: Callable[..., None]) -> None:
    without_one(INDICATOR)(lake)
    assert lake.ask(NEEDS_A_REBUILD).verdict == Verdict.DOES_NOT_APPLY
    found = lake.ask(NEEDS_A_REBUILD, thorough=True)
    assert (found.verdict, found.why, found.examples) == (Verdict.VIOLATED, "", (f"{INDICATOR}: 0 rows missing, 1 too many",))
    proven(
        done="a row taken out of the table of rates, then everything made anew from raw",
        seen=f"the comparison says: {found.examples[0]}",
    )


@pytest.mark.slow
def test_the_command_says_it_and_its_exit_code_too(lake: Doctored, tmp_path: Path) -> None:
    config = tmp_path / "citylake.toml"
    settings = lake.runtime.settings
    config.write_text(toml({"lake": settings.lake, "landing": settings.landing, "key_file": str(settings.key_file), "profile": "demo",
                            "departments": settings.departments}))  # fmt: skip
    twice(PERSON)(lake)
    done = citylake("check", "--json", cwd=tmp_path, config=config)
    assert done.code == 1, done.err
    said = json.loads(done.out)
    assert not said["ok"]
    assert "person_once" in {c["name"] for c in said["checks"] if c["verdict"] == Verdict.VIOLATED}
    first = citylake("check", "--release", "1", cwd=tmp_path, config=config)
    assert first.code == 0, first.err
    assert "Invariants hold: 30 of 30." in first.out
