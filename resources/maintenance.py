"""Maintenance of one Delta table and its folder: compaction, checkpoints, removal of files no version needs.

Here: the candidates of each operation as lists, and the operations. Knows no domain. Not here: which tables, which versions are
promised to readers (`pipelines.maintenance.maintain`).

A compaction is a publish like every other: the rows are staged and replace the files they were read from in one commit,
refused when another writer has published meanwhile. It repeats the metadata of the commit before it and names the version of its rows.
Files are removed only when they are listed before the log is read, are older than the retention, and no version needs
them that is promised or was the newest at any time since.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from resources.change_set import CHANGE_SET
from resources.commit import nullable
from resources.errors import CitylakeError
from resources.lake import COMMITS_SUMMED_UP, CONTENT, OF_DELTA, RETAINED, STAGE, Conflict, Lake
from resources.rows import dataset
from resources.store import StoredFile
from resources.table_writer import Partitions, TableWriter

if TYPE_CHECKING:
    from deltalake import DeltaTable

MANY_FILES = 8
"""Up to this many small files per partition, a compaction does not pay."""
SMALL_BYTES = 16 << 20
"""Files of a partition count as small when their average size is below this."""
MANY_COMMITS = COMMITS_SUMMED_UP
"""Commits after a checkpoint before the next one is due; Sail takes more memory to read a checkpoint (docs/engines.md)."""
LEFTOVERS = (".beside", ".doctor-")
"""Name prefixes of the folders that an interrupted rebuild or doctor leaves in the root of the lake."""
READERS = 8
LOG_FILE = re.compile(r"(\d{20})\.(json|checkpoint.*\.parquet)")


@dataclass(frozen=True)
class Scattered:
    """Partitions of a table at a version that consist of many small files. where: partition filters, None for the whole table."""

    table: str
    version: int
    where: list[tuple[str, str, list[str]]] | None
    partitions: int
    files: int
    rows: int


def scattered(lake: Lake, table: str) -> Scattered | None:
    """The partitions that a compaction would merge, None when none qualifies."""
    handle = _opened(lake, table)
    files = _files(handle)
    parts = [tuple(str(v) for v in (f.get("partition") or {}).values()) for f in files]
    count, size = Counter(parts), Counter[tuple[str, ...]]()
    for part, file in zip(parts, files, strict=True):
        size[part] += file["size_bytes"]
    many = {p for p, n in count.items() if n > MANY_FILES and size[p] / n < SMALL_BYTES}
    if not many:
        return None
    columns = handle.metadata().partition_columns
    chosen = [{p[i] for p in many} for i in range(len(columns))]
    replaced = [f for p, f in zip(parts, files, strict=True) if all(v in allowed for v, allowed in zip(p, chosen, strict=True))]
    where = [(c, "in", sorted(values)) for c, values in zip(columns, chosen, strict=True)]
    return Scattered(table, handle.version(), where or None, len(many), len(replaced), sum(f["num_records"] for f in replaced))


def worked_on(lake: Lake, table: str, runs: Collection[str]) -> bool:
    """Whether one of these runs has staged rows for the table: maintenance must not conflict with what it publishes next."""
    return bool(runs) and any(c.name.startswith(_stages(runs)) for c in lake.store.children(table))


def compact(lake: Lake, plan: Scattered, run_id: str, *, statistics: bool) -> int:
    """Rewrite the rows of the planned partitions into as few files as possible.

    Args:
        lake: the lake that holds the table.
        plan: what `scattered` found.
        run_id: id of the current run, part of the stage's name.
        statistics: whether the table is published with column statistics.

    Returns:
        The number of files written.

    Raises:
        Conflict: another writer has published since the plan was made.
        CitylakeError: COMPACT, the rewritten rows are not those of the table; nothing is published.
    """
    handle = _opened(lake, plan.table, plan.version)
    columns = handle.metadata().partition_columns
    writer = TableWriter(lake, plan.table, plan.version, run_id)
    candidate = writer.replace_partitions(dataset(handle, plan.where).scanner().to_reader(), Partitions(columns, plan.where))
    try:
        staged = candidate.stage.open()
        if candidate.staged_rows != plan.rows or _types(staged) != _types(handle):
            raise CitylakeError(
                "COMPACT", f"the rewritten rows of {plan.table} differ from the published ones", candidate.uri,
                "Nothing was changed; report it",
            )  # fmt: skip
        writer.publish(candidate, metadata={CONTENT: str(plan.version), **_commit_metadata(handle)}, statistics=statistics)
    except BaseException:
        candidate.stage.discard()
        raise
    return len(_files(staged))


def drop(lake: Lake, table: str, where: list[tuple[str, str, list[str]]], run_id: str) -> None:
    """Remove partitions from a table in one commit, which repeats the metadata of the commit before it.

    Args:
        lake: the lake that holds the table.
        table: name of the table.
        where: partition filters, as delta-rs takes them.
        run_id: id of the current run, part of the stage's name.

    Raises:
        Conflict: another writer has published meanwhile.
        CitylakeError: TABLE_MISSING.
    """
    import pyarrow as pa

    handle = _opened(lake, table)
    columns = handle.metadata().partition_columns
    writer, nothing = TableWriter(lake, table, handle.version(), run_id), pa.RecordBatchReader.from_batches(dataset(handle).schema, [])
    candidate = writer.replace_partitions(nothing, Partitions(columns, where))
    try:
        writer.publish(candidate, metadata=_commit_metadata(handle, CONTENT, CHANGE_SET))
    except Conflict:
        candidate.stage.discard()
        raise


def checkpoint(lake: Lake, table: str) -> bool:
    """Write a checkpoint when MANY_COMMITS commits follow the last one. Returns whether one was written."""
    last = max(_checkpoints(c.name for c in lake.store.children(f"{table}/_delta_log")), default=0)
    if _opened(lake, table).version() - last < MANY_COMMITS:
        return False
    lake.checkpoint(table)
    return True


def unneeded(lake: Lake, table: str, kept: Collection[int], since: datetime, alive: Collection[str]) -> list[StoredFile]:
    """Files below the table's folder that no retained version needs, including log files before the oldest retained version.

    Args:
        lake: the lake that holds the table.
        table: name of the table.
        kept: versions promised to readers, in addition to those that were the newest at any time after `since`.
        since: start of the retention; younger files are not listed.
        alive: ids of active runs, whose stages are left out whatever their age.

    Returns:
        The files, by path.

    Raises:
        CitylakeError: TABLE_MISSING.
    """
    below = lake.store.files(table)  # before the log is read: what is published meanwhile is then in the log
    log, working = f"{table}/_delta_log/", tuple(f"{table}/{name}" for name in _stages(alive))
    newest = _opened(lake, table)
    numbered = {f.path: int(m[1]) for f in below if f.path.startswith(log) and (m := LOG_FILE.fullmatch(f.path.removeprefix(log)))}
    later = [numbered[f.path] for f in below if f.path in numbered and f.path.endswith(".json") and f.modified >= since]
    first = min(later, default=max(numbered.values(), default=-1) + 1)
    oldest = max(first - 1, 0)
    named = _paths(newest) | _removed(lake, log, range(first, newest.version() + 1))
    for version in sorted(v for v in set(kept) if v < oldest):
        named |= _paths(_opened(lake, table, version))
    needed = {f"{table}/{path}" for path in named}
    data = [
        f for f in below
        if not f.path.startswith(log) and f.path not in needed and f.modified < since and not f.path.startswith(working)
    ]  # fmt: skip
    summed_up = max((v for v in _checkpoints(path.removeprefix(log) for path in numbered) if v <= min([oldest, *kept])), default=0)
    return data + [f for f in below if numbered.get(f.path, summed_up) < summed_up]


def leftovers(lake: Lake, since: datetime) -> list[StoredFile]:
    """Files of interrupted rebuilds and doctors in which nothing was written after `since`."""
    found: list[StoredFile] = []
    for folder in (c.name for c in lake.store.children("") if c.is_folder and c.name.startswith(LEFTOVERS)):
        files = lake.store.files(folder)
        if all(f.modified < since for f in files):
            found += files
    return found


def _stages(runs: Collection[str]) -> tuple[str, ...]:
    """The name prefixes of the stages of these runs."""
    return tuple(f"stage-{run_id}-" for run_id in runs)


def _opened(lake: Lake, table: str, version: int | None = None) -> DeltaTable:
    handle = lake.open(table, version)
    if handle is None:
        raise CitylakeError("TABLE_MISSING", f"table {table} has never been published", lake.root, "See `citylake tables`")
    return handle


def _commit_metadata(handle: DeltaTable, *without: str) -> dict[str, str]:
    """The metadata of this version's commit that later commits repeat."""
    return {name: value for name, value in handle.history(1)[0].items() if name not in {*OF_DELTA, STAGE, RETAINED, *without}}


def _files(handle: DeltaTable) -> list[dict[str, Any]]:
    import pyarrow as pa

    return pa.table(handle.get_add_actions(flatten=False)).to_pylist()


def _types(handle: DeltaTable) -> dict[str, Any]:
    return {f.name: f.type for f in nullable(handle.schema()).fields}


def _paths(handle: DeltaTable) -> set[str]:
    return {name for f in _files(handle) for name in (f["path"], unquote(f["path"]))}


def _removed(lake: Lake, log: str, versions: range) -> set[str]:
    """Paths of the files that these commits removed from the table."""

    def of(version: int) -> set[str]:
        handle, _ = lake.store.open(f"{log}{version:020}.json")
        with handle:
            actions = [json.loads(line) for line in handle]
        return {name for a in actions if "remove" in a for name in (a["remove"]["path"], unquote(a["remove"]["path"]))}

    with ThreadPoolExecutor(READERS) as threads:
        return set().union(*threads.map(of, versions))


def _checkpoints(names: Any) -> list[int]:
    """The versions of the checkpoints among the files of a log."""
    return [int(m[1]) for name in names if (m := LOG_FILE.fullmatch(name)) and m[2].startswith("checkpoint")]
