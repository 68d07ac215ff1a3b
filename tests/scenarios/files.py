"""Bytes of delivered files out of short descriptions.

Here: the drop as it lies in the landing zone, its manifest, and what is made because a repository should not hold it.
Not here: running a scenario (`tests.scenarios.runner`).
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl

from contracts import Contract
from tests.deliveries import sm3

MANIFEST = "manifest.json"
SUFFIXES = {"csv": ".csv", "jsonl": ".jsonl", "xlsx": ".xlsx", "fixed_width": ".txt"}


def text(text: str, encoding: str = "utf-8", repeat: int = 1, head: str = "") -> bytes:
    """`head` once, then `text` as often as is said, with the characters that YAML writes with a backslash."""
    return head.encode(encoding) + text.encode(encoding) * repeat


def octets(octets: str) -> bytes:
    r"""Bytes, the unusual ones written \xNN."""
    return octets.encode("latin-1").decode("unicode_escape").encode("latin-1")


def gzipped(gzip_of: dict[str, Any], cut: int = 0, times: int = 1) -> bytes:
    """Another file, packed `times` times; without its last `cut` bytes."""
    data = made(gzip_of)
    for _ in range(times):
        data = gzip.compress(data, mtime=0)
    return data[: len(data) - cut]


def xlsx(xlsx: list[list[Any]], hidden: list[list[Any]] | None = None, merged: tuple[str, ...] = ()) -> bytes:
    """A workbook of one visible sheet, after a hidden one when its rows are given; `merged`: areas such as B2:B4."""
    book = openpyxl.Workbook()
    page = book.active
    if hidden is not None:
        page = book.create_sheet()
        book.worksheets[0].sheet_state = "hidden"
        for row in hidden:
            book.worksheets[0].append(row)
    for row in xlsx:
        page.append(row)
    for area in merged:
        page.merge_cells(area)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def parts(zip_of: dict[str, dict[str, Any]], of: list[list[Any]] | None = None) -> bytes:
    """A zip archive of the parts that are described; `of`: in place of the parts of that workbook that have their names."""
    whole = {}
    if of is not None:
        with zipfile.ZipFile(io.BytesIO(xlsx(of))) as book:
            whole = {name: book.read(name) for name in book.namelist()}
    whole |= {name: made(how) for name, how in zip_of.items()}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in whole.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()


MAKERS: dict[str, Callable[..., bytes]] = {"text": text, "octets": octets, "gzip_of": gzipped, "xlsx": xlsx, "zip_of": parts}
"""By the one field each of them needs."""


def made(how: dict[str, Any]) -> bytes:
    (maker,) = [MAKERS[name] for name in how if name in MAKERS]
    return maker(**how)


def delivered(contract: Contract, data: bytes) -> bytes:
    """UTF-8 text in the encoding and compression of the contract."""
    encoded = data.decode("utf-8").encode(contract.delivery.encoding)
    return gzip.compress(encoded, mtime=0) if contract.delivery.compression == "gzip" else encoded


def write_drop(target: Path, contract: Contract, day: str, source: Path, make: dict[str, Any], changed: dict[str, Any] | None) -> None:
    """Copy the files of `source`, make those of `make` (a name alone or with `link`), write the manifest with its changed fields.

    changed: None for no manifest.
    """
    target.mkdir(parents=True, exist_ok=True)
    files = {f.name: f.read_bytes() for f in sorted(source.glob("*"))} if source.is_dir() else {}
    own_manifest = files.pop(MANIFEST, None)
    gz = ".gz" if contract.delivery.compression else ""
    files = {name.removesuffix(gz) + gz: delivered(contract, data) for name, data in files.items()}
    rows = sum(_rows(contract, data) for data in files.values())
    for name, how in make.items():
        if "link" in how:
            (target / name).unlink(missing_ok=True)
            (target / name).symlink_to((target / how["link"]).resolve())
            files[name] = (target / name).read_bytes()
        else:
            files[name] = made(how)
    for name, data in files.items():
        if not (target / name).is_symlink():
            (target / name).write_bytes(data)
    if own_manifest is not None:
        (target / MANIFEST).write_bytes(own_manifest)
    elif changed is not None:
        (target / MANIFEST).write_text(json.dumps(manifest(contract, day, files, rows) | changed, ensure_ascii=False), encoding="utf-8")


def _rows(contract: Contract, data: bytes) -> int:
    """Rows as a department would count them: the lines, without the header of a CSV file."""
    plain = gzip.decompress(data) if contract.delivery.compression == "gzip" else data
    lines = [line for line in plain.decode(contract.delivery.encoding).removeprefix("\ufeff").split("\n") if line.strip()]
    return max(len(lines) - (contract.delivery.format == "csv"), 0)


def manifest(contract: Contract, day: str, files: dict[str, bytes], rows: int) -> dict[str, Any]:
    """What an honest department says of these files."""
    d = contract.delivery
    return {
        "table": f"{contract.domain}/{contract.table}", "dept_org_code": contract.domain, "extract_ts": f"{day}T22:00:00+08:00",
        "period_from": day, "period_to": day, "mode": d.mode, "encoding": d.encoding, "format": d.format, "delimiter": d.delimiter,
        "row_count": rows, "files": [{"name": name, "sm3": sm3(data), "bytes": len(data)} for name, data in files.items()],
        "schema_version": contract.version, **({"crs": contract.crs} if contract.crs else {}),
    }  # fmt: skip


def table_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file; nothing when it is not there."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))
