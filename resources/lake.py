"""The lake: Delta tables by name. Stage, then publish in one commit; the only place that commits to a table.

Here: where a table is, its versions, staging next to it, publishing a stage, reading a version.
Not here: what a table means, whether it may be published (`quality`), which engine writes a stage (`engine`).

A stage is a Delta table of its own inside the target's folder, `<table>/stage-<run>/`. Publishing copies nothing:
one commit adds the staged files to the target by their path and removes those they replace. Readers see the old
version or the new one; a crash leaves an unreferenced stage behind, which maintenance removes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from resources.commit import RetainedRows, add_actions, alone, commit, nullable
from resources.errors import CitylakeError, LakeUnreachable
from resources.rows import dataset
from resources.s3 import S3
from resources.seal import FILES, Fault, Inspection, seal
from resources.stage import Stage
from resources.store import is_bucket, store_at

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from pyspark.sql import DataFrame, SparkSession


STAGE = "stage"
"""Under this name a commit says which attempt made it."""
RETAINED = "stayed"
"""Commit property of a commit that changes some rows: the stage with the rows that stay, of the files it replaces."""
NEWEST = -1
"""For a version: whatever the newest is by then."""
CONTENT = "content_of"
"""Commit property of a commit that only rewrote rows, such as a compaction: the version whose rows they are."""
OF_DELTA = {"timestamp", "operation", "operationParameters", "operationMetrics", "engineInfo", "clientVersion", "version", "readVersion"}
"""Entries of a commit in the history that delta-rs adds to those of its publisher."""
TRANSFER = re.compile(r"Generic S3 error|fs\.s3a\.|software\.amazon\.awssdk")
"""How delta-rs and Sail, and how Spark name a request to the store that failed for good."""
FULL = re.compile(r"No space left on device|Disk quota exceeded")
READ_ONLY = re.compile(r"Read-only file system")
PANIC = "PanicException"
"""What delta-rs raises, not as an Exception, when a damaged file is none that it has thought of."""
LOG_ERROR = "Kernel error"
"""How delta-rs begins what it has to say of a log."""
COMMITS_SUMMED_UP = 100
HINT = "_last_checkpoint"
LOOKED_AT_BYTES = 4 << 30
"""Of the newest files of a table in a folder, before it is read for the first time. `Lake.verify` looks at all."""


class Conflict(CitylakeError):
    """Somebody else published to the table since this run read it."""


@dataclass(frozen=True)
class Published:
    """rows: of the table; where rows were appended without `retained` rows, of those. files, bytes: what the commit added."""

    table: str
    version: int
    rows: int
    files: int
    bytes: int


def content_of(notes: Mapping[str, Any]) -> int:
    """The version whose rows a version has, from what its commit says: itself, or the one that maintenance rewrote."""
    return int(notes.get(CONTENT, notes["version"]))


class Lake:
    """All tables below one root, a folder or s3://bucket/prefix. `raw_from`: another lake to read raw tables from (a
    rebuild into an empty lake)."""

    def __init__(self, root: str, s3: S3 | None = None, raw_from: Lake | None = None) -> None:
        self.root, self._s3 = root, s3
        self.store = store_at(root, s3, LakeUnreachable)
        self.options = (s3 or S3()).delta_options() if is_bucket(root) else None
        self._raw_from = raw_from
        self._looked_at: set[tuple[str, str]] = set()
        """Tables and files that this process has found sound: a published file is never written again."""
        self._opened: dict[str, DeltaTable] = {}
        """The newest version of each table that was opened last."""
        self._earlier: dict[str, DeltaTable] = {}
        """Of each table the version that was last asked for by its number: a published version never changes."""

    def scratch(self) -> Lake:
        """An empty lake within this one that reads raw from it, and is no part of it."""
        path = ".beside"
        self.store.remove(path)
        return Lake(self.store.uri(path), self._s3, raw_from=self)

    def _home(self, table: str) -> Lake:
        return self._raw_from if self._raw_from and table.startswith("raw/") else self

    def uri(self, table: str) -> str:
        """Where a table is."""
        return self._home(table).store.uri(table)

    def open(self, table: str, version: int | None = None) -> DeltaTable | None:
        """A delta-rs handle at a version (default: newest), None when the table is not there yet. Raises LakeUnreachable."""
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        try:
            with self._watched(table):
                if version is not None:
                    if table not in self._earlier or self._earlier[table].version() != version:
                        self._earlier[table] = DeltaTable(self.uri(table), version=version, storage_options=self.options)
                    return self._earlier[table]
                if not self._is_newest(table):
                    self._opened[table] = DeltaTable(self.uri(table), storage_options=self.options)
                return self._opened[table]
        except TableNotFoundError:
            return None

    def _is_newest(self, table: str) -> bool:
        """Whether the version that was opened last is still the newest one. To look for the next commit is much cheaper than to read
        the log, which every step of a night asks for."""
        if (handle := self._opened.get(table)) is None:
            return False
        store, log, version = self._home(table).store, f"{table}/_delta_log", handle.version()
        return store.has_file(f"{log}/{version:020}.json") and not store.has_file(f"{log}/{version + 1:020}.json")

    @contextmanager
    def _watched(self, table: str | None = None) -> Iterator[None]:
        """A library's failure on the store, or on a table that it reads, in clear words."""
        from deltalake.exceptions import TableNotFoundError

        try:
            yield
        except (CitylakeError, TableNotFoundError):
            raise
        except BaseException as e:
            if not isinstance(e, Exception) and type(e).__name__ != PANIC:
                raise
            if (fault := self.fault(e)) is not None:
                raise fault from e
            faults = self.verify(table) if table else []
            if table and not faults and (LOG_ERROR in str(e) or not isinstance(e, Exception)):
                faults = [Fault(table, -1, "_delta_log", "cannot be read any more")]
            if faults:
                raise faults[0].error(self.root) from e
            raise

    def fault(self, error: BaseException) -> LakeUnreachable | None:
        """What the store has to do with the failure of a library or an engine; None: nothing. The store itself has the clearest words."""
        try:
            self.store.check()
        except LakeUnreachable as e:
            return e
        if FULL.search(str(error)):
            remedy = "Make room, for example by removing old stages and versions; then run the same date again"
            return LakeUnreachable(
                "DISK_FULL", "the disk that holds the lake is full; nothing of this table was published", self.root, remedy
            )
        if READ_ONLY.search(str(error)):
            remedy = "Have the disk checked and mounted for writing; then run the same date again"
            return LakeUnreachable(
                "DISK_READ_ONLY", "the disk that holds the lake is read-only; nothing of this table was published", self.root, remedy
            )
        if TRANSFER.search(str(error)):
            return LakeUnreachable("STORE", "a transfer from or to the store broke off", self.root, "Run it again")
        return None

    def version(self, table: str) -> int | None:
        handle = self.open(table)
        return None if handle is None else handle.version()

    def notes(self, table: str) -> dict[str, Any]:
        """What the commit of the newest version says; empty when the table is not there yet."""
        return next(iter(self.history(table, 1)), {})

    def content(self, table: str) -> int | None:
        """The version whose rows the newest one has: itself, or the one that maintenance rewrote. None when there is no table."""
        notes = self.notes(table)
        return content_of(notes) if notes else None

    def history(self, table: str, newest: int | None = None) -> list[dict[str, Any]]:
        """What the newest commits say that are still in the log, newest first; None: all of them."""
        handle = self.open(table)
        with self._watched():
            return [] if handle is None else handle.history(newest)

    def tables(self) -> list[str]:
        """The names of all published tables: layer/domain/table, and operations/table."""
        return sorted(
            table
            for layer in self._folders("")
            for domain in self._folders(layer)
            for table in ([domain] if layer == "operations" else self._folders(domain))
            if self.store.has(f"{table}/_delta_log")
        )

    def _folders(self, path: str) -> list[str]:
        found = (c.name for c in self.store.children(path) if c.is_folder and not c.name.startswith((".", "_")))
        return [f"{path}/{name}" if path else name for name in found]

    def read(self, spark: SparkSession, table: str, version: int | None = None) -> DataFrame:
        """A published table as a DataFrame, at its newest version by default. Raises CitylakeError when it is not there."""
        if (handle := self.open(table, version)) is None:
            raise CitylakeError("TABLE_MISSING", f"table {table} has never been published", self.root, "Run the assets that make it first")
        self._look_at(table, handle.version())
        reader = spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(self.uri(table))

    def arrow(self, table: str, version: int | None = None, columns: list[str] | None = None) -> pa.Table | None:
        """A small table as Arrow without an engine, None when it is not there yet."""
        handle = self.open(table, version)
        if handle is None:
            return None
        self._look_at(table, handle.version())
        with self._watched(table):
            return dataset(handle).to_table(columns=columns)

    def verify(self, table: str, version: int | None = None, *, at_least: int = 0) -> list[Fault]:
        """What is wrong with a version of a table (default: the newest that its log names): its log and every file, to the last byte.

        at_least: the newest version that is recorded elsewhere, such as in the ledger: a log that ends before it has lost its end.
        A table that is not there has the fault that its log is missing. Raises LakeUnreachable.
        """
        found = Inspection(self._home(table).store, table, version, at_least=at_least)
        for path in found.files:
            found.look(path)
        return found.faults

    def _look_at(self, table: str, version: int) -> None:
        """Raises Damaged when a table in a folder is not what was published. An object store looks after its objects itself."""
        home = self._home(table)
        if is_bucket(home.root) or (table, f"{version}") in self._looked_at:
            return
        found, left = Inspection(home.store, table, version), LOOKED_AT_BYTES
        for path, add in sorted(found.files.items(), key=lambda f: f[1]["modificationTime"], reverse=True):
            left -= add["size"]
            if (table, path) not in self._looked_at and left >= 0:
                found.look(path)
        if found.faults:
            raise found.faults[0].error(home.root)
        self._looked_at |= {(table, f"{version}"), *((table, path) for path in found.files)}

    def rows(self, table: str) -> int:
        """The number of rows of a published table, from its log alone."""
        import pyarrow as pa

        handle = self.open(table)
        with self._watched():
            return 0 if handle is None else sum(pa.table(handle.get_add_actions(flatten=True))["num_records"].to_pylist())

    def partitions(self, table: str) -> list[dict[str, str]]:
        """The partitions of a table, from its log alone."""
        handle = self.open(table)
        with self._watched():
            return [] if handle is None else handle.partitions()

    def stage(self, table: str, run_id: str) -> Stage:
        """An empty stage for one attempt of a run: another attempt must not touch what this one has published."""
        return Stage(table, f"{table}/stage-{run_id}-{token_hex(4)}", self.store, self.options)

    def publish(
        self,
        stage: Stage,
        *,
        base_version: int | None,
        mode: str = "overwrite",
        replace_partitions: list[tuple[str, str, Any]] | None = None,
        partition_by: Iterable[str] = (),
        transactions: Mapping[str, int] | None = None,
        metadata: Mapping[str, str] | None = None,
        statistics: bool = False,
        partition: Mapping[str, str] | None = None,
        retained: RetainedRows | None = None,
    ) -> Published:
        """Make a stage visible in one commit.

        base_version: the version the run has read, None when there was no table; a table that has moved on since is refused.
        mode: "overwrite" (all, or the partitions of `replace_partitions`) or "append".
        transactions: application ids recorded with the commit, such as the batches folded in.
        statistics: whether minimum and maximum of the columns may stand in the log; never with personal columns. All or
        none: delta-rs takes a column without them, next to columns with them, for one that no filter can match.
        partition: partition columns that the stage has not, and their values, which are texts: all its rows belong there.
        retained: with "append", rows of the base version are replaced in the same commit: what stays of their files.
        Raises Conflict when somebody published in between.
        """
        from deltalake import CommitProperties, Transaction
        from deltalake.exceptions import CommitFailedError, DeltaError

        sealed = None if is_bucket(self.root) else partial(seal, self.store, stage.table)
        staged = stage.open()
        actions, rows = add_actions(staged, stage.name, statistics, partition or {}, sealed)
        stages, made_by, removed = [stage], {STAGE: stage.name}, list[Any]()
        if retained is not None:
            removed, rows = retained.removals(), rows + retained.rows
            if retained.stage is not None:
                actions += add_actions(retained.stage.open(), retained.stage.name, statistics, {}, sealed)[0]
                stages, made_by = [stage, retained.stage], {**made_by, RETAINED: retained.stage.name}
        schema = nullable(staged.schema(), added=partition or {})
        properties = CommitProperties(
            custom_metadata={**(metadata or {}), **made_by, FILES: str(len(actions))},
            app_transactions=[Transaction(app, version) for app, version in (transactions or {}).items()],
            max_commit_retries=0,
        )
        try:
            with self._watched():
                version = commit(
                    self.uri(stage.table), base_version, [*actions, *removed], schema, mode=mode, partition_by=list(partition_by),
                    replace_partitions=replace_partitions, properties=properties, options=self.options,
                    newest=lambda: self.version(stage.table),
                )  # fmt: skip
        except Exception as e:
            if (landed := self._landed(stage.table, base_version, stage.name)) is None:
                if not isinstance(e, CommitFailedError | DeltaError | FileExistsError):
                    raise
                raise self._conflict(stage.table, base_version) from e
            version = landed
        with suppress(LakeUnreachable):  # what is left of a stage is seen by nobody
            for each in stages:
                self.store.remove(each.path, keep={f"{stage.table}/{a.path}" for a in actions})
        self._sum_up(stage.table, version)
        return Published(stage.table, version, rows, len(actions), sum(a.size for a in actions))

    def _conflict(self, table: str, base_version: int | None) -> Conflict:
        what = f"table {table} was published by somebody else since version {base_version}"
        return Conflict("PUBLISH_CONFLICT", what, self.uri(table), "Run the asset again: it will start from the new version")

    def _landed(self, table: str, base_version: int | None, token: str) -> int | None:
        """The version of a commit that seemed to fail and is there after all: the store took it and its answer was lost."""
        newest = self.version(table)
        since = 0 if newest is None else newest - (-1 if base_version is None else base_version)
        commits = self.history(table, since) if since > 0 else []
        return next((int(commit["version"]) for commit in commits if commit.get(STAGE) == token), None)

    def append(self, table: str, rows: pa.Table, transactions: Mapping[str, int] | None = None, base_version: int | None = NEWEST) -> int:
        """Append a few rows to a bookkeeping table of the lake itself (ledger, releases), once. Returns the version.

        The commit carries a transaction of its own: when its answer is lost and it is sent again, the second is refused.
        base_version: the version the rows follow from, None when there was no table: Conflict when it has moved on since.
        """
        from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

        token, before = token_hex(8), self.version(table)
        if base_version not in (NEWEST, before):
            raise self._conflict(table, base_version)
        once = {**(transactions or {}), f"append:{token}": 1}
        commit = CommitProperties(
            custom_metadata={STAGE: token},
            app_transactions=[Transaction(a, v) for a, v in once.items()],
            max_commit_retries=None if base_version == NEWEST else 0,
        )
        try:
            with self._watched():
                bound = base_version not in (NEWEST, None)
                target = DeltaTable(self.uri(table), version=base_version, storage_options=self.options) if bound else self.uri(table)
                write_deltalake(
                    target, rows, mode="append", schema_mode="merge", commit_properties=commit, post_commithook_properties=alone(),
                    storage_options=None if bound else self.options,
                )  # fmt: skip
        except Exception as e:
            if self._landed(table, before, token) is None:
                if base_version not in (NEWEST, self.version(table)):
                    raise self._conflict(table, base_version) from e
                raise
        version = self.version(table)
        assert version is not None
        self._sum_up(table, version)
        return version

    def _sum_up(self, table: str, version: int) -> None:
        """Make a checkpoint after so many commits. The commit stands, whether or not that succeeds."""
        if version and version % COMMITS_SUMMED_UP == 0:
            with suppress(Exception):
                self.checkpoint(table)

    def checkpoint(self, table: str) -> None:
        """Sum up the log of a table, so that it is opened quickly.

        The hint that names the newest checkpoint goes: Sail 0.7.2 starts at it also for an older version, and then finds no
        commit before it. Without it every reader finds the checkpoints by listing the log.
        """
        handle = self.open(table)
        assert handle is not None
        with self._watched(table):
            handle.create_checkpoint()
        self.store.delete([f"{table}/_delta_log/{HINT}"])
