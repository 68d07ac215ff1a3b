"""The sites that were made `operations/site`: of which release, and the root of each seal.

Here: this table; a folder whose manifest was forged has a root that is not in it. Not here: sealing (`pipelines.site.seal`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING

from pipelines.control.append_only import AppendOnlyTable, Row
from pipelines.control.ledger import SITE
from resources.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa


class Sites:
    """Reads and appends `operations/site`."""

    def __init__(self, lake: Lake) -> None:
        self._table = AppendOnlyTable(lake, SITE, _schema, itemgetter("recorded_at"))

    def record(self, release: int, root: str, files: int, size: int) -> None:
        """Record a site, once.

        Args:
            release: the number of the release.
            root: of its seal.
            files: how many it has.
            size: bytes.
        """
        row = {"release": release, "root": root, "files": files, "bytes": size, "recorded_at": datetime.now(UTC)}
        self._table.add(lambda known: [] if any(_same(k, row) for k in known) else [row])

    def recorded(self, release: int, root: str) -> bool:
        """Whether a site of a release was made with this root."""
        return any(_same(row, {"release": release, "root": root}) for row in self._table.rows())


def _same(one: Row, other: Row) -> bool:
    return all(one[name] == other[name] for name in ("release", "root"))


def _schema() -> pa.Schema:
    import pyarrow as pa

    whole = pa.int64()
    return pa.schema(
        [("release", whole), ("root", pa.string()), ("files", whole), ("bytes", whole), ("recorded_at", pa.timestamp("us", tz="UTC"))]
    )
