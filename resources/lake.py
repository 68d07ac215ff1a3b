"""The lake: Delta tables by name. Stage, then publish in one commit; the only place that commits to a table.

Here: where a table is, its versions, staging beside it, publishing a stage, reading a version.
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
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from resources.commit import add_actions, commit, nullable
from resources.errors import CitylakeError, LakeUnreachable
from resources.s3 import S3
from resources.stage import Stage
from resources.store import is_bucket, store_at

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from pyspark.sql import DataFrame, SparkSession


STAGE = "stage"
"""Under this name a commit says which attempt made it."""
CONTENT = "content_of"
"""Under this name a commit that only wrote rows anew, such as a compaction, says which version they are of."""
OF_DELTA = {"timestamp", "operation", "operationParameters", "operationMetrics", "engineInfo", "clientVersion", "version", "readVersion"}
"""What delta-rs tells of a commit beside what its publisher told it."""
TRANSFER = re.compile(r"Generic S3 error|fs\.s3a\.|software\.amazon\.awssdk")
"""How delta-rs and Sail, and how Spark name a request to the store that failed for good."""


class Conflict(CitylakeError):
    """Somebody else published to the table since this run read it."""


@dataclass(frozen=True)
class Published:
    table: str
    version: int
    rows: int


class Lake:
    """All tables below one root, a folder or s3://bucket/prefix. `raw_from`: another lake to read raw tables from (a
    rebuild into an empty lake)."""

    def __init__(self, root: str, s3: S3 | None = None, raw_from: Lake | None = None) -> None:
        self.root, self._s3 = root, s3
        self.store = store_at(root, s3, LakeUnreachable)
        self.options = (s3 or S3()).delta_options() if is_bucket(root) else None
        self._raw_from = raw_from

    def beside(self) -> Lake:
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
            with self._watched():
                return DeltaTable(self.uri(table), version=version, storage_options=self.options)
        except TableNotFoundError:
            return None

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """A library's failure on the store in clear words."""
        from deltalake.exceptions import TableNotFoundError

        try:
            yield
        except (CitylakeError, TableNotFoundError):
            raise
        except Exception as e:
            if (fault := self.fault(e)) is not None:
                raise fault from e
            raise

    def fault(self, error: Exception) -> LakeUnreachable | None:
        """What the store has to do with the failure of a library or an engine; None: nothing. The store itself has the clearest words."""
        try:
            self.store.check()
        except LakeUnreachable as e:
            return e
        if TRANSFER.search(str(error)):
            return LakeUnreachable("STORE", "a transfer from or to the store broke off", self.root, "Run it again")
        return None

    def version(self, table: str) -> int | None:
        handle = self.open(table)
        return None if handle is None else handle.version()

    def notes(self, table: str) -> dict[str, Any]:
        """What the commit of the newest version says; empty when the table is not there yet."""
        return next(iter(self._history(table, 1)), {})

    def content(self, table: str) -> int | None:
        """The version whose rows the newest one has: itself, or that which maintenance wrote anew. None when there is no table."""
        notes = self.notes(table)
        return int(notes.get(CONTENT, notes["version"])) if notes else None

    def _history(self, table: str, newest: int) -> list[dict[str, Any]]:
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
        """A published table as a DataFrame, at its newest version unless told. Raises CitylakeError when it is not there."""
        if self.open(table, version) is None:
            raise CitylakeError("TABLE_MISSING", f"table {table} has never been published", self.root, "Run the assets that make it first")
        reader = spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(self.uri(table))

    def arrow(self, table: str, version: int | None = None, columns: list[str] | None = None) -> pa.Table | None:
        """A small table as Arrow without an engine, None when it is not there yet."""
        handle = self.open(table, version)
        with self._watched():
            return None if handle is None else handle.to_pyarrow_table(columns=columns)

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
        hidden: Mapping[str, str | None] | None = None,
    ) -> Published:
        """Make a stage visible in one commit.

        base_version: the version the run has read, None when there was no table; a table that has moved on since is refused.
        mode: "overwrite" (all, or the partitions of `replace_partitions`) or "append".
        transactions: application ids recorded with the commit, such as the batches folded in.
        statistics: whether minimum and maximum of the columns may stand in the log; never with personal columns. All or
        none: delta-rs takes a column without them, beside columns with them, for one that no filter can match.
        hidden: partition columns that only the stage has; a value other than None says which of its rows to publish.
        Raises Conflict when somebody published in between.
        """
        from deltalake import CommitProperties, Transaction
        from deltalake.exceptions import CommitFailedError, DeltaError

        staged = stage.open()
        actions, rows = add_actions(staged, stage.name, statistics, hidden or {})
        schema = nullable(staged.schema(), without=frozenset(hidden or {}))
        properties = CommitProperties(
            custom_metadata={**(metadata or {}), STAGE: stage.name},
            app_transactions=[Transaction(app, version) for app, version in (transactions or {}).items()],
            max_commit_retries=0,
        )
        try:
            with self._watched():
                version = commit(
                    self.uri(stage.table), base_version, actions, schema, mode=mode, partition_by=list(partition_by),
                    replace_partitions=replace_partitions, properties=properties, options=self.options,
                    newest=lambda: self.version(stage.table),
                )  # fmt: skip
        except Exception as e:
            if (landed := self._landed(stage.table, base_version, stage.name)) is None:
                if not isinstance(e, CommitFailedError | DeltaError | FileExistsError):
                    raise
                raise Conflict(
                    "PUBLISH_CONFLICT",
                    f"table {stage.table} was published by somebody else since version {base_version}",
                    self.uri(stage.table),
                    "Run the asset again: it will start from the new version",
                ) from e
            version = landed
        with suppress(LakeUnreachable):  # what is left of the stage is seen by nobody
            self.store.remove(stage.path, keep={f"{stage.table}/{a.path}" for a in actions})
        return Published(stage.table, version, rows)

    def _landed(self, table: str, base_version: int | None, token: str) -> int | None:
        """The version of a commit that seemed to fail and is there after all: the store took it and its answer was lost."""
        newest = self.version(table)
        since = 0 if newest is None else newest - (-1 if base_version is None else base_version)
        commits = self._history(table, since) if since > 0 else []
        return next((int(commit["version"]) for commit in commits if commit.get(STAGE) == token), None)

    def append(self, table: str, rows: pa.Table, transactions: Mapping[str, int] | None = None) -> int:
        """Append a few rows to a bookkeeping table of the lake itself (ledger, releases), once. Returns the version.

        The commit carries a transaction of its own: when its answer is lost and it is sent again, the second is refused.
        """
        from deltalake import CommitProperties, Transaction, write_deltalake

        token, before = token_hex(8), self.version(table)
        once = {**(transactions or {}), f"append:{token}": 1}
        commit = CommitProperties(custom_metadata={STAGE: token}, app_transactions=[Transaction(a, v) for a, v in once.items()])
        try:
            with self._watched():
                write_deltalake(
                    self.uri(table), rows, mode="append", schema_mode="merge", commit_properties=commit, storage_options=self.options
                )
        except Exception:
            if self._landed(table, before, token) is None:
                raise
        version = self.version(table)
        assert version is not None
        return version
