"""A file in another encoding than agreed is read when that one is certain, and reported; in doubt it is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from contracts import Contract
from resources.errors import DeliveryRejected
from resources.landing import LandingZone
from resources.readers import encodings
from tests.landing.writing import NAMES, business, contract, csv_bytes, drop, read_all

SENT = [["A1", "王小明", "2019-12-30"], ["A2", "欧阳·艾力（女）", "二〇一九年"]]
TEXT = csv_bytes(SENT, encoding="utf-8").decode()
LINES = "".join(json.dumps(dict(zip(NAMES.values(), row, strict=True)), ensure_ascii=False) + "\n" for row in SENT)
AGREED = {e: contract(encoding=e) for e in ("utf-8", "utf-8-sig", "gb18030", "cp936")}


def reported(landing: Path, agreed: Contract) -> list[str]:
    zone = LandingZone(str(landing), None)
    with zone.read(agreed, zone.drops(agreed)[0]) as delivery:
        list(delivery.batches())
        return delivery.other_encodings


@pytest.mark.parametrize(
    ("agreed", "stored", "real"),
    [
        ("utf-8", "gb18030", "gb18030"),
        ("utf-8-sig", "gbk", "gb18030"),
        ("gb18030", "utf-8", "utf-8"),
        ("cp936", "utf-8", "utf-8"),
        ("gb18030", "utf-8-sig", "utf-8"),
        ("gb18030", "utf-16", "utf-16"),
        ("utf-8", "utf-16", "utf-16"),
    ],
)
def test_another_certain_encoding_is_used_and_reported(tmp_path, agreed, stored, real):
    for number, (format, text) in enumerate((("csv", TEXT), ("jsonl", LINES))):
        table, folder = contract(format, encoding=agreed), tmp_path / str(number)
        drop(folder, table, {"a": text.encode(stored)}, 2)
        assert business(read_all(folder, table)) == SENT
        name = AGREED[agreed].delivery.encoding
        expected = {"cp936": "windows-936", "utf-8-sig": "utf-8"}.get(name, name)
        assert reported(folder, table) == [f"a is in {real}, agreed is {expected}"]


@pytest.mark.parametrize("octets", ["\ufeff".encode("utf-16-be") + TEXT.encode("utf-16-be"), TEXT.replace("\n", "\r\n").encode("utf-16")])
def test_utf_16_of_either_order_and_line_end(tmp_path, octets):
    drop(tmp_path, AGREED["utf-8"], {"a.csv": octets + "\0\0".encode("utf-16-be")}, 2)
    assert business(read_all(tmp_path, AGREED["utf-8"])) == SENT


def test_each_file_for_itself_and_packed(tmp_path):
    agreed = contract(encoding="utf-8", compression="gzip")
    files = {"a.gz": gzip.compress(TEXT.encode()), "b.gz": gzip.compress(TEXT.encode("gb18030"))}
    drop(tmp_path, agreed, files, 4)
    assert business(read_all(tmp_path, agreed)) == SENT * 2
    assert reported(tmp_path, agreed) == ["b.gz is in gb18030, agreed is utf-8"]


@pytest.mark.parametrize("agreed", AGREED)
def test_the_agreed_encoding_is_not_reported(tmp_path, agreed):
    table = AGREED[agreed]
    drop(tmp_path, table, {"a.csv": csv_bytes(SENT, encoding={"cp936": "gb18030"}.get(agreed, agreed))}, 2)
    assert reported(tmp_path, table) == []


DOUBTFUL = {
    "a single invalid byte in UTF-8": ("utf-8", TEXT.encode() + b"A3,\xff,\n"),
    "a character cut in UTF-8": ("utf-8", TEXT.encode() + b"A3,\xe7\x8e,\n"),
    "Big5 in place of UTF-8": ("utf-8", "就診號,姓名,就診日期\nA1,陳曉明,學習與發展\n".encode("big5")),
    "Latin-1 in place of UTF-8": ("utf-8", "nom,prénom,âge\nA1,Élodie,été\n".encode("latin-1") * 5),
    "rare characters only": ("utf-8", "龘靐齉龗麤鱻爨癵龖灪,爩,麣\n".encode("gb18030")),
    "a single invalid byte in GB18030": ("gb18030", TEXT.encode("gb18030") + b"A3,\xff,\n"),
    "UTF-8 with a mark and an invalid byte": ("gb18030", b"\xef\xbb\xbf" + TEXT.encode() + b"A3,\xff,\n"),
    "UTF-16 with half a character": ("utf-8", TEXT.encode("utf-16")[:-1]),
    "UTF-16 without a mark": ("utf-8", TEXT.encode("utf-16-le")),
}


@pytest.mark.parametrize("doubt", DOUBTFUL)
def test_in_doubt_the_file_is_refused(tmp_path, doubt):
    agreed, octets = DOUBTFUL[doubt]
    drop(tmp_path, AGREED[agreed], {"a.csv": octets}, 3)
    with pytest.raises(DeliveryRejected, match=r"^DELIVERY_(ENCODING: the file is not|HEADER: the first row is no header)"):
        read_all(tmp_path, AGREED[agreed])


def test_a_wrong_byte_beyond_the_head_is_refused_as_such(tmp_path, monkeypatch):
    monkeypatch.setattr(encodings, "HEAD_BYTES", 50)
    drop(tmp_path, AGREED["utf-8"], {"a.csv": TEXT.encode() + "A3,王小明,二〇一九年\n".encode("gb18030")}, 3)
    with pytest.raises(DeliveryRejected, match=r"DELIVERY_ENCODING: the file is not utf-8 at byte .* line 4"):
        read_all(tmp_path, AGREED["utf-8"])


def test_few_characters_prove_nothing(tmp_path):
    table = contract("jsonl", encoding="utf-8")
    line = json.dumps({"就诊号": "A1", "姓名": "?"}).replace('"?"', '"王明"')
    drop(tmp_path, table, {"a.jsonl": line.encode("gb18030")}, 1)
    with pytest.raises(DeliveryRejected, match="DELIVERY_ENCODING"):
        read_all(tmp_path, table)


def test_widths_are_bytes_of_the_agreed_encoding(tmp_path):
    table = contract("fixed_width", encoding="utf-8")
    drop(tmp_path, table, {"a.txt": "A1  王小明  2019-12-30\n".encode("gb18030")}, 1)
    with pytest.raises(DeliveryRejected, match="DELIVERY_ENCODING"):
        read_all(tmp_path, table)
