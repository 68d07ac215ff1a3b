"""A table of a few rows, published without an engine: for tests that break single requests.

Here: publishing and looking. Not here: which request breaks (the tests).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from resources.lake import Lake, Published
from resources.stage import Stage

TABLE = "base/population/person"
LOG = r"/person/_delta_log/\d+\.json$"
"""The commits of the table, not those of its stages."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """One table of one lake."""

    lake: Lake
    name: str = TABLE

    def stage(self, rows: list[Row], partition_by: tuple[str, ...] = ()) -> Stage:
        stage = self.lake.stage(self.name, "run")
        stage.write_arrow(pa.Table.from_pylist(rows).to_reader(), partition_by)
        return stage

    def publish(self, *rows: Row, **options: Any) -> Published:
        stage = self.stage(list(rows), options.get("partition_by", ()))
        return self.lake.publish(stage, base_version=self.lake.version(self.name), **options)

    @property
    def version(self) -> int | None:
        return self.lake.version(self.name)

    @property
    def rows(self) -> list[Row]:
        found = self.lake.arrow(self.name)
        return [] if found is None else sorted(found.to_pylist(), key=str)

    @property
    def objects(self) -> list[str]:
        """All that the bucket holds of the table, below its folder."""

        def below(path: str) -> list[str]:
            children = self.lake.store.children(path)
            return [x for c in children for x in (below(f"{path}/{c.name}") if c.is_folder else [f"{path}/{c.name}"])]

        return [path.removeprefix(f"{self.name}/") for path in below(self.name)]
