"""The change set of a commit: how many rows it inserted, changed and deleted, and which.

Here: reading it from the table's log. Inserted and changed rows are the rows of the files that the commit staged; deleted keys lie in a
stage of their own, which no version needs and maintenance removes in time. Not here: writing it (`table_writer`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resources.lake import CONTENT, STAGE
from resources.rows import dataset
from resources.stage import Stage

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from resources.lake import Lake

CHANGE_SET = "change_set"
"""Commit property with the `ChangeCounts` as JSON."""


@dataclass(frozen=True)
class ChangeCounts:
    """What a commit did to its table, in rows. whole: it overwrote the table, so nothing is known of single rows and `inserted` counts all.

    deleted_keys: the stage with the deleted keys, empty when there are none.
    """

    whole: bool
    inserted: int
    changed: int = 0
    deleted: int = 0
    deleted_keys: str = ""

    @classmethod
    def of_overwrite(cls, rows: int) -> ChangeCounts:
        return cls(True, rows)

    @classmethod
    def of_commit(cls, commit: Mapping[str, Any]) -> ChangeCounts | None:
        """What a commit of the table's history records; None when it records nothing, such as a compaction."""
        return cls(**json.loads(commit[CHANGE_SET])) if CHANGE_SET in commit else None


@dataclass(frozen=True)
class CommitChanges:
    """What one commit changed. files: of the inserted and changed rows, as they are since. deleted_keys: None when there are none. rows:
    how many rows it inserted, changed and deleted. replaces: whether it changed or deleted rows, and did not only insert some."""

    schema: pa.Schema
    files: list[pa.dataset.Fragment]
    deleted_keys: Stage | None
    rows: int
    replaces: bool

    def write(self, stage: Stage) -> None:
        """Write the inserted and changed rows to a stage."""
        import pyarrow as pa

        batches = (rows for file in self.files for rows in file.to_batches(schema=self.schema))
        stage.write_arrow(pa.RecordBatchReader.from_batches(self.schema, batches))

    def keys(self, rows: DataFrame, key: tuple[str, ...]) -> DataFrame:
        """The keys of the inserted and changed `rows` and the deleted keys, each once."""
        found = rows.select(*key)
        if self.deleted_keys is not None:
            found = found.unionByName(self.deleted_keys.frame(rows.sparkSession))
        return found.distinct()


def commit_changes(lake: Lake, table: str, since: int, now: int) -> CommitChanges | None:
    """The difference between two versions of a table, when one commit made it.

    Returns:
        None when that is not known: more than one commit lies between (apart from compactions), the commit overwrote the table, or its
        deleted keys have been removed by maintenance.
    """
    handle, newest = lake.open(table, now), lake.version(table) or 0
    commits = {c["version"]: c for c in lake.history(table, max(newest - since, 1))}
    while since + 1 < now and CONTENT in commits.get(since + 1, {}):
        since += 1
    last = commits.get(now, {})
    counts = ChangeCounts.of_commit(last)
    if handle is None or now != since + 1 or counts is None or counts.whole or CONTENT in last:
        return None
    deleted = Stage(table, f"{table}/{counts.deleted_keys}", lake.store, lake.options) if counts.deleted_keys else None
    if deleted is not None and not lake.store.has(f"{deleted.path}/_delta_log"):
        return None
    data, mine = dataset(handle), f"{last[STAGE]}/"
    return CommitChanges(data.schema, [f for f in data.get_fragments() if f.path.startswith(mine)], deleted,
                         counts.inserted + counts.changed + counts.deleted, counts.changed + counts.deleted > 0)  # fmt: skip
