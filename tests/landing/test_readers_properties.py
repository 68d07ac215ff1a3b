"""Every delivered value is read back as it was written, or becomes a defect row, or the delivery is refused."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import string
from decimal import Decimal
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import Contract
from resources.errors import DeliveryRejected
from resources.landing import READERS
from resources.readers import header, manifest
from resources.readers.streams import CODECS, DataFile
from tests.landing.writing import NAMES, ROWS, contract, csv_bytes, manifest_of

HEADER = list(NAMES.values())
WIDTHS = (4, 8, 10)
ENCODINGS = st.sampled_from(["utf-8", "gb18030"])
text = st.text(st.sampled_from("\"',;|\r\n\t =+-@\\\0　Ａ１王㛃𬍛€\u200b\ufeff\x85\u2028a1"), max_size=8) | st.text(max_size=5)


def read(agreed: Contract, data: bytes) -> pa.Table:
    file = DataFile("file", 0, "landing/file", io.BytesIO(data), len(data), CODECS[agreed.delivery.encoding], None)
    found = list(READERS[agreed.delivery.format](agreed, file))
    return pa.Table.from_batches(found).sort_by("_row_no") if found else pa.table({})


def arrived(table: pa.Table) -> list[list[str | None] | str]:
    """Rows in order: their values, or the code of the defect."""
    return [r["_defect"] or [r[name] for name in NAMES] for r in table.to_pylist()]


def encodable(value: str, encoding: str) -> bool:
    try:
        return value.encode(encoding).decode(encoding) == value
    except UnicodeError:
        return False


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(text, min_size=3, max_size=3), min_size=1, max_size=6), ENCODINGS, st.sampled_from([",", "|", "\t", ";"]),
       st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())  # fmt: skip
def test_csv(sent: list[list[str]], encoding: str, delimiter: str, newline: str, quoted: bool) -> None:
    sent = [[v if encodable(v, encoding) else "" for v in row] for row in sent]
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if quoted or newline != "\r\n" else csv.QUOTE_MINIMAL  # Python leaves a CR bare with other line ends
    writer = csv.writer(out, delimiter=delimiter, lineterminator=newline, quoting=quoting)
    writer.writerows([HEADER, *sent])
    assert arrived(read(contract("csv", encoding=encoding, delimiter=delimiter), out.getvalue().encode(encoding))) == sent


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text("a1王,", max_size=3), min_size=1, max_size=5), min_size=1, max_size=6), st.booleans())
def test_csv_without_quotes(sent: list[list[str]], ended: bool) -> None:
    """Whatever commas there are: a row has its three fields or is a defect, and only a last line may be called cut."""
    lines = [",".join(row) for row in sent if any(row)]
    data = "\n".join([",".join(HEADER), *lines]) + ("\n" if ended else "")
    fields = [line.split(",") for line in lines]
    try:
        found = arrived(read(contract(encoding="utf-8"), data.encode()))
    except DeliveryRejected as refusal:
        cut = refusal
    else:
        assert found == [f if len(f) == 3 else "E_COLUMNS" for f in fields]
        return
    assert cut.code == "DELIVERY_TRUNCATED"
    assert not ended
    assert len(fields[-1]) < 3


cells = (
    st.none() | st.text(string.printable.translate({11: None, 12: None}) + "王　€", max_size=8).filter(lambda v: not v.startswith("="))
    | st.booleans() | st.integers(-(10**15) + 1, 10**15 - 1) | st.decimals(-1000000, 1000000, places=3).map(float)
    | st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1))
)  # fmt: skip


def shown(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize() + 0, "f")
    return value.isoformat() if isinstance(value, dt.date) else str(value)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=5), st.integers(0, 6), st.integers(0, 3))
def test_workbook(sent: list[list[Any]], above: int, left: int) -> None:
    """Wherever the table begins: its rows that are not blank, under the numbers of the sheet."""
    book = openpyxl.Workbook()
    for i, row in enumerate([HEADER, *sent, ["end", "of", "table"]]):
        for j, value in enumerate(row):
            book.active.cell(1 + above + i, 1 + left + j).value = value
    out = io.BytesIO()
    book.save(out)
    table = read(contract("xlsx"), out.getvalue())
    expected = {2 + above + i: [shown(v) for v in row] for i, row in enumerate([*sent, ["end", "of", "table"]])}
    expected = {n: row for n, row in expected.items() if any(v and v.strip() for v in row)}
    found = dict(zip(table["_row_no"].to_pylist(), arrived(table), strict=True))
    assert {n: blank_is_nothing(row) for n, row in found.items()} == {n: blank_is_nothing(row) for n, row in expected.items()}


def blank_is_nothing(row: list[str | None]) -> list[str | None]:
    """A workbook does not always keep blanks that stand alone in a cell, nor which kind of line end there is."""
    return [v.replace("\r\n", "\n").replace("\r", "\n") if v and v.strip() else None for v in row]


values = text | st.integers() | st.booleans() | st.none() | st.lists(st.integers(), max_size=2)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(HEADER), values), min_size=1, max_size=6), ENCODINGS, st.booleans())
def test_json_lines(sent: list[dict[str, Any]], encoding: str, escaped: bool) -> None:
    lines = [json.dumps(row, ensure_ascii=escaped) for row in sent if encodable(json.dumps(row, ensure_ascii=escaped), encoding)]
    sent = [row for row in sent if encodable(json.dumps(row, ensure_ascii=escaped), encoding)]
    found = arrived(read(contract("jsonl", encoding=encoding), "".join(line + "\n" for line in lines).encode(encoding)))

    def kept(value: Any) -> str | None:
        if isinstance(value, list):
            return json.dumps([str(v) for v in value], separators=(",", ":"))
        return value if value is None or isinstance(value, str) else json.dumps(value)

    assert found == [[kept(row.get(name)) for name in HEADER] for row in sent]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(text, min_size=3, max_size=3), min_size=1, max_size=6), ENCODINGS)
def test_fixed_width(sent: list[list[str]], encoding: str) -> None:
    """A field that is too long for its width makes a longer line, which is a defect; nothing moves into the next field."""
    rows = [[v.replace("\n", " ") if encodable(v, encoding) else "" for v in row] for row in sent]
    lines = [b"".join(v.encode(encoding).ljust(w) for v, w in zip(row, WIDTHS, strict=True)) for row in rows]
    found = arrived(read(contract("fixed_width", encoding=encoding), b"".join(line + b"\n" for line in lines)))
    assert len(found) == len(rows)
    for row, line, seen in zip(rows, lines, found, strict=True):
        whole = all(len(v.encode(encoding)) <= w for v, w in zip(row, WIDTHS, strict=True))
        if isinstance(seen, list) and whole:
            assert seen == [v.rstrip(" ") for v in row]
        elif not isinstance(seen, list):
            assert not whole or line.endswith(b"\r") or row is rows[0]  # a first field that is a byte order mark


@settings(max_examples=100, deadline=None)
@given(st.permutations(HEADER), st.integers(0, 4), st.sampled_from([*HEADER, "备注", ""]))
def test_header_is_matched_whole_or_not_at_all(names: list[str], place: int, more: str) -> None:
    assert sorted(header.match(names, contract(), "here")) == sorted(NAMES)
    with pytest.raises(DeliveryRejected, match="DELIVERY_HEADER"):
        header.match([*names[:place], more, *names[place:]], contract(), "here")
    with pytest.raises(DeliveryRejected, match="DELIVERY_HEADER"):
        header.match(names[1:], contract(), "here")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_manifest_is_understood_or_refused(data: st.DataObject) -> None:
    said = manifest_of(contract(), {"a.csv": csv_bytes(ROWS)}, 2)
    target = data.draw(st.sampled_from([said, said["files"][0]]))
    field = data.draw(st.sampled_from(sorted(target)))
    target[field] = data.draw(anything)
    try:
        found = manifest.parse(json.dumps(said).encode(), "here")
        manifest.check(found, contract())
    except DeliveryRejected as refusal:
        problem = str(refusal)
    else:
        assert [(f.name, f.bytes) for f in found.files] == [(f["name"], f["bytes"]) for f in said["files"]]
        assert found.row_count == said["row_count"]
        return
    assert problem.startswith("DELIVERY_")
    assert "\n" not in problem
