"""What a table has gained by its newest commit: rows of the files that the commit staged.

Here: which those are, from the log, and their rows. Not here: what they mean, and rows that are gone for good: a commit that took some
away does not say which, so that nothing is known of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resources.lake import CONTENT, STAGE
from resources.rows import dataset

if TYPE_CHECKING:
    import pyarrow as pa

    from resources.lake import Lake
    from resources.stage import Stage

GONE = "gone"
"""Under this name a commit that changes some rows says how many keys it took away for good."""


@dataclass(frozen=True)
class Came:
    """The rows of some files of a table."""

    schema: pa.Schema
    files: list[pa.dataset.Fragment]

    def write(self, stage: Stage) -> None:
        import pyarrow as pa

        batches = (rows for file in self.files for rows in file.to_batches(schema=self.schema))
        stage.write_arrow(pa.RecordBatchReader.from_batches(self.schema, batches))


def came(lake: Lake, table: str, since: int, now: int) -> Came | None:
    """The rows that are in a version of a table and were not, or not as they are, in an earlier one.

    None when that cannot be told: more than one commit lies between, but for those that only wrote rows anew, or the commit wrote the
    table as a whole or took keys away.
    """
    handle = lake.open(table, now)
    told = {c["version"]: c for c in lake.history(table)}
    while since + 1 < now and CONTENT in told.get(since + 1, {}):
        since += 1
    last = told.get(now, {})
    if handle is None or now != since + 1 or last.get(GONE) != "0" or CONTENT in last:
        return None
    data, mine = dataset(handle), f"{last[STAGE]}/"
    return Came(data.schema, [f for f in data.get_fragments() if f.path.startswith(mine)])
