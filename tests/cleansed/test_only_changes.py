"""A large table is not written anew for a few rows: what a night does not change stays where it is, and the table is the same.

Here the tables are small and taken for large ones. Held against a rebuild, which judges all that was ever delivered at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from contracts.model import Check
from pipelines.runtime import Runtime
from pipelines.steps.cleanse import gate, plan
from pipelines.steps.outcome import GateFailed
from quality import gates
from tests.cleansed.nights import (
    CODES,
    WEIGHTS,
    certificate,
    citizen,
    crowd,
    examination,
    fold,
    ledger,
    night,
    published,
    quarantined,
    shares,
    staff,
)
from tests.deliveries import deliver, exchange
from tests.departments import OF_NATURE

STAFF, ARCHIVE, EXAM, CERTIFICATE = "health/staff", "health/archive", "health/examination", "health/death_certificate"
D28, D29, D30, D31 = "2019-12-28", "2019-12-29", "2019-12-30", "2019-12-31"
Installation = Callable[..., Runtime]
STAFF_COLUMNS = ("title", "_op", "_closed_on", "_seen", "_seq", "_codes", "_business_date", "_row_no")


@pytest.fixture(autouse=True)
def _every_table_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "CHANGED_FROM_ROWS", 0)


def files(city: Runtime, table: str) -> set[str]:
    handle = city.lake.open(f"cleansed/{table}")
    assert handle is not None
    return set(handle.file_uris())


def same_as_rebuilt(city: Runtime, table: str, *columns: str) -> None:
    def everything() -> Any:
        return published(city, table, *columns), quarantined(city, table, "_business_date", "_row_no", "codes", "raw")

    made = everything()
    fold(city, table, D31, rebuild=True)
    assert everything() == made


def test_a_gate_in_sql_counts_rows_that_stay_and_none_that_is_gone(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    city, name = installation(), f"cleansed/{STAFF}"
    count = Check("sql", "mustBe", 23, True, "as_many_as_ever", "SELECT count(*) FROM {table}", "nobody leaves unreplaced")
    monkeypatch.setitem(city.contracts, name, replace(city.contracts[name], checks=(count,)))
    deliver(city, STAFF, D29, [staff("A"), staff("B"), staff("C"), *crowd()])
    deliver(city, STAFF, D30, [staff("A", title="主任"), staff("C"), staff("D"), *crowd()])
    assert [c.name for day in (D29, D30) for c in night(city, STAFF, day).checks if not c.passed] == []
    deliver(city, STAFF, D31, [staff("A"), staff("C"), staff("D"), staff("E"), *crowd()])
    with pytest.raises(GateFailed, match=r"as_many_as_ever \(nobody leaves unreplaced\) fails: number that must be 23: observed 24"):
        night(city, STAFF, D31)


def test_who_is_delivered_as_before_keeps_the_place_where_it_was_first_delivered_like_that(installation: Installation) -> None:
    city = installation()
    deliver(city, STAFF, D29, [staff("A"), staff("B"), staff("C"), *crowd()])
    deliver(city, STAFF, D30, [staff("C", title="主任"), staff("A"), staff("D"), *crowd()])
    deliver(city, STAFF, D31, [staff("C", title="主任"), staff("B"), staff("A"), *crowd()])
    told = [shares(night(city, STAFF, day).accounts) for day in (D29, D30, D31)]
    assert published(city, STAFF, "_business_date", "title", "_op", "_closed_on") == {
        "A": (date(2019, 12, 29), "医师", "I", None),
        "B": (date(2019, 12, 29), "医师", "I", None),  # away for a day, and back as before
        "C": (date(2019, 12, 30), "主任", "I", None),
        "D": (date(2019, 12, 30), "医师", "D", date(2019, 12, 31)),
    }
    assert told == [[("batch", D29, 23, 23, 0, 0)], [("batch", D30, 23, 2, 0, 21)], [("batch", D31, 23, 0, 0, 23)]]
    same_as_rebuilt(city, STAFF, *STAFF_COLUMNS)


def test_an_older_version_that_every_list_has_too_is_no_change(installation: Installation) -> None:
    city = installation()
    for day in (D29, D30, D31):
        deliver(city, STAFF, day, [staff("A", title="主任", update_time="2019-12-02 08:00:00"), staff("A"), *crowd()])
        night(city, STAFF, day)
    assert published(city, STAFF, "title", "_business_date") == {"A": ("主任", date(2019, 12, 29))}
    same_as_rebuilt(city, STAFF, *STAFF_COLUMNS)


def test_who_changes_back_is_new_again(installation: Installation) -> None:
    city = installation()
    for day, title in ((D29, "医师"), (D30, "主任"), (D31, "医师")):
        deliver(city, STAFF, day, [staff("A", title=title), *crowd()])
        night(city, STAFF, day)
    assert published(city, STAFF, "title", "_business_date") == {"A": ("医师", date(2019, 12, 31))}
    same_as_rebuilt(city, STAFF, *STAFF_COLUMNS)


def test_a_list_of_the_day_between_arrives_late(installation: Installation) -> None:
    """What was the same in both lists was another thing on the day between: it is so only since the later one."""
    city = installation()
    for day, a, b in ((D29, "医师", "医师"), (D31, "医师", "医师"), (D30, "主任", "医师")):
        deliver(city, STAFF, day, [staff("A", title=a), staff("B", title=b), *crowd()])
        night(city, STAFF, day)
    assert published(city, STAFF, "title", "_business_date") == {"A": ("医师", date(2019, 12, 31)), "B": ("医师", date(2019, 12, 29))}
    assert shares(ledger(city, STAFF)) == [
        ("batch", D29, 22, 22, 0, 0),
        ("batch", D31, 22, 0, 0, 22),
        ("batch", D30, 22, 0, 0, 22),
        ("adjustment", D31, 0, 1, 0, -1),  # a repetition no more
    ]
    same_as_rebuilt(city, STAFF, *STAFF_COLUMNS)


def test_an_older_list_arrives_late_and_was_the_first_to_say_so(installation: Installation) -> None:
    city = installation()
    for day in (D30, D31, D29):
        deliver(city, STAFF, day, [staff("A"), *crowd()])
        night(city, STAFF, day)
    assert published(city, STAFF, "_business_date") == {"A": date(2019, 12, 29)}
    same_as_rebuilt(city, STAFF, *STAFF_COLUMNS)


def test_a_row_as_before_and_another_one_of_its_key(installation: Installation) -> None:
    """A is there twice and nobody knows which is right; B is there twice and one is newer by the source's own word."""
    city = installation()
    newer = "2019-12-02 08:00:00"
    deliver(city, STAFF, D29, [staff("A"), staff("B"), staff("C"), *crowd()])
    deliver(city, STAFF, D30, [staff("A"), staff("A", title="主任"), staff("B", title="主任", update_time=newer), staff("B"), *crowd()])
    night(city, STAFF, D29)
    night(city, STAFF, D30)
    assert published(city, STAFF, "title", "_op") == {"B": ("主任", "I"), "C": ("医师", "D")}
    assert [codes for (codes,) in quarantined(city, STAFF, "codes")] == [["key:E_KEY_CONFLICT"]] * 2
    same_as_rebuilt(city, STAFF, *STAFF_COLUMNS)

    deliver(city, STAFF, D31, [staff("A", title="主任"), staff("B", title="主任", update_time=newer), *crowd()])
    night(city, STAFF, D31)
    assert published(city, STAFF, "title", "_business_date") == {
        "A": ("主任", date(2019, 12, 31)), "B": ("主任", date(2019, 12, 30)), "C": ("医师", date(2019, 12, 29)),
    }  # fmt: skip
    same_as_rebuilt(city, STAFF, *STAFF_COLUMNS)


def test_a_row_that_cannot_be_used_leaves_the_one_before_as_it_is(installation: Installation) -> None:
    city = installation()
    for day, status in ((D29, "1"), (D30, "nonsense"), (D31, "1")):
        deliver(city, STAFF, day, [staff("A", status=status), *crowd()])
        night(city, STAFF, day)
    assert published(city, STAFF, "_op", "_business_date") == {"A": ("I", date(2019, 12, 29))}
    same_as_rebuilt(city, STAFF, *STAFF_COLUMNS)


def test_what_lies_in_the_future_is_judged_anew_until_it_does_not(installation: Installation) -> None:
    city = installation()
    body = "32109920191231001"  # born on the last of these days
    future = archive(1, id_no=body + CODES[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11])
    told = []
    for day in (D29, D30, D31):
        deliver(city, ARCHIVE, day, [future])
        night(city, ARCHIVE, day)
        told += published(city, ARCHIVE, "id_no_error", "_business_date").values()
    assert told == [("E_FUTURE", date(2019, 12, 29)), ("E_FUTURE", date(2019, 12, 30)), (None, date(2019, 12, 31))]
    same_as_rebuilt(city, ARCHIVE, "_codes", "_business_date", "_seq")


def archive(number: int, **changed: str) -> dict[str, Any]:
    return {"ehr_no": f"3210990010010{number:04}", "empi_id": f"E{number}", "status": "0", "name": "测试人", "id_no": citizen(number),
            "update_time": "2019-12-01 08:00:00", **changed}  # fmt: skip


def test_a_number_shared_by_many_is_said_of_all_of_them_also_of_those_who_did_not_change(installation: Installation) -> None:
    city = installation()
    phone, other = "13800000001", "13900000002"
    first = [archive(i, phone=phone) for i in range(1, 6)] + [archive(6, phone=other)]
    flagged = []
    for day, sixth in ((D29, other), (D30, phone), (D31, other)):
        deliver(city, ARCHIVE, day, [*first[:5], archive(6, phone=sixth)])
        night(city, ARCHIVE, day)
        flagged.append(sum("phone:W_SHARED" in codes for codes in published(city, ARCHIVE, "_codes").values()))
    assert flagged == [0, 6, 0]
    same_as_rebuilt(city, ARCHIVE, "_codes", "_business_date", "_row_no")


@pytest.mark.parametrize("seed", range(3))
def test_readings_that_come_late_change_what_is_said_of_those_around(installation: Installation, seed: int) -> None:
    """Sensors that are stuck, jump and pause; hours come, come late, and are sent again: in order as a whole says of each."""
    city, draw, table = installation(departments=OF_NATURE), Random(seed), "environment/air_hour"
    sent = Counter[tuple[str, datetime]]()

    def hour(station: str, n: int, day: str) -> dict[str, Any]:
        at = datetime(2019, 12, 20) + timedelta(hours=n)
        sent[station, at] += 1
        return {"station_code": station, "measured_at": f"{at}", "pm25": draw.choice(("30", "30", "30", "31", "400")),
                "pm10": draw.choice(("50", "50", "900")), "sent_time": f"{day} 0{sent[station, at]}:05:00"}  # fmt: skip

    stations = {"YZ01": 96, "YZ02": 96, "YZ03": 20}
    deliver(city, table, D28, [hour(s, n, D28) for s, hours in stations.items() for n in range(hours) if draw.random() < 0.9])
    night(city, table, D28)
    codes = published(city, table, "_codes")
    for day, first in ((D29, 96), (D30, 120)):
        new = [(s, n) for s in ("YZ01", "YZ02") for n in range(first, first + 24) if draw.random() < 0.9]
        late = {(draw.choice(("YZ01", "YZ02", "YZ03")), draw.randrange(first)) for _ in range(4)}
        deliver(city, table, day, [hour(s, n, day) for s, n in sorted({*new, *late})])
        assert night(city, table, day).scope.startswith("part")
    now = published(city, table, "_codes")
    assert any(codes[key] != now[key] for key in codes if sent[key] == 1), "late hours said nothing of others"
    same_as_rebuilt(city, table, "_codes", "pm25", "_business_date", "_row_no")


def test_new_events_are_added_and_nothing_else_is_written(installation: Installation) -> None:
    city = installation()
    deliver(city, EXAM, D29, [examination(f"X{i}") for i in range(10)])
    night(city, EXAM, D29)
    before = files(city, EXAM)
    deliver(city, EXAM, D30, [examination("X10"), examination("X11", exam_date="?"), examination("X12")])
    outcome = night(city, EXAM, D30)
    assert before < files(city, EXAM)
    assert (outcome.rows, shares(outcome.accounts)) == (12, [("batch", D30, 3, 2, 1, 0)])
    same_as_rebuilt(city, EXAM, "sbp", "_seq", "_codes", "_business_date", "_row_no")


def test_a_night_of_nothing_but_unusable_rows(installation: Installation) -> None:
    city = installation()
    deliver(city, EXAM, D29, [examination(f"X{i}") for i in range(10)])
    night(city, EXAM, D29)
    before = files(city, EXAM)
    deliver(city, EXAM, D30, [examination("X10", exam_date="?")])
    assert shares(night(city, EXAM, D30).accounts) == [("batch", D30, 1, 0, 1, 0)]
    assert files(city, EXAM) == before
    assert not fold(city, EXAM, D30).changed


def test_changes_of_a_register(installation: Installation) -> None:
    """Corrected, corrected too late, deleted, contested: each key once."""
    city = installation()
    later, earlier = "2019-12-21 09:00:00", "2019-12-19 09:00:00"
    deliver(city, CERTIFICATE, D29, [certificate(f"C{i}") for i in range(10)])
    night(city, CERTIFICATE, D29)
    deliver(city, CERTIFICATE, D30, [
        certificate("C1", report_org="NEW", update_time=later), certificate("C2", report_org="OLD", update_time=earlier),
        certificate("C3", report_org="OTHER"), certificate("C11"),
    ])  # fmt: skip
    outcome = night(city, CERTIFICATE, D30)
    assert shares(outcome.accounts) == [("batch", D30, 4, 3, 0, 1)]
    found = published(city, CERTIFICATE, "report_org")
    assert {k: v for k, v in found.items() if v != "321099001"} == {"C1": "NEW", "C3": "OTHER"}
    assert (len(found), outcome.rows) == (11, 11)
    same_as_rebuilt(city, CERTIFICATE, "report_org", "_seq", "_codes", "_business_date", "_row_no")


def test_a_deleted_row_leaves_its_tombstone_in_the_place_of_the_row(installation: Installation) -> None:
    city = installation()
    table = "public_security/resident"
    people = [{"person_no": f"P{i}", "id_no": citizen(i), "name": "测试人", "op_time": "2019-12-20 09:00:00"} for i in range(1, 8)]
    exchange(city, table, D29, people)
    night(city, table, D29)
    exchange(city, table, D30, [{**people[0], "_op": "D", "op_time": "2019-12-30 10:00:00"}])
    night(city, table, D30)
    assert published(city, table, "_op") == {"P1": "D", **{f"P{i}": "I" for i in range(2, 8)}}
    same_as_rebuilt(city, table, "name", "_op", "_seq", "_row_no")


def test_gates_see_the_rows_that_change_and_count_the_others(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    city = installation()
    deliver(city, EXAM, D29, [examination(f"X{i}") for i in range(10)])
    night(city, EXAM, D29)
    deliver(city, EXAM, D30, [examination("X10")])
    looked_at, check = [], gates.check

    def counted(contract: Any, staged: Any, codes: Any, beside: int, read: Any) -> Any:
        looked_at.append((staged.count(), beside))
        return check(contract, staged, codes, beside, read)

    monkeypatch.setattr(gates, "check", counted)
    outcome = night(city, EXAM, D30)
    assert looked_at == [(1, 10)]
    assert all(c.passed for c in outcome.checks)


def test_what_fails_its_gate_changes_nothing(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    city = installation()
    deliver(city, EXAM, D29, [examination(f"X{i}") for i in range(100)])
    night(city, EXAM, D29)
    before = files(city, EXAM)
    monkeypatch.setattr(gate, "TOLERATED_ROWS", 0)
    deliver(city, EXAM, D30, [examination("X100", exam_date="?")])
    with pytest.raises(GateFailed, match="quarantine_share"):
        night(city, EXAM, D30)
    assert files(city, EXAM) == before
