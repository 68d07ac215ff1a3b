"""How files end: the end mark of DOS, zero bytes, an interrupted copy; JSON that is not one record per line."""

from __future__ import annotations

import json

import pytest

from resources.errors import DeliveryRejected
from resources.readers import streams
from tests.landing.writing import NAMES, business, contract, csv_bytes, drop, read_all

SENT = [["A1", "王", "2019-12-30"], ["A2", "x", "2019-12-31"]]
RECORDS = [dict(zip(NAMES.values(), row, strict=True)) for row in SENT]
UNENDED = {
    "csv": csv_bytes(SENT)[:-1],
    "jsonl": "\n".join(json.dumps(r, ensure_ascii=False) for r in RECORDS).encode("gb18030"),
    "fixed_width": b"\n".join(b"".join(v.encode("gb18030").ljust(w) for v, w in zip(row, (4, 8, 10), strict=True)) for row in SENT),
}


@pytest.mark.parametrize("format", UNENDED)
@pytest.mark.parametrize(
    "end", [b"\x1a", b"\n\x1a", b"\r\n\x1a", b"\n\x1a\x1a", b"\n\0", b"\n" + b"\0" * 700, b"\n\x1a" + b"\0" * 127, b"\x1a\0"]
)
def test_end_marks_and_padding_are_no_rows(tmp_path, format, end):
    agreed = contract(format)
    drop(tmp_path, agreed, {"a": UNENDED[format] + end}, 2)
    assert business(read_all(tmp_path, agreed)) == SENT


@pytest.mark.parametrize("chunk", range(1, 12))
def test_padding_on_a_chunk_boundary(tmp_path, monkeypatch, chunk):
    """A zero byte or an end mark in the middle of the file is part of its cell."""
    monkeypatch.setattr(streams, "CHUNK", chunk)
    sent = [["A\0\0\x1a1", "\x1a", "\0"], ["A2", "x", "y"]]
    drop(tmp_path, contract(), {"a.csv": csv_bytes(sent) + b"\x1a" + b"\0" * 9}, 2)
    assert business(read_all(tmp_path, contract())) == sent


@pytest.mark.parametrize("format", UNENDED)
@pytest.mark.parametrize(("cut", "end"), [(3, b"\0" * 4096), (3, b"\0\x1a"), (0, b"\0" * 8), (10**6, b"\0" * 512)])
def test_zero_bytes_in_place_of_the_end_are_a_cut_file(tmp_path, format, cut, end):
    agreed, data = contract(format), UNENDED[format]
    drop(tmp_path, agreed, {"a": data[: max(len(data) - cut, 0)] + end}, 2)
    with pytest.raises(DeliveryRejected, match=r"DELIVERY_TRUNCATED: .*zero bytes"):
        read_all(tmp_path, agreed)


@pytest.mark.parametrize("format", UNENDED)
def test_an_end_mark_does_not_complete_a_cut_line(tmp_path, format):
    agreed = contract(format)
    drop(tmp_path, agreed, {"a": UNENDED[format][:-13] + b"\x1a"}, 2)
    with pytest.raises(DeliveryRejected, match="DELIVERY_TRUNCATED: the file stops in the middle of line"):
        read_all(tmp_path, agreed)


def test_endless_padding_is_not_held_in_memory(tmp_path):
    drop(tmp_path, contract(), {"a.csv": csv_bytes(SENT) + b"\0" * (3 << 20)}, 2)
    with pytest.raises(DeliveryRejected, match="DELIVERY_TRUNCATED: more than 1048576 zero bytes"):
        read_all(tmp_path, contract())


def test_the_euro_sign_of_windows(tmp_path):
    """0x80 is no character of GB18030; a contract that says cp936 knows it, also where 0x80 ends a character."""
    sent = [["A1", "€5", "亐€中"], ["€", "", "㛃"]]
    agreed = contract(encoding="cp936")
    octets = csv_bytes([[v.replace("€", "\x00") for v in row] for row in sent]).replace(b"\0", b"\x80")
    drop(tmp_path / "cp936", agreed, {"a.csv": octets}, 2)
    assert business(read_all(tmp_path / "cp936", agreed)) == sent
    drop(tmp_path / "gb18030", contract(), {"a.csv": octets}, 2)
    with pytest.raises(DeliveryRejected, match="DELIVERY_ENCODING"):
        read_all(tmp_path / "gb18030", contract())
    drop(tmp_path / "ff", agreed, {"a.csv": octets + b"\xff,,\n"}, 3)
    with pytest.raises(DeliveryRejected, match=r"DELIVERY_ENCODING: .*line 4"):
        read_all(tmp_path / "ff", agreed)


@pytest.mark.parametrize("format", ["jsonl", "fixed_width"])
def test_the_euro_sign_in_every_format(tmp_path, format):
    agreed = contract(format, encoding="cp936")
    octets = UNENDED[format].replace(b"x", b"\x80")
    drop(tmp_path, agreed, {"a": octets}, 2)
    assert business(read_all(tmp_path, agreed))[1][1] == "€"


INDENTED = json.dumps(RECORDS, ensure_ascii=False, indent=2)
ONE_LINE = json.dumps(RECORDS, ensure_ascii=False)
ARRAYS = [
    INDENTED,
    ONE_LINE,
    "\ufeff \r\n" + ONE_LINE + "\r\n\x1a",
    "[\n" + ",\n".join(json.dumps(r) for r in RECORDS) + "\n]\n",
    f'{{"RECORDS": {INDENTED}}}',
    f'{{"code": 0, "message": "ok", "time": null, "data": {ONE_LINE}, "total": 2}}\n',
]


@pytest.mark.parametrize("text", ARRAYS)
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_a_json_array_is_read_as_its_records(tmp_path, text, encoding):
    agreed = contract("jsonl", encoding=encoding)
    drop(tmp_path, agreed, {"a.json": text.encode(encoding)}, 2)
    table = read_all(tmp_path, agreed)
    assert business(table) == SENT
    assert table.column("_row_no").to_pylist() == [1, 2]


@pytest.mark.parametrize("text", ["[]", '{"data": []}', " [ ] \n"])
def test_an_array_of_nothing(tmp_path, text):
    agreed = contract("jsonl")
    drop(tmp_path, agreed, {"a.json": text.encode()}, 0)
    assert business(read_all(tmp_path, agreed)) == []


def test_elements_that_are_no_records_are_defects(tmp_path):
    agreed = contract("jsonl")
    text = '[{"就诊号": 1.50}, 7, {"就诊号": 1, "就诊号": 2}, {"就诊号": NaN}, ["A1"], {"就诊号": "\\ud800"}, {"流水号": "]},{"}]'
    drop(tmp_path, agreed, {"a.json": text.encode("gb18030")}, 7)
    table = read_all(tmp_path, agreed)
    assert [r["_defect"] or r["visit_no"] for r in table.to_pylist()] == ["1.50", *["E_COLUMNS"] * 5, "]},{"]
    assert table.column("_defect_text").to_pylist()[2] == '{"就诊号": 1, "就诊号": 2}'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ONE_LINE[:-1], "DELIVERY_TRUNCATED: the file stops in or after element 2"),
        (ONE_LINE[:-8], "DELIVERY_TRUNCATED: the file stops in or after element 2"),
        (ONE_LINE[:40] + "\n", "DELIVERY_TRUNCATED: the file stops in or after element 1"),
        (INDENTED[:-2] + "\0" * 50, "DELIVERY_TRUNCATED: .*zero bytes"),
        (ONE_LINE.replace("}, {", "} {"), "DELIVERY_FORMAT: the JSON array is not JSON in or after element 1"),
        (ONE_LINE.replace('"A2"', "A2"), "DELIVERY_FORMAT: the JSON array is not JSON in or after element 2"),
        (ONE_LINE + ONE_LINE, "DELIVERY_FORMAT: the JSON array is not JSON in or after element 2"),
        (f'{{"data": {ONE_LINE}, "more": [1]}}', "DELIVERY_FORMAT"),
        ('[{"就诊号": "' + "x" * 9_000_000, "DELIVERY_TOO_LARGE: element 1"),
        ("[{" * 100_000, "DELIVERY_(FORMAT|TOO_LARGE)"),
    ],
)
def test_an_array_that_is_cut_or_broken_is_refused(tmp_path, text, reason):
    agreed = contract("jsonl")
    drop(tmp_path, agreed, {"a.json": text.encode("gb18030")}, 2)
    with pytest.raises(DeliveryRejected, match=reason) as refusal:
        read_all(tmp_path, agreed)
    assert "A1" not in str(refusal.value)


@pytest.mark.parametrize(
    "line", ['{"就诊号": "A1", "姓名": [{"a": 1}]}', '{"姓名": [{"a": 1}], "就诊号": "A1"}', '{"备注": [{"a": 1}], "就诊号": "A1"}']
)
def test_a_record_with_an_array_is_a_record(tmp_path, line):
    agreed = contract("jsonl", new_columns="accept")
    drop(tmp_path, agreed, {"a.jsonl": (line + "\n" + line + "\n").encode("gb18030")}, 2)
    assert read_all(tmp_path, agreed).column("visit_no").to_pylist() == ["A1", "A1"]


def test_a_long_array_is_read_in_bounded_steps(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "CHUNK", 1000)
    agreed = contract("jsonl")
    text = json.dumps([{"就诊号": str(n), "姓名": "王" * (n % 50)} for n in range(30_000)], ensure_ascii=False)
    drop(tmp_path, agreed, {"a.json": text.encode("gb18030")}, 30_000)
    table = read_all(tmp_path, agreed)
    assert table.column("visit_no").to_pylist() == [str(n) for n in range(30_000)]
    assert table.column("name").to_pylist()[-1] == "王" * 49
