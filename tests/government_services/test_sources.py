"""Bad deliveries of the counter: a bad row costs one line of the quarantine, a bad file one sentence, and nothing is lost."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from contracts import Contract
from pipelines.runtime import Runtime
from tests.cleansed.nights import ledger, night, published, quarantined, take_in
from tests.deliveries import deliver, exchange, write_drop
from tests.departments import OF_THE_COUNTER

FIRST, SECOND = "2019-12-29", "2019-12-30"
Installation = Callable[..., Runtime]


def balanced(city: Runtime, table: str, *expected: tuple[int, int, int, int]) -> None:
    """Rows in, published, quarantined, duplicates of every batch, in the order of the runs."""
    assert [tuple(r[c] for c in ("rows_in", "published", "quarantined", "duplicates")) for r in ledger(city, table)] == list(expected)
    assert all(r["rows_in"] == r["published"] + r["quarantined"] + r["duplicates"] + r["rejected"] for r in ledger(city, table))


def refused(city: Runtime, table: str) -> list[list[str]]:
    """The errors of every quarantined row."""
    return [[code for code in codes if ":E_" in code] for (codes,) in quarantined(city, table, "codes")]


def drop(city: Runtime, table: str, day: str, data: bytes, rows: int) -> None:
    write_drop(Path(city.settings.landing), city.contracts[f"cleansed/government_services/{table}"], day, data, rows)


def order(number: str, call: str, *more: str) -> str:
    told = f"<order_no>{number}</order_no><call_time>{call}</call_time><update_time>2019-12-29 18:00:00</update_time>"
    return f"<order>{told}{''.join(more)}</order>"


def test_orders_of_the_hotline(installation: Installation) -> None:
    city, table = installation(departments=OF_THE_COUNTER), "government_services/hotline"
    good = "2019-12-29 09:00:00"
    orders = [
        order("1", good, "<type>投诉</type><caller_phone>138****0001</caller_phone><content>路灯&lt;br&gt;不亮</content>"),
        order("1", good, "<type>投诉</type><caller_phone>138****0001</caller_phone><content>路灯&lt;br&gt;不亮</content>"),
        order("2", "2019-12-29 下午3:05:00", "<return_count>-1</return_count><satisfaction>9</satisfaction><type>骂人</type>"),
        order("3", "昨天"),
        order("4", ""),
        order("5", good, "<title>一</title><title>二</title>"),
        order("6", good, "催办"),
        order("7", good, '<finish_time>2019-12-01 10:00:00</finish_time><address>路<b>1</b>号</address>'),
        order("", good),
    ]  # fmt: skip
    drop(city, "hotline", FIRST, f"<?xml version='1.0'?><orders>{''.join(orders)}</orders>".encode(), len(orders))
    night(city, table, FIRST)
    found = published(city, table, "type", "call_time", "return_count", "satisfaction", "_codes")
    assert {no: row[:4] for no, row in found.items()} == {
        "1": ("COMPLAINT", datetime(2019, 12, 29, 9), None, None), "2": (None, datetime(2019, 12, 29, 15, 5), None, None),
        "7": (None, datetime(2019, 12, 29, 9), None, None),
    }  # fmt: skip
    assert set(found["1"][4]) == {"type:F_CODE", "caller_phone:W_MASKED", "caller_phone:E_PHONE", "content:F_HTML"}
    assert set(found["2"][4]) >= {"type:E_CODE", "return_count:E_RANGE", "satisfaction:E_CODE"}
    assert "finish_time:W_ORDER" in found["7"][4]
    assert sorted(refused(city, table)) == [
        ["call_time:E_DATE"], ["call_time:E_REQUIRED"], ["order_no:E_REQUIRED"], ["row:E_COLUMNS"], ["row:E_COLUMNS"],
    ]  # fmt: skip
    balanced(city, table, (9, 3, 5, 1))

    newer = order("2", good, "<type>HELP</type>").replace("2019-12-29 18", "2019-12-30 18")
    bad = {
        "DELIVERY_TRUNCATED": f"<orders>{newer}",
        "DELIVERY_FORMAT": f"<!DOCTYPE orders [<!ENTITY x 'y'>]><orders>{newer}</orders>",
        "DELIVERY_HEADER": "<calls><call><order_no>2</order_no></call></calls>",
        "DELIVERY_ENCODING": f"<orders>{newer}</orders>".replace("HELP", "求助"),
        "DELIVERY_ROW_COUNT": f"<orders>{newer}{newer}</orders>",
    }
    for code, text in bad.items():
        drop(city, "hotline", SECOND, text.encode("gb18030" if code == "DELIVERY_ENCODING" else "utf-8"), 1)
        [problem] = take_in(city, table, SECOND).problems
        assert problem.startswith(f"{code}: "), problem
        assert "\n" not in problem
    drop(city, "hotline", SECOND, f"<orders>{newer}</orders>".encode(), 1)
    night(city, table, SECOND)
    assert published(city, table, "type") == {"1": "COMPLAINT", "2": "HELP", "7": None}


def workbook(contract: Contract, rows: list[dict[str, Any]]) -> bytes:
    """The list of items as the department exports it: a title, the header, the rows, a total, who made it."""
    book = Workbook()
    sheet = book.active
    sheet.append(["扬州市政务服务事项清单"])
    sheet.append([c.source for c in contract.delivered])
    for row in rows:
        sheet.append([row.get(c.name) for c in contract.delivered])
    sheet.append(["合计", len(rows)])
    sheet.append(["制表人:", "管理员"])
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def test_the_list_of_items(installation: Installation) -> None:
    city, table = installation(departments=OF_THE_COUNTER), "government_services/item"
    item = {"item_version": 1, "name": "事项", "project_type": "承诺件", "day_unit": "工作日", "law_days": 20, "valid_from": "2018/3/1",
            "update_time": "2019-12-01 08:00:00"}  # fmt: skip
    rows = [
        {**item, "item_code": "A", "promise_days": "无"}, {**item, "item_code": "A", "promise_days": "无"},
        {**item, "item_code": "A", "item_version": 2, "promise_days": 5, "day_unit": "自然日", "no_meeting": "是"},
        {**item, "item_code": "B", "promise_days": "五天", "project_type": "1"},
        {**item, "item_code": "C", "project_type": "特事特办"}, {**item, "item_code": "D", "valid_from": "2018-02-30"},
        {**item, "item_code": "1.1E+30"}, {**item, "item_code": "E", "item_version": "第一版"}, {**item, "item_code": "F", "name": None},
        {**item, "item_code": "G", "law_days": -3, "valid_to": "2017-01-01"},
    ]  # fmt: skip
    drop(city, "item", FIRST, workbook(city.contracts[f"cleansed/{table}"], rows), len(rows))
    night(city, table, FIRST)
    found = published(city, table, "project_type", "promise_days", "day_unit", "no_meeting", "_codes")
    assert {key: row[:4] for key, row in found.items()} == {
        ("A", 1): ("PROMISED", None, "WORKDAY", None), ("A", 2): ("PROMISED", 5, "CALENDAR", "1"),
        ("B", 1): ("IMMEDIATE", None, "WORKDAY", None), ("G", 1): ("PROMISED", None, "WORKDAY", None),
    }  # fmt: skip
    assert set(found["G", 1][4]) >= {"law_days:E_RANGE", "valid_to:W_ORDER"}
    assert sorted(refused(city, table)) == [
        ["item_code:E_SCI"], ["item_version:E_NUMBER"], ["name:E_REQUIRED"], ["project_type:E_CODE"], ["valid_from:E_DATE"],
    ]  # fmt: skip
    balanced(city, table, (10, 4, 5, 1))


def test_cases_their_steps_and_their_letters(installation: Installation) -> None:
    city, cases = installation(departments=OF_THE_COUNTER), "government_services/case"
    case = {"item_code": "A", "item_version": "1", "apply_time": "2019-12-02 08:00:00", "accept_time": "2019-12-02 09:00:00",
            "update_time": "2019-12-28 18:00:00", "case_state": "受理"}  # fmt: skip
    rows = [
        {**case, "case_no": "1", "applicant_name": "测试", "accept_time": "2019-12-02T01:00:00Z"},
        {**case, "case_no": "1", "applicant_name": "测试", "accept_time": "2019-12-02T01:00:00Z"},
        {**case, "case_no": "2", "finish_time": "2019-12-01 10:00:00", "apply_channel": "政务服务网", "visits": "很多"},
        {**case, "case_no": "3", "item_code": ""}, {**case, "case_no": "4", "update_time": "稍后"},
        {**case, "case_no": "5", "apply_channel": "网上"}, {**case, "case_no": "5", "apply_channel": "窗口"},
    ]  # fmt: skip
    deliver(city, cases, FIRST, rows, extra_lines=("ZW000,一,二,三",))
    night(city, cases, FIRST)
    found = published(city, cases, "case_state", "apply_channel", "accept_time", "_codes")
    assert {no: row[:3] for no, row in found.items()} == {
        "1": ("ACCEPTED", None, datetime(2019, 12, 2, 9)), "2": ("FINISHED", "WEB", datetime(2019, 12, 2, 9)),
        "5": ("ACCEPTED", "WINDOW", datetime(2019, 12, 2, 9)),
    }  # fmt: skip
    assert {"applicant_name:W_NAME_PLACEHOLDER", "accept_time:F_ZONE"} <= set(found["1"][3])
    assert {"case_state:F_STATUS", "finish_time:W_ORDER", "visits:E_NUMBER"} <= set(found["2"][3])
    assert sorted(refused(city, cases)) == [
        ["item_code:E_REQUIRED"], ["row:E_COLUMNS"], ["update_time:E_DATE"],
    ]  # fmt: skip
    balanced(city, cases, (8, 3, 3, 2))
    older = {**case, "case_no": "2", "update_time": "2019-12-03 18:00:00"}
    deliver(city, cases, SECOND, [older, {**case, "case_no": "1", "update_time": "2019-12-30 18:00:00", "case_state": "挂起"}])
    night(city, cases, SECOND)
    assert published(city, cases, "case_state") == {"1": "SUSPENDED", "2": "FINISHED", "5": "ACCEPTED"}, (
        "an older version that comes late changes nothing"
    )

    steps = "government_services/case_step"
    step = {"case_no": "9", "step": "审查", "begin_time": "2019-12-02 09:00:00", "update_time": "2019-12-28 18:00:00"}
    lines = [{**step, "step_no": 1}, {**step, "step_no": 1}, {**step, "step_no": 0}, {**step, "step_no": 2, "step": "盖章"}]
    data = "\n".join([*(json.dumps(line, ensure_ascii=False) for line in lines), "[1, 2]", ""]).encode()
    drop(city, "case_step", FIRST, data, 5)
    night(city, steps, FIRST)
    assert published(city, steps, "step") == {("9", 1): "REVIEW"}, "the steps of a case that has not come yet are kept"
    assert sorted(refused(city, steps)) == [["row:E_COLUMNS"], ["step:E_CODE"], ["step_no:E_RANGE"]]
    balanced(city, steps, (5, 1, 3, 1))

    letters = "government_services/ems_dispatch"
    letter = {"ems_no": "E1", "case_no": "1", "send_time": "2019-12-20 17:00:00", "state": "在途", "op_time": "2019-12-20 18:00:00"}
    arrived = {**letter, "state": "妥投", "deliver_time": "2019-12-22 09:00:00", "op_time": "2019-12-22 10:00:00"}
    exchange(city, letters, FIRST, [arrived, letter, {**letter, "ems_no": "E2", "send_time": None}, {**letter, "ems_no": "E3", "_op": "X"}])
    night(city, letters, FIRST)
    assert published(city, letters, "state", "deliver_time") == {"E1": ("DELIVERED", datetime(2019, 12, 22, 9))}
    assert sorted(refused(city, letters)) == [["row:E_OPERATION"], ["send_time:E_REQUIRED"]]
    balanced(city, letters, (4, 1, 2, 1))
