"""The arithmetic of accounts, and a ledger that takes no account that does not add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from pipelines.runtime import Runtime
from quality.balance import Account
from resources.errors import CitylakeError

GOOD = Account(
    "cleansed/health/staff",
    "0123456789abcdef",
    date(2019, 12, 31),
    10,
    4,
    quarantined=3,
    duplicates=2,
    rejected=1,
    codes={"status:E_CODE": 3},
)


@pytest.mark.parametrize("part", ["rows_in", "published", "quarantined", "duplicates", "rejected"])
def test_every_part_counts(part: str) -> None:
    assert GOOD.balanced
    for off in (-1, 1):
        assert not replace(GOOD, **{part: getattr(GOOD, part) + off}).balanced


def test_adjustment_moves_rows_and_brings_none() -> None:
    assert Account("t", "b", date(2019, 12, 31), 0, -1, quarantined=1, kind="adjustment").balanced


def test_sentence_tells_the_whole_sum() -> None:
    assert GOOD.sentence() == (
        "cleansed/health/staff batch 01234567 of 2019-12-31: 10 in = 4 published + 3 quarantined + 2 duplicates + 1 rejected"
    )


def test_ledger_takes_accounts_that_add_up_and_no_other(installation: Callable[..., Runtime]) -> None:
    ledger = installation().ledger
    with pytest.raises(CitylakeError, match="does not balance"):
        ledger.record([GOOD, replace(GOOD, published=5)], run_id="r", as_of=date(2019, 12, 31), version=0, seconds=1.0)
    assert ledger.rows() == []
    ledger.record([GOOD], run_id="r", as_of=date(2019, 12, 31), version=0, seconds=1.0)
    (row,) = ledger.rows()
    assert (row["table"], row["rows_in"], row["published"], row["codes"], row["run_id"]) == (GOOD.table, 10, 4, '{"status:E_CODE": 3}', "r")


def test_releases_are_numbered(installation: Callable[..., Runtime]) -> None:
    ledger = installation().ledger
    for day in (30, 31):
        ledger.release(as_of=date(2019, 12, day), run_id=f"r{day}", versions={"base/population/person": day})
    assert [(r.number, r.as_of, r.versions) for r in ledger.releases()] == [
        (1, date(2019, 12, 30), {"base/population/person": 30}),
        (2, date(2019, 12, 31), {"base/population/person": 31}),
    ]
