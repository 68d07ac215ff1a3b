"""A good delivery arrives exactly as it was sent; an unreadable row arrives as a defect."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.model import ControlLine
from resources.errors import DeliveryRejected
from resources.landing import LandingZone
from resources.readers import csv_file, fixed_width_file, records, streams
from tests.landing.writing import DAY, NAMES, ROWS, business, contract, csv_bytes, drop, folder_of, read_all

CSV = contract()
JSONL = contract("jsonl", encoding="utf-8")
FIXED = contract("fixed_width")


def defects(table):
    return [(r["_row_no"], r["_defect"], r["_defect_text"]) for r in table.to_pylist() if r["_defect"]]


def column(table, name):
    return table.column(name).to_pylist()


def test_drops_are_listed_oldest_first_and_waited_for(tmp_path):
    drop(tmp_path, CSV, {"a.csv": csv_bytes(ROWS)}, 2)
    drop(tmp_path, CSV, {"a.csv": csv_bytes(ROWS)}, 2, day=date(2019, 12, 29), mode="full")
    folder_of(tmp_path, date(2019, 12, 30)).mkdir()
    (folder_of(tmp_path).parent / "notes").mkdir()
    (folder_of(tmp_path).parent / "2019-2-30").mkdir()
    wrong, waiting, good = LandingZone(str(tmp_path), None).drops(CSV)
    assert [d.business_date.day for d in (wrong, waiting, good)] == [29, 30, 31]
    assert (good.complete, good.problem, good.declared_rows, good.extract_ts) == (True, None, 2, "2019-12-31T22:00:00+08:00")
    assert good.contract_name == "cleansed/health/visit"
    assert good.batch_id == streams.sm3_bytes((folder_of(tmp_path) / "manifest.json").read_bytes())[:32]
    assert (waiting.complete, waiting.batch_id) == (False, "")
    assert wrong.complete
    assert wrong.problem is not None
    assert wrong.problem.startswith("DELIVERY_CONTRACT")


def test_table_nobody_delivered_yet_has_no_drops(tmp_path):
    assert LandingZone(str(tmp_path), None).drops(CSV) == []


def test_sm3_of_the_standard():
    """GB/T 32905-2016, annex A.1."""
    assert streams.sm3_bytes(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig"])
def test_csv_in_every_encoding_and_line_ending(tmp_path, encoding, mark, newline):
    agreed = contract(encoding=encoding)
    codec = streams.CODECS[encoding]
    drop(tmp_path, agreed, {"a.csv": mark.encode(codec) + csv_bytes(ROWS, encoding=codec, newline=newline)}, 2)
    table = read_all(tmp_path, agreed)
    assert business(table) == ROWS
    assert column(table, "_row_no") == [2, 3]
    assert column(table, "_op") == ["I", "I"]
    assert column(table, "_source_file") == ["a.csv", "a.csv"]


def test_columns_in_any_order_and_under_an_alias(tmp_path):
    drop(tmp_path, CSV, {"a.csv": csv_bytes([["x", "A1", "y"]], ["姓名", " 流水号 ", "就诊日期"])}, 1)
    assert business(read_all(tmp_path, CSV)) == [["A1", "x", "y"]]


@pytest.mark.parametrize(
    "header",
    [["*就诊号", "姓名（必填）", "就诊日期"], ["就诊号(必填项)", "姓 名", "就诊\n日期"], ["＊流水号", "姓名【选填】", "\u200b就诊日期 *"]],
)
def test_the_decoration_of_forms_is_no_part_of_a_name(tmp_path, header):
    drop(tmp_path / "csv", CSV, {"a.csv": csv_bytes(ROWS, header)}, 2)
    assert business(read_all(tmp_path / "csv", CSV)) == ROWS
    drop(tmp_path / "xlsx", XLSX, {"a.xlsx": workbook([["A1", "x", "y"]], header=header)}, 1, encoding=None)
    assert business(read_all(tmp_path / "xlsx", XLSX)) == [["A1", "x", "y"]]
    drop(tmp_path / "jsonl", JSONL, {"a.jsonl": json.dumps(dict(zip(header, "abc", strict=True))).encode()}, 1)
    assert business(read_all(tmp_path / "jsonl", JSONL)) == [["a", "b", "c"]]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_of_a_header_are_one_record(tmp_path, newline):
    header = newline.join(['"*就诊号', '（必填）","姓', "", '名",就诊日期', ""])
    data = header + newline.join(["A1,x,y", "A2,x", "A3,x,y,z", "A4,x,y", ""])
    drop(tmp_path, CSV, {"a.csv": data.encode("gb18030")}, 4)
    table = read_all(tmp_path, CSV)
    assert sorted(zip(column(table, "_row_no"), column(table, "visit_no"), strict=True)) == [(2, "A1"), (3, None), (4, None), (5, "A4")]
    assert defects(table) == [(3, "E_COLUMNS", "A2,x"), (4, "E_COLUMNS", "A3,x,y,z")]


def test_several_files_keep_their_order(tmp_path):
    files = {f"{n}.csv": csv_bytes([[f"{n}{i}", "", ""] for i in range(3)]) for n in ("b", "a")}
    drop(tmp_path, CSV, files, 6)
    assert column(read_all(tmp_path, CSV), "visit_no") == ["b0", "b1", "b2", "a0", "a1", "a2"]


def test_nothing_delivered_and_nothing_declared(tmp_path):
    drop(tmp_path, CSV, {"a.csv": b""}, 0)
    assert len(read_all(tmp_path, CSV)) == 0


def test_ragged_lines_become_defects_with_their_own_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_file, "BLOCK_BYTES", 64)
    lines, short, long = [], {5, 6, 40, 99}, {7, 60}
    for n in range(2, 100):
        lines.append(f"A{n}" if n in short else f"A{n},x,y" + ",z" * (n in long))
    drop(tmp_path, CSV, {"a.csv": csv_bytes([]) + "\n".join([*lines, ""]).encode()}, 98)
    table = read_all(tmp_path, CSV)
    assert column(table, "_row_no") == list(range(2, 100))
    assert all(r["visit_no"] == f"A{r['_row_no']}" for r in table.to_pylist() if not r["_defect"])
    assert [n for n, _, _ in defects(table)] == sorted(short | long)
    assert defects(table)[0] == (5, "E_COLUMNS", "A5")
    assert defects(table)[2] == (7, "E_COLUMNS", "A7,x,y,z")
    assert all(r["visit_no"] is None for r in table.to_pylist() if r["_defect"])


def test_file_of_ragged_lines_only_and_a_long_one(tmp_path):
    drop(tmp_path, CSV, {"a.csv": csv_bytes([]) + b"x" * 9000 + b"\ny\n"}, 2)
    assert defects(read_all(tmp_path, CSV)) == [(2, "E_COLUMNS", "x" * 4000), (3, "E_COLUMNS", "y")]


def test_gzip_is_unpacked_on_the_way(tmp_path):
    agreed = contract(compression="gzip", encoding="utf-8")
    drop(tmp_path, agreed, {"a.csv.gz": gzip.compress(csv_bytes(ROWS, encoding="utf-8"))}, 2)
    assert business(read_all(tmp_path, agreed)) == ROWS


hostile = st.text(st.sampled_from("\"',，\r\n\t |\\\0　＂Ａ１王㛃䶮𬍛€\ue5e5=+-@a1\u200b\ufeff\x85\u2028"), max_size=12) | st.text(
    st.characters(codec="gb18030", exclude_categories=["Cs"]), max_size=6
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(hostile, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from([40, 8 << 20]))
def test_hostile_cells_survive_gb18030(sent, block):
    """Any text a department writes between quotes is read back to the character."""
    largest = max(len(csv_bytes([[cell.replace("\0", "escaped") for cell in r]], encoding="utf-8", newline="\r\n")) for r in sent)
    before, csv_file.BLOCK_BYTES = csv_file.BLOCK_BYTES, block + 2 * largest
    try:
        with TemporaryDirectory() as folder:
            drop(Path(folder), CSV, {"a.csv": csv_bytes(sent, newline="\r\n")}, len(sent))
            assert business(read_all(Path(folder), CSV)) == sent
    finally:
        csv_file.BLOCK_BYTES = before


def test_no_special_character_is_overlooked_after_a_nul(tmp_path, monkeypatch):
    """A quote soon after a NUL, and the escape itself, wherever a block ends; in a record too short as well."""
    short, sent = ["\0", "\ufffe1"], [["\ufffe0\ufffe", "\ufffe1", "\0\0"], *[['11"\0xxxx', "2", "1xx\r\n,"]] * 9]
    raw = csv_bytes([short, *sent], newline="\r\n")
    for block in [*range(80, 160), 8 << 20]:
        monkeypatch.setattr(csv_file, "BLOCK_BYTES", block)
        drop(tmp_path, CSV, {"a.csv": raw}, len(sent) + 1)
        table = read_all(tmp_path, CSV)
        assert defects(table) == [(2, "E_COLUMNS", "\0,\ufffe1")]
        assert business(table)[1:] == sent


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_quoted_line_end_on_a_block_boundary(tmp_path, monkeypatch, encoding):
    agreed = contract(encoding=encoding)
    sent = [[str(n), "王\r\n" * (n % 7) + "x", "\r"] for n in range(500)]
    for block in range(150, 160):
        monkeypatch.setattr(csv_file, "BLOCK_BYTES", block)
        drop(tmp_path, agreed, {"a.csv": csv_bytes(sent, encoding=encoding, newline="\r\n")}, len(sent))
        assert business(read_all(tmp_path, agreed)) == sent


HEADER = tuple(NAMES.values())


def workbook(rows, above=(), below=(), header=HEADER) -> bytes:
    book = openpyxl.Workbook()
    for row in [*above, header, *rows, *below]:
        book.active.append(list(row))
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


XLSX = contract("xlsx")


def test_workbook_with_titles_blank_rows_and_signatures(tmp_path):
    data = workbook(
        [["A1", "王", dt.date(2019, 12, 30)], [None, None, None], ["A2", None, dt.datetime(2019, 12, 31, 8, 5)]],
        above=[["火化登记表"], []],
        below=[[], ["合 计", None, 2], ["制表人：某某", None, "审核"]],
    )
    drop(tmp_path, XLSX, {"a.xlsx": data}, 2, encoding=None)
    table = read_all(tmp_path, XLSX)
    assert business(table) == [["A1", "王", "2019-12-30"], ["A2", None, "2019-12-31 08:05:00"]]
    assert column(table, "_row_no") == [4, 6]


def test_workbook_numbers_become_their_text(tmp_path):
    values = [5, 1.5, 3.0, 321099190601011, 1e22, 321099190801010012, 35.089999999999996, True, dt.time(8, 5), "001", 0.1, -7]
    drop(tmp_path, XLSX, {"a.xlsx": workbook([[v, "x", "y"] for v in values])}, len(values))
    shown = ["5", "1.5", "3", "321099190601011", "1E+22", "3.2109919080101E+17", "35.09", "TRUE", "08:05:00", "001", "0.1", "-7"]
    assert column(read_all(tmp_path, XLSX), "visit_no") == shown


def test_workbook_total_amid_the_rows_is_a_row(tmp_path):
    drop(tmp_path, XLSX, {"a.xlsx": workbook([["合计", "x", "y"], ["A2", "x", "y"]])}, 2)
    assert len(read_all(tmp_path, XLSX)) == 2


def test_workbook_value_outside_the_header_is_a_defect(tmp_path):
    drop(tmp_path, XLSX, {"a.xlsx": workbook([["A1", "x", "y", "?"], ["A2", "x", "y"]])}, 2)
    table = read_all(tmp_path, XLSX)
    assert defects(table) == [(2, "E_COLUMNS", "A1\tx\ty\t?")]
    assert column(table, "visit_no") == [None, "A2"]


def test_json_lines_keep_the_text_of_their_values(tmp_path):
    lines = [
        '{"就诊号": 1.10, "姓名": " 王 ", "就诊日期": null}',
        "",
        '{"流水号": "007", "姓名": true}',
        '{"就诊号": 12345678901234567890, "姓名": {"a": [1.0, "中"]}, "就诊日期": ""}',
        "{broken",
        '["A1"]',
        '{"就诊号": "1", "就诊号": "2"}',
        '{"就诊号": NaN}',
        '{"就诊号": "\\ud800"}',
        "[" * 100_000,
    ]
    drop(tmp_path, JSONL, {"a.jsonl": ("\ufeff" + "\r\n".join([*lines, ""])).encode()}, 9)
    table = read_all(tmp_path, JSONL)
    good = [["1.10", " 王 ", None], ["007", "true", None], ["12345678901234567890", '{"a":["1.0","中"]}', ""]]
    assert business(table)[:3] == good
    assert column(table, "_row_no") == [1, 3, 4, 5, 6, 7, 8, 9, 10]
    assert [(n, c) for n, c, _ in defects(table)] == [(n, "E_COLUMNS") for n in range(5, 11)]
    assert defects(table)[0][2] == "{broken"


def test_json_lines_in_several_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "ROWS_PER_BATCH", 7)
    lines = ["?" if n % 3 == 0 else json.dumps({"就诊号": str(n)}) for n in range(1, 51)]
    drop(tmp_path, JSONL, {"a.jsonl": "\n".join([*lines, ""]).encode()}, 50)
    table = read_all(tmp_path, JSONL)
    assert column(table, "visit_no") == [None if n % 3 == 0 else str(n) for n in range(1, 51)]


def fixed(*fields: str, encoding: str = "gb18030") -> bytes:
    return b"".join(f.encode(encoding).ljust(w) for f, w in zip(fields, (4, 8, 10), strict=True))


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("block", [30, 2 << 20])
def test_fixed_width_fields_are_bytes(tmp_path, monkeypatch, newline, block):
    monkeypatch.setattr(fixed_width_file, "BLOCK_BYTES", block)
    lines = [fixed("A1", "王小明", "2019-12-30"), fixed("", " 𬍛", ""), b"", b"short", fixed("A5", "x", "y") + b"z", fixed("A6", "　", "y")]
    drop(tmp_path, FIXED, {"a.txt": newline.join(lines)}, 5)
    table = read_all(tmp_path, FIXED)
    assert [r for r in business(table) if r[0] is not None] == [["A1", "王小明", "2019-12-30"], ["", " 𬍛", ""], ["A6", "　", "y"]]
    assert column(table, "_row_no") == [1, 2, 4, 5, 6]
    assert [(n, c) for n, c, _ in defects(table)] == [(4, "E_COLUMNS"), (5, "E_COLUMNS")]
    assert defects(table)[0][2] == "short"


def test_fixed_width_character_cut_by_its_field_costs_that_row_only(tmp_path):
    cut = b"A2  " + ("a王王王王".encode("gb18030"))[:8] + b"2019-12-31"
    drop(tmp_path, FIXED, {"a.txt": b"\n".join([fixed("A1", "王", "x"), cut, fixed("A3", "王", "x")]) + b"\n"}, 3)
    table = read_all(tmp_path, FIXED)
    assert column(table, "visit_no") == ["A1", None, "A3"]
    assert [(n, c) for n, c, _ in defects(table)] == [(2, "E_ENCODING")]


def test_as_many_rows_as_one_likes_in_bounded_steps(tmp_path):
    drop(tmp_path, FIXED, {"a.txt": (fixed("A1", "王小明", "2019-12-30") + b"\n") * 300_000}, 300_000)
    zone = LandingZone(str(tmp_path), None)
    (listed,) = zone.drops(FIXED)
    with zone.read(FIXED, listed) as delivery:
        sizes = [len(b) for b in delivery.batches()]
    assert sum(sizes) == 300_000
    assert max(sizes) < 100_000
    assert listed.business_date == DAY


def test_a_csv_header_of_two_rows(tmp_path):
    agreed = replace(contract(header_rows=2), columns=tuple(
        replace(c, source=s) for c, s in zip(contract().delivered, ("就诊号", "病人/姓名", "病人/日期"), strict=True)))  # fmt: skip
    text = "就诊号,病人,\r\n,姓名,日期\r\nA1,a,1\r\nA2,b\r\nA3,c,3\r\n"
    drop(tmp_path, agreed, {"a.csv": text.encode("gb18030")}, 3)
    table = read_all(tmp_path, agreed)
    assert [r["_defect"] or r["visit_no"] for r in table.to_pylist()] == ["A1", "E_COLUMNS", "A3"]
    assert table.column("_row_no").to_pylist() == [3, 4, 5]


BANK = contract(
    "fixed_width",
    first_line=ControlLine("H"),
    last_line=ControlLine("T", (2, 4), (("name", (7, 8)),)),
)
"""Its column `name` holds amounts."""


def bank(*amounts: str, last: str, first: str = "H20191231") -> bytes:
    rows = [f"{i:<4}{amount:<8}2019-12-31" for i, amount in enumerate(amounts)]
    return "\n".join([first, *rows, last, ""]).encode()


@pytest.mark.parametrize("block", [7, 30, 1 << 20])
def test_a_bank_file_with_lines_that_count_its_rows(tmp_path, monkeypatch, block):
    monkeypatch.setattr(fixed_width_file, "BLOCK_BYTES", block)
    drop(tmp_path, BANK, {"a.txt": bank("100.50", "-0.50", "", last="T   3 100.00")}, 3)
    table = read_all(tmp_path, BANK)
    assert [r[1] for r in business(table)] == ["100.50", "-0.50", ""]
    assert table.column("_row_no").to_pylist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (bank("1", "2", last="T   3 3"), "DELIVERY_TOTALS: the last line says '3' rows, the file has 2"),
        (bank("1", "2", last="T   2 4.00"), "DELIVERY_TOTALS: the last line says '4.00' as sum of name, the file has 3"),
        (bank("1", "x", last="T   2 1"), "DELIVERY_TOTALS: a value of name is no number"),
        (bank("1", last="T"), "DELIVERY_TOTALS: the last line says '' rows"),
        (bank("1", "2", last="")[:-1], "DELIVERY_TRUNCATED: the last line is not the one with the totals, which begins with 'T'"),
        (bank("1", first="1", last="T   1 1"), "DELIVERY_TRUNCATED: the first line is not the one"),
    ],
)
def test_a_bank_file_whose_totals_differ(tmp_path, octets, reason):
    drop(tmp_path, BANK, {"a.txt": octets}, 2)
    with pytest.raises(DeliveryRejected) as refused:
        read_all(tmp_path, BANK)
    assert str(refused.value).startswith(reason)
