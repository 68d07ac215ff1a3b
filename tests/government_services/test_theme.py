"""What becomes of cases, comments, orders and letters: each story in rows, and the answer to: where is my case?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.themes.government_services.explain import explain_case
from assets.themes.government_services.item import item
from tests.frames import frame
from tests.government_services.chain import theme

AS_OF = date(2019, 12, 31)
Row = dict[str, Any]
NAME = "applicant_name:W_NAME_PLACEHOLDER"


def at(day: str, clock: str = "10:00") -> datetime:
    return datetime.fromisoformat(f"2019-{day}T{clock}:00")


ITEMS = [
    {"item_code": "shop", "item_version": 1, "name": "食品经营许可", "item_type": "01", "project_type": "PROMISED", "law_days": 20,
     "promise_days": 5, "day_unit": "WORKDAY", "department": "D1", "kind_3550": "REAL_ESTATE", "valid_from": date(2018, 1, 1)},
    {"item_code": "card", "item_version": 1, "name": "社会保障卡补领", "project_type": "IMMEDIATE", "department": "D2",
     "valid_from": date(2018, 1, 1)},
    {"item_code": "grant", "item_version": 1, "name": "补贴申领", "project_type": "PROMISED", "law_days": 10, "day_unit": "CALENDAR",
     "department": "D2", "valid_from": date(2018, 1, 1)},
]  # fmt: skip
ONLINE = {"apply_channel": "WEB", "visits": 0, "deliver_type": "EMS"}


def case(accept: datetime | None, finish: datetime | None = None, about: str = "shop", **said: Any) -> Row:
    known = {"item_code": about, "item_version": 1, "applicant_kind": "PERSON", "applicant_name": "甲", "apply_time": accept,
             "accept_time": accept, "finish_time": finish, "accept_result": "ACCEPTED", "division_county": "321002", "result": "GRANTED",
             "promise_due": None, **ONLINE}  # fmt: skip
    return {**known, **said}


# accepted on Monday the 2nd of December, five workdays: due on Monday the 9th
CASES: dict[str, tuple[Row, Row]] = {
    "early": (case(at("12-02"), at("12-06")), {"timeliness": "ON_TIME", "early": True, "used_days": 4, "within_goal": True}),
    "on the last day": (case(at("12-02"), at("12-09", "23:59")), {"timeliness": "ON_TIME", "early": False, "late_days": None}),
    "a day late": (case(at("12-02"), at("12-10")), {"timeliness": "LATE", "late_days": 1, "used_days": 6, "within_goal": False}),
    "late on a Saturday": (case(at("12-06"), at("12-14")), {"timeliness": "LATE", "used_days": 5, "early": False}),
    "open": (case(at("12-27")), {"timeliness": "OPEN", "state": "OPEN", "no_meeting": None, "due_date": date(2020, 1, 6)}),
    "due today": (case(at("12-24")), {"timeliness": "OVERDUE", "late_days": 0, "due_date": AS_OF}),
    "overdue": (case(at("12-02")), {"timeliness": "OVERDUE", "late_days": 22}),
    "paused": (case(at("12-02")), {"timeliness": "OPEN", "state": "SUSPENDED", "suspended_days": 20}),
    "paused and late": (case(at("12-02"), at("12-13")), {"timeliness": "LATE", "suspended_days": 3, "due_date": date(2019, 12, 12)}),
    "at once": (case(at("12-07"), at("12-07"), "card"), {"timeliness": "ON_TIME", "early": None, "limit_days": 0, "workdays": 0}),
    "at once, but next week": (case(at("12-06"), at("12-09"), "card"), {"timeliness": "LATE", "late_days": 3}),
    "by the law": (case(at("12-02"), at("12-12"), "grant"), {"due_date": date(2019, 12, 12), "timeliness": "ON_TIME",
                                                                        "flags": ["NO_PROMISE"], "used_days": 10, "workdays": 8}),
    "reversed": (case(at("12-10"), at("12-02")), {"timeliness": "UNKNOWN", "used_days": None, "flags": ["FINISH_BEFORE_ACCEPT"]}),
    "to come": (case(at("12-10"), datetime(2027, 1, 1)), {"state": "OPEN", "timeliness": "OVERDUE", "flags": ["FUTURE"]}),
    "no such item": (case(at("12-02"), at("12-03"), "gone"), {"due_date": None, "timeliness": "UNKNOWN", "flags": ["NO_ITEM"]}),
    "reckoned otherwise": (case(at("12-02"), at("12-03"), promise_due=at("12-08", "23:59")), {"flags": ["DUE_DIFFERS"]}),
    "refused": (case(None, accept_result="REFUSED", apply_time=at("12-02")), {"state": "REFUSED", "timeliness": None, "counts": False}),
    "waiting": (case(None, accept_result=None, apply_time=at("12-02")), {"state": "APPLIED", "counts": False}),
    "void": (case(at("12-02"), at("12-20"), result="VOID"), {"state": "VOID", "timeliness": None, "counts": False}),
    "a test": (case(at("12-02"), at("12-20"), applicant_name="测试", _codes=[NAME]), {"flags": ["TEST"], "counts": False}),
    "a laboratory": (case(at("12-02"), at("12-03"), applicant_kind="ENTITY", applicant_name="江苏检测试验有限公司", _codes=[NAME]),
                     {"flags": [], "counts": True}),
    "by agency": (case(at("12-02"), at("12-03"), apply_channel="AGENCY", deliver_type="ELECTRONIC"), {"no_meeting": True}),
    "at the counter": (case(at("12-02"), at("12-03"), apply_channel="WINDOW"), {"no_meeting": False}),
    "came once": (case(at("12-02"), at("12-03"), visits=1), {"no_meeting": False}),
    "nobody knows": (case(at("12-02"), at("12-03"), visits=None), {"no_meeting": False}),
    "fetched": (case(at("12-02"), at("12-03"), deliver_type="PICKUP"), {"no_meeting": False}),
    "called in": (case(at("12-02"), at("12-03")), {"no_meeting": False, "window_steps": 1}),
}  # fmt: skip
SUSPENSIONS = [
    {"case_no": "paused", "suspension_no": 1, "reason": "HEARING", "from_time": at("12-03")},
    {"case_no": "paused and late", "suspension_no": 1, "reason": "CORRECTION", "from_time": at("12-03"), "to_time": at("12-05")},
    {"case_no": "paused and late", "suspension_no": 2, "reason": "INSPECTION", "from_time": at("12-04"), "to_time": at("12-06")},
    {"case_no": "paused and late", "suspension_no": 3, "reason": "REVIEW", "from_time": at("12-20"), "to_time": at("12-28")},
]
STEPS = [
    {"case_no": "called in", "step_no": 1, "step": "REVIEW", "at_window": "1", "begin_time": at("12-02")},
    {"case_no": "a day late", "step_no": 1, "step": "ACCEPT", "at_window": "0", "begin_time": at("12-02"), "end_time": at("12-02")},
    {"case_no": "a day late", "step_no": 2, "step": "REVIEW", "at_window": "0", "begin_time": at("12-02"), "end_time": at("12-09")},
    {"case_no": "a day late", "step_no": 10, "step": "DECIDE", "at_window": "0", "begin_time": at("12-09"), "end_time": at("12-10")},
    {"case_no": "not there yet", "step_no": 1, "step": "RECEIVE", "at_window": "0", "begin_time": at("12-30")},
]
NEW_YEAR = datetime(2020, 1, 2)
COMMENTS: dict[str, tuple[Row, list[str]]] = {
    "a": (
        {"case_no": "a day late", "comment_time": at("12-11"), "score": "1", "rectify_time": datetime(2020, 1, 2), "called_back": "1"},
        [],
    ),
    "b": ({"case_no": "a day late", "comment_time": at("12-12"), "score": "5"}, ["REPEATED"]),
    "c": ({"case_no": "early", "comment_time": at("12-07"), "score": "5", "automatic": "1"}, ["AUTOMATIC"]),
    "d": ({"case_no": "early", "comment_time": at("12-08"), "score": "3"}, []),
    "e": ({"case_no": "a test", "comment_time": at("12-21"), "score": "5"}, ["TEST"]),
    "f": ({"case_no": "nobody's", "comment_time": at("12-21"), "score": "2"}, ["NO_CASE"]),
    "g": ({"case_no": "at once", "comment_time": at("12-08")}, ["NO_SCORE"]),
    "h": ({"case_no": "early", "comment_time": at("12-01"), "score": "4", "stage": "CONSULT"}, []),
}
CALLER = {"caller_phone": "13900000001", "type": "HELP", "address_key": "路1号"}
ORDERS: dict[str, tuple[Row, str | None]] = {
    "o1": ({**CALLER, "call_time": at("11-01")}, None),
    "o2": ({**CALLER, "call_time": at("12-01")}, "o1"),
    "o3": ({**CALLER, "call_time": datetime(2019, 12, 31, 23), "case_no": "a day late"}, "o2"),
    "o4": ({**CALLER, "call_time": at("12-02"), "type": "REPORT"}, None),
    "o5": ({**CALLER, "call_time": at("12-02"), "address_key": "路2号", "dup_of": "elsewhere"}, "elsewhere"),
    "o6": ({**CALLER, "call_time": at("12-02"), "caller_phone": None}, None),
    "o7": ({**CALLER, "call_time": at("12-03"), "caller_phone": None}, None),
    "o8": ({**CALLER, "call_time": at("08-31"), "dup_of": "o8"}, None),
    "o9": ({**CALLER, "call_time": at("10-01")}, None),
}
LETTERS = [
    {"ems_no": "E1", "case_no": "early", "send_time": at("12-06", "17:00"), "deliver_time": at("12-08", "09:00"), "state": "DELIVERED"}
]


@pytest.fixture(scope="module")
def city(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    names: Iterator[int] = iter(range(1000))

    def write(rows: DataFrame) -> DataFrame:
        where = str(tmp_path_factory.mktemp("theme") / str(next(names)))
        rows.write.format("delta").save(where)
        return spark.read.format("delta").load(where)

    tables = theme(
        spark, write, AS_OF, item=ITEMS, case=[{"case_no": no, **row} for no, (row, _) in CASES.items()],
        case_suspension=SUSPENSIONS, case_step=STEPS,
        comment=[{"comment_no": no, **row} for no, (row, _) in COMMENTS.items()],
        hotline=[{"order_no": no, "due_time": at("12-20"), **row} for no, (row, _) in ORDERS.items()], ems_dispatch=LETTERS,
    )  # fmt: skip
    return {name: [row.asDict() for row in rows.collect()] for name, rows in tables.items()}


def test_each_case_is_judged_by_its_dates(city: dict[str, list[Any]]) -> None:
    found = {row["case_no"]: row for row in city["case"]}
    assert set(found) == set(CASES)
    assert {no: {c: found[no][c] for c in told} for no, (_, told) in CASES.items()} == {no: told for no, (_, told) in CASES.items()}


def test_which_comments_count(city: dict[str, list[Any]]) -> None:
    found = {row["comment_no"]: row for row in city["comment"]}
    assert {no: found[no]["flags"] for no in COMMENTS} == {no: flags for no, (_, flags) in COMMENTS.items()}
    assert {no for no, row in found.items() if row["counts"]} == {"a", "d", "f", "h"}
    assert (found["a"]["rectify_due"], found["a"]["rectified"], found["a"]["called_back"]) == (date(2020, 1, 2), True, True)
    assert (found["f"]["county6"], found["d"]["county6"], found["d"]["good"]) == (None, "321002", True)


def test_a_demand_is_repeated_within_thirty_days(city: dict[str, list[Any]]) -> None:
    found = {row["order_no"]: row for row in city["hotline"]}
    assert {no: found[no]["repeat_of"] for no in ORDERS} == {no: order for no, (_, order) in ORDERS.items()}
    assert {no for no, row in found.items() if "NO_CALLER" in row["flags"]} == {"o6", "o7"}


def test_one_row_answers_where_a_case_is(city: dict[str, list[Any]]) -> None:
    found = {row["case_no"]: row for row in city["case_status"]}
    assert set(found) == {*CASES, "not there yet"}
    late, early, unknown = found["a day late"], found["early"], found["not there yet"]
    guide, progress = ("食品经营许可", 20, 5), ("FINISHED", "LATE", "DECIDE", 3, at("12-10"))
    assert tuple(late[c] for c in ("item_name", "law_days", "promise_days")) == guide
    assert tuple(late[c] for c in ("state", "timeliness", "last_step", "steps", "last_step_time")) == progress
    assert tuple(late[c] for c in ("comment_no", "comment_score", "order_no", "orders", "delivery_state")) == ("a", "1", "o3", 1, "TO_SEND")
    assert tuple(early[c] for c in ("ems_no", "delivery_state", "deliver_time")) == ("E1", "DELIVERED", at("12-08", "09:00"))
    assert (unknown["state"], unknown["last_step"], unknown["item_name"]) == ("NOT_DELIVERED", "RECEIVE", None)


def test_a_late_case_says_why(city: dict[str, list[Any]], spark: SparkSession) -> None:
    delivered = {"case_step": STEPS, "case_suspension": SUSPENSIONS}
    tables: dict[str, list[Any]] = {f"themes/government_services/{name}": rows for name, rows in city.items()}
    for name, rows in delivered.items():
        full = f"cleansed/government_services/{name}"
        tables[full] = [row.asDict() for row in frame(spark, full, rows).collect()]
    tables["reference/calendar/workday"] = [{"day": date(2019, 12, d), "is_workday": True} for d in (3, 4, 5, 6, 9, 10)]

    def read(table: str, /, **equal: Any) -> list[dict[str, Any]]:
        return [row for row in tables[table] if all(row[c] == v for c, v in equal.items())]

    [late] = explain_case(read, "a day late")
    assert late.title == "Case a day late: FINISHED, LATE"
    assert late.lines[1:] == [
        "accepted on 2019-12-02; 5 workdays promised, 0 suspended: due 2019-12-09", "late: finished on 2019-12-10, 1 days after it was due",
        "the longest step was REVIEW: 5 workdays",
    ]  # fmt: skip
    [paused] = explain_case(read, "paused and late")
    assert [p["reason"] for p in paused.facts["suspensions"]] == ["CORRECTION", "INSPECTION", "REVIEW"]
    assert explain_case(read, "nobody's") == []


def test_a_version_ends_when_the_next_begins(spark: SparkSession) -> None:
    common = {"item_code": "i", "project_type": "PROMISED", "promise_days": 5, "law_days": 3}
    versions = [
        {**common, "item_version": n, "valid_from": day, "valid_to": date(2030, 1, 1)}
        for n, day in ((1, date(2018, 1, 1)), (2, date(2019, 6, 1)), (3, date(2020, 1, 1)))
    ]
    found = {row["item_version"]: row for row in item(frame(spark, "cleansed/government_services/item", versions), AS_OF).collect()}
    assert {n: (row["valid_to"], row["in_force"]) for n, row in found.items()} == {
        1: (date(2019, 5, 31), False), 2: (AS_OF, True), 3: (date(2030, 1, 1), False),
    }  # fmt: skip
    assert found[1]["flags"] == ["PROMISE_ABOVE_LAW", "NO_UNIT"]
