"""Increments: the source's own time orders the versions of a key, and a deletion leaves a tombstone."""

from __future__ import annotations

from collections.abc import Callable

from assets.declare import cleansed
from pipelines.runtime import Runtime
from pipelines.steps.input_changes import live_rows
from tests.cleansed.nights import certificate, ledger, night, published, quarantined, resident, shares
from tests.deliveries import deliver, exchange

RESIDENT, CERTIFICATE = "public_security/resident", "health/death_certificate"
D29, D30, D31 = "2019-12-29", "2019-12-30", "2019-12-31"
Installation = Callable[..., Runtime]


def test_deletion_leaves_a_tombstone_that_nobody_downstream_sees(installation: Installation) -> None:
    city = installation()
    exchange(city, RESIDENT, D29, [resident("P1", 1), resident("P2", 2)])
    night(city, RESIDENT, D29)
    exchange(city, RESIDENT, D30, [resident("P1", 1, _op="D", op_time="2019-12-30 10:00:00")])
    night(city, RESIDENT, D30)
    assert published(city, RESIDENT, "_op", "_closed_on") == {"P1": ("D", None), "P2": ("I", None)}
    name = cleansed(RESIDENT).name
    live = live_rows(city, name, city.lake.version(name) or 0)
    assert [r["person_no"] for r in live.select("person_no").collect()] == ["P2"]


def test_deletion_may_carry_nothing_but_the_key_and_its_time(installation: Installation) -> None:
    city = installation()
    exchange(city, RESIDENT, D29, [resident("P1", 1), resident("P2", 2)])
    night(city, RESIDENT, D29)
    exchange(city, RESIDENT, D30, [{"person_no": "P1", "_op": "D", "op_time": "2019-12-30 10:00:00"}, {"person_no": "P2", "_op": "D"}])
    night(city, RESIDENT, D30)
    assert published(city, RESIDENT, "_op") == {"P1": "D", "P2": "I"}
    assert quarantined(city, RESIDENT, "codes") == [(["op_time:E_REQUIRED"],)]


def test_absence_from_an_increment_closes_nothing(installation: Installation) -> None:
    city = installation()
    for day, person in ((D29, resident("P1", 1)), (D30, resident("P2", 2))):
        exchange(city, RESIDENT, day, [person])
        night(city, RESIDENT, day)
    assert published(city, RESIDENT, "_op", "_closed_on") == {"P1": ("I", None), "P2": ("I", None)}


def test_time_of_the_operation_decides_not_the_order_of_the_rows(installation: Installation) -> None:
    city = installation()
    noon, night_time = "2019-12-29 12:00:00", "2019-12-29 20:00:00"
    exchange(city, RESIDENT, D29, [
        resident("P1", 1, name="晚上", _op="U", op_time=night_time), resident("P1", 1, name="中午", op_time=noon),
        resident("P2", 2, _op="D", op_time=night_time), resident("P2", 2, name="中午", op_time=noon),
    ])  # fmt: skip
    night(city, RESIDENT, D29)
    assert published(city, RESIDENT, "name", "_op") == {"P1": ("晚上", "U"), "P2": ("测试人", "D")}
    exchange(city, RESIDENT, D30, [resident("P1", 1, name="更早", op_time="2019-12-28 12:00:00")])
    late = night(city, RESIDENT, D30)
    assert published(city, RESIDENT, "name") == {"P1": "晚上", "P2": "测试人"}
    assert shares(late.accounts) == [("batch", D30, 1, 0, 0, 1)]


def test_for_equal_times_the_later_row_of_the_exchange_decides(installation: Installation) -> None:
    city = installation()
    exchange(city, RESIDENT, D29, [resident("P1", 1, name="第一"), resident("P1", 1, name="第二")])
    outcome = night(city, RESIDENT, D29)
    assert published(city, RESIDENT, "name") == {"P1": "第二"}
    assert shares(outcome.accounts) == [("batch", D29, 2, 1, 0, 1)]


def test_for_equal_times_the_later_extract_decides(installation: Installation) -> None:
    city = installation()
    deliver(city, CERTIFICATE, D31, [certificate("C1", report_org="ORG2")])
    deliver(city, CERTIFICATE, D30, [certificate("C1", report_org="ORG1"), certificate("C2")])
    night(city, CERTIFICATE, D31)
    night(city, CERTIFICATE, D30)
    assert published(city, CERTIFICATE, "report_org") == {"C1": "ORG2", "C2": "321099001"}
    assert shares(ledger(city, CERTIFICATE)) == [("batch", D31, 1, 1, 0, 0), ("batch", D30, 2, 1, 0, 1)]
