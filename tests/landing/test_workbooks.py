"""Workbooks as departments keep them, in both formats: hidden sheets, merged areas, error values, formulas, both date systems."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
import xlrd
import xlwt
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from contracts import Contract
from resources.errors import DeliveryRejected
from resources.readers import workbook_file
from tests.landing.writing import NAMES, business, contract, drop, read_all

HEADER = list(NAMES.values())
XLSX = contract("xlsx")
FORMATS = ["xlsx", "xls"]
HIDDEN, VERY_HIDDEN = "hidden", "veryHidden"
STYLE_OF_DATES = "yyyy-mm-dd"
ERRORS = {text: code for code, text in xlrd.error_text_from_code.items()}
Sheet = dict[str, Any]


def xlsx(sheets: list[Sheet], date1904: bool = False) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    if date1904:
        book.epoch = CALENDAR_MAC_1904
    for number, sheet in enumerate(sheets):
        page = book.create_sheet(f"S{number}")
        for row in sheet["rows"]:
            page.append(row)
        page.sheet_state = sheet.get("state", "visible")
        for first_row, last_row, first, last in sheet.get("merged", ()):
            page.merge_cells(None, first_row, first, last_row, last)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def xls(sheets: list[Sheet], date1904: bool = False) -> bytes:
    book = xlwt.Workbook()
    book.dates_1904 = date1904
    style = xlwt.easyxf(num_format_str=STYLE_OF_DATES)
    for number, sheet in enumerate(sheets):
        page = book.add_sheet(f"S{number}")
        page.visibility = {"visible": 0, HIDDEN: 1, VERY_HIDDEN: 2}[sheet.get("state", "visible")]
        areas = {(r1 - 1, c1 - 1): (r2 - 1, c2 - 1) for r1, r2, c1, c2 in sheet.get("merged", ())}
        for i, row in enumerate(sheet["rows"]):
            for j, value in enumerate(row):
                if isinstance(value, str) and value.startswith("#"):
                    page.row(i).set_cell_error(j, ERRORS[value])
                elif value is not None and (i, j) not in areas:
                    page.write(i, j, value, style if isinstance(value, dt.date) else xlwt.Style.default_style)
        for (i, j), (last_row, last) in areas.items():
            page.write_merge(i, last_row, j, last, sheet["rows"][i][j])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


WRITERS = {"xlsx": xlsx, "xls": xls}


def agreed(format: str, dates: bool = False) -> Contract:
    """The contract of these tests; `dates`: its last column is a date."""
    table = contract(format)
    columns = [replace(c, rule="date") if dates and c.name == "visit_date" else c for c in table.columns]
    return replace(table, columns=tuple(columns))


def rows_of(tmp_path, format: str, sheets: list[Sheet], count: int, date1904: bool = False, dates: bool = False) -> list[list[str | None]]:
    table = agreed(format, dates)
    drop(tmp_path, table, {f"a.{format}": WRITERS[format](sheets, date1904)}, count, encoding=None)
    return business(read_all(tmp_path, table))


VISIBLE = {"rows": [HEADER, ["A1", "new", "y"]]}
OLD = [HEADER, ["A0", "old", "y"], ["A9", "old", "y"]]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "sheets",
    [
        [{"rows": OLD, "state": HIDDEN}, VISIBLE],
        [{"rows": OLD, "state": VERY_HIDDEN}, VISIBLE],
        [{"rows": OLD[:1], "state": HIDDEN}, VISIBLE],
        [{"rows": [["说明"]]}, {"rows": OLD, "state": HIDDEN}, VISIBLE],
        [VISIBLE, {"rows": OLD, "state": HIDDEN}],
    ],
)
def test_hidden_sheets_are_not_the_delivery(tmp_path, format, sheets):
    assert rows_of(tmp_path, format, sheets, 1) == [["A1", "new", "y"]]


@pytest.mark.parametrize("format", FORMATS)
def test_only_a_hidden_sheet_has_the_table(tmp_path, format):
    with pytest.raises(DeliveryRejected, match="DELIVERY_HEADER: no visible sheet"):
        rows_of(tmp_path, format, [{"rows": [["说明"]]}, {"rows": OLD, "state": HIDDEN}], 2)


MERGED = [
    ([["A1", "王", "d"], ["A2", None, "e"], ["A3", None, "f"]], [(2, 4, 2, 2)], [["A1", "王", "d"], ["A2", "王", "e"], ["A3", "王", "f"]]),
    ([["A1", "x", "d"], ["A2", "y", None]], [(2, 3, 3, 3)], [["A1", "x", "d"], ["A2", "y", "d"]]),
    # two columns wide: the value stands in the first
    ([["A1", "x", None], ["A2", None, None]], [(2, 3, 2, 3)], [["A1", "x", None], ["A2", "x", None]]),
    # a number, and a row left blank inside the area, which is no row
    ([["A1", 7, "d"], [None, None, None], ["A3", None, "f"]], [(2, 4, 2, 2)], [["A1", "7", "d"], ["A3", "7", "f"]]),
    # every record takes two rows of the sheet
    ([["A1", "x", "d"], [None, None, None]], [(2, 3, 1, 1), (2, 3, 2, 2), (2, 3, 3, 3)], [["A1", "x", "d"]]),
    # one area directly below another
    (
        [["A1", "x", "d"], ["A2", None, "d"], ["A3", "y", "d"], ["A4", None, "d"]],
        [(2, 3, 2, 2), (4, 5, 2, 2)],
        [["A1", "x", "d"], ["A2", "x", "d"], ["A3", "y", "d"], ["A4", "y", "d"]],
    ),
    # an empty merged area
    ([["A1", None, "d"], ["A2", None, "d"]], [(2, 3, 2, 2)], [["A1", None, "d"], ["A2", None, "d"]]),
]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("rows", "merged", "shown"), MERGED)
def test_a_merged_value_stands_in_each_row_of_its_area(tmp_path, format, rows, merged, shown):
    assert rows_of(tmp_path, format, [{"rows": [HEADER, *rows], "merged": merged}], len(shown)) == [[v or None for v in r] for r in shown]


@pytest.mark.parametrize("format", FORMATS)
def test_merged_titles_and_headers_stay_above_the_table(tmp_path, format):
    rows = [["火化登记表", None, None], [None, None, None], HEADER, [None, None, None], ["A1", "x", "y"]]
    merged = [(1, 2, 1, 3), *((3, 4, i, i) for i in (1, 2, 3))]
    assert rows_of(tmp_path, format, [{"rows": rows, "merged": merged}], 1) == [["A1", "x", "y"]]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"])
def test_an_error_value_is_its_text(tmp_path, format, error):
    sent = [HEADER, ["A1", error, "y"], ["A2", "x", "y"]]
    assert rows_of(tmp_path, format, [{"rows": sent}], 2) == [["A1", error, "y"], ["A2", "x", "y"]]


def changed(sheet: list[list[Any]], *changes: tuple[str, str]) -> bytes:
    """A workbook whose sheet has other XML than openpyxl writes."""
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx([{"rows": sheet}]))) as book, zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as other:
        for name in book.namelist():
            content = book.read(name).decode()
            for old, new in changes if name.endswith("sheet1.xml") else ():
                assert old in content
                content = content.replace(old, new)
            other.writestr(name, content)
    return data.getvalue()


@pytest.mark.parametrize("error", ["#SPILL!", "#CALC!", "#FIELD!", "#GETTING_DATA", "#BLOCKED!", "#CONNECT!"])
def test_error_values_of_later_versions_refuse_nobody(tmp_path, error):
    data = changed([HEADER, ["A1", "#N/A", "y"], ["A2", "x", "y"]], ("#N/A", error), (' t="e"', " t='e' s='0'"))
    drop(tmp_path, XLSX, {"a.xlsx": data}, 2, encoding=None)
    assert business(read_all(tmp_path, XLSX)) == [["A1", error, "y"], ["A2", "x", "y"]]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('<c r="B2"><f>"L0002"</f><v /></c>', "L0002"),
        ('<c r="B2" t="str"><f>"L0002"</f><v>L0002</v></c>', "L0002"),
        ('<c r="B2" s="0"><f>&quot;007&quot;</f></c>', "007"),
        ('<c r="B2" t="n"><f> "a&amp;b 王" </f><v></v></c>', "a&b 王"),
        ('<c r="B2" t="e"><f>VLOOKUP(A2,Z:Z,1,0)</f><v>#N/A</v></c>', "#N/A"),
        ('<c r="B2"><f>1+1</f><v>2</v></c>', "2"),
    ],
)
def test_a_formula_is_its_value_and_a_text_its_own(tmp_path, cell, value):
    plain = '<c r="B2" t="inlineStr"><is><t>?</t></is></c>'
    drop(tmp_path, XLSX, {"a.xlsx": changed([HEADER, ["A1", "?", "y"]], (plain, cell))}, 1, encoding=None)
    assert business(read_all(tmp_path, XLSX)) == [["A1", value, "y"]]


def test_a_formula_never_computed_is_refused_with_its_row(tmp_path):
    drop(tmp_path, XLSX, {"a.xlsx": xlsx([{"rows": [HEADER, ["A1", "=A2&1", "y"]]}])}, 1, encoding=None)
    with pytest.raises(DeliveryRejected, match="DELIVERY_FORMAT: the formula in row 2"):
        read_all(tmp_path, XLSX)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("date1904", "sent", "shown"),
    [
        (True, 42367, "43829"),
        (False, 43829, "43829"),
        (True, 42367.5, "43829.5"),
        (True, dt.date(2019, 12, 30), "2019-12-30"),
        (False, dt.date(2019, 12, 30), "2019-12-30"),
        (True, "42367", "42367"),
        (True, 20191230, "20191230"),
        (True, 1577664000, "1577664000"),
    ],
)
def test_the_date_system_decides_about_day_numbers(tmp_path, format, date1904, sent, shown):
    """In columns of dates only: elsewhere a number is a number."""
    rows = [HEADER, ["A1", 42367, sent]]
    assert rows_of(tmp_path, format, [{"rows": rows}], 1, date1904, dates=True) == [["A1", "42367", shown]]


def test_the_first_bytes_decide_about_the_format(tmp_path):
    """A program that saves one format under the other's name is understood; a web page or text is not."""
    for number, (format, other) in enumerate((("xlsx", "xls"), ("xls", "xlsx"))):
        drop(tmp_path / str(number), agreed(format), {"a": WRITERS[other]([VISIBLE])}, 1, encoding=None)
        assert business(read_all(tmp_path / str(number), agreed(format))) == [["A1", "new", "y"]]
    reasons = {"web page": b"\xef\xbb\xbf<html><table><tr><td>", "not an Excel workbook": "就诊号\t姓名".encode("gb18030")}
    for reason, data in reasons.items():
        drop(tmp_path / reason, agreed("xls"), {"a.xls": data}, 1, encoding=None)
        with pytest.raises(DeliveryRejected, match=f"DELIVERY_FORMAT: .*{reason}"):
            read_all(tmp_path / reason, agreed("xls"))


@pytest.mark.parametrize("cut", range(520, 5600, 700))
@pytest.mark.parametrize("tail", [b"", b"\xff" * 64])
def test_damaged_old_workbooks_are_refused(tmp_path, cut, tail):
    data = xls([VISIBLE])
    drop(tmp_path, agreed("xls"), {"a.xls": data[:cut] + tail}, 2, encoding=None)
    with pytest.raises(DeliveryRejected, match=r"^DELIVERY_[^\n]*\Z"):
        read_all(tmp_path, agreed("xls"))


def test_a_long_merged_table_takes_as_many_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook_file, "ROWS_PER_BATCH", 7)
    rows = [HEADER, ["A0", "王", "d"], *([f"A{n}", None, "d"] for n in range(1, 40))]
    assert rows_of(tmp_path, "xlsx", [{"rows": rows, "merged": [(2, 41, 2, 2)]}], 40) == [[f"A{n}", "王", "d"] for n in range(40)]


@pytest.mark.parametrize("format", FORMATS)
def test_the_sheets_that_the_contract_names(tmp_path, format):
    agreed = contract(format, sheets=("S0", "S2"))
    pages = [{"rows": [HEADER, ["A1", "a", "1"]]}, {"rows": [HEADER, ["A9", "x", "9"]]}, {"rows": [["title"], HEADER, ["A2", "b", "2"]]}]
    drop(tmp_path, agreed, {"a.x": WRITERS[format](pages)}, 2)
    table = read_all(tmp_path, agreed)
    assert business(table) == [["A1", "a", "1"], ["A2", "b", "2"]]
    assert list(zip(*(table.column(c).to_pylist() for c in ("_source_file", "_row_no")), strict=True)) == [("a.x#S0", 2), ("a.x#S2", 3)]


@pytest.mark.parametrize("format", FORMATS)
def test_all_sheets_with_the_header(tmp_path, format):
    agreed = contract(format, sheets=("*",))
    pages = [{"rows": [["how to fill in"]]}, *({"rows": [HEADER, [f"A{i}", "a", "1"]]} for i in (1, 2)), {"rows": []}]
    drop(tmp_path, agreed, {"a.x": WRITERS[format](pages)}, 2)
    assert [r[0] for r in business(read_all(tmp_path, agreed))] == ["A1", "A2"]


def test_a_sheet_that_the_contract_names_and_is_not_there(tmp_path):
    agreed = contract("xlsx", sheets=("S0", "S1", "S2"))
    pages = [{"rows": [HEADER, ["A1", "a", "1"]]}, {"rows": [HEADER, ["A1", "a", "1"]], "state": HIDDEN}, {"rows": [["nothing"]]}]
    drop(tmp_path, agreed, {"a.xlsx": xlsx(pages)}, 1)
    with pytest.raises(DeliveryRejected, match="DELIVERY_HEADER: there is no visible sheet 'S1', 'S2' with a header"):
        read_all(tmp_path, agreed)


@pytest.mark.parametrize("format", FORMATS)
def test_a_header_of_two_rows(tmp_path, format):
    columns = [replace(c, source=s) for c, s in zip(XLSX.delivered, ("就诊号", "病人/姓名", "病人/日期"), strict=True)]
    agreed = replace(contract(format, header_rows=2), columns=tuple(columns))
    rows = [["title", None, None, None], ["就诊号", "病人", None, "备注"], [None, "*姓名", "日期", None], ["A1", "a", "1", None]]
    agreed = replace(agreed, delivery=replace(agreed.delivery, new_columns="accept"))
    drop(tmp_path, agreed, {"a.x": WRITERS[format]([{"rows": rows, "merged": [(2, 2, 2, 3), (2, 3, 1, 1)]}])}, 1)
    assert business(read_all(tmp_path, agreed)) == [["A1", "a", "1"]]
