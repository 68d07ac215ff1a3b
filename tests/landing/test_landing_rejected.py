"""A bad delivery is refused as a whole, with one line that says what, where and what to do."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from resources.errors import DeliveryRejected
from resources.landing import LandingZone
from resources.readers import manifest, streams, workbook_check
from tests.landing.writing import ROWS, contract, csv_bytes, drop, folder_of, read_all

CSV = contract()
GZIP = contract(compression="gzip", encoding="utf-8")
GOOD = csv_bytes(ROWS)
OTHER_DIGEST = [{"name": "a.csv", "sm3": "0" * 64, "bytes": len(GOOD)}]


def rejected(landing: Path, agreed=CSV) -> str:
    with pytest.raises(DeliveryRejected) as refusal:
        read_all(landing, agreed)
    message = str(refusal.value)
    assert message.startswith(refusal.value.code + ": ")
    assert "\n" not in message
    assert "health/visit" in refusal.value.where.replace(os.sep, "/")
    assert "王小明" not in message
    return message


@pytest.mark.parametrize(
    ("changed", "code", "expected"),
    [
        ({"row_count": 3}, "DELIVERY_ROW_COUNT", "2 rows, 3 are declared"),
        ({"row_count": 1}, "DELIVERY_ROW_COUNT", "2 rows, 1 are declared"),
        ({"row_count": "2"}, "DELIVERY_MANIFEST", "row_count"),
        ({"row_count": -1}, "DELIVERY_MANIFEST", "row_count"),
        ({"extract_ts": ...}, "DELIVERY_MANIFEST", "missing fields: extract_ts"),
        ({"extract_ts": "yesterday"}, "DELIVERY_MANIFEST", "extract_ts"),
        ({"files": OTHER_DIGEST}, "DELIVERY_DIGEST", "SM3"),
        ({"files": [OTHER_DIGEST[0] | {"bytes": 5}]}, "DELIVERY_DIGEST", "manifest says 5"),
        ({"files": [OTHER_DIGEST[0] | {"sm3": "xyz"}]}, "DELIVERY_MANIFEST", "64 hex"),
        ({"files": [{"name": "a.csv"}]}, "DELIVERY_MANIFEST", "sm3"),
        ({"files": OTHER_DIGEST * 2}, "DELIVERY_MANIFEST", "twice"),
        ({"files": [OTHER_DIGEST[0] | {"name": "b.csv"}]}, "DELIVERY_MISSING", "not there"),
        ({"mode": "full"}, "DELIVERY_CONTRACT", "'full', agreed is 'append'"),
        ({"encoding": "utf-8"}, "DELIVERY_CONTRACT", "encoding"),
        ({"format": "xlsx"}, "DELIVERY_CONTRACT", "format"),
        ({"delimiter": "|"}, "DELIVERY_CONTRACT", "delimiter"),
        ({"table": "health/other"}, "DELIVERY_CONTRACT", "table"),
    ],
)
def test_manifest_that_does_not_hold(tmp_path, changed, code, expected):
    drop(tmp_path, CSV, {"a.csv": GOOD}, **{"row_count": 2, **changed})
    message = rejected(tmp_path)
    assert message.startswith(code)
    assert expected in message


@pytest.mark.parametrize("data", [GOOD, GOOD[:-5], GOOD.replace(b"\n", b'"\n', 1), "\u00e9".encode("latin-1") * len(GOOD)])
def test_a_large_file_with_another_digest_is_reported_as_that(tmp_path, monkeypatch, data):
    """Its digest is computed while it is read; a wrong digest takes precedence over errors of the reader."""
    monkeypatch.setattr(manifest, "SMALL_BYTES", 0)
    drop(tmp_path, CSV, {"a.csv": data}, 2, files=[OTHER_DIGEST[0] | {"bytes": len(data)}])
    assert "SM3" in rejected(tmp_path)


def test_a_large_file_is_read_as_a_small_one(tmp_path, monkeypatch):
    monkeypatch.setattr(manifest, "SMALL_BYTES", 0)
    drop(tmp_path, CSV, {"a.csv": GOOD, "b.csv": GOOD}, 4)
    assert read_all(tmp_path, CSV).num_rows == 4


@pytest.mark.parametrize("name", ["../a.csv", "/etc/passwd", "x/a.csv", "x\\a.csv", ".hidden", "", "a\u202ecsv", "a\x00b", "c:a.csv", 7])
def test_name_with_tricks(tmp_path, name):
    drop(tmp_path, CSV, {"a.csv": GOOD}, 2, files=[OTHER_DIGEST[0] | {"name": name}])
    assert rejected(tmp_path).startswith("DELIVERY_NAME")


def test_symbolic_links_are_not_followed(tmp_path):
    (tmp_path / "secret.csv").write_bytes(GOOD)
    folder = drop(tmp_path / "l", CSV, {"a.csv": GOOD}, 2)
    (folder / "a.csv").unlink()
    (folder / "a.csv").symlink_to(tmp_path / "secret.csv")
    assert rejected(tmp_path / "l").startswith("DELIVERY_NAME")
    other = folder_of(tmp_path / "linked")
    other.parent.mkdir(parents=True)
    other.symlink_to(folder)
    assert rejected(tmp_path / "linked").startswith("DELIVERY_NAME")


def test_pipe_instead_of_a_file_does_not_hang(tmp_path):
    folder = drop(tmp_path, CSV, {"a.csv": GOOD}, 2)
    (folder / "a.csv").unlink()
    os.mkfifo(folder / "a.csv")
    assert rejected(tmp_path).startswith("DELIVERY_NAME")


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "[" * 100_000, '{"files": NaN}'])
def test_manifest_that_is_not_one(tmp_path, text):
    folder = drop(tmp_path, CSV, {"a.csv": GOOD}, 2)
    (folder / "manifest.json").write_text(text)
    assert rejected(tmp_path).startswith("DELIVERY_MANIFEST")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["就诊号", "姓名"], "missing columns '就诊日期'"),
        (["就诊号", "姓名", "就诊日期", "备注"], "unknown columns '备注'"),
        (["就诊号", "姓名", "就诊日期", "姓名"], "given twice 'name'"),
        (["就诊号", "流水号", "姓名", "就诊日期"], "given twice 'visit_no'"),
        (["就诊号", "*就诊号", "姓名", "就诊日期"], "given twice 'visit_no'"),
        (["就诊号", "姓名（曾用）", "就诊日期"], "unknown columns '姓名（曾用）'"),
        (["A1", "王小明", "2019-12-30"], "no header: 0 of 3"),
    ],
)
def test_header_that_is_not_contracted(tmp_path, header, expected):
    drop(tmp_path, CSV, {"a.csv": csv_bytes([["x"] * len(header)], header)}, 1)
    message = rejected(tmp_path)
    assert message.startswith("DELIVERY_HEADER")
    assert expected in message


def test_wrong_encoding_is_located(tmp_path):
    head = csv_bytes([], encoding="utf-8")
    drop(tmp_path, GZIP, {"a.csv.gz": gzip.compress(head + b"A1,ok,\n" + b"A2,\xd6\xd0,\n")}, 2)
    message = rejected(tmp_path, GZIP)
    assert message.startswith("DELIVERY_ENCODING")
    assert f"byte {len(head) + 10}, line 3" in message


@pytest.mark.parametrize("tail", [b"\xff\xff,2\n", b"\xd6", b"\xd6\n"])
def test_gb18030_is_decoded_strictly(tmp_path, tail):
    drop(tmp_path, CSV, {"a.csv": GOOD + b"A3," + tail}, 3)
    message = rejected(tmp_path)
    assert message.startswith("DELIVERY_ENCODING")
    assert "line 4" in message


def test_ragged_line_in_a_wrong_encoding(tmp_path):
    drop(tmp_path, GZIP, {"a.csv.gz": gzip.compress(csv_bytes([], encoding="utf-8") + b"\xff\xff\nA2,,\n")}, 2)
    assert rejected(tmp_path, GZIP).startswith("DELIVERY_ENCODING")


def test_truncated_gzip(tmp_path):
    whole = gzip.compress(csv_bytes([[str(i), "x", "y"] for i in range(5000)], encoding="utf-8"))
    drop(tmp_path, GZIP, {"a.csv.gz": whole[:-200]}, 5000)
    assert rejected(tmp_path, GZIP).startswith("DELIVERY_TRUNCATED")


@pytest.mark.parametrize(
    ("format", "data"),
    [
        ("csv", csv_bytes(ROWS) + b"A3,x"),
        ("jsonl", b'{"\xbe\xcd\xd5\xef\xba\xc5": "A1"}\n{"\xbe\xcd\xd5\xef\xba\xc5": "A'),
        ("fixed_width", b"A1  x       2019-12-30\nA2  y"),
    ],
)
def test_last_line_that_is_cut(tmp_path, format, data):
    agreed = contract(format)
    drop(tmp_path, agreed, {"a": data}, 2 + (format == "csv"))
    message = rejected(tmp_path, agreed)
    assert message.startswith("DELIVERY_TRUNCATED")
    assert "middle of line" in message


@pytest.mark.parametrize("data", [b"plain text", gzip.compress(b"x", mtime=0)[:-8] + b"\0" * 8])
def test_gzip_that_is_not_sound(tmp_path, data):
    drop(tmp_path, GZIP, {"a.csv.gz": data}, 1)
    assert rejected(tmp_path, GZIP).startswith("DELIVERY_FORMAT")


def test_gzip_bomb(tmp_path):
    drop(tmp_path, GZIP, {"a.csv.gz": gzip.compress(csv_bytes([], encoding="utf-8") + b",,\n" * 10_000_000)}, 10_000_000)
    assert rejected(tmp_path, GZIP).startswith("DELIVERY_TOO_LARGE")


def test_too_many_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "MAX_UNPACKED_BYTES", 10)
    drop(tmp_path, CSV, {"a.csv": GOOD}, 2)
    assert rejected(tmp_path).startswith("DELIVERY_TOO_LARGE")


@pytest.mark.parametrize("data", [b"", csv_bytes([]), csv_bytes([]).rstrip()])
def test_empty_file(tmp_path, data):
    drop(tmp_path, CSV, {"a.csv": data}, 2)
    assert rejected(tmp_path).startswith("DELIVERY_EMPTY")


def test_quote_that_is_never_closed(tmp_path):
    drop(tmp_path, CSV, {"a.csv": GOOD + b'A3,"open,\n' + b"A4,,\n" * 10}, 13)
    assert rejected(tmp_path).startswith("DELIVERY_ROW_COUNT")


def test_record_larger_than_a_block(tmp_path):
    drop(tmp_path, CSV, {"a.csv": GOOD + b'A3,"' + b"x,,\n" * 5_000_000}, 3)
    assert rejected(tmp_path).startswith("DELIVERY_FORMAT")


@pytest.mark.parametrize("data", [b"hello", b"PK\x03\x04 cut", b"\xd0\xcf\x11\xe0 old format"])
def test_workbook_that_is_not_one(tmp_path, data):
    agreed = contract("xlsx")
    drop(tmp_path, agreed, {"a.xlsx": data}, 2)
    assert rejected(tmp_path, agreed).startswith("DELIVERY_FORMAT")


def test_workbook_bomb(tmp_path, monkeypatch):
    from tests.landing.test_landing_read import workbook

    monkeypatch.setattr(workbook_check, "MAX_UNPACKED_BYTES", 100)
    agreed = contract("xlsx")
    drop(tmp_path, agreed, {"a.xlsx": workbook([list("abc")])}, 1)
    assert rejected(tmp_path, agreed).startswith("DELIVERY_TOO_LARGE")


def test_key_nobody_contracted(tmp_path):
    agreed = contract("jsonl", encoding="utf-8")
    line = json.dumps({"就诊号": "A1", "姓名": "x", "note": 1})
    drop(tmp_path, agreed, {"a.jsonl": line.encode()}, 1)
    message = rejected(tmp_path, agreed)
    assert message.startswith("DELIVERY_HEADER")
    assert "'note'" in message
    assert "line 1" in message


def test_endless_lines(tmp_path):
    for number, (format, name) in enumerate([("jsonl", "a.jsonl"), ("fixed_width", "a.txt")]):
        agreed = contract(format, encoding="utf-8")
        drop(tmp_path / str(number), agreed, {name: b"x" * 5_000_000}, 1)
        assert rejected(tmp_path / str(number), agreed).startswith("DELIVERY_TOO_LARGE")


def test_fixed_width_in_a_wrong_encoding(tmp_path):
    agreed = contract("fixed_width")
    drop(tmp_path, agreed, {"a.txt": b"A1  " + b"\xff\xff".ljust(8) + b"2019-12-30\n"}, 1)
    message = rejected(tmp_path, agreed)
    assert message.startswith("DELIVERY_ENCODING")
    assert "byte 4, line 1" in message


def test_drop_replaced_after_it_was_listed(tmp_path):
    drop(tmp_path, CSV, {"a.csv": GOOD}, 2)
    zone = LandingZone(str(tmp_path), None)
    (listed,) = zone.drops(CSV)
    drop(tmp_path, CSV, {"a.csv": csv_bytes(ROWS[:1])}, 1)
    with pytest.raises(DeliveryRejected, match="DELIVERY_CHANGED"):
        zone.read(CSV, listed)
