"""Repairs can be counted, are made once, and lead back to what was delivered."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from pipelines.runtime import Runtime
from tests.cleansed.nights import citizen, ledger, night
from tests.deliveries import deliver
from tests.standards import test_codes, test_dates, test_divisions, test_texts
from tests.standards.corpus.values import ADDRESSES, DEGREES, ORGANISATIONS, QUALIFIED

STAFF, DAY = "health/staff", "2019-12-29"


@pytest.mark.proves("D02")
def test_every_repaired_value_leads_back_to_the_delivered_one_and_is_counted(
    installation: Callable[..., Runtime], proven: Callable[..., None]
) -> None:
    city = installation()
    wide = citizen(7).replace("3", "３")
    row = {"org_code": "321099001", "status": "1", "update_time": "2019-12-01 08:00:00"}
    delivered = [
        {**row, "licence_no": "A", "id_no": wide, "name": "陈　一"},
        {**row, "licence_no": "B", "name": citizen(8), "id_no": "陈二", "start_date": "2018年3月5日"},
        {**row, "licence_no": "C", "status": "在岗", "leave_date": "2019-12-01"},
    ]
    deliver(city, STAFF, DAY, delivered)
    night(city, STAFF, DAY)
    published = _rows(city, f"cleansed/{STAFF}")
    raw = {(r["_batch_id"], r["_source_file"], r["_row_no"]): r for r in _rows(city, f"raw/{STAFF}")}
    repaired = [(r, column) for r in published for column, _, code in (c.partition(":") for c in r["_codes"]) if code.startswith("F_")]
    assert {(r["licence_no"], c) for r, c in repaired} == {
        ("A", "id_no"), ("A", "name"), ("B", "id_no"), ("B", "name"), ("B", "start_date"), ("C", "status"),
    }  # fmt: skip
    by_licence = {d["licence_no"]: d for d in delivered}
    for r, column in repaired:
        before = raw[r["_batch_id"], r["_source_file"], r["_row_no"]]
        assert before[column] == by_licence[r["licence_no"]][column] != str(r[column])
    counted = Counter(code for r in published for code in r["_codes"])
    assert json.loads(ledger(city, STAFF)[0]["codes"]) == counted
    assert {r["licence_no"]: r["id_no_raw"] for r in published}["B"] == "陈二"  # as delivered, also of what stood elsewhere
    proven(
        done="three rows with repairs of one column and of two, then every repaired value looked up in raw by its file and line",
        seen=f"{len(repaired)} repaired values found again as delivered; the ledger counts {dict(sorted(counted.items()))}",
    )


def _rows(city: Runtime, table: str) -> list[dict[str, Any]]:
    found = city.lake.arrow(table)
    assert found is not None
    return found.to_pylist()


DECODED_ONCE = "&amp;lt;"
"""Its value is a reference again, which is what was meant."""
ONCE: dict[str, tuple[list[str], dict[str, Any]]] = {
    **{rule: ([c for c in cases if c != DECODED_ONCE], options) for rule, (cases, options) in test_texts.FAMILIES.items()},
    "date": (list(test_dates.DATES), {}),
    "timestamp": (list(test_dates.TIMES), {}),
    "month": (list(test_dates.MONTHS), {}),
    "division": (list(test_divisions.CASES), {}),
    "code": (list(test_codes.SEX), {"code_list": "sex"}),
    "address": (ADDRESSES, {}),
    "degrees": (DEGREES, {}),
    "organisation_no": (ORGANISATIONS, {}),
    "qualified": (QUALIFIED, {"physical_type": "decimal(12,3)", "minimum": 0, "maximum": 1e6, "companions": ("qualifier",)}),
}


@pytest.mark.parametrize("what", sorted(ONCE))
def test_a_value_that_was_put_right_is_not_touched_again(what: str, parse_all: Callable[..., Any]) -> None:
    values, options = ONCE[what]
    rule = {"qualified": "decimal"}.get(what, what)
    kept = [_text(value) for value, _ in parse_all(rule, values, **options) if value is not None]
    assert kept
    again = parse_all(rule, kept, **options)
    assert [_text(value) for value, _ in again] == kept
    assert [code for _, codes in again for code in codes if code.startswith("F_")] == []


def _text(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
