"""One commit of delta-rs that makes staged files part of a table.

Here: a stage's files as actions, the schema they are committed with, the commit itself. Not here: when that may be done
and what follows (`lake`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from resources.seal import SEAL

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties
    from deltalake import Schema as DeltaSchema
    from deltalake.transaction import RemoveAction

    from resources.stage import Stage


@dataclass(frozen=True)
class RetainedRows:
    """The rows of the base version that a commit keeps while it replaces some of their files.

    stage: the rows that stay of the replaced `files` (path -> bytes), None when none does. rows: all rows that the table keeps, in
    these files and in the others.
    """

    stage: Stage | None
    files: dict[str, int]
    rows: int

    def removals(self) -> list[RemoveAction]:
        """The actions that remove the replaced files from the table."""
        from deltalake.transaction import RemoveAction

        now = int(datetime.now(UTC).timestamp() * 1000)
        return [RemoveAction(path, True, now, size, {}) for path, size in self.files.items()]


def commit(
    uri: str,
    base_version: int | None,
    actions: list[Any],
    schema: DeltaSchema,
    *,
    mode: str,
    partition_by: list[str],
    replace_partitions: list[tuple[str, str, Any]] | None,
    properties: CommitProperties,
    options: dict[str, str] | None,
    newest: Callable[[], int | None],
) -> int:
    """Commit staged files on top of a version. Returns the version it became: the one after the base, or after the new columns.

    newest: asks for the table's newest version. Raises delta-rs's errors, CommitFailedError when the table has moved on.
    """
    from deltalake import DeltaTable
    from deltalake.transaction import create_table_with_add_actions

    if base_version is None:
        create_table_with_add_actions(
            uri, schema, actions, mode="error", partition_by=partition_by, commit_properties=properties, storage_options=options
        )
        return 0
    handle = DeltaTable(uri, version=base_version, storage_options=options)
    new = [f for f in schema.fields if f.name not in {g.name for g in handle.schema().fields}]
    if new:
        _add_columns(handle, new, newest=newest())
    handle.create_write_transaction(
        actions, mode=mode, schema=schema, partition_by=partition_by, partition_filters=replace_partitions, commit_properties=properties,
        post_commithook_properties=alone(),
    )  # fmt: skip
    return base_version + (2 if new else 1)


def alone() -> PostCommitHookProperties:
    """A commit that is nothing but the commit: delta-rs sums the log up in a way that Sail cannot read older versions behind."""
    from deltalake import PostCommitHookProperties

    return PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


def _add_columns(handle: DeltaTable, columns: list[Any], newest: int | None) -> None:
    """Add columns in a commit of their own, without rows. That commit alone would let other publishers past, so they are looked for."""
    from deltalake.exceptions import CommitFailedError

    read = handle.version()
    if newest == read:
        handle.alter.add_columns(columns, post_commithook_properties=alone())
    if newest != read or handle.version() != read + 1:
        raise CommitFailedError(f"version {read} has moved on")


def add_actions(
    staged: DeltaTable,
    folder: str,
    statistics: bool,
    given: Mapping[str, str],
    seal: Callable[[str, Mapping[str, str | None]], str] | None,
) -> tuple[list[Any], int]:
    """The stage's files as actions on the target, with minimum and maximum only where permitted; and their rows.

    given: the partition of all of them, which the stage does not tell.
    seal: of a path and its partition; it is stored with the statistics. None: on a store that looks after its own objects.
    """
    import pyarrow as pa
    from deltalake.transaction import AddAction

    actions, total = [], 0
    for file in pa.table(staged.get_add_actions(flatten=False)).to_pylist():
        stats = {"numRecords": file["num_records"], "nullCount": _counted(file.get("null_count") or {})}
        if statistics:
            stats |= {name: {c: _plain(v) for c, v in file[key].items()} for name, key in (("minValues", "min"), ("maxValues", "max"))}
        partition = {c: None if v is None else str(_plain(v)) for c, v in (file.get("partition") or {}).items()}
        partition |= given
        path = f"{folder}/{file['path']}"
        if seal is not None:
            stats[SEAL] = seal(path, partition)
        actions.append(AddAction(path, file["size_bytes"], partition, file["modification_time"], True, json.dumps(stats)))
        total += file["num_records"]
    return actions, total


def _counted(counts: Mapping[str, Any]) -> dict[str, Any]:
    """The counts that are known: delta-rs counts none in lists, and Sail reads no log that says so by a null."""
    known = {c: _counted(n) if isinstance(n, Mapping) else n for c, n in counts.items()}
    return {c: n for c, n in known.items() if n is not None}


def _plain(value: Any) -> Any:
    """A statistic as the Delta protocol writes it in JSON."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + ("Z" if value.tzinfo else "")
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def nullable(schema: DeltaSchema, added: Iterable[str] = ()) -> DeltaSchema:
    """The schema, more some columns of text, with every field nullable: what an engine calls never null differs from night to night."""
    from deltalake import Schema

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(x) for x in node]
        if isinstance(node, dict):
            flags = {"nullable", "containsNull", "valueContainsNull"}
            return {k: True if k in flags else walk(v) for k, v in node.items()}
        return node

    opened = walk(json.loads(schema.to_json()))
    opened["fields"] += [{"name": name, "type": "string", "nullable": True, "metadata": {}} for name in added]
    return Schema.from_json(json.dumps(opened))
