"""The manifest of a drop: what a department declares to deliver.

Here: reading `manifest.json`, comparing it with the contract, verifying the files it names.
Not here: reading their rows.

Fields (domain rules B0): table "department/table", dept_org_code, extract_ts (ISO time), period_from, period_to,
mode (full, inc, append), encoding, format, delimiter, row_count, files [{name, sm3, bytes}], schema_version; for a table with
coordinates crs, their coordinate reference system: it cannot be derived from the values, and a wrong one shifts them by half a kilometre.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

from contracts.model import Contract, DeliverySpec
from resources.engine import TIME_ZONE
from resources.errors import DeliveryRejected
from resources.readers.header import ContractDiffers, Difference
from resources.readers.streams import CODECS, DataFile, opened, safe_name, sm3, sm3_bytes, sm3_concurrent
from resources.store import Store

NAME = "manifest.json"
FIELDS = (
    "table", "dept_org_code", "extract_ts", "period_from", "period_to", "mode", "encoding", "format", "delimiter",
    "row_count", "files", "schema_version",
)  # fmt: skip
CITY = ZoneInfo(TIME_ZONE)
MAX_BYTES = 1 << 20
MAX_FILES = 500
BATCH_ID_LENGTH = 32
SMALL_BYTES = 8 << 20
"""Digests of larger files are computed while they are read."""
DIGESTS_AT_ONCE = 2
OTHER_DIGEST = "the SM3 differs from the manifest"
TEXT_FORMATS = ("csv", "jsonl", "fixed_width", "dbf", "xml")
"""Formats whose encoding is a choice of the sender; an XLSX file states its own."""


@dataclass(frozen=True)
class FileEntry:
    name: str
    sm3: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    batch_id: str
    where: str
    table: str
    extract_ts: str
    mode: str
    encoding: str | None
    format: str
    delimiter: str | None
    row_count: int
    crs: str | None
    files: tuple[FileEntry, ...]


def _wrong(what: str, where: str) -> DeliveryRejected:
    return DeliveryRejected("DELIVERY_MANIFEST", what, where, "Deliver the drop again with a correct manifest")


def _count(value: Any, field: str, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _wrong(f"{field} is not a number of 0 or more", where)
    return value


def _time(value: Any, where: str) -> str:
    """ISO text in the city's zone, so that two times compare as text; a time without a zone is in the city's."""
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=CITY)).astimezone(CITY).isoformat()
    except (TypeError, ValueError, OverflowError):
        raise _wrong("extract_ts is not an ISO time", where) from None


def _entry(raw: Any, where: str) -> FileEntry:
    if not isinstance(raw, dict) or {"name", "sm3", "bytes"} - set(raw):
        raise _wrong("an entry of files lacks name, sm3 or bytes", where)
    if not isinstance(raw["sm3"], str) or not re.fullmatch(r"[0-9a-fA-F]{64}", raw["sm3"]):
        raise _wrong("sm3 of a file is not 64 hex digits", where)
    return FileEntry(safe_name(raw["name"], where), raw["sm3"].lower(), _count(raw["bytes"], "bytes of a file", where))


def read_bytes(store: Store, folder: str) -> bytes:
    """The manifest's bytes. Raises DeliveryRejected when it is a link, no plain file, or larger than `MAX_BYTES`."""
    file = opened(store, folder, NAME, 0, "utf-8", None)
    with file.handle:
        data = file.handle.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _wrong(f"it is larger than {MAX_BYTES} bytes", file.where)
    return data


def batch_id(data: bytes) -> str:
    """The identifier of a batch: the first 32 hex digits of the SM3 of its manifest."""
    return sm3_bytes(data)[:BATCH_ID_LENGTH]


def parse(data: bytes, where: str) -> Manifest:
    """Raises DeliveryRejected (DELIVERY_MANIFEST, DELIVERY_NAME)."""
    try:
        raw = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise _wrong("it is not JSON", where) from None
    if not isinstance(raw, dict):
        raise _wrong("it is not a JSON object", where)
    missing = [f for f in FIELDS if f not in raw]
    if missing:
        raise _wrong(f"missing fields: {', '.join(missing)}", where)
    if not isinstance(raw["files"], list) or len(raw["files"]) > MAX_FILES:
        raise _wrong(f"files is not a list of at most {MAX_FILES}", where)
    files = tuple(_entry(f, where) for f in raw["files"])
    if len({f.name for f in files}) < len(files) or NAME in {f.name for f in files}:
        raise _wrong("files names a file twice, or the manifest itself", where)
    return Manifest(
        batch_id=batch_id(data),
        where=where,
        table=str(raw["table"]),
        extract_ts=_time(raw["extract_ts"], where),
        mode=str(raw["mode"]),
        encoding=raw["encoding"],
        format=str(raw["format"]),
        delimiter=raw["delimiter"],
        row_count=_count(raw["row_count"], "row_count", where),
        crs=raw.get("crs"),
        files=files,
    )


def delivery_of(contract: Contract) -> DeliverySpec:
    """The contract's delivery. Raises ValueError for a table that is not delivered."""
    if contract.delivery is None:
        raise ValueError(f"{contract.name} is made by the lake, not delivered")
    return contract.delivery


def check(manifest: Manifest, contract: Contract) -> None:
    """Raises ContractDiffers (DELIVERY_CONTRACT) when the manifest differs from the contract."""
    delivery = delivery_of(contract)
    said = {"table": manifest.table, "format": manifest.format, "mode": manifest.mode}
    agreed = {"table": f"{contract.domain}/{contract.table}", "format": str(delivery.format), "mode": str(delivery.mode)}
    if delivery.format in TEXT_FORMATS:
        said["encoding"] = CODECS.get(str(manifest.encoding).lower(), str(manifest.encoding))
        agreed["encoding"] = CODECS[delivery.encoding]
    if delivery.format == "csv":
        said["delimiter"], agreed["delimiter"] = str(manifest.delimiter), delivery.delimiter
    if contract.crs:
        said["crs"], agreed["crs"] = str(manifest.crs or "not stated"), contract.crs
    differing = [f for f in agreed if said[f] != agreed[f]]
    if differing:
        listed = "; ".join(f"{f} is {said[f][:80]!r}, agreed is {agreed[f]!r}" for f in differing)
        found = [
            Difference(f, "", agreed[f], said[f][:40], f"delivery: {f}" if f != "table" else "deliver it where it belongs")
            for f in differing
        ]
        raise ContractDiffers("DELIVERY_CONTRACT", listed, manifest.where, "Deliver as agreed, or change the contract first", found)


def verified(
    manifest: Manifest, contract: Contract, store: Store, folder: str, stack: ExitStack
) -> tuple[list[DataFile], Callable[[], None]]:
    """Open every file of the manifest and verify size and SM3: small files before the first row, large ones while they are read.

    Args:
        manifest: The manifest of the drop.
        contract: The table, for encoding and compression.
        store: The landing zone.
        folder: Path of the drop in it.
        stack: Closes the files and stops the digests.

    Returns:
        The files, and a function that waits for the last digest: rows count only when it has not raised.

    Raises:
        DeliveryRejected: DELIVERY_MISSING, DELIVERY_NAME, DELIVERY_DIGEST.
    """
    delivery = delivery_of(contract)
    files, running = [], list[tuple[DataFile, str, Future[str]]]()
    handles, stop, threads = stack.enter_context(ExitStack()), Event(), ThreadPoolExecutor(DIGESTS_AT_ONCE)
    stack.callback(threads.shutdown)  # before the handles are closed
    stack.callback(stop.set)
    for index, entry in enumerate(manifest.files):
        file = opened(store, folder, entry.name, index, CODECS[delivery.encoding], delivery.compression)
        handles.enter_context(file.handle)
        if file.size != entry.bytes:
            raise _differs(f"the file has {file.size} bytes, the manifest says {entry.bytes}", file.where)
        if file.size > SMALL_BYTES:
            running.append((file, entry.sm3, threads.submit(sm3_concurrent, file.handle.fileno(), stop)))
        elif sm3(file.handle) != entry.sm3:
            raise _differs(OTHER_DIGEST, file.where)
        files.append(file)

    def settle() -> None:
        for file, expected, found in running:
            if found.result() != expected:
                raise _differs(OTHER_DIGEST, file.where)

    return files, settle


def _differs(what: str, where: str) -> DeliveryRejected:
    return DeliveryRejected("DELIVERY_DIGEST", what, where, "Deliver the file again; it was changed or cut on the way")
