"""The lake: Delta tables by name. Stage, then publish in one commit; the only place that commits to a table.

Here: where a table is, its versions, staging beside it, publishing a stage, reading a version.
Not here: what a table means, whether it may be published (`quality`), which engine writes a stage (`engine`).

A stage is a Delta table of its own inside the target's folder, `<table>/stage-<run>/`. Publishing copies nothing:
one commit adds the staged files to the target by their path and removes those they replace. Readers see the old
version or the new one; a crash leaves an unreferenced stage behind, which maintenance removes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from resources.errors import CitylakeError

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake import Schema as DeltaSchema
    from pyspark.sql import DataFrame, SparkSession


class Conflict(CitylakeError):
    """Somebody else published to the table since this run read it."""


@dataclass(frozen=True)
class Stage:
    """Candidate rows of one table, written but seen by nobody."""

    table: str
    folder: Path

    @property
    def uri(self) -> str:
        return str(self.folder)

    def write(self, frame: DataFrame, partition_by: Iterable[str] = ()) -> None:
        """Write a DataFrame with the engine."""
        frame.write.format("delta").partitionBy(*partition_by).save(self.uri)

    def write_arrow(self, reader: pa.RecordBatchReader, partition_by: Iterable[str] = ()) -> None:
        """Stream Arrow record batches without an engine."""
        from deltalake import write_deltalake

        write_deltalake(self.uri, reader, partition_by=list(partition_by) or None)

    def frame(self, spark: SparkSession) -> DataFrame:
        """Exactly the staged rows."""
        return spark.read.format("delta").load(self.uri)

    def rows(self) -> int:
        """The number of staged rows, from the files' own metadata."""
        import pyarrow as pa
        from deltalake import DeltaTable

        return sum(pa.table(DeltaTable(self.uri).get_add_actions(flatten=True))["num_records"].to_pylist())

    def discard(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Published:
    table: str
    version: int
    rows: int


class Lake:
    """All tables below one root. `raw_from`: another lake to read raw tables from (a rebuild into an empty lake)."""

    def __init__(self, root: str, raw_from: Lake | None = None) -> None:
        self.root = root
        self._raw_from = raw_from

    def path(self, table: str) -> Path:
        if self._raw_from and table.startswith("raw/"):
            return self._raw_from.path(table)
        return Path(self.root) / table

    def open(self, table: str, version: int | None = None) -> DeltaTable | None:
        """A delta-rs handle at a version (default: newest), None when the table is not there yet."""
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        try:
            return DeltaTable(str(self.path(table)), version=version)
        except TableNotFoundError:
            return None

    def version(self, table: str) -> int | None:
        handle = self.open(table)
        return None if handle is None else handle.version()

    def note(self, table: str, name: str) -> str | None:
        """What the commit of the newest version says under a name of its metadata."""
        handle = self.open(table)
        history = handle.history(1) if handle is not None else []
        return history[0].get(name) if history else None

    def tables(self) -> list[str]:
        """The names of all published tables."""
        root = Path(self.root)
        return sorted(log.parent.relative_to(root).as_posix() for log in root.glob("*/*/*/_delta_log")) + sorted(
            log.parent.relative_to(root).as_posix() for log in root.glob("operations/*/_delta_log")
        )

    def read(self, spark: SparkSession, table: str, version: int | None = None) -> DataFrame:
        """A published table as a DataFrame, at its newest version unless told. Raises CitylakeError when it is not there."""
        if self.open(table, version) is None:
            raise CitylakeError("TABLE_MISSING", f"table {table} has never been published", self.root, "Run the assets that make it first")
        reader = spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(str(self.path(table)))

    def arrow(self, table: str, version: int | None = None, columns: list[str] | None = None) -> pa.Table | None:
        """A small table as Arrow without an engine, None when it is not there yet."""
        handle = self.open(table, version)
        return None if handle is None else handle.to_pyarrow_table(columns=columns)

    def partitions(self, table: str) -> list[dict[str, str]]:
        """The partitions of a table, from its log alone."""
        handle = self.open(table)
        return [] if handle is None else handle.partitions()

    def stage(self, table: str, run_id: str) -> Stage:
        """An empty stage for one attempt of a run: another attempt must not touch what this one has published."""
        return Stage(table, self.path(table) / f"stage-{run_id}-{token_hex(4)}")

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
        from deltalake import CommitProperties, DeltaTable, Transaction
        from deltalake.exceptions import CommitFailedError, DeltaError
        from deltalake.transaction import create_table_with_add_actions

        staged = DeltaTable(stage.uri)
        actions, rows = _add_actions(staged, stage.folder.name, statistics, hidden or {})
        schema = _nullable(staged.schema(), without=frozenset(hidden or {}))
        commit = CommitProperties(
            custom_metadata=dict(metadata or {}),
            app_transactions=[Transaction(app, version) for app, version in (transactions or {}).items()],
            max_commit_retries=0,
        )
        uri = str(self.path(stage.table))
        try:
            if base_version is None:
                create_table_with_add_actions(uri, schema, actions, mode="error", partition_by=list(partition_by), commit_properties=commit)
            else:
                handle = DeltaTable(uri, version=base_version)
                new = [f for f in schema.fields if f.name not in {g.name for g in handle.schema().fields}]
                if new:
                    _add_columns(handle, new, newest=self.version(stage.table))
                handle.create_write_transaction(
                    actions,
                    mode=mode,
                    schema=schema,
                    partition_by=list(partition_by),
                    partition_filters=replace_partitions,
                    commit_properties=commit,
                )
        except (CommitFailedError, DeltaError, FileExistsError) as e:
            raise Conflict(
                "PUBLISH_CONFLICT",
                f"table {stage.table} was published by somebody else since version {base_version}",
                uri,
                "Run the asset again: it will start from the new version",
            ) from e
        _tidy(stage, {a.path for a in actions})
        version = self.version(stage.table)
        assert version is not None
        return Published(stage.table, version, rows)

    def append(self, table: str, rows: pa.Table, transactions: Mapping[str, int] | None = None) -> int:
        """Append a few rows to a bookkeeping table of the lake itself (ledger, releases). Returns the version."""
        from deltalake import CommitProperties, Transaction, write_deltalake

        commit = CommitProperties(app_transactions=[Transaction(a, v) for a, v in (transactions or {}).items()])
        write_deltalake(str(self.path(table)), rows, mode="append", schema_mode="merge", commit_properties=commit)
        version = self.version(table)
        assert version is not None
        return version


def _add_columns(handle: DeltaTable, columns: list[Any], newest: int | None) -> None:
    """Add columns in a commit of their own, without rows. That commit alone would let other publishers past, so they are looked for."""
    from deltalake.exceptions import CommitFailedError

    read = handle.version()
    if newest == read:
        handle.alter.add_columns(columns)
    if newest != read or handle.version() != read + 1:
        raise CommitFailedError(f"version {read} has moved on")


def _add_actions(staged: DeltaTable, folder: str, statistics: bool, hidden: Mapping[str, str | None]) -> tuple[list[Any], int]:
    """The stage's files as actions on the target, with minimum and maximum only where permitted; and their rows."""
    import pyarrow as pa
    from deltalake.transaction import AddAction

    actions, total = [], 0
    for file in pa.table(staged.get_add_actions(flatten=False)).to_pylist():
        stats = {"numRecords": file["num_records"], "nullCount": file.get("null_count") or {}}
        if statistics:
            stats |= {name: {c: _plain(v) for c, v in file[key].items()} for name, key in (("minValues", "min"), ("maxValues", "max"))}
        partition = {c: None if v is None else str(_plain(v)) for c, v in (file.get("partition") or {}).items()}
        if any(value is not None and partition[c] != value for c, value in hidden.items()):
            continue
        partition = {c: v for c, v in partition.items() if c not in hidden}
        actions.append(
            AddAction(f"{folder}/{file['path']}", file["size_bytes"], partition, file["modification_time"], True, json.dumps(stats))
        )
        total += file["num_records"]
    return actions, total


def _tidy(stage: Stage, published: set[str]) -> None:
    """Leave of a published stage only the files the table now refers to: not its log, nor rows that were not published."""
    shutil.rmtree(stage.folder / "_delta_log", ignore_errors=True)
    for file in [
        f for f in stage.folder.rglob("*.parquet") if f"{stage.folder.name}/{f.relative_to(stage.folder).as_posix()}" not in published
    ]:
        file.unlink()


def _plain(value: Any) -> Any:
    """A statistic as the Delta protocol writes it in JSON."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + ("Z" if value.tzinfo else "")
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def _nullable(schema: DeltaSchema, without: frozenset[str]) -> DeltaSchema:
    """The schema less some columns, with every field nullable: what an engine calls never null differs from night to night."""
    from deltalake import Schema

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(x) for x in node]
        if isinstance(node, dict):
            flags = {"nullable", "containsNull", "valueContainsNull"}
            return {k: True if k in flags else walk(v) for k, v in node.items()}
        return node

    opened = walk(json.loads(schema.to_json()))
    opened["fields"] = [f for f in opened["fields"] if f["name"] not in without]
    return Schema.from_json(json.dumps(opened))
