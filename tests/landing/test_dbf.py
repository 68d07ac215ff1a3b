"""Tables of dBASE and FoxPro: fields as text, deleted records left out, damaged files refused."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from resources.errors import DeliveryRejected
from resources.readers import dbf_file
from tests.landing.writing import business, contract, drop, read_all

DBF = contract("dbf")
FIELDS = [("就诊号", "C", 4), ("姓名", "C", 8), ("就诊日期", "D", 8)]
SENT = [[b"A1", "王小明".encode("gb18030"), b"20191230"], [b"A2", b"", b""], [b"A3", b"x", b"20191231"]]


def dbf(rows, fields=FIELDS, deleted=(), count=None) -> bytes:
    length = 1 + sum(width for _, _, width in fields)
    head = struct.pack("<B3xIHH20x", 3, len(rows) if count is None else count, 32 + 32 * len(fields) + 1, length)
    described = b"".join(
        name.encode("gb18030").ljust(11, b"\0") + kind.encode() + bytes(4) + bytes([width]) + bytes(15) for name, kind, width in fields
    )
    records = b"".join(
        (b"*" if i in deleted else b" ")
        + b"".join(v.rjust(w) if k in "NF" else v.ljust(w) for v, (_, k, w) in zip(row, fields, strict=True))
        for i, row in enumerate(rows)
    )
    return head + described + b"\r" + records + b"\x1a"


def test_fields_are_text_and_deleted_records_no_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(dbf_file, "RECORDS_PER_BATCH", 2)
    drop(tmp_path, DBF, {"a.dbf": dbf(SENT, deleted={1})}, 2)
    table = read_all(tmp_path, DBF)
    assert business(table) == [["A1", "王小明", "20191230"], ["A3", "x", "20191231"]]
    assert table.column("_row_no").to_pylist() == [1, 3]


@pytest.mark.parametrize(
    ("kind", "width", "octets", "text"),
    [
        ("N", 12, b"1234.50", "1234.50"),
        ("F", 12, b"-0.001", "-0.001"),
        ("L", 1, b"T", "T"),
        ("D", 8, b"20191230", "20191230"),
        ("I", 4, struct.pack("<i", -32), "-32"),
        ("I", 4, struct.pack("<i", 1), "1"),
        ("T", 8, struct.pack("<II", 2458848, 29_100_000), "2019-12-30 08:05:00"),
        ("T", 8, bytes(8), None),
        ("C", 4, b"a\0\0\0", "a"),
        ("C", 4, b"", ""),
    ],
)
def test_types(tmp_path, kind, width, octets, text):
    fields = [("流水号", "C", 4), ("姓名", kind, width), ("就诊日期", "D", 8)]
    drop(tmp_path, DBF, {"a.dbf": dbf([[b"A1", octets, b""]], fields)}, 1)
    assert business(read_all(tmp_path, DBF)) == [["A1", text, ""]]


def test_new_fields_are_kept_where_accepted(tmp_path):
    fields, agreed = [*FIELDS, ("NOTE", "C", 3)], contract("dbf", new_columns="accept")
    drop(tmp_path, agreed, {"a.dbf": dbf([[*SENT[0], b"new"]], fields)}, 1)
    assert read_all(tmp_path, agreed).column("_extra").to_pylist() == ['{"NOTE":"new"}']


def test_a_character_cut_by_its_field_costs_that_row_only(tmp_path):
    cut = [b"A2", ("a王王王王".encode("gb18030"))[:8], b"20191231"]
    drop(tmp_path, DBF, {"a.dbf": dbf([SENT[0], cut, SENT[2]])}, 3)
    table = read_all(tmp_path, DBF)
    assert [r["_defect"] or r["visit_no"] for r in table.to_pylist()] == ["A1", "E_ENCODING", "A3"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (dbf(SENT)[:-20], "DELIVERY_TRUNCATED: the file stops in record 3 of 3"),
        (dbf(SENT, count=2**32 - 1), "DELIVERY_TRUNCATED: the file stops in record 4"),
        (b"\x03" * 20, "DELIVERY_FORMAT: the file is no DBF table"),
        (b"plain text, long enough to be taken for a header of a table", "DELIVERY_FORMAT"),
        (dbf([[b"", b"", b""]], [*FIELDS[:2], ("就诊日期", "M", 10)]), "DELIVERY_FORMAT: field '就诊日期' is of a type"),
        (dbf(SENT, [("编号", "C", 4), *FIELDS[1:]]), "DELIVERY_HEADER"),
        (dbf([[b"A1", b"\xff\xff", b""]]), "DELIVERY_ENCODING"),
    ],
)
def test_damaged_tables_are_refused(tmp_path, data, reason):
    drop(tmp_path, DBF, {"a.dbf": data}, 3)
    with pytest.raises(DeliveryRejected, match=reason):
        read_all(tmp_path, DBF)


def test_the_euro_sign_of_a_windows_tool(tmp_path):
    agreed = replace(DBF, delivery=replace(DBF.delivery, encoding="cp936"))
    drop(tmp_path, agreed, {"a.dbf": dbf([[b"A1", b"\x805", b""]])}, 1)
    assert business(read_all(tmp_path, agreed)) == [["A1", "€5", ""]]
