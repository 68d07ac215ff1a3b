"""Bad deliveries of the sources of licences: a line each, and every row is accounted for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.runtime import Runtime
from simulator.drops import write_drop
from tests.cleansed.nights import ledger, night, published, quarantined
from tests.deliveries import write_drop as write_lines
from tests.departments import ABOUT_LICENCES
from tests.population.cleansed import number

DAY = "2019-12-29"
Row = dict[str, str | None]
TYPE = "11100000MB03271699022"
LICENCE = f"1.2.156.3005.2.{TYPE}.340100.000000016.001.9"
WRONG = f"1.2.156.3005.2.{TYPE}.340100.000000061.001.9"
USCC, PERSON = "91321002MA0FAKE170", number(1)
CERTIFICATE, UNIT = "苏(2019)扬州市不动产权第0000001号", "321002001001GB00001F00000001"


def licence(key: str | None, **said: str | None) -> Row:
    return {
        "licence_id": key, "type_code": TYPE, "certificate_no": "N1", "holder_kind": "自然人", "holder_name": "王小明",
        "holder_id_no": PERSON, "state": "01", "update_time": "2019-12-01 08:00:00", **said,
    }  # fmt: skip


def kind(key: str | None, **said: str | None) -> Row:
    return {"type_code": key, "type_name": "某证", "holder_kind": "法人", "unique_type": "是", "update_time": "2019-12-01 08:00:00", **said}


def permit(key: str | None, **said: str | None) -> Row:
    common = {"entity_name": "某店", "issue_date": "2019-01-01", "licence_status": "1", "op_time": "2019-12-01 08:00:00"}
    return {"licence_no": key, "uscc": USCC, **common, **said}


def equipment(key: str | None, **said: str | None) -> Row:
    common = {"equipment_kind": "电梯", "equipment_state": "1", "op_time": "2019-12-01 08:00:00"}
    return {"register_no": key, "user_uscc": USCC, **common, **said}


def complaint(key: str | None, **said: str | None) -> Row:
    moment = "2019-12-01 08:00:00"
    return {"complaint_no": key, "complaint_kind": "投诉", "received_at": moment, "op_time": moment, **said}


def right(key: str | None, **said: str | None) -> Row:
    common = {"unit_no": UNIT, "holder_no": "1", "right_type": "4", "right_state": "现势", "update_time": "2019-12-01 08:00:00"}
    return {"certificate_no": key, "holder_name": "王小明", "holder_id_no": PERSON, **common, **said}


def mortgage(key: str | None, **said: str | None) -> Row:
    common = {"unit_no": UNIT, "register_date": "2019-01-01", "update_time": "2019-12-01 08:00:00"}
    return {"mortgage_no": key, "certificate_no": CERTIFICATE, **common, **said}


def seizure(key: str | None, **said: str | None) -> Row:
    return {"entry_no": key, "seizure_no": "CF1", "entry_kind": "查封", "unit_no": UNIT, "entry_date": "2019-11-01", **said}


def account(key: str | None, **said: str | None) -> Row:
    common = {"name": "王小明", "account_state": "正常", "update_time": "2019-12-01 08:00:00"}
    return {"account_no": key, "id_no": PERSON, "employer_no": USCC, **common, **said}


BAD: dict[str, tuple[list[Row], list[str], str, dict[Any, Any]]] = {
    "big_data/licence": (
        [
            licence(LICENCE), licence(LICENCE), licence(WRONG, holder_id_no=USCC), licence("1.2.156.3005.2.X"),
            licence(LICENCE.replace("16.001.9", "17.001.7"), state="?"),
            licence(LICENCE.replace("16.001.9", "18.001.5"), update_time="上午"),
            licence(LICENCE.replace("16.001.9", "19.001.3"), holder_id_no="321002********0125", valid_to="9999-12-31", use_count="-1"),
        ],
        ["licence_id:E_LICENCE_ID", "state:E_CODE", "update_time:E_DATE"],
        "holder_id_no_kind",
        {LICENCE: "PERSON", WRONG: "USCC", LICENCE.replace("16.001.9", "19.001.3"): None},
    ),
    "big_data/licence_type": (
        [kind(TYPE), kind(TYPE), kind("T2", unique_type="也许"), kind("T3", type_name=None), kind("T4", valid_to="2019-02-30")],
        ["type_name:E_REQUIRED", "unique_type:E_CODE"], "unique_type", {TYPE: "1", "T4": "1"},
    ),
    "market_regulation/food_licence": (
        [permit("JY1"), permit("JY1"), permit("JY2", licence_status="注销"), permit("JY3", issue_date="2019-02-30"),
         permit("JY4", entity_name=None), permit("JY5", uscc="91321002MA0FAKE171")],
        ["entity_name:E_REQUIRED", "issue_date:E_DATE"], "licence_status", {"JY1": "1", "JY2": "2", "JY5": "1"},
    ),
    "market_regulation/drug_licence": (
        [permit("SU1"), permit("SU1"), permit("SU2", licence_status="?"), permit("SU3", valid_to="见副本")],
        ["licence_status:E_CODE"], "valid_to", {"SU1": None, "SU3": None},
    ),
    "market_regulation/special_equipment": (
        [equipment("T1"), equipment("T1"), equipment("T2", equipment_kind="飞机"),
         equipment("T3", next_inspection="2018-01-01", last_inspected="2019-01-01")],
        ["equipment_kind:E_CODE"], "equipment_kind", {"T1": "3000", "T3": "3000"},
    ),
    "market_regulation/complaint": (
        [complaint("C1"), complaint("C1"), complaint("C2", received_at="昨天"), complaint("C3", amount="1,234.50元"),
         complaint("C4", complaint_kind=None)],
        ["complaint_kind:E_REQUIRED", "received_at:E_DATE"], "complaint_kind", {"C1": "1", "C3": "1"},
    ),
    "natural_resources/real_right": (
        [right(CERTIFICATE), right(CERTIFICATE), right("旧证", holder_id_no=None, right_type="房屋所有权"),
         right("合", holder_name="王小明，李四光", holder_id_no=f"{PERSON}，{number(2)}"), right("坏", right_state="也许"), right(None)],
        ["certificate_no:E_REQUIRED", "right_state:E_CODE"], "holder_id_no",
        {(CERTIFICATE, UNIT, "1"): PERSON, ("旧证", UNIT, "1"): None, ("合", UNIT, "1"): None},
    ),
    "natural_resources/mortgage": (
        [mortgage("M1", secured_amount="35.5"), mortgage("M1", secured_amount="35.5"), mortgage("M2", register_date="2019-13-01"),
         mortgage("M3", secured_amount="20,000,000元")],
        ["register_date:E_DATE"], "secured_amount", {"M1": 35.5, "M3": 2000},
    ),
    "natural_resources/seizure": (
        [seizure("S1"), seizure("S1"), seizure("S2", entry_kind="解封"), seizure("S3", entry_kind="没收"), seizure("S4", unit_no=None)],
        ["entry_kind:E_CODE", "unit_no:E_REQUIRED"], "entry_kind", {"S1": "1", "S2": "4"},
    ),
    "housing_fund/account": (
        [account("G1"), account("G1"), account("G2", name=None), account("G3", update_time="下午"),
         account("G4", close_date="2019-01-01"), account("G5", id_no="111111111111111111")],
        ["name:E_REQUIRED", "update_time:E_DATE"], "account_state", {"G1": "1", "G4": "3", "G5": "1"},
    ),
}  # fmt: skip


@pytest.fixture
def city(installation: Callable[..., Runtime]) -> Runtime:
    return installation(departments=ABOUT_LICENCES)


def test_bad_rows_cost_a_line_each_and_nothing_is_lost(city: Runtime) -> None:
    for table, (rows, errors, column, values) in BAD.items():
        contract = city.contracts[f"cleansed/{table}"]
        frame = pd.DataFrame(rows, dtype=object).reindex(columns=[c.name for c in contract.delivered])
        write_drop(
            Path(city.settings.landing), contract, frame.where(frame.notna(), None), date.fromisoformat(DAY), date.fromisoformat(DAY)
        )
        night(city, table, DAY)
        assert published(city, table, column) == values, table
        held = [code for (codes,) in quarantined(city, table, "codes") for code in codes if ":E_" in code]
        assert sorted(held) == errors, table
        (account,) = ledger(city, table)
        assert account["rows_in"] == len(rows), table
        assert account["duplicates"] == 1, table
        assert account["rows_in"] == account["published"] + account["quarantined"] + account["duplicates"] + account["rejected"], table


def test_a_broken_line_of_the_licence_service_is_held_alone(city: Runtime) -> None:
    """An interface that breaks off in the middle of a line, and one that nests a value."""
    contract = city.contracts["cleansed/big_data/licence"]
    good = pd.DataFrame([licence(LICENCE)]).to_json(orient="records", lines=True, force_ascii=False).strip()
    data = f"{good}\n{good[:90]}\n".encode()
    write_lines(Path(city.settings.landing), contract, DAY, data, 2)
    night(city, "big_data/licence", DAY)
    assert set(published(city, "big_data/licence", "state")) == {LICENCE}
    (account,) = ledger(city, "big_data/licence")
    assert (account["rows_in"], account["published"], account["quarantined"]) == (2, 1, 1)
