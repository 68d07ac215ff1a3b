"""Snapshots whose rows are mostly those of the day before: what was read of them holds, unless it was the date that decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from pipelines.runtime import Runtime
from pipelines.steps import cleanse
from tests.cleansed.nights import CODES, WEIGHTS, fold, night, published, quarantined, shares
from tests.deliveries import deliver

CARD = "citizen_card/card"
D29, D30, D31, NEW_YEAR = "2019-12-29", "2019-12-30", "2019-12-31", "2020-01-01"
Installation = Callable[..., Runtime]


def born(day: str) -> str:
    """A valid number of a person who never was: division 321099, born on a day (yyyymmdd)."""
    body = f"321099{day}001"
    return body + CODES[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


def card(card_no: str, **changed: str) -> dict[str, Any]:
    return {"card_no": card_no, "status": "1", "update_time": "2019-12-01 08:00:00", **changed}


def crowd() -> list[dict[str, Any]]:
    return [card(f"N{i:02}") for i in range(20)]


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows were read by the rules, each time that they were asked."""
    counts: list[int] = []
    typed = cleanse.typed

    def counted(contract: Any, rows: Any, **options: Any) -> Any:
        counts.append(rows.count())
        return typed(contract, rows, **options)

    monkeypatch.setattr(cleanse, "typed", counted)
    return counts


def rows_of(city: Runtime) -> list[dict[str, Any]]:
    table = city.lake.arrow(f"cleansed/{CARD}")
    assert table is not None
    return sorted(table.to_pylist(), key=lambda r: str(r["card_no"]))


def same_as_rebuilt(city: Runtime, day: str) -> None:
    """The table made night by night is, in every column, the one that all deliveries give at once."""
    before = rows_of(city)
    fold(city, CARD, day, uuid4().hex, rebuild=True)
    assert rows_of(city) == before


def test_only_changed_rows_are_read_again_and_all_say_where_they_come_from(installation: Installation, judged: list[int]) -> None:
    city = installation()
    people = [card("A", name="张三", deposit="20.5"), card("B", name="李 四"), card("C"), card("D", status="nonsense")]
    deliver(city, CARD, D29, [*people, *crowd()])
    night(city, CARD, D29)

    changed = [card("D"), card("E"), people[2], people[1], people[0] | {"deposit": "30"}]
    deliver(city, CARD, D30, [*changed, people[1], *crowd()])
    outcome = night(city, CARD, D30)
    assert judged == [24, 3]  # D, mended; E, new; A, with another deposit
    assert shares(outcome.accounts) == [("batch", D30, 26, 25, 0, 1)]
    assert {k: (str(v[0]), *v[1:]) for k, v in published(city, CARD, "deposit", "name", "_row_no").items()} == {
        "A": ("30.00", "张三", 6), "B": ("None", "李四", 5), "C": ("None", None, 4), "D": ("None", None, 2), "E": ("None", None, 3),
    }  # fmt: skip
    assert {r["_business_date"].isoformat() for r in rows_of(city)} == {D30}
    same_as_rebuilt(city, D30)


def test_who_was_closed_comes_back_as_he_was(installation: Installation, judged: list[int]) -> None:
    city = installation()
    for day, there in ((D29, "AB"), (D30, "A"), (D31, "AB")):
        deliver(city, CARD, day, [*[card(k, name="测试人") for k in there], *crowd()])
        night(city, CARD, day)
    assert judged == [22, 0, 0]
    assert published(city, CARD, "_op", "_closed_on", "name") == dict.fromkeys("AB", ("I", None, "测试人"))
    same_as_rebuilt(city, D31)


def test_what_was_in_the_future_is_read_again(installation: Installation, judged: list[int]) -> None:
    city = installation()
    rows = [card("A", id_no=born("20191231")), card("B", id_no=born("19900101")), *crowd()]
    told = []
    for day in (D29, D30, D31):
        deliver(city, CARD, day, rows)
        night(city, CARD, day)
        told.append(published(city, CARD, "id_no_error")["A"])
    assert told == ["E_FUTURE", "E_FUTURE", None]
    assert judged == [22, 1, 1]
    assert published(city, CARD, "id_no")["A"] == born("20191231")
    same_as_rebuilt(city, D31)


def test_a_new_year_makes_people_older(installation: Installation, judged: list[int]) -> None:
    city = installation()
    for day in (D31, NEW_YEAR):
        deliver(city, CARD, day, [card("A", id_no=born("18990505")), *crowd()])
        night(city, CARD, day)
    assert judged == [21, 21]
    assert published(city, CARD, "_codes")["A"] == ["id_no:W_OLD"]
    same_as_rebuilt(city, NEW_YEAR)


def test_a_number_that_is_shared_no_more_loses_its_code(installation: Installation, judged: list[int]) -> None:
    city = installation()
    sharing = [card(k, id_no=born(f"1990010{n}"), phone="13900000000") for n, k in enumerate("ABCDEF", 1)]
    for day, rows in ((D29, sharing), (D30, sharing[:5])):
        deliver(city, CARD, day, [*rows, *crowd()])
        night(city, CARD, day)
    assert judged == [26, 0]
    assert not any(code.startswith("phone:W_SHARED") for codes in published(city, CARD, "_codes").values() for code in codes or [])
    same_as_rebuilt(city, D30)


def test_an_older_snapshot_is_read_whole(installation: Installation, judged: list[int]) -> None:
    city = installation()
    for day in (D30, D29):
        deliver(city, CARD, day, crowd())
        night(city, CARD, day)
    assert judged == [20, 20]
    assert quarantined(city, CARD, "_row_no") == []
    same_as_rebuilt(city, D29)
