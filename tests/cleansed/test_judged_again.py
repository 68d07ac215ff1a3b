"""Rows held back under a rule that has been corrected since: the next run publishes what now passes, exactly once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from contracts import Contract
from pipelines.cli.rebuild import judged_earlier
from pipelines.runtime import Runtime
from pipelines.steps.cleanse import cleanse
from pipelines.steps.outcome import GateFailed, Outcome
from resources.lake import Published
from resources.stage import Stage
from tests.cleansed.nights import crowd, ledger, night, published, quarantined, shares, staff
from tests.deliveries import deliver

STAFF = "health/staff"
D29, D30 = "2019-12-29", "2019-12-30"
Installation = Callable[..., Runtime]


def two_nights(city: Runtime) -> None:
    """The organisation is required. B corrects it the next day, C never does, D has a second error."""
    wrong = {"B": "", "C": "", "D": ""}
    for day, right in ((D29, {}), (D30, {"B": "O1"})):
        rows = [staff(k, title=f"{k} {day}", org_code=(wrong | right)[k], status="?!" if k == "D" else "1") for k in "BCD"]
        deliver(city, STAFF, day, [*rows, *crowd()])
        night(city, STAFF, day)


@pytest.mark.proves("H2")
def test_rows_that_now_pass_are_published_once_and_the_rest_stay_with_their_new_codes(
    installation: Installation, proven: Callable[..., None]
) -> None:
    city = installation()
    two_nights(city)
    assert published(city, STAFF, "title") == {"B": f"B {D30}"}
    before = len(ledger(city, STAFF))

    judged = _fold(city, _mild(city))

    assert published(city, STAFF, "title", "_business_date") == {
        "B": (f"B {D30}", date(2019, 12, 30)),
        "C": (f"C {D30}", date(2019, 12, 30)),
    }
    assert quarantined(city, STAFF, "_row_no", "_business_date", "codes") == [
        (4, date(2019, 12, 29), ["status:E_CODE"]),
        (4, date(2019, 12, 30), ["status:E_CODE"]),
    ]
    assert shares(judged.accounts) == [("adjustment", D29, 0, 0, -2, 2), ("adjustment", D30, 0, 1, -1, 0)]
    assert shares(ledger(city, STAFF)[before:]) == shares(judged.accounts)
    total = [sum(r[n] for r in ledger(city, STAFF)) for n in ("rows_in", "published", "quarantined", "duplicates")]
    assert total[0] == sum(total[1:])

    versions = {t: city.lake.version(t) for t in city.lake.tables()}
    assert not _fold(city, _mild(city)).changed
    assert {t: city.lake.version(t) for t in city.lake.tables()} == versions
    end = _end(city)
    _fold(city, _mild(city), rebuild=True)
    assert _end(city) == end
    proven(
        done="a rule was made milder after two nights, with no new delivery",
        seen="of 5 rows held back 1 was published, 2 were older than what stands, 2 stay with new codes; equal to a rebuild",
    )


@pytest.mark.proves("F7")
def test_a_crash_between_the_two_commits_loses_nothing(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, proven: Callable[..., None]
) -> None:
    city = installation()
    two_nights(city)
    strict, as_it_was = city.contracts[f"cleansed/{STAFF}"], _end(city)
    _crash_before_the_state(city, _mild(city), monkeypatch)
    assert len(_end(city)[1]) == 2, "the quarantine is a commit ahead"
    _crash_before_the_state(city, _mild(city), monkeypatch)

    _fold(city, strict)
    assert _end(city) == as_it_was, "the rule was taken back meanwhile"

    _crash_before_the_state(city, _mild(city), monkeypatch)
    healed = _fold(city, _mild(city))
    assert sorted(published(city, STAFF, "title")) == ["B", "C"]
    assert shares(healed.accounts) == [("adjustment", D29, 0, 0, -2, 2), ("adjustment", D30, 0, 1, -1, 0)]
    assert not _fold(city, _mild(city)).changed
    proven(
        done="judging again was cut off between the commit of the quarantine and that of the table, three times",
        seen="the rule taken back: all as it was; run again: the row that passes is published once, the accounts are exact",
    )


def test_a_rebuild_cut_off_between_the_two_commits_leaves_no_row_both_published_and_held(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = installation()
    deliver(city, STAFF, D29, [staff("A"), staff("B", id_no="123"), *crowd()])
    night(city, STAFF, D29)
    mild = city.contracts[f"cleansed/{STAFF}"]
    _crash_before_the_state(city, _with(mild, "id_no", on_error="quarantine"), monkeypatch, rebuild=True)
    assert quarantined(city, STAFF, "_row_no") == [(3,)]
    _fold(city, mild)
    assert quarantined(city, STAFF, "_row_no") == []
    assert sorted(published(city, STAFF, "title")) == ["A", "B"]


def test_rows_published_under_a_milder_rule_stay_until_a_rebuild_which_is_told_of(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = installation()
    deliver(city, STAFF, D29, [staff("A"), staff("B", id_no="123"), staff("C", status="?!"), *crowd()])
    night(city, STAFF, D29)
    assert judged_earlier(city) == set()
    strict = _with(city.contracts[f"cleansed/{STAFF}"], "id_no", on_error="quarantine")
    monkeypatch.setitem(city.contracts, strict.name, strict)
    _fold(city, strict)
    assert sorted(published(city, STAFF, "title")) == ["A", "B"]
    assert judged_earlier(city) == {f"cleansed/{STAFF}", f"quarantine/{STAFF}"}
    _fold(city, strict, rebuild=True)
    assert sorted(published(city, STAFF, "title")) == ["A"]
    assert quarantined(city, STAFF, "_row_no") == [(3,), (4,)]
    assert judged_earlier(city) == set()


def test_a_gate_that_fails_on_rows_of_earlier_rules_says_what_judges_them_again(installation: Installation) -> None:
    city = installation()
    deliver(city, STAFF, D29, [staff("B", title=""), staff("C", status="?!"), *crowd()])
    night(city, STAFF, D29)
    strict = _with(city.contracts[f"cleansed/{STAFF}"], "title", required=True, on_error="quarantine")
    with pytest.raises(GateFailed, match=r"title not null: 1 failing.* `citylake rebuild` judges them again"):
        _fold(city, strict)
    _fold(city, strict, rebuild=True)
    assert published(city, STAFF, "title") == {}


def _mild(city: Runtime) -> Contract:
    return _with(city.contracts[f"cleansed/{STAFF}"], "org_code", required=False, on_error="flag")


def _with(contract: Contract, name: str, **changed: Any) -> Contract:
    return replace(contract, columns=tuple(replace(c, **changed) if c.name == name else c for c in contract.columns))


def _fold(city: Runtime, contract: Contract, *, rebuild: bool = False) -> Outcome:
    return cleanse(city, contract, date.fromisoformat(D30), uuid4().hex, rebuild=rebuild)


def _end(city: Runtime) -> tuple[Any, Any]:
    return published(city, STAFF, "title", "_op", "_seq", "_row_no", "_codes"), quarantined(
        city, STAFF, "_business_date", "_row_no", "codes"
    )


def _crash_before_the_state(city: Runtime, contract: Contract, monkeypatch: pytest.MonkeyPatch, *, rebuild: bool = False) -> None:
    publish = city.lake.publish

    def crash(stage: Stage, **options: Any) -> Published:
        if stage.table == contract.name:
            raise KeyboardInterrupt
        return publish(stage, **options)

    with monkeypatch.context() as patched:
        patched.setattr(city.lake, "publish", crash)
        with pytest.raises(KeyboardInterrupt):
            _fold(city, contract, rebuild=rebuild)
