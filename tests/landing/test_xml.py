"""XML extracts: records at any depth, attributes, absent and empty values, documents that are not to be trusted."""

from __future__ import annotations

import pytest

from resources.errors import DeliveryRejected
from resources.readers import records
from tests.landing.writing import business, contract, csv_bytes, drop, read_all

XML = contract("xml", encoding="utf-8")
RECORDS = "<row><就诊号>A1</就诊号><姓名>王小明</姓名><就诊日期>2019-12-30</就诊日期></row><row><就诊号>A2</就诊号><姓名/></row>"
READ = [["A1", "王小明", "2019-12-30"], ["A2", "", None]]


def deliver(folder, text, rows=2, agreed=XML, encoding="utf-8"):
    drop(folder, agreed, {"a.xml": text.encode(encoding)}, rows)
    return read_all(folder, agreed)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (f"<rows>{RECORDS}</rows>", READ),
        (f'<?xml version="1.0" encoding="GBK"?>\n<rows>\n{RECORDS.replace("<row>", chr(10) + "  <row>")}\n</rows>\n', READ),
        (f"<e:Envelope xmlns:e='urn:x'><e:Body><count>2</count><list>{RECORDS}</list></e:Body></e:Envelope>", READ),
        (f"<r xmlns='urn:city'><head><code>0</code><time>2019</time></head>{RECORDS}<foot><n>2</n></foot></r>", READ),
        ("<r><row 就诊号='A1' 姓名='王小明' 就诊日期='2019-12-30'/><row 就诊号='A2' 姓名=''/></r>", READ),
        ("<r><row 就诊号='A1'><姓名><![CDATA[王<小>明]]></姓名></row></r>", [["A1", "王<小>明", None]]),
        ("<r><row><流水号>A1</流水号><姓名>a&amp;b<!-- no text --></姓名></row></r>", [["A1", "a&b", None]]),
        (
            "<r xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><row><就诊号>A1</就诊号><姓名 xsi:nil='true'/></row></r>",
            [["A1", None, None]],
        ),
        ("<r><row><就诊号>A1</就诊号><姓名><姓>王</姓><名>明</名></姓名></row></r>", [["A1", "<姓名><姓>王</姓><名>明</名></姓名>", None]]),
    ],
)
def test_records_of_any_form(tmp_path, text, rows):
    table = deliver(tmp_path, text, len(rows))
    assert business(table) == rows
    assert table.column("_row_no").to_pylist() == [*range(1, len(rows) + 1)]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_the_encoding_that_it_is_in(tmp_path, encoding):
    agreed = contract("xml", encoding="gb18030")
    assert business(deliver(tmp_path, f"<rows>{RECORDS}</rows>", agreed=agreed, encoding=encoding)) == READ


def test_the_element_that_the_contract_names(tmp_path):
    agreed = contract("xml", encoding="utf-8", record="visit", new_columns="accept")
    text = "<r><visit><就诊号>A1</就诊号><姓名 code='x'>3</姓名><a>1</a></visit></r>"
    table = deliver(tmp_path, text, 1, agreed)
    assert business(table) == [["A1", "3", None]]
    assert table.column("_extra").to_pylist() == ['{"姓名@code":"x","a":"1"}']


def test_elements_that_are_no_record_cost_that_row_only(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "ROWS_PER_BATCH", 2)
    twice, mixed = "<row><就诊号>A3</就诊号><就诊号>A4</就诊号></row>", "<row>free text<就诊号>A5</就诊号></row>"
    table = deliver(tmp_path, f"<r>{RECORDS}{twice}{mixed}<row><就诊号>A6</就诊号></row></r>", 5)
    assert [r["_defect"] or r["visit_no"] for r in table.to_pylist()] == ["A1", "A2", "E_COLUMNS", "E_COLUMNS", "A6"]
    assert "A4" in table.column("_defect_text").to_pylist()[2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"<rows>{RECORDS}", "DELIVERY_TRUNCATED: the file stops before the end of its XML"),
        (f"<rows>{RECORDS}<row><就诊", "DELIVERY_TRUNCATED"),
        (f"<rows>\n{RECORDS}</row>", "DELIVERY_FORMAT: the file is not XML in line 2"),
        ("就诊号,姓名\nA1,王小明\n", "DELIVERY_FORMAT: the file is not XML in line 1"),
        (
            f"<rows>{RECORDS.replace('王小明', '&nbsp;')}</rows>",
            "DELIVERY_FORMAT: the file is not XML: it has an entity",
        ),
        (
            '<!DOCTYPE r [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><r><row><就诊号>&b;</就诊号></row></r>',
            "DELIVERY_FORMAT: the file has a document",
        ),
        (
            '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]><r><row><就诊号>&a;</就诊号></row></r>',
            "DELIVERY_FORMAT: the file has a",
        ),
        ("<r><row><a>1</a></row></r>", "DELIVERY_HEADER: there is no element whose children are columns"),
        ("<r><row><a>1</a></row><row><就诊号>1</就诊号></row></r>", "DELIVERY_HEADER: the first element 'row' has not"),
        ("<r><row><就诊号>1</就诊号><病历号>2</病历号></row></r>", "DELIVERY_HEADER: unknown columns '病历号'"),
    ],
)
def test_refused_in_one_line(tmp_path, text, reason):
    with pytest.raises(DeliveryRejected) as refused:
        deliver(tmp_path, text)
    assert str(refused.value).startswith(reason)
    assert "hostname" not in str(refused.value).replace("file:///etc/hostname", "")


def test_a_large_file_is_released_as_it_is_read(tmp_path):
    import tracemalloc

    row = "<row><就诊号>A1</就诊号><姓名>王小明</姓名><就诊日期>2019-12-30</就诊日期></row>"
    drop(tmp_path, XML, {"a.xml": f"<r>{row * 30_000}</r>".encode()}, 30_000)
    tracemalloc.start()
    assert read_all(tmp_path, XML).num_rows == 30_000
    assert tracemalloc.get_traced_memory()[1] < 40 << 20
    tracemalloc.stop()


def test_a_table_of_text_is_no_xml(tmp_path):
    drop(tmp_path, XML, {"a.xml": csv_bytes([["A1", "x", "y"]], encoding="utf-8")}, 1)
    with pytest.raises(DeliveryRejected, match="DELIVERY_FORMAT"):
        read_all(tmp_path, XML)
