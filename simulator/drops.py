"""How a department's rows get to the landing zone: formats, encodings, manifests; and the exchange database.

Here: CSV, JSON lines, fixed width, DBF, XLS, XLSX and XML as the contract's delivery says, SM3 digests, the manifest written last.
Not here: which rows (`registers`), when (`city`). Equal rows give equal bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from cryptography.hazmat.primitives import hashes
from lxml import etree

from contracts.loader import load_all
from contracts.model import Format, SourceContract, sources
from simulator.declare import declared
from simulator.rejects import LINE

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

ROWS_PER_FILE = 60_000


def sm3(data: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def _delimited(rows: pd.DataFrame, header: list[str], delimiter: str, newline: str) -> str:
    columns = []
    for name in rows.columns.drop(LINE, errors="ignore"):
        values = rows[name].to_numpy(dtype=object)
        text = np.where(pd.isna(values), "", values)
        cells = text.tolist()
        whole = "".join(cells)
        if delimiter in whole or '"' in whole or "\n" in whole:
            cells = ['"' + v.replace('"', '""') + '"' if delimiter in v or '"' in v or "\n" in v else v for v in cells]
        columns.append(cells)
    lines = list(map(delimiter.join, zip(*columns, strict=True)))
    if LINE in rows:
        lines = [whole if isinstance(whole, str) else line for whole, line in zip(rows[LINE], lines, strict=True)]
    return newline.join([delimiter.join(header), *lines]) + newline


def _fixed_width(rows: pd.DataFrame, widths: list[int], encoding: str, newline: str) -> bytes:
    columns = []
    for name, width in zip(rows, widths, strict=True):
        values = ["" if v is None or v != v else v for v in rows[name].tolist()]
        columns.append([v + " " * (width - (len(v) if v.isascii() else len(v.encode(encoding)))) for v in values])
    return "".join(line + newline for line in map("".join, zip(*columns, strict=True))).encode(encoding)


def _json_lines(rows: pd.DataFrame) -> bytes:
    if rows.empty:
        return b""
    return rows.to_json(orient="records", lines=True, force_ascii=False).encode()


def _workbook(title: str, rows: pd.DataFrame, header: list[str], day: date) -> bytes:
    """A registry's export: title rows, the header on row 3, then totals and signatures."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append([f"扬州市{title}登记表"])
    sheet.append([f"导出日期:{day}"])
    sheet.append(header)
    for row in rows.itertuples(index=False):
        sheet.append([_cell(v) for v in row])
    sheet.append(["合计", len(rows)])
    sheet.append(["制表人:", "管理员", "审核:", "审核员"])
    stamp = datetime(day.year, day.month, day.day, 18)
    book.properties.created = book.properties.modified = stamp
    raw = io.BytesIO()
    book.save(raw)
    return _steady(raw, stamp)


def _cell(value: Any) -> Any:
    if value is None or value != value:
        return None
    return int(value) if value.isdigit() and len(value) <= 5 else value


def _old_workbook(title: str, rows: pd.DataFrame, header: list[str]) -> bytes:
    """An office program's sheet in the format of Excel 97: a title, the header, all cells as text, a total."""
    from xlwt import Workbook

    book = Workbook(encoding="utf-8")
    sheet = book.add_sheet(title)
    lines = [[f"扬州市{title}表"], header, *rows.itertuples(index=False), ["合计", str(len(rows))]]
    for at, line in enumerate(lines):
        for place, value in enumerate(line):
            if value is not None and value == value:
                sheet.write(at, place, value)
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def _dbase(rows: pd.DataFrame, header: list[str], widths: list[int], encoding: str, day: date) -> bytes:
    """A table of dBASE III with character fields only: what is too long for its field is cut between two characters."""
    length = 1 + sum(widths)
    head = struct.pack("<4BIHH20x", 3, day.year - 1900, day.month, day.day, len(rows), 32 + 32 * len(header) + 1, length)
    fields = b"".join(
        name.encode(encoding).ljust(11, b"\0") + b"C" + bytes(4) + bytes([width]) + bytes(15)
        for name, width in zip(header, widths, strict=True)
    )
    columns = [[_field(v, width, encoding) for v in rows[name].tolist()] for name, width in zip(rows, widths, strict=True)]
    records = b"".join(b" " + b"".join(record) for record in zip(*columns, strict=True))
    return head + fields + b"\r" + records + b"\x1a"


def _field(value: Any, width: int, encoding: str) -> bytes:
    text = "" if value is None or value != value else value
    data = text.encode(encoding)[:width]
    return data.decode(encoding, "ignore").encode(encoding).ljust(width)


def _steady(raw: io.BytesIO, stamp: datetime) -> bytes:
    """The same archive with fixed times, so that equal rows give equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            body = source.read(name)
            if name == "docProps/core.xml":
                body = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp.strftime("%Y-%m-%dT%H:%M:%SZ").encode(), body)
            info = zipfile.ZipInfo(name, (stamp.year, stamp.month, stamp.day, 18, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, body)
    return out.getvalue()


def _xml(contract: SourceContract, rows: pd.DataFrame, header: list[str]) -> bytes:
    """An interface's records: an element for each, its columns inside; one of nothing is left out, and a file of no records is empty."""
    if rows.empty:
        return b""
    root = etree.Element(f"{contract.delivery.record}s")
    for row in rows.itertuples(index=False):
        record = etree.SubElement(root, contract.delivery.record)
        for name, value in zip(header, row, strict=True):
            if value is not None and value == value:
                etree.SubElement(record, name).text = value
    return etree.tostring(root, encoding=contract.delivery.encoding, xml_declaration=True, pretty_print=True)


@dataclass(frozen=True)
class _Drop:
    """What a file is made of."""

    contract: SourceContract
    rows: pd.DataFrame
    header: list[str]
    day: date
    newline: str

    @property
    def widths(self) -> list[int]:
        return [c.width or 0 for c in self.contract.delivered]

    @property
    def encoding(self) -> str:
        return self.contract.delivery.encoding


FORMATS: Mapping[Format, tuple[str, Callable[[_Drop], bytes]]] = {
    Format.CSV: ("csv", lambda d: _delimited(d.rows, d.header, d.contract.delivery.delimiter, d.newline).encode(d.encoding)),
    Format.FIXED_WIDTH: ("txt", lambda d: _fixed_width(d.rows, d.widths, d.encoding, d.newline)),
    Format.JSONL: ("jsonl", lambda d: _json_lines(d.rows.rename(columns=dict(zip(d.rows, d.header, strict=True))))),
    Format.DBF: ("dbf", lambda d: _dbase(d.rows, d.header, d.widths, d.encoding, d.day)),
    Format.XLS: ("xls", lambda d: _old_workbook(d.contract.title, d.rows, d.header)),
    Format.XLSX: ("xlsx", lambda d: _workbook(d.contract.title, d.rows, d.header, d.day)),
    Format.XML: ("xml", lambda d: _xml(d.contract, d.rows, d.header)),
}
"""Format -> the ending of its files, and what writes one."""


def _content(contract: SourceContract, rows: pd.DataFrame, day: date) -> bytes:
    table = declared()[contract.domain].tables.get(f"{contract.domain}/{contract.table}")
    header, newline = [c.source or c.name for c in contract.delivered], table.newline if table else "\n"
    _, write = FORMATS[contract.delivery.format]
    data = write(_Drop(contract, rows, header, day, newline))
    return gzip.compress(data, compresslevel=3, mtime=0) if contract.delivery.compression == "gzip" else data


def write_drop(landing: Path, contract: SourceContract, rows: pd.DataFrame, day: date, first_day: date, edition: int = 1) -> None:
    """Write one drop of a file table.

    Args:
        landing: root of the landing zone.
        contract: of the table.
        rows: the contract's delivered columns, in its order, as text; with the column LINE where there are broken lines.
        day: business date of the drop.
        first_day: first day of the period it covers.
        edition: 2 replaces an earlier delivery of the same day, with new files and a later extract time.
    """
    delivery = contract.delivery
    folder = landing / contract.domain / contract.table / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    before = {p for p in folder.iterdir() if p.name != "manifest.json"}
    suffix = FORMATS[delivery.format][0] + (".gz" if delivery.compression == "gzip" else "")
    files: list[dict[str, Any]] = []
    for part, start in enumerate(range(0, max(1, len(rows)), ROWS_PER_FILE)):
        name = f"{contract.table}_{day:%Y%m%d}_{edition}{part + 1:02}.{suffix}"
        data = _content(contract, rows.iloc[start : start + ROWS_PER_FILE], day)
        (folder / name).write_bytes(data)
        files.append({"name": name, "sm3": sm3(data), "bytes": len(data)})
    write_manifest(folder, contract, day, first_day, len(rows), files, edition)
    for old in before - {folder / f["name"] for f in files}:
        old.unlink()


def write_manifest(
    folder: Path, contract: SourceContract, day: date, first_day: date, rows: int, files: list[dict[str, Any]], edition: int = 1
) -> None:
    """Write the manifest, which completes a drop.

    Args:
        folder: of the drop.
        contract: of the table.
        day: business date of the drop.
        first_day: first day of the period it covers.
        rows: number of rows.
        files: name, sm3 and bytes of each file.
        edition: 2 has a later extract time.
    """
    delivery = contract.delivery
    extracted = datetime(day.year, day.month, day.day, 22, 30) + timedelta(days=edition - 1)
    manifest = {
        "table": f"{contract.domain}/{contract.table}",
        "dept_org_code": declared()[contract.domain].organisation,
        "extract_ts": f"{extracted.isoformat()}+08:00",
        "period_from": first_day.isoformat(),
        "period_to": day.isoformat(),
        "mode": delivery.mode,
        "encoding": delivery.encoding,
        "format": delivery.format,
        "delimiter": delivery.delimiter if delivery.format == Format.CSV else None,
        "row_count": rows,
        "files": files,
        "schema_version": contract.version,
        "crs": contract.crs,
    }
    waiting = folder / ".manifest.tmp"
    waiting.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    waiting.replace(folder / "manifest.json")


def prepare_exchange(url: str) -> None:
    """Make sure that the exchange database has every table that a contract expects there. url: SQLAlchemy URL."""
    for contract in sources(load_all()).values():
        if contract.delivery.format == Format.DATABASE:
            with _exchange(url, _exchange_table(contract)):
                pass


def write_exchange(url: str, contract: SourceContract, rows: pd.DataFrame, day: date) -> None:
    """Put one night's rows into the exchange database; rows of that night that are already there are replaced.

    Args:
        url: SQLAlchemy URL of the database.
        contract: of the table.
        rows: the delivered columns as text, with cd_id and cd_operation.
        day: the night.
    """
    delivery, batch, table = contract.delivery, f"{day:%Y%m%d}", _exchange_table(contract)
    names = [delivery.row_column, delivery.operation_column, *(c.source or c.name for c in contract.delivered)]
    body = rows[["cd_id", "cd_operation", *(c.name for c in contract.delivered)]].astype(object)
    values = zip(*(body[c].where(body[c].notna(), None).tolist() for c in body), strict=True)
    fixed = {delivery.time_column: datetime(day.year, day.month, day.day, 23, 5), delivery.batch_column: batch}
    with _exchange(url, table) as connection:
        connection.execute(table.delete().where(table.c[delivery.batch_column] == batch))
        if len(body):
            connection.execute(table.insert(), [{**dict(zip(names, v, strict=True)), **fixed} for v in values])


@contextmanager
def _exchange(url: str, table: Table) -> Iterator[Connection]:
    """A transaction on the exchange database, which has the table."""
    from sqlalchemy import create_engine
    from sqlalchemy.schema import CreateSchema

    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            if table.schema:
                connection.execute(CreateSchema(table.schema, if_not_exists=True))
            table.create(connection, checkfirst=True)
            yield connection
    finally:
        engine.dispose()


def _exchange_table(contract: SourceContract) -> Table:
    from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Text

    delivery = contract.delivery
    assert delivery.table is not None, contract.name
    owner, _, name = delivery.table.rpartition(".")
    return Table(
        name,
        MetaData(schema=owner or None),
        Column(delivery.row_column, Integer, primary_key=True, autoincrement=False),
        Column(delivery.operation_column, String(1)),
        Column(delivery.time_column, DateTime),
        Column(delivery.batch_column, String(8)),
        *[Column(c.source or c.name, Text) for c in contract.delivered],
    )
