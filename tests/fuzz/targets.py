"""What is fuzzed: bytes in; anything but rows of the promised shape or a DeliveryRejected of one line is a find.

Here: one function per reader. Not here: where the bytes come from (`tests.fuzz.readers`, the corpus).
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from functools import cache, partial

import openpyxl
import xlwt

from contracts import Contract
from resources.errors import DeliveryRejected
from resources.landing import READERS
from resources.readers import batch, header, manifest
from resources.readers.streams import CODECS, DataFile
from tests.landing.writing import NAMES, ROWS, contract, csv_bytes, manifest_of

WHERE = "landing/health/visit/2019-12-31/file"
PARTS = (
    "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels",
    "[Content_Types].xml", "_rels/.rels",
)  # fmt: skip


@cache
def agreed(format: str, encoding: str, compression: str | None = None) -> Contract:
    return contract(format, encoding=encoding, compression=compression)


def _is_one_line(refusal: DeliveryRejected) -> None:
    assert "\n" not in str(refusal)


def read(format: str, encoding: str, data: bytes, compression: str | None = None) -> None:
    """Read a file of these bytes to its end."""
    table = agreed(format, encoding, compression)
    file = DataFile("file", 0, WHERE, io.BytesIO(data), len(data), CODECS[encoding], compression)
    numbers: list[int] = []
    try:
        for rows in READERS[format](table, file):
            assert rows.schema == batch.schema(table)
            rows.validate(full=True)
            for row in rows.select(["_row_no", "_defect", "_defect_text"]).to_pylist():
                numbers.append(row["_row_no"])
                assert (row["_defect"] is None) == (row["_defect_text"] is None)
    except DeliveryRejected as refusal:
        _is_one_line(refusal)
    assert len(set(numbers)) == len(numbers), "two rows of one number"


def csv_rows(data: bytes) -> None:
    """These bytes below a good header."""
    read("csv", "utf-8", csv_bytes([], encoding="utf-8") + data)


def workbook_part(data: bytes) -> None:
    """A workbook one part of which (the first byte says which) has these bytes for its content."""
    if not data:
        return
    content = dict(whole_workbook())
    content[PARTS[data[0] % len(PARTS)]] = data[1:]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, octets in content.items():
            archive.writestr(name, octets)
    read("xlsx", "utf-8", packed.getvalue())


@cache
def whole_workbook() -> tuple[tuple[str, bytes], ...]:
    book = openpyxl.Workbook()
    for row in (list(NAMES.values()), ["A1", "王小明", 43829], ["A2", 1.5, True]):
        book.active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    with zipfile.ZipFile(packed) as archive:
        return tuple((name, archive.read(name)) for name in archive.namelist())


@cache
def old_workbook() -> bytes:
    book = xlwt.Workbook()
    for i, row in enumerate((list(NAMES.values()), ["A1", "王小明", 43829], ["A2", 1.5, True])):
        for j, value in enumerate(row):
            (book.get_sheet(0) if i or j else book.add_sheet("S")).write(i, j, value)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def manifest_bytes(data: bytes) -> None:
    try:
        said = manifest.parse(data, WHERE)
        manifest.check(said, agreed("csv", "gb18030"))
    except DeliveryRejected as refusal:
        _is_one_line(refusal)
        return
    assert said.row_count >= 0
    assert all("/" not in f.name and "\\" not in f.name and f.name not in ("", ".", "..") for f in said.files)


def header_names(data: bytes) -> None:
    names = data.decode("utf-8", "replace").split("\n")
    for part in (True, False):
        try:
            found = header.match(names, agreed("csv", "gb18030"), WHERE, partial=part)
        except DeliveryRejected as refusal:
            _is_one_line(refusal)
        else:
            assert len(found) == len(set(found)) == len(names)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "csv": partial(read, "csv", "gb18030"),
    "csv_utf8": partial(read, "csv", "utf-8"),
    "csv_rows": csv_rows,
    "csv_gzip": partial(read, "csv", "utf-8", compression="gzip"),
    "jsonl": partial(read, "jsonl", "utf-8"),
    "jsonl_gb18030": partial(read, "jsonl", "gb18030"),
    "fixed_width": partial(read, "fixed_width", "gb18030"),
    "fixed_width_utf8": partial(read, "fixed_width", "utf-8"),
    "xlsx": partial(read, "xlsx", "utf-8"),
    "xlsx_part": workbook_part,
    "xls": partial(read, "xls", "utf-8"),
    "manifest": manifest_bytes,
    "header": header_names,
}


def seeds() -> dict[str, list[bytes]]:
    """Sound files to start from, by target."""
    table = agreed("csv", "gb18030")
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, octets in whole_workbook():
            archive.writestr(name, octets)
    record = json.dumps(dict(zip(NAMES.values(), ["A1", "王", '{"a": [1.0]}'], strict=True)), ensure_ascii=False)
    lines = f'{record}\n{{"就诊号": 1.10}}\n'
    fixed = {
        e: b"".join(v.encode(e).ljust(w) for v, w in (("A1", 4), ("王", 8), ("2019-12-30", 10))) + b"\r\n" for e in ("gb18030", "utf-8")
    }
    return {
        "csv": [csv_bytes(ROWS), csv_bytes([['a"b\r\nc', "", ","]])],
        "csv_utf8": [csv_bytes(ROWS, encoding="utf-8"), "\ufeff".encode() + csv_bytes(ROWS, encoding="utf-8", newline="\r\n")],
        "csv_rows": [b"A1,x,y\nA2,,\n", b'"a""b\r\n",,z\r\nA3,1\r'],
        "csv_gzip": [gzip.compress(csv_bytes(ROWS, encoding="utf-8"), mtime=0)],
        "jsonl": [lines.encode()],
        "jsonl_gb18030": [lines.encode("gb18030")],
        "fixed_width": [fixed["gb18030"] * 2],
        "fixed_width_utf8": [fixed["utf-8"] * 2],
        "xlsx": [book.getvalue()],
        "xls": [old_workbook()],
        "xlsx_part": [bytes([PARTS.index(name)]) + octets for name, octets in whole_workbook() if name in PARTS],
        "manifest": [json.dumps(manifest_of(table, {"a.csv": b"x"}, 1)).encode()],
        "header": ["\n".join(NAMES.values()).encode()],
    }
