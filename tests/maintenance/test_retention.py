"""Raw is kept as long as the contract says: what is beyond goes, and nothing else changes because of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from contracts import ContractError, load_all
from contracts.loader import load
from pipelines.cli.rebuild import run_rebuild
from pipelines.maintenance.maintain import maintain
from pipelines.maintenance.retention import refuse_partial
from pipelines.runtime import Runtime
from pipelines.steps.ingest import pending
from resources.errors import CitylakeError
from tests.cleansed.nights import crowd, examination, fold, ledger, night, published, quarantined, shares, staff, take_in
from tests.deliveries import deliver

Installation = Callable[..., Runtime]
STAFF, EXAMINATION = "health/staff", "health/examination"
SAME_EXTRACT = {"extract_ts": "2019-12-29T22:00:00+08:00"}
D29, D30, D31, NEW_YEAR, NEXT, LAST = "2019-12-29", "2019-12-30", "2019-12-31", "2020-01-01", "2020-01-02", "2020-01-03"


def keeping(city: Runtime, table: str, days: int) -> Runtime:
    """The city with a retention in the contract of one table."""
    name = f"cleansed/{table}"
    city.__dict__["contracts"] = {**city.contracts, name: replace(city.contracts[name], retention_days=days)}
    return city


def batches(city: Runtime, layer: str, table: str) -> list[str]:
    return sorted(p["_business_date"] for p in city.lake.partitions(f"{layer}/{table}"))


def test_old_batches_go_and_snapshots_close_as_before(installation: Installation) -> None:
    city = keeping(installation(), STAFF, 1)
    for day, people in {D29: [staff("A"), staff("B"), staff("?", status="?")], D30: [staff("A")], D31: [staff("A")]}.items():
        deliver(city, STAFF, day, [*crowd(), *people])
        night(city, STAFF, day)
    maintain(city, "care")
    assert batches(city, "raw", STAFF) == [D30, D31]
    deliver(city, STAFF, NEW_YEAR, [*crowd(), staff("A"), staff("C")])
    night(city, STAFF, NEW_YEAR)
    state = published(city, STAFF, "_op", "_closed_on")
    assert state["B"] == ("D", date(2019, 12, 30))
    done = {m.table: m for m in maintain(city, "care")}
    assert (done["raw/health/staff"].batches, batches(city, "raw", STAFF)) == (1, [D31, NEW_YEAR])
    assert (batches(city, "quarantine", STAFF), quarantined(city, STAFF, "codes")) == ([], [])
    assert pending(city, city.contracts[f"cleansed/{STAFF}"], date(2020, 1, 1)) == [], "it is not taken in again"
    assert not night(city, STAFF, D29).changed
    deliver(city, STAFF, NEXT, [*crowd(), staff("A")])
    after = night(city, STAFF, NEXT)
    now = published(city, STAFF, "_op", "_closed_on")
    assert now == {**state, "C": ("D", date(2020, 1, 2))}, "B is still closed by a snapshot that is gone"
    assert all(a.balanced for a in after.accounts)
    told = city.lake.arrow("operations/maintenance")
    assert told is not None
    gone = sorted((r["table"], str(r["business_date"]), r["rows"]) for r in told.to_pylist() if r["task"] == "batch")
    assert gone == [("quarantine/health/staff", D29, 1), ("raw/health/staff", D29, 23), ("raw/health/staff", D30, 21)]


def test_rebuild_is_refused_when_raw_was_cut(installation: Installation) -> None:
    city = keeping(installation(), STAFF, 1)
    for day in (D29, NEXT):
        deliver(city, STAFF, day, crowd())
        night(city, STAFF, day)
    refuse_partial(city)
    maintain(city, "care")
    for compare in (True, False):
        with pytest.raises(CitylakeError, match=r"RAW_PRUNED.*1 batches of raw/health/staff are no longer in raw.*--partial"):
            run_rebuild(city.settings, compare=compare, partial=False, as_json=False)


def test_a_row_that_becomes_contested_after_its_raw_is_gone_is_held_back_with_its_place(installation: Installation) -> None:
    city = keeping(installation(), EXAMINATION, 1)
    deliver(city, EXAMINATION, D29, [examination("E1"), examination("E2")], **SAME_EXTRACT)
    night(city, EXAMINATION, D29)
    deliver(city, EXAMINATION, D31, [examination("E3")])
    night(city, EXAMINATION, D31)
    maintain(city, "care")
    assert batches(city, "raw", EXAMINATION) == [D31]
    deliver(city, EXAMINATION, NEW_YEAR, [examination("E1", sbp="180")], **SAME_EXTRACT)
    night(city, EXAMINATION, NEW_YEAR)
    assert set(published(city, EXAMINATION, "sbp")) == {"E2", "E3"}
    assert quarantined(city, EXAMINATION, "_business_date", "_row_no", "codes") == [
        (date(2019, 12, 29), 2, ["key:E_KEY_CONFLICT"]),
        (date(2020, 1, 1), 2, ["key:E_KEY_CONFLICT"]),
    ]
    assert shares(ledger(city, EXAMINATION)[-2:]) == [("adjustment", D29, 0, -1, 1, 0), ("batch", NEW_YEAR, 1, 0, 1, 0)]
    deliver(city, EXAMINATION, NEXT, [examination("E4")])
    after = night(city, EXAMINATION, NEXT)
    assert all(a.balanced for a in after.accounts)
    assert set(published(city, EXAMINATION, "sbp")) == {"E2", "E3", "E4"}, "news of others decide nothing"
    deliver(city, EXAMINATION, LAST, [examination("E1", sbp="185")])
    after = night(city, EXAMINATION, LAST)
    assert all(a.balanced for a in after.accounts)
    assert published(city, EXAMINATION, "sbp")["E1"] == 185
    assert quarantined(city, EXAMINATION, "_business_date") == [(date(2019, 12, 29),)], "it can no longer be judged"


def test_a_batch_that_is_not_folded_yet_stays(installation: Installation) -> None:
    city = keeping(installation(), STAFF, 1)
    deliver(city, STAFF, NEXT, crowd())
    night(city, STAFF, NEXT)
    deliver(city, STAFF, D29, crowd())
    take_in(city, STAFF, D29)
    maintain(city, "care")
    assert batches(city, "raw", STAFF) == [D29, NEXT]
    fold(city, STAFF, NEXT)
    maintain(city, "care")
    assert batches(city, "raw", STAFF) == [NEXT]


def test_retention_stands_in_the_contract(tmp_path: Path) -> None:
    contract = load_all()["cleansed/health/staff"]
    assert contract.retention_days is None, "without a word raw is kept for ever"
    said = contract.path.read_text(encoding="utf-8")
    for value, unit, days in (("90", "d", 90), ("3", "y", 1098)):
        file = tmp_path / f"{unit}.yaml"
        file.write_text(said.replace("sla: {", f"sla: {{retention: {value} {unit}, "))
        assert load(file).retention_days == days
    file.write_text(said.replace("sla: {", "sla: {retention: 3 moons, "))
    with pytest.raises(ContractError, match="'moons' is not known"):
        load(file)
