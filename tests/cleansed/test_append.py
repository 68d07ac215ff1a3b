"""Appended events: the same event twice is one, two different events under one key are nobody's until the source decides."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines.runtime import Runtime
from resources.lake import Conflict, Published
from resources.stage import Stage
from tests.cleansed.nights import examination, fold, ledger, night, published, quarantined, shares, take_in
from tests.deliveries import deliver, write_drop

EXAMINATION, CREMATION = "health/examination", "civil_affairs/cremation"
CONFLICT = "key:E_KEY_CONFLICT"
D29, D30, D31 = "2019-12-29", "2019-12-30", "2019-12-31"
SAME_EXTRACT = {"extract_ts": f"{D31}T22:00:00+08:00"}
Installation = Callable[..., Runtime]


def test_equal_rows_are_one_and_the_first_delivered_stands(installation: Installation) -> None:
    city = installation()
    deliver(city, EXAMINATION, D30, [examination("E1"), examination("E1"), examination("E2")], **SAME_EXTRACT)
    deliver(city, EXAMINATION, D29, [examination("E2"), examination("E1")], **SAME_EXTRACT)
    first = night(city, EXAMINATION, D30)
    assert shares(first.accounts) == [("batch", D30, 3, 2, 0, 1)]
    assert published(city, EXAMINATION, "_row_no", "_business_date") == {"E1": (2, date(2019, 12, 30)), "E2": (4, date(2019, 12, 30))}
    night(city, EXAMINATION, D29)
    assert published(city, EXAMINATION, "_row_no", "_business_date") == {"E1": (3, date(2019, 12, 29)), "E2": (2, date(2019, 12, 29))}


def test_two_answers_for_one_key_are_held_until_a_newer_one_decides(installation: Installation) -> None:
    city = installation()
    deliver(city, EXAMINATION, D29, [examination("E1", sbp="120"), examination("E2")], **SAME_EXTRACT)
    night(city, EXAMINATION, D29)
    deliver(city, EXAMINATION, D30, [examination("E1", sbp="130"), examination("E3")], **SAME_EXTRACT)
    contested = night(city, EXAMINATION, D30)
    assert published(city, EXAMINATION, "sbp") == {"E2": 120, "E3": 120}
    assert quarantined(city, EXAMINATION, "_business_date", "_row_no", "codes") == [
        (date(2019, 12, 29), 2, [CONFLICT]),
        (date(2019, 12, 30), 2, [CONFLICT]),
    ]
    assert shares(contested.accounts) == [("adjustment", D29, 0, -1, 1, 0), ("batch", D30, 2, 1, 1, 0)]

    deliver(city, EXAMINATION, D31, [examination("E1", sbp="125", input_time="2019-12-21 09:00:00")])
    night(city, EXAMINATION, D31)
    assert published(city, EXAMINATION, "sbp", "_codes") == {"E1": (125, []), "E2": (120, []), "E3": (120, [])}
    assert quarantined(city, EXAMINATION, "codes") == []
    told = ledger(city, EXAMINATION)
    assert sorted(shares(told)) == sorted([
        ("batch", D29, 2, 2, 0, 0),
        ("adjustment", D29, 0, -1, 1, 0),
        ("batch", D30, 2, 1, 1, 0),
        ("adjustment", D29, 0, 0, -1, 1),
        ("adjustment", D30, 0, 0, -1, 1),
        ("batch", D31, 1, 1, 0, 0),
    ])  # fmt: skip
    assert sum(r["published"] for r in told) == 3


def test_contested_rows_stay_held_while_other_news_arrives(installation: Installation) -> None:
    city = installation()
    deliver(city, EXAMINATION, D29, [examination("E1", sbp="120"), examination("E1", sbp="130"), examination("E2", exam_date="?"),
                                     examination("E4")])  # fmt: skip
    night(city, EXAMINATION, D29)
    deliver(city, EXAMINATION, D30, [examination("E1", sbp="99", input_time="2019-12-01 09:00:00"), examination("E3")])
    quiet = night(city, EXAMINATION, D30)
    assert published(city, EXAMINATION, "sbp") == {"E3": 120, "E4": 120}
    assert quarantined(city, EXAMINATION, "_row_no", "codes") == [(2, [CONFLICT]), (3, [CONFLICT]), (4, ["exam_date:E_DATE"])]
    assert shares(quiet.accounts) == [("batch", D30, 2, 1, 0, 1)]


def test_duplicate_of_a_row_that_becomes_contested_is_contested_too(installation: Installation) -> None:
    found = []
    for name, days in (("in_order", (D29, D30)), ("late", (D30, D29))):
        city = installation(name)
        deliver(city, EXAMINATION, D29, [examination("E1", sbp="120"), examination("E1", sbp="120"), examination("E2")], **SAME_EXTRACT)
        deliver(city, EXAMINATION, D30, [examination("E1", sbp="130"), examination("E3")], **SAME_EXTRACT)
        for day in days:
            night(city, EXAMINATION, day)
        found.append(quarantined(city, EXAMINATION, "_business_date", "_row_no", "codes"))
    assert found[0] == found[1]


def _crash_between_the_commits(city: Runtime, day: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends after it has published the quarantine and before it publishes the table."""
    publish = city.lake.publish

    def crash(stage: Stage, **options: Any) -> Published:
        if stage.table == f"cleansed/{EXAMINATION}":
            raise KeyboardInterrupt
        return publish(stage, **options)

    with monkeypatch.context() as patched:
        patched.setattr(city.lake, "publish", crash)
        with pytest.raises(KeyboardInterrupt):
            fold(city, EXAMINATION, day, "crashes")


def test_crash_between_quarantine_and_table_is_healed_by_the_next_run(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    city = installation()
    deliver(city, EXAMINATION, D29, [examination("E1", sbp="120"), examination("E2")], **SAME_EXTRACT)
    night(city, EXAMINATION, D29)
    deliver(city, EXAMINATION, D30, [examination("E1", sbp="130"), examination("E3")], **SAME_EXTRACT)
    take_in(city, EXAMINATION, D30)
    _crash_between_the_commits(city, D30, monkeypatch)
    healed = fold(city, EXAMINATION, D30, "again")
    assert shares(healed.accounts) == [("adjustment", D29, 0, -1, 1, 0), ("batch", D30, 2, 1, 1, 0)]
    assert published(city, EXAMINATION, "sbp") == {"E2": 120, "E3": 120}
    assert quarantined(city, EXAMINATION, "_row_no", "codes") == [(2, [CONFLICT]), (2, [CONFLICT])]


def test_crash_between_the_commits_without_contest_is_healed(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    city = installation()
    deliver(city, EXAMINATION, D29, [examination("E1"), examination("E2", exam_date="?")])
    take_in(city, EXAMINATION, D29)
    _crash_between_the_commits(city, D29, monkeypatch)
    healed = fold(city, EXAMINATION, D29, "again")
    assert shares(healed.accounts) == [("batch", D29, 2, 1, 1, 0)]
    assert quarantined(city, EXAMINATION, "_row_no", "codes") == [(3, ["exam_date:E_DATE"])]


def test_conflict_is_healed_by_a_second_attempt_of_the_same_run(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    city = installation()
    deliver(city, EXAMINATION, D29, [examination("E1"), examination("E2", exam_date="?")])
    take_in(city, EXAMINATION, D29)
    publish = city.lake.publish

    def beaten(stage: Stage, **options: Any) -> Published:
        if stage.table == f"cleansed/{EXAMINATION}":
            raise Conflict("PUBLISH_CONFLICT", "somebody was quicker", stage.table, "Run it again")
        return publish(stage, **options)

    with monkeypatch.context() as patched:
        patched.setattr(city.lake, "publish", beaten)
        with pytest.raises(Conflict):
            fold(city, EXAMINATION, D29, "night")
    fold(city, EXAMINATION, D29, "night")
    assert published(city, EXAMINATION, "sbp") == {"E1": 120}
    assert quarantined(city, EXAMINATION, "_row_no", "codes") == [(3, ["exam_date:E_DATE"])]


def test_workbook_of_cremations(installation: Installation) -> None:
    city = installation()
    contract = city.contracts[f"cleansed/{CREMATION}"]
    rows = [
        {"cremation_no": "H1", "deceased_name": "甲", "age": "111", "cremation_date": "2019-12-20"},
        {"cremation_no": "H1", "deceased_name": "甲", "age": "111", "cremation_date": "2019-12-20"},
        {"cremation_no": "H2", "deceased_name": "乙", "age": "131", "cremation_date": "2019-12-21"},
        {"cremation_no": "H3", "deceased_name": "丙", "age": "80"},
    ]
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append([c.source for c in contract.delivered])
    for row in rows:
        book.active.append([row.get(c.name) for c in contract.delivered])
    data = io.BytesIO()
    book.save(data)
    write_drop(Path(city.settings.landing), contract, D29, data.getvalue(), len(rows))
    outcome = night(city, CREMATION, D29)
    assert published(city, CREMATION, "age", "_codes") == {"H1": (111, []), "H2": (None, ["age:E_RANGE"])}
    assert quarantined(city, CREMATION, "_row_no", "codes") == [(5, ["cremation_date:E_REQUIRED"])]
    assert shares(outcome.accounts) == [("batch", D29, 4, 2, 1, 1)]


def test_a_delivery_that_was_sent_again_under_a_new_date_says_so(installation: Installation) -> None:
    city = installation()
    deliver(city, EXAMINATION, D29, [examination("E1"), examination("E2")], **SAME_EXTRACT)
    deliver(city, EXAMINATION, D30, [examination("E1"), examination("E2")], **SAME_EXTRACT)
    deliver(city, EXAMINATION, D31, [examination("E1"), examination("E3")], **SAME_EXTRACT)
    for day in (D29, D30, D31):
        night(city, EXAMINATION, day)
    told = {str(r["business_date"]): r["reason"] for r in ledger(city, EXAMINATION) if r["kind"] == "batch"}
    assert told == {D29: "", D30: "every row had been delivered before", D31: ""}


def test_a_folder_that_is_another_dates_again_is_noted_until_its_own_comes(installation: Installation) -> None:
    city = installation()
    deliver(city, EXAMINATION, D29, [examination("E1")])
    night(city, EXAMINATION, D29)
    landed = Path(city.settings.landing) / EXAMINATION
    shutil.copytree(landed / D29, landed / D30)
    for _ in range(2):
        night(city, EXAMINATION, D30)
        noted = [(r["table"], str(r["business_date"]), r["kind"], r["reason"]) for r in city.ledger.unread()]
        assert noted == [(f"raw/{EXAMINATION}", D30, "repeated", D29)]
    assert len([r for r in city.ledger.rows() if r["kind"] == "repeated"]) == 1, "the same again says nothing"
    shutil.rmtree(landed / D30)
    deliver(city, EXAMINATION, D30, [examination("E2")])
    night(city, EXAMINATION, D30)
    assert city.ledger.unread() == []
