"""Rows held back: with every reason, the raw values and the line; and a table that fails its gate is not published."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from contracts import Contract
from contracts.loader import Check
from pipelines.runtime import Runtime
from pipelines.steps import GateFailed
from pipelines.steps.cleanse import cleanse
from tests.cleansed.nights import citizen, crowd, examination, fold, ledger, night, published, quarantined, shares, staff, take_in
from tests.deliveries import deliver

STAFF, EXAMINATION = "health/staff", "health/examination"
D29, D30 = "2019-12-29", "2019-12-30"
Installation = Callable[..., Runtime]


def test_row_is_held_with_all_its_codes_its_raw_values_and_its_line(installation: Installation) -> None:
    city = installation()
    wrong = citizen(7)[:-1] + ("0" if citizen(7)[-1] != "0" else "1")
    deliver(city, STAFF, D29, [
        staff("A"),
        staff("B", status="nonsense", org_code="", id_no=wrong, title="主任"),
        staff(""),
    ])  # fmt: skip
    outcome = night(city, STAFF, D29)
    assert list(published(city, STAFF, "title")) == ["A"]
    held = quarantined(city, STAFF, "_row_no", "_source_file", "codes", "line")
    assert held == [
        (3, "staff.csv", ["id_no:E_CHECK", "org_code:E_REQUIRED", "status:E_CODE"], None),
        (4, "staff.csv", ["licence_no:E_REQUIRED"], None),
    ]
    raw = {row: json.loads(text) for row, text in quarantined(city, STAFF, "_row_no", "raw")}
    assert (raw[3]["status"], raw[3]["id_no"], raw[3]["title"]) == ("nonsense", wrong, "主任")
    assert outcome.accounts[0].codes == {
        "id_no:E_CHECK": 1, "org_code:E_REQUIRED": 1, "status:E_CODE": 1, "licence_no:E_REQUIRED": 1,
    }  # fmt: skip
    assert json.loads(ledger(city, STAFF)[0]["codes"]) == outcome.accounts[0].codes


def test_error_in_a_column_that_may_be_empty_stays_on_the_row_as_a_flag(installation: Installation) -> None:
    city = installation()
    wide = citizen(7).replace("3", "３")
    deliver(city, STAFF, D29, [staff("A", id_no="123", start_date="2019-02-30"), staff("B", id_no=wide), staff("C")])
    night(city, STAFF, D29)
    assert quarantined(city, STAFF, "codes") == []
    assert published(city, STAFF, "id_no", "id_no_raw", "id_no_error", "start_date", "_codes") == {
        "A": (None, "123", "E_LEN", None, ["id_no:E_LEN", "start_date:E_DATE"]),
        "B": (citizen(7), wide, None, None, ["id_no:F_WIDTH"]),
        "C": (None, "", "E_NULL", None, []),
    }


def test_ragged_line_is_held_as_text(installation: Installation) -> None:
    city = installation()
    deliver(city, STAFF, D29, [staff("A")], extra_lines=("L9,only,three",))
    outcome = night(city, STAFF, D29)
    assert list(published(city, STAFF, "title")) == ["A"]
    assert quarantined(city, STAFF, "_row_no", "codes", "line") == [(3, ["row:E_COLUMNS"], "L9,only,three")]
    assert shares(outcome.accounts) == [("batch", D29, 2, 1, 1, 0)]


def test_correction_delivered_later_is_published_and_the_old_row_stays_in_quarantine(installation: Installation) -> None:
    city = installation()
    deliver(city, EXAMINATION, D29, [examination("E1", exam_date="someday"), examination("E2")])
    night(city, EXAMINATION, D29)
    deliver(city, EXAMINATION, D30, [examination("E1")])
    night(city, EXAMINATION, D30)
    assert published(city, EXAMINATION, "exam_date") == {"E1": date(2019, 12, 20), "E2": date(2019, 12, 20)}
    assert quarantined(city, EXAMINATION, "_business_date", "codes") == [(date(2019, 12, 29), ["exam_date:E_DATE"])]


def test_rebuild_under_a_milder_contract_frees_the_rows(installation: Installation) -> None:
    city = installation()
    deliver(city, STAFF, D29, [staff("A", title="x"), staff("B", org_code="")])
    night(city, STAFF, D29)
    assert quarantined(city, STAFF, "_row_no") == [(3,)]
    contract = _with_column(city.contracts[f"cleansed/{STAFF}"], "org_code", required=False, on_error="flag")
    cleanse(city, contract, date.fromisoformat(D29), "rebuild", rebuild=True)
    assert published(city, STAFF, "org_code") == {"A": "321099001", "B": None}
    assert quarantined(city, STAFF, "_row_no") == []


def test_too_many_held_rows_stop_the_table(installation: Installation) -> None:
    city = installation()
    deliver(city, STAFF, D29, [staff("A"), *crowd()])
    night(city, STAFF, D29)
    before = city.lake.version(f"cleansed/{STAFF}"), city.lake.version(f"quarantine/{STAFF}")
    deliver(city, STAFF, D30, [staff("A", title="new"), *[staff(f"N{i}", title=t) for i in range(11) for t in ("医师", "主任")]])
    assert not take_in(city, STAFF, D30).problems
    with pytest.raises(GateFailed, match="at most 20% of a batch is quarantined") as failed:
        fold(city, STAFF, D30)
    assert [c.name for c in failed.value.checks if not c.passed] == ["quarantine_share"]
    assert (city.lake.version(f"cleansed/{STAFF}"), city.lake.version(f"quarantine/{STAFF}")) == before
    assert published(city, STAFF, "title") == {"A": "医师"}
    assert len(ledger(city, STAFF)) == 1


def test_twenty_held_rows_never_stop_a_small_batch(installation: Installation) -> None:
    city = installation()
    deliver(city, STAFF, D29, [staff("A"), *[staff(f"N{i}", status="nonsense") for i in range(20)]])
    assert shares(night(city, STAFF, D29).accounts) == [("batch", D29, 21, 1, 20, 0)]


def test_failed_gate_publishes_nothing_and_says_which_rule_of_which_table(installation: Installation) -> None:
    city = installation()
    deliver(city, EXAMINATION, D29, [examination("E1")])
    night(city, EXAMINATION, D29)
    deliver(city, EXAMINATION, D30, [examination("E2"), examination("E3", exam_date="?")])
    batch = take_in(city, EXAMINATION, D30).accounts[0].batch_id
    contract = city.contracts[f"cleansed/{EXAMINATION}"]
    strict = replace(contract, checks=(Check("rowCount", "mustBeGreaterThan", 5, True, "enough_rows"),))
    before = {t: city.lake.version(t) for t in city.lake.tables()}
    with pytest.raises(GateFailed) as failed:
        cleanse(city, strict, date.fromisoformat(D30), "night")
    for part in (f"cleansed/{EXAMINATION}", "enough_rows", "rowCount mustBeGreaterThan 5", batch[:8], "GATE"):
        assert part in str(failed.value)
    assert {t: city.lake.version(t) for t in city.lake.tables()} == before
    assert list(published(city, EXAMINATION, "sbp")) == ["E1"]

    mild = replace(contract, checks=(Check("rowCount", "mustBeGreaterThan", 5, False, "enough_rows"),))
    outcome = cleanse(city, mild, date.fromisoformat(D30), "next")
    assert [c.name for c in outcome.checks if not c.passed] == ["enough_rows"]
    assert sorted(published(city, EXAMINATION, "sbp")) == ["E1", "E2"]


def _with_column(contract: Contract, name: str, **changed: object) -> Contract:
    return replace(contract, columns=tuple(replace(c, **changed) if c.name == name else c for c in contract.columns))  # type: ignore[arg-type]
