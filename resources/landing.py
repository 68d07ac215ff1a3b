"""The landing zone: which deliveries there are, and their rows.

Here: finding drops (folders with a manifest, batches of the exchange database) and reading one of them.
Not here: how a format is read (`readers`), what the values mean, whether a drop has been processed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date, datetime
from types import TracebackType

import pyarrow as pa
import pyarrow.compute as pc

from contracts.model import Contract
from resources.errors import DeliveryRejected
from resources.readers import (
    batch,
    csv_file,
    database,
    dbf_file,
    encodings,
    fixed_width_file,
    jsonl_file,
    manifest,
    workbook_file,
    xml_file,
)
from resources.readers.manifest import BATCH_ID_LENGTH, delivery_of
from resources.readers.streams import DataFile, sm3_bytes
from resources.s3 import S3
from resources.store import Store, store_at

log = logging.getLogger(__name__)

MANIFESTS_AT_ONCE = 10
"""The size of boto3's connection pool."""
BATCH_NAME_SHOWN = 40
"""Most characters of a batch name in a message."""
CHANGED = "DELIVERY_CHANGED"
"""The code of a drop that was replaced between listing and reading it."""

MAX_CELL_BYTES = 1 << 20
"""Longest value of one cell, in UTF-8."""

READERS: dict[str, Callable[[Contract, DataFile], Iterator[pa.RecordBatch]]] = {
    "csv": csv_file.read,
    "xlsx": workbook_file.read,
    "xls": workbook_file.read,
    "jsonl": jsonl_file.read,
    "fixed_width": fixed_width_file.read,
    "dbf": dbf_file.read,
    "xml": xml_file.read,
}


@dataclass(frozen=True)
class Drop:
    """One delivery of one table for one business date.

    `batch_id`: first 32 hex digits of the SM3 of the manifest (for a database: of the canonical JSON of table, batch,
    count, largest row, sum of the row numbers, latest time), so the same delivery has the same id and a corrected one
    another; empty while `complete` is False (the manifest is not there yet). `problem`: why `read` will refuse it, as far
    as the manifest shows.
    """

    contract_name: str
    business_date: date
    batch_id: str
    extract_ts: str
    location: str
    declared_rows: int
    complete: bool
    problem: str | None


class DropReader:
    """The rows of one drop, once. A context manager; `rows_read` counts good and defect rows and is final after `batches`.

    Rows come before the end is known: a DeliveryRejected may follow them, and then none of them counts.
    """

    def __init__(self, schema: pa.Schema, drop: Drop, rows: Iterator[pa.RecordBatch], stack: ExitStack, other_encodings: list[str]) -> None:
        self.schema = schema
        self.rows_read = 0
        self.new_columns: list[str] = []
        """Columns the contract does not know and accepts, as they are delivered; final after `batches`."""
        self.other_encodings = other_encodings
        """A sentence for each file that is certainly in another encoding than agreed, and read in that; final after `batches`."""
        self._drop, self._rows, self._stack = drop, rows, stack

    def __enter__(self) -> DropReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Raises DeliveryRejected (DELIVERY_ROW_COUNT, DELIVERY_EMPTY, DELIVERY_TOO_LARGE, and those of the reader), Unreachable."""
        for rows in self._rows:
            self._refuse_long_cells(rows)
            self.rows_read += rows.num_rows
            self.new_columns += [n for n in batch.new_columns(rows) if n not in self.new_columns]
            yield rows
        declared = self._drop.declared_rows
        if self.rows_read == declared:
            return
        remedy = "Deliver the drop again with files and row_count that agree"
        if not self.rows_read:
            raise DeliveryRejected("DELIVERY_EMPTY", f"no rows, {declared} are declared", self._drop.location, remedy)
        raise DeliveryRejected("DELIVERY_ROW_COUNT", f"{self.rows_read} rows, {declared} are declared", self._drop.location, remedy)

    def _refuse_long_cells(self, rows: pa.RecordBatch) -> None:
        for name, column in zip(rows.schema.names, rows.columns, strict=True):
            if not pa.types.is_string(column.type) or column.nbytes <= MAX_CELL_BYTES:
                continue
            too_long = pc.greater(pc.binary_length(column), MAX_CELL_BYTES)
            if pc.any(too_long).as_py():
                place = rows.filter(too_long).select(["_source_file", "_row_no"]).to_pylist()[0]
                what = f"column {name} is longer than {MAX_CELL_BYTES} bytes in row {place['_row_no']} of {place['_source_file']}"
                raise DeliveryRejected(
                    "DELIVERY_TOO_LARGE", what, self._drop.location, "Shorten the text, or look for a quote never closed"
                )


def unclaimed(store: Store, tables: Collection[str]) -> list[str]:
    """Return the folders with a manifest that no table ingests: of a name that is no `department/table`, or no YYYY-MM-DD.

    tables: `department/table` of everything that may be delivered in files.
    """
    found = []
    for department in _folders(store, ""):
        for table in _folders(store, department):
            known = table in tables
            days = [day for day in _folders(store, table) if not known or _date(day.rpartition("/")[2], "%Y-%m-%d") is None]
            found += [day for day in days if store.has_file(f"{day}/{manifest.NAME}")]
    return found


def _folders(store: Store, path: str) -> list[str]:
    return [f"{path}/{c.name}" if path else c.name for c in store.children(path) if c.is_folder]


class LandingZone:
    """Folders `<department>/<table>/<YYYY-MM-DD>/` below one root (a folder or s3://bucket/prefix), and one exchange database."""

    def __init__(self, root: str, exchange_url: str | None, s3: S3 | None = None) -> None:
        self.store, self._exchange_url = store_at(root, s3), exchange_url
        self._read: dict[str, tuple[str, str, Drop]] = {}
        """Folder of a drop -> the mark of its manifest and the contract's digest when it was read, and what it said."""

    def drops(self, contract: Contract, only: date | None = None) -> list[Drop]:
        """All drops of one table (`only`: of one business date), oldest first. Reads the manifests that have changed since the last time,
        or does one GROUP BY.

        A folder not named by a date is skipped with a warning in the log. A batch not named by a date is a drop of the day of its
        latest row, which `read` refuses (DELIVERY_DATE).
        Raises Unreachable, and DeliveryRejected (DELIVERY_HEADER) for an exchange table without the columns of the exchange.
        """
        if delivery_of(contract).format == "database":
            found = [d for _, d in self._batches(contract) if only in (None, d.business_date)]
        else:
            days = [day for day in self._days(contract) if only in (None, day)]
            marks = self.store.marks(f"{contract.domain}/{contract.table}", manifest.NAME) if only is None else {}
            with ThreadPoolExecutor(MANIFESTS_AT_ONCE) as pool:  # one request each on a bucket
                found = list(pool.map(lambda day: self._known_drop(contract, day, marks.get(day.isoformat())), days))
        return sorted(found, key=lambda d: (d.business_date, d.extract_ts, d.batch_id))

    def read(self, contract: Contract, drop: Drop) -> DropReader:
        """Open a drop; for files, after verifying the manifest and the digest of every file.

        Raises DeliveryRejected, Unreachable. A drop replaced since it was listed is DELIVERY_CHANGED: list again.
        """
        stack, other_encodings = ExitStack(), list[str]()
        try:
            if delivery_of(contract).format == "database":
                rows = self._database_rows(contract, drop, stack)
            else:
                rows = self._file_rows(contract, drop, stack, other_encodings)
        except BaseException:
            stack.close()
            raise
        return DropReader(batch.schema(contract), drop, rows, stack, other_encodings)

    def _days(self, contract: Contract) -> Iterator[date]:
        parent = f"{contract.domain}/{contract.table}"
        for child in self.store.children(parent):
            day = _date(child.name, "%Y-%m-%d")
            if day is None or not child.is_folder:
                log.warning("%s is no drop: not a folder named YYYY-MM-DD", self.store.uri(f"{parent}/{child.name}"))
            else:
                yield day

    @staticmethod
    def _path(contract: Contract, day: date) -> str:
        return f"{contract.domain}/{contract.table}/{day.isoformat()}"

    def _known_drop(self, contract: Contract, day: date, mark: str | None) -> Drop:
        """The drop of a folder, as it was read before while its manifest is marked as then. mark: None for one that is not known."""
        path = self._path(contract, day)
        known = self._read.get(path)
        if mark and known and known[:2] == (mark, contract.digest):
            return known[2]
        drop = self._folder_drop(contract, day)
        if mark:
            self._read[path] = (mark, contract.digest, drop)
        return drop

    def _folder_drop(self, contract: Contract, day: date) -> Drop:
        path = self._path(contract, day)
        identity, extracted, declared, complete, problem = "", "", 0, True, None
        try:
            data = manifest.read_bytes(self.store, path)
            identity = manifest.batch_id(data)
            said = manifest.parse(data, self.store.uri(f"{path}/{manifest.NAME}"))
            extracted, declared = said.extract_ts, said.row_count
            manifest.check(said, contract)
        except DeliveryRejected as e:
            complete = e.code != "DELIVERY_MISSING"
            problem = str(e)
        return Drop(contract.name, day, identity, extracted, self.store.uri(path), declared, complete, problem)

    def _file_rows(self, contract: Contract, drop: Drop, stack: ExitStack, other_encodings: list[str]) -> Iterator[pa.RecordBatch]:
        path = self._path(contract, drop.business_date)
        data = manifest.read_bytes(self.store, path)
        if drop.complete and manifest.batch_id(data) != drop.batch_id:
            raise _changed(drop)
        said = manifest.parse(data, self.store.uri(f"{path}/{manifest.NAME}"))
        manifest.check(said, contract)
        files, settle = manifest.verified(said, contract, self.store, path, stack)
        return _settled((rows for file in files for rows in _rows(contract, file, other_encodings)), settle)

    def _batches(self, contract: Contract) -> Iterator[tuple[database.Batch, Drop]]:
        table = delivery_of(contract).table
        location = f"{database.address(self._exchange_url)}, table {table}"
        for found in database.batches(contract, self._exchange_url):
            place = f"{location}, batch {' '.join(str(found.value).split())[:BATCH_NAME_SHOWN]}"
            day = database.day_of(found.value)
            problem = None if day else str(_undated(place))
            facts = {"table": table, "batch": str(found.value), "count": found.count}
            facts |= {"max_row": str(found.last_row), "max_time": found.last_time, "row_sum": found.row_sum}
            identity = sm3_bytes(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode())[:BATCH_ID_LENGTH]
            day = day or _date(found.last_time[:10], "%Y-%m-%d") or date.min
            yield found, Drop(contract.name, day, identity, found.last_time, place, found.count, True, problem)

    def _database_rows(self, contract: Contract, drop: Drop, stack: ExitStack) -> Iterator[pa.RecordBatch]:
        for found, now in self._batches(contract):
            if now.batch_id == drop.batch_id and drop.problem:
                raise _undated(drop.location)
            if now.batch_id == drop.batch_id:
                return stack.enter_context(closing(database.read(contract, self._exchange_url, found)))
        raise _changed(drop)


def _rows(contract: Contract, file: DataFile, other_encodings: list[str]) -> Iterator[pa.RecordBatch]:
    """The rows of one file, in the encoding it is certainly in."""
    format = delivery_of(contract).format
    found = encodings.certain(file) if format in encodings.FORMATS else file
    if noted := encodings.note(file, found):
        other_encodings.append(noted)
    return READERS[format](contract, found)


def _settled(rows: Iterator[pa.RecordBatch], settle: Callable[[], None]) -> Iterator[pa.RecordBatch]:
    """The rows, then the check of the files' digests. A wrong digest takes precedence over an error of reading such a file."""
    try:
        yield from rows
    except DeliveryRejected:
        settle()
        raise
    settle()


def _undated(location: str) -> DeliveryRejected:
    what = "the name of the batch is no date YYYYMMDD"
    return DeliveryRejected("DELIVERY_DATE", what, location, "Write its rows into a batch named by their business date")


def _changed(drop: Drop) -> DeliveryRejected:
    return DeliveryRejected(CHANGED, "the drop was replaced since it was listed", drop.location, "List the drops again")


def _date(text: str, pattern: str) -> date | None:
    try:
        day = datetime.strptime(text, pattern).date()
    except ValueError:
        return None
    return day if day.strftime(pattern) == text else None
