"""Corrections of one table: which of two extracts stands follows from when they were made, however that is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pipelines.runtime import Runtime
from tests.cleansed.nights import certificate, examination, night, published, shares, staff, take_in
from tests.deliveries import deliver

CERTIFICATE, EXAMINATION, STAFF = "health/death_certificate", "health/examination", "health/staff"
D29, D30 = "2019-12-29", "2019-12-30"
Installation = Callable[..., Runtime]


@pytest.mark.proves("D25")
@pytest.mark.parametrize("later", ["2019-12-29T15:00:00Z", "2019-12-29T23:00:00", "20191229T230000.5+0800"])
def test_an_extract_made_later_stands_in_whatever_zone_its_time_is_written(installation: Installation, later: str, proven: Any) -> None:
    """22:00 in the city is 14:00 UTC."""
    city = installation()
    for when, title in ((f"{D29}T22:00:00+08:00", "first"), (later, "second")):
        deliver(city, STAFF, D29, [staff("A", title=title)], extract_ts=when)
        night(city, STAFF, D29)
    assert published(city, STAFF, "title") == {"A": "second"}
    proven(
        done=f"a snapshot extracted at 22:00+08:00 was corrected by one of {later}",
        seen="the correction stands, though its time is the smaller text or has no zone",
    )


@pytest.mark.proves("D28")
def test_a_correction_with_fewer_events_corrects_those_it_names(installation: Installation, proven: Any) -> None:
    city = installation()
    deliver(city, EXAMINATION, D29, [examination(n) for n in ("E1", "E2", "E3")], extract_ts=f"{D29}T12:00:00+08:00")
    night(city, EXAMINATION, D29)
    deliver(city, EXAMINATION, D29, [examination("E2", sbp="130")])
    corrected = night(city, EXAMINATION, D29)
    assert published(city, EXAMINATION, "sbp") == {"E1": 120, "E2": 130, "E3": 120}
    assert shares(corrected.accounts) == [("batch", D29, 1, 1, 0, 0)]
    proven(
        done="3 events, then a correction of the same date that names one of them",
        seen="1 of 1 rows published in place of the first; the two it does not name stay",
    )


def test_two_corrections_before_the_next_night_are_one(installation: Installation) -> None:
    city = installation()
    deliver(city, CERTIFICATE, D29, [certificate("C1", name="一")], extract_ts=f"{D29}T12:00:00+08:00")
    night(city, CERTIFICATE, D29)
    for hour, name in ((13, "二"), (14, "三")):
        deliver(city, CERTIFICATE, D29, [certificate("C1", name=name)], extract_ts=f"{D29}T{hour}:00:00+08:00")
    corrected = night(city, CERTIFICATE, D29)
    assert published(city, CERTIFICATE, "name") == {"C1": "三"}
    assert shares(corrected.accounts) == [("batch", D29, 1, 1, 0, 0)]


@pytest.mark.proves("B29")
def test_the_same_rows_replayed_are_duplicates_and_the_same_drop_is_no_news(installation: Installation, proven: Any) -> None:
    city = installation()
    drop = deliver(city, EXAMINATION, D29, [examination("E1"), examination("E2")])
    night(city, EXAMINATION, D29)
    assert not take_in(city, EXAMINATION, D29).changed
    manifest = json.loads((drop / "manifest.json").read_text(encoding="utf-8"))
    (drop / "manifest.json").write_text(json.dumps({**manifest, "extract_ts": f"{D29}T23:00:00+08:00"}), encoding="utf-8")
    again = night(city, EXAMINATION, D29)
    assert sorted(published(city, EXAMINATION, "sbp")) == ["E1", "E2"]
    (account,) = again.accounts
    assert (account.rows_in, account.quarantined, account.rejected) == (2, 0, 0)
    proven(
        done="a drop taken in twice, then sent again as a new extract with the same two rows",
        seen=f"no news; then 2 rows in, {account.published} published in place of the first, {account.duplicates} duplicates",
    )
