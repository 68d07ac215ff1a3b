"""Full snapshots: who is missing is closed, who comes back is open again, and arriving late changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pipelines.runtime import Runtime
from tests.cleansed.nights import crowd, fold, ledger, night, published, quarantined, shares, staff, take_in
from tests.deliveries import deliver

STAFF = "health/staff"
D29, D30, D31 = "2019-12-29", "2019-12-30", "2019-12-31"
Installation = Callable[..., Runtime]


def test_missing_key_is_closed_on_the_first_snapshot_without_it_and_reopened(installation: Installation) -> None:
    city = installation()
    for day, there in ((D29, "AB"), (D30, "A"), (D31, "A")):
        deliver(city, STAFF, day, [*map(staff, there), *crowd()])
        night(city, STAFF, day)
    assert published(city, STAFF, "_op", "_closed_on") == {"A": ("I", None), "B": ("D", date(2019, 12, 30))}

    deliver(city, STAFF, "2020-01-01", [staff("A"), staff("B", title="主任"), *crowd()])
    night(city, STAFF, "2020-01-01")
    assert published(city, STAFF, "_op", "_closed_on", "title") == {"A": ("I", None, "医师"), "B": ("I", None, "主任")}


def test_older_snapshot_that_arrives_late_overrules_nothing(installation: Installation) -> None:
    city = installation()
    deliver(city, STAFF, D29, [staff("A", title="old"), staff("B"), *crowd()])
    deliver(city, STAFF, D30, [staff("A", title="late"), staff("C"), *crowd()])
    deliver(city, STAFF, D31, [staff("A", title="new"), *crowd()])
    night(city, STAFF, D29)
    night(city, STAFF, D31)
    assert published(city, STAFF, "title", "_closed_on") == {"A": ("new", None), "B": ("医师", date(2019, 12, 31))}

    late = night(city, STAFF, D30)
    assert published(city, STAFF, "title", "_closed_on") == {
        "A": ("new", None),
        "B": ("医师", date(2019, 12, 30)),  # the late snapshot shows that B was already gone
        "C": ("医师", date(2019, 12, 31)),  # known from the late snapshot alone
    }
    assert shares(late.accounts) == [("batch", D30, 22, 1, 0, 21)]


def test_within_a_snapshot_the_later_update_stands(installation: Installation) -> None:
    city = installation()
    rows = [staff("A", title="second", update_time="2019-12-02 08:00:00"), staff("A", title="first"), staff("B")]
    deliver(city, STAFF, D29, rows)
    outcome = night(city, STAFF, D29)
    assert published(city, STAFF, "title") == {"A": "second", "B": "医师"}
    assert shares(outcome.accounts) == [("batch", D29, 3, 2, 0, 1)]


def test_second_extract_of_one_day_overrules_the_first(installation: Installation) -> None:
    city = installation()
    deliver(city, STAFF, D29, [staff("A", title="noon"), staff("B")], extract_ts=f"{D29}T12:00:00+08:00")
    night(city, STAFF, D29)
    deliver(city, STAFF, D29, [staff("A", title="night"), staff("C")], extract_ts=f"{D29}T22:00:00+08:00")
    night(city, STAFF, D29)
    assert published(city, STAFF, "title", "_op") == {"A": ("night", "I"), "B": ("医师", "D"), "C": ("医师", "I")}


def test_key_delivered_unusable_is_still_there(installation: Installation) -> None:
    city = installation()
    deliver(city, STAFF, D30, [staff("A"), *crowd()])
    deliver(city, STAFF, D31, [staff("A", status="nonsense"), *crowd()])
    night(city, STAFF, D30)
    night(city, STAFF, D31)
    assert published(city, STAFF, "_op", "_closed_on", "_business_date") == {"A": ("I", None, date(2019, 12, 30))}
    assert quarantined(city, STAFF, "_row_no", "codes") == [(2, ["status:E_CODE"])]


def test_key_delivered_unusable_is_still_there_when_the_older_snapshot_comes_later(installation: Installation) -> None:
    city = installation()
    deliver(city, STAFF, D30, [staff("A"), *crowd()])
    deliver(city, STAFF, D31, [staff("A", status="nonsense"), *crowd()])
    night(city, STAFF, D31)
    night(city, STAFF, D30)
    assert published(city, STAFF, "_op", "_closed_on", "_business_date") == {"A": ("I", None, date(2019, 12, 30))}


def test_running_again_changes_nothing(installation: Installation) -> None:
    city = installation()
    deliver(city, STAFF, D29, [staff("A"), staff("B", status="nonsense"), *crowd()])
    night(city, STAFF, D29)
    before = {t: city.lake.version(t) for t in city.lake.tables()}
    again = take_in(city, STAFF, D29)
    assert not again.changed
    assert not fold(city, STAFF, D29, "again").changed
    assert {t: city.lake.version(t) for t in city.lake.tables()} == before
    assert len(ledger(city, STAFF)) == 1


def test_shrunk_snapshot_is_held_and_closes_nobody(installation: Installation) -> None:
    city = installation()
    deliver(city, STAFF, D29, crowd())
    night(city, STAFF, D29)
    deliver(city, STAFF, D30, crowd()[:17])
    taken = take_in(city, STAFF, D30)
    assert [(a.kind, a.rows_in, a.rejected) for a in taken.accounts] == [("held", 17, 17)]
    assert "DELIVERY_SHRUNK" in taken.problems[0]
    assert not fold(city, STAFF, D30).changed


def test_table_that_was_never_delivered_is_empty(installation: Installation) -> None:
    city = installation()
    outcome = fold(city, STAFF, D29)
    assert (outcome.version, outcome.rows, outcome.changed) == (0, 0, False)
    assert published(city, STAFF, "_op") == {}
    deliver(city, STAFF, D29, [staff("A")])
    night(city, STAFF, D29)
    assert published(city, STAFF, "_op") == {"A": "I"}


def test_archive_is_keyed_by_two_columns(installation: Installation) -> None:
    city = installation()
    archive = {"ehr_no": "32109900100100001", "status": "1", "update_time": "2019-12-01 08:00:00"}
    deliver(city, "health/archive", D29, [{**archive, "empi_id": "E1", "name": "张 三"}, {**archive, "empi_id": "E2", "name": "李四"}])
    night(city, "health/archive", D29)
    assert published(city, "health/archive", "name") == {("32109900100100001", "E1"): "张三", ("32109900100100001", "E2"): "李四"}
