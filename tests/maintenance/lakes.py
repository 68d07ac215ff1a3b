"""Lakes that are maintained: a few publishes and releases without an engine, in a folder or in a bucket.

Here: making them and looking at them. Not here: what must come of it (the tests).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pyarrow.parquet as pq

from pipelines.maintenance.maintain import Maintained, maintain
from pipelines.runtime import Runtime
from tests.faults.tables import TABLE, Table

AS_OF = date(2019, 12, 31)
LATER = timedelta(days=40)


@dataclass(frozen=True)
class Kept:
    """A city whose table `base/population/person` is published and released."""

    city: Runtime

    @property
    def table(self) -> Table:
        return Table(self.city.lake)

    def release(self, **versions: int) -> int:
        """Release the table at its newest version."""
        version = self.table.version
        assert version is not None
        return self.city.ledger.release(as_of=AS_OF, run_id=f"night-{version}", versions={TABLE: version, **versions}).number

    def maintain(self, later: timedelta = timedelta(), **options: Any) -> dict[str, Maintained]:
        """What was done to each table by a maintenance so much later."""
        return {m.table: m for m in maintain(self.city, "care", now=datetime.now(UTC) + later, **options)}

    def at(self, version: int) -> list[dict[str, Any]]:
        found = self.city.lake.arrow(TABLE, version)
        assert found is not None
        return sorted(found.to_pylist(), key=str)

    def files(self, below: str = TABLE) -> list[str]:
        return [f.path for f in self.city.lake.store.files(below)]

    def data(self) -> list[str]:
        return [f for f in self.files() if "/_delta_log/" not in f]

    def log(self) -> str:
        """All that the log says, its checkpoints and the logs of stages included."""
        said = ""
        for path in self.files():
            if "/_delta_log/" in path:
                handle, _ = self.city.lake.store.open(path)
                with handle:
                    content = handle.read()
                said += str(pq.read_table(BytesIO(content)).to_pylist()) if path.endswith(".parquet") else content.decode()
        return said
