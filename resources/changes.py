"""What a table has gained by its newest commit: rows of the files that the commit staged.

Here: which those are, from the log, and their rows. Not here: what they mean, and rows that are gone for good: a commit that took some
away does not say which, so that nothing is known of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resources.lake import STAGE
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

    None when that cannot be told: the versions are not neighbours, or the commit wrote the table anew or took keys away.
    """
    handle = lake.open(table, now)
    told = {c["version"]: c for c in lake.history(table)}.get(now, {})
    if handle is None or now != since + 1 or told.get(GONE) != "0":
        return None
    data, mine = dataset(handle), f"{told[STAGE]}/"
    return Came(data.schema, [f for f in data.get_fragments() if f.path.startswith(mine)])
