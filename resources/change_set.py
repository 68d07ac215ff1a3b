"""What has become of a table by its newest commit: the rows of the files that it staged, and the keys that it took away.

Here: which those are, from the log. Not here: what they mean. The keys that are gone lie in a stage of their own, which no version needs
and maintenance removes in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resources.lake import CONTENT, STAGE
from resources.rows import dataset
from resources.stage import Stage

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from resources.lake import Lake

GONE = "gone"
"""Under this name a commit that changes some rows says which stage has the keys that it took away for good; nothing: none."""


@dataclass(frozen=True)
class CommitChanges:
    """The rows of some files of a table: those that are new or changed. gone: a stage with the keys that are no more."""

    schema: pa.Schema
    files: list[pa.dataset.Fragment]
    gone: Stage | None

    def write(self, stage: Stage) -> None:
        import pyarrow as pa

        batches = (rows for file in self.files for rows in file.to_batches(schema=self.schema))
        stage.write_arrow(pa.RecordBatchReader.from_batches(self.schema, batches))


def commit_changes(lake: Lake, table: str, since: int, now: int) -> CommitChanges | None:
    """The rows that are in a version of a table and were not, or not as they are, in an earlier one.

    None when that cannot be told: more than one commit lies between, but for those that only wrote rows anew, or the commit wrote the
    table as a whole, or the keys that it took away are forgotten.
    """
    handle, newest = lake.open(table, now), lake.version(table) or 0
    told = {c["version"]: c for c in lake.history(table, max(newest - since, 1))}
    while since + 1 < now and CONTENT in told.get(since + 1, {}):
        since += 1
    last = told.get(now, {})
    if handle is None or now != since + 1 or GONE not in last or CONTENT in last:
        return None
    gone = Stage(table, f"{table}/{last[GONE]}", lake.store, lake.options) if last[GONE] else None
    if gone is not None and not lake.store.has(f"{gone.path}/_delta_log"):
        return None
    data, mine = dataset(handle), f"{last[STAGE]}/"
    return CommitChanges(data.schema, [f for f in data.get_fragments() if f.path.startswith(mine)], gone)


def record_deleted_keys(lake: Lake, table: str, run_id: str, keys: DataFrame) -> dict[str, str]:
    """What the commit has to say of the keys that it takes away."""
    stage = lake.stage(table, run_id)
    stage.write(keys)
    if stage.rows():
        return {GONE: stage.name}
    stage.discard()
    return {GONE: ""}
