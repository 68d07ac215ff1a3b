"""The seal of a published file detects a changed byte, in the file and in the log that names it.

Here: making a seal, looking through a table's log and files for what has changed. Not here: when that is done (`lake`).
Parquet files are written without checksums of their pages, so that a library reads one changed byte in three as another value
and says nothing. A seal stands with the file's statistics, in the commit that publishes it and in every checkpoint after. It is
made of the file's bytes, of its path and of its partition. Engines leave it alone.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from resources.errors import CitylakeError
from resources.store import Store

SEAL = "crc32"
"""Under this name a file's statistics hold its seal."""
CHUNK = 1 << 20
FILES = "files"
"""Under this name a commit says how many files it adds."""
COMMIT = re.compile(r"(\d{20})\.json")
CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")
PARTITION = re.compile(r"(?:^|/)([^/=]+)=")
"""A column of its path, which Apache Spark writes into the file too."""
ACTIONS = {"add", "remove", "metaData", "protocol", "commitInfo", "txn", "cdc", "domainMetadata"}
FILE: dict[str, Callable[[Any], Any]] = {"path": str, "size": int, "modificationTime": int, "partitionValues": dict}
"""What must be known of a file."""


class Damaged(CitylakeError):
    """A file of a table, or of its log, is not what was published."""


@dataclass(frozen=True)
class Fault:
    """file: below the table's folder. what: a sentence's end, such as "is missing"."""

    table: str
    version: int
    file: str
    what: str

    def error(self, root: str) -> Damaged:
        return Damaged(
            "TABLE_DAMAGED",
            f"table {self.table}, version {self.version}: {self.file} {self.what}",
            root,
            "Put the file back from a backup; or, of a table after raw, remove the table's folder and run `citylake rebuild`",
        )


def seal(store: Store, table: str, path: str, partition: Mapping[str, str | None]) -> str:
    """The seal of a file of a table: CRC-32, eight hexadecimal digits. It detects damage, not manipulation.

    Args:
        store: the store that holds the table.
        table: name of the table, its folder in the store.
        path: of the file below the table's folder, as its `add` action names it.
        partition: partition column -> value of the file.

    Raises:
        FileNotFoundError: the file is missing.
    """
    handle, _ = store.open(f"{table}/{unquote(path)}")
    with handle:
        found = zlib.crc32(json.dumps([path, sorted(partition.items())]).encode())
        while chunk := handle.read(CHUNK):
            found = zlib.crc32(chunk, found)
    return f"{found:08x}"


class Inspection:
    """One version of a table, as its log says and as its files are. `faults`: what has been found so far."""

    def __init__(self, store: Store, table: str, version: int | None = None, *, at_least: int = 0) -> None:
        """version: default, the newest that the log names, and not below `at_least`."""
        self._store, self._table = store, table
        names = [c.name for c in store.children(f"{table}/_delta_log")]
        self._commits = {int(m[1]) for m in map(COMMIT.fullmatch, names) if m}
        self._checkpoints = {int(m[1]) for m in map(CHECKPOINT.fullmatch, names) if m}
        self._version = max({*self._commits, *self._checkpoints, at_least}) if version is None else version
        self.faults: list[Fault] = []
        self.files: dict[str, dict[str, Any]] = {}
        """Path -> the action that added it, of the files that belong to the version."""
        self._columns: set[str] = set()
        self._replay()

    def _fault(self, file: str, what: str) -> None:
        self.faults.append(Fault(self._table, self._version, file, what))

    def _replay(self) -> None:
        start = max((v for v in self._checkpoints if v <= self._version), default=-1)
        if start >= 0:
            self._load(f"_delta_log/{start:020}.checkpoint.parquet")
        for version in range(start + 1, self._version + 1):
            name = f"_delta_log/{version:020}.json"
            if version in self._commits:
                self._apply(name)
            else:
                self._fault(name, "is missing")

    def _load(self, name: str) -> None:
        import pyarrow.parquet as pq

        try:
            with self._store.open(f"{self._table}/{name}")[0] as handle:
                found = pq.read_table(handle, columns=["add", "metaData"]).to_pylist()
            for row in found:
                if add := row["add"]:
                    self.files[add["path"]] = {name: kind(add[name]) for name, kind in FILE.items()} | {"stats": add["stats"]}
                if row["metaData"]:
                    self._describe(row["metaData"])
        except Exception:
            self._fault(name, "cannot be read any more")

    def _apply(self, name: str) -> None:
        declared, added = None, 0
        try:
            for action in self._actions(name):
                if unknown := set(action) - ACTIONS:
                    raise ValueError(unknown)
                declared = declared or action.get("commitInfo", {}).get(FILES)
                if add := action.get("add"):
                    added += 1
                    self.files[add["path"]] = {name: kind(add[name]) for name, kind in FILE.items()} | {"stats": add.get("stats")}
                if remove := action.get("remove"):
                    del self.files[remove["path"]]
                if metadata := action.get("metaData"):
                    self._describe(metadata)
            if declared not in (None, str(added)):
                raise ValueError(added)
        except Exception:
            self._fault(name, "is not what was committed")

    def _actions(self, name: str) -> Iterator[dict[str, Any]]:
        with self._store.open(f"{self._table}/{name}")[0] as handle:
            for line in handle:
                yield json.loads(line)

    def _describe(self, metadata: dict[str, Any]) -> None:
        from deltalake import Schema

        self._columns = {f.name for f in Schema.from_json(metadata["schemaString"]).fields}

    def look(self, path: str) -> None:
        """Look at one file. One without a seal (the lake's control tables) is checked for size and columns."""
        import pyarrow.parquet as pq

        add = self.files[path]
        try:
            handle, size = self._store.open(f"{self._table}/{unquote(path)}")
        except FileNotFoundError:
            self._fault(path, "is missing")
            return
        with handle:
            sealed = _seal_of(add)
            if size != add["size"]:
                self._fault(path, f"has {size} bytes and not {add['size']}")
            elif sealed and sealed != seal(self._store, self._table, path, add["partitionValues"]):
                self._fault(path, "has changed since it was published")
            else:
                try:
                    found = set(pq.read_schema(handle).names)
                except Exception:
                    self._fault(path, "cannot be read any more")
                    return
                if self._columns and (strange := found - self._columns - set(PARTITION.findall(path))):
                    self._fault("_delta_log", f"names other columns than {path}, which has {', '.join(sorted(strange))}")


def _seal_of(add: Mapping[str, Any]) -> str | None:
    try:
        found: str | None = json.loads(add.get("stats") or "{}").get(SEAL)
    except (ValueError, AttributeError):
        return "unreadable"
    return found
