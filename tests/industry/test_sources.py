"""Bad deliveries of what firms pay, use and report: a bad row costs a line, a bad file one sentence, and nothing else is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from contracts.model import SourceContract
from pipelines.runtime import Runtime
from simulator import drops
from simulator.basics import organisation_numbers
from tests.cleansed.nights import ledger, night, published, quarantined, take_in
from tests.deliveries import deliver, write_drop
from tests.departments import OF_FIRMS

FIRST, SECOND, THIRD = "2019-12-29", "2019-12-30", "2019-12-31"
REPORTS, INVOICES, PAYMENTS, POWER = (
    "statistics/industrial_month", "taxation/invoice_month", "taxation/payment", "power_supply/company_electricity_month",
)  # fmt: skip
PARKS, LISTS, RATES = "development_reform/park", "development_reform/park_enterprise", "commerce/exchange_rate"
CODES = organisation_numbers(["321002"] * 9, range(1, 10))
Installation = Callable[..., Runtime]
Row = dict[str, str | None]


def report(n: int, **said: str | None) -> Row:
    return {"uscc": CODES[n], "month": "201911", "revenue": "5200", "report_time": "2019-12-10 11:00:00", **said}


def invoice(key: str, **said: str | None) -> Row:
    return {"tax_reg_no": key, "month": "201911", "amount": "5200.50", "update_time": "2019-12-10 11:00:00", **said}


def file_of(contract: SourceContract, rows: list[Row], folder: Path) -> bytes:
    """The file of a drop with these rows, as the department's old program writes it."""
    frame = pd.DataFrame(rows, dtype=object).reindex(columns=[c.name for c in contract.delivered])
    day = date.fromisoformat(FIRST)
    drops.write_drop(folder, contract, frame.where(frame.notna(), None), day, day)
    (file,) = folder.rglob(f"*.{contract.delivery.format}")
    return file.read_bytes()


def balanced(city: Runtime, table: str, *expected: tuple[int, int, int, int]) -> None:
    """Rows in, published, quarantined, duplicates of every batch, in the order of the runs."""
    rows = [tuple(r[c] for c in ("rows_in", "published", "quarantined", "duplicates")) for r in ledger(city, table)]
    assert rows == list(expected)
    assert all(r["rows_in"] == r["published"] + r["quarantined"] + r["duplicates"] + r["rejected"] for r in ledger(city, table))


def errors(city: Runtime, table: str) -> list[list[str]]:
    return sorted([code for code in codes if ":E_" in code] for (codes,) in quarantined(city, table, "codes"))


def test_bad_rows_of_a_workbook_of_an_old_program(installation: Installation, tmp_path: Path) -> None:
    city = installation(departments=OF_FIRMS)
    contract = city.contracts[f"cleansed/{REPORTS}"]
    wrong = CODES[4][:-1] + ("0" if CODES[4][-1] != "0" else "1")
    rows = [
        report(0, output="5,300", employees="40.0"),
        report(1, revenue="9000000000", profit="-120", energy_tce="12345678"),
        report(2, revenue="约五千"),
        report(3, revenue="#N/A"),
        report(4, uscc=wrong),
        report(5, month="2019年13月"),
        report(6, month="2019-11", value_added="未统计", employees="几十人"),
        report(0, output="5,300", employees="40.0"),
        report(7, report_time="上月"),
    ]
    write_drop(Path(city.settings.landing), contract, FIRST, file_of(contract, rows, tmp_path / "old"), len(rows))
    night(city, REPORTS, FIRST)
    found = published(city, REPORTS, "revenue", "output", "employees", "energy_tce", "value_added")
    assert found == {
        (CODES[0], "201911"): (5200, 5300, 40, None, None),
        (CODES[1], "201911"): (9_000_000, None, None, Decimal("12345.68"), None),
        (CODES[6], "201911"): (5200, None, None, None, None),
    }
    assert set(published(city, REPORTS, "_codes")[CODES[1], "201911"]) >= {"revenue:F_UNIT", "energy_tce:F_UNIT"}
    assert errors(city, REPORTS) == sorted(
        [["revenue:E_NUMBER"], ["revenue:E_NUMBER"], ["uscc:E_CHECK"], ["month:E_DATE"], ["report_time:E_DATE"]]
    )
    balanced(city, REPORTS, (9, 3, 5, 1))


def test_bad_rows_of_a_dbf_table(installation: Installation, tmp_path: Path) -> None:
    city = installation(departments=OF_FIRMS)
    contract = city.contracts[f"cleansed/{INVOICES}"]
    rows = [
        invoice("T1", amount="1,234.50元", invoices="12"),
        invoice("T2", amount="-80", month="2019/11"),
        invoice("T3", amount=None),
        invoice("T4", amount="12.345"),
        invoice("T5", month="去年"),
        invoice("T6", update_time="2019-12-99"),
        invoice("T1", amount="1,234.50元", invoices="12"),
        invoice("T1", amount="2000", update_time="2019-12-11 11:00:00", invoices="-3"),
    ]
    write_drop(Path(city.settings.landing), contract, FIRST, file_of(contract, rows, tmp_path / "old"), len(rows))
    night(city, INVOICES, FIRST)
    assert published(city, INVOICES, "amount", "invoices") == {
        ("T1", "201911"): (Decimal(2000), None), ("T2", "201911"): (Decimal(-80), None),
    }  # fmt: skip
    assert "amount:W_NEGATIVE" in published(city, INVOICES, "_codes")["T2", "201911"]
    assert errors(city, INVOICES) == sorted([["amount:E_REQUIRED"], ["amount:E_SCALE"], ["month:E_DATE"], ["update_time:E_DATE"]])
    balanced(city, INVOICES, (8, 2, 4, 2))


SPOILT: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a workbook cut in half": (REPORTS, lambda data: data[: len(data) // 2]),
    "a web page under the name of a workbook": (REPORTS, lambda data: "<html><table><tr><td>报告期</td></tr></table></html>".encode()),
    "a workbook without a header": (REPORTS, lambda data: data.replace("报告期".encode("utf-16-le"), "无标题".encode("utf-16-le"))),
    "a table cut in half": (INVOICES, lambda data: data[: len(data) - 60]),
    "a table whose fields do not fill its records": (INVOICES, lambda data: data[:10] + b"\xff\x7f" + data[12:]),
    "a table with a field of another name": (INVOICES, lambda data: data.replace(b"kpje\0", b"zzzz\0", 1)),
}  # fmt: skip


def test_a_bad_file_is_refused_in_one_sentence(installation: Installation, tmp_path: Path) -> None:
    """The file of the first date is bad, that of the second is good: it is taken in, and the bad one has left no row."""
    rows = {REPORTS: [report(n) for n in range(4)], INVOICES: [invoice(f"T{n}") for n in range(4)]}
    for n, (what, (table, spoil)) in enumerate(SPOILT.items()):
        city = installation(f"city{n}", departments=OF_FIRMS)
        contract = city.contracts[f"cleansed/{table}"]
        good = file_of(contract, rows[table], tmp_path / f"old{n}")
        bad = spoil(good)
        assert bad != good, what
        write_drop(Path(city.settings.landing), contract, FIRST, bad, 4)
        problems = take_in(city, table, FIRST).problems
        assert len(problems) == 1, what
        assert "\n" not in problems[0].strip(), what
        assert city.lake.rows(f"raw/{table}") in (None, 0), what
        write_drop(Path(city.settings.landing), contract, SECOND, good, 4)
        assert not take_in(city, table, SECOND).problems, what
        assert city.lake.rows(f"raw/{table}") == 4, what


def test_what_is_taken_back_stays_negative_and_watt_hours_become_kilowatt_hours(installation: Installation) -> None:
    city = installation(departments=OF_FIRMS)
    paid = {"tax_reg_no": "T1", "tax_kind": "增值税", "pay_date": "2019-12-15", "update_time": "2019-12-16 08:00:00"}
    payments: list[dict[str, Any]] = [
        {**paid, "voucher_no": "V1", "amount": "8,000.00元"},
        {**paid, "voucher_no": "V2", "amount": "-8000.00", "reversal_of": "V1"},
        {**paid, "voucher_no": "V3", "amount": "-5"},
        {**paid, "voucher_no": "V4", "amount": "0"},
        {**paid, "voucher_no": "V5", "amount": "12", "tax_kind": "房屋税"},
        {**paid, "voucher_no": "V6", "amount": "20000000000"},
        {**paid, "voucher_no": "V7", "amount": "12.3", "pay_date": "2020-02-01"},
    ]
    deliver(city, PAYMENTS, FIRST, payments)
    night(city, PAYMENTS, FIRST)
    codes = published(city, PAYMENTS, "amount", "_codes")
    marks = {key: {c for c in found if c.startswith(("amount:W", "pay_date:W"))} for key, (_, found) in codes.items()}
    assert {key: amount for key, (amount, _) in codes.items()} == {
        "V1": 8000, "V2": -8000, "V3": -5, "V4": 0, "V7": Decimal("12.30"),
    }  # fmt: skip
    assert marks == {
        "V1": set(), "V2": {"amount:W_REVERSAL"}, "V3": {"amount:W_NEGATIVE"}, "V4": {"amount:W_ZERO"}, "V7": {"pay_date:W_FUTURE"},
    }  # fmt: skip
    assert errors(city, PAYMENTS) == [["amount:E_RANGE"], ["tax_kind:E_CODE"]]
    balanced(city, PAYMENTS, (7, 5, 2, 0))

    read = {"month": "201911", "uscc": CODES[0], "county6": "邗江区", "update_time": "2019-11-26 22:00:00"}
    readings = [
        {**read, "account_no": "A1", "kwh": "310000000"},
        {**read, "account_no": "A2", "kwh": "310000"},
        {**read, "account_no": "A3", "kwh": "-4"},
        {**read, "account_no": "A4", "kwh": "200000000000"},
    ]
    deliver(city, POWER, THIRD, readings)
    night(city, POWER, THIRD)
    assert published(city, POWER, "kwh", "county6") == {
        ("A1", "201911"): (Decimal("310000"), "321003"), ("A2", "201911"): (Decimal("310000"), "321003"),
    }  # fmt: skip
    assert "kwh:F_UNIT" in published(city, POWER, "_codes")["A1", "201911"]
    assert errors(city, POWER) == [["kwh:E_RANGE"]] * 2
    balanced(city, POWER, (4, 2, 2, 0))


def test_parks_their_lists_and_the_rates_of_customs(installation: Installation, tmp_path: Path) -> None:
    city = installation(departments=["development_reform", "commerce/exchange_rate"])

    def delivered(table: str, rows: list[Row]) -> None:
        contract = city.contracts[f"cleansed/{table}"]
        system = {"crs": contract.crs} if contract.crs else {}
        write_drop(Path(city.settings.landing), contract, FIRST, file_of(contract, rows, tmp_path / table), len(rows), **system)
        night(city, table, FIRST)

    square = "POLYGON ((447000 3585000, 447200 3585000, 447200 3585200, 447000 3585200, 447000 3585000))"
    park = {"name": "园区", "level": "国家级", "county6": "江都市", "geometry": square, "update_time": "2019-03-01 10:00:00"}
    delivered(
        PARKS,
        [
            {**park, "park_code": "Y1", "since": "1993/12/01", "industrial_ha": "3.5"},
            {**park, "park_code": "Y2", "level": "县级"},
            {**park, "park_code": "Y3", "geometry": "POLYGON ((1 1, 2 2, 1 2, 1 1))"},
            {**park, "park_code": "Y4", "since": "2019-05-01", "until": "2018-05-01", "industrial_ha": "很多"},
        ],
    )
    assert published(city, PARKS, "level", "county6", "since", "industrial_ha") == {
        "Y1": ("NATIONAL", "321012", date(1993, 12, 1), Decimal("3.5")), "Y4": ("NATIONAL", "321012", date(2019, 5, 1), None),
    }  # fmt: skip
    assert errors(city, PARKS) == [["geometry:E_GEOMETRY"], ["level:E_CODE"]]
    assert any(code.endswith(":W_ORDER") for code in published(city, PARKS, "_codes")["Y4"])
    balanced(city, PARKS, (4, 2, 2, 0))

    line = {"park_code": "Y1", "moved_in": "2018年3月10日", "update_time": "2019-11-30 10:00:00"}
    wrong = CODES[4][:-1] + ("0" if CODES[4][-1] != "0" else "1")
    delivered(
        LISTS,
        [{**line, "uscc": CODES[0]}, {**line, "uscc": CODES[0]}, {**line, "uscc": wrong}, {**line, "uscc": CODES[1], "moved_out": "去年"}],
    )
    assert published(city, LISTS, "moved_in", "moved_out") == {
        ("Y1", CODES[0]): (date(2018, 3, 10), None), ("Y1", CODES[1]): (date(2018, 3, 10), None),
    }  # fmt: skip
    assert errors(city, LISTS) == [["uscc:E_CHECK"]]
    balanced(city, LISTS, (4, 2, 1, 1))

    rate = {"month": "2019年11月", "update_time": "2019-10-20 09:30:00"}
    delivered(
        RATES,
        [
            {**rate, "currency": "美元", "rate": "702.35"},
            {**rate, "currency": "JPY", "rate": "6.4551"},
            {**rate, "currency": "贝币", "rate": "1"},
            {**rate, "currency": "EUR", "rate": "-780"},
            {**rate, "currency": "USD", "rate": "704.00", "update_time": "2019-10-21 09:30:00"},
        ],
    )
    assert published(city, RATES, "rate") == {("201911", "USD"): Decimal(704), ("201911", "JPY"): Decimal("6.4551")}
    assert errors(city, RATES) == sorted([["currency:E_CODE"], ["rate:E_RANGE"]])
    balanced(city, RATES, (5, 2, 2, 1))
