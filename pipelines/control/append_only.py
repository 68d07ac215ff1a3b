"""An append-only control table: reading its rows and adding to them.

Here: one read per version, appends on top of the version that was read. Not here: what the rows mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from resources.errors import CitylakeError
from resources.lake import Conflict, Lake

if TYPE_CHECKING:
    import pyarrow as pa

ATTEMPTS = 20
"""How often an append is tried while other writers commit first."""
Row = dict[str, Any]


class AppendOnlyTable:
    """A control table of the lake, cached per version.

    Args:
        lake: where the table is.
        table: its name, such as `operations/ledger`.
        schema: returns the Arrow schema; called only when rows are appended.
        order: the sort key of a row.
    """

    def __init__(self, lake: Lake, table: str, schema: Callable[[], pa.Schema], order: Callable[[Row], Any]) -> None:
        self._lake, self._table, self._schema, self._order = lake, table, schema, order
        self._read: tuple[int | None, list[Row]] = (None, [])
        """The version that was read last, and its rows: every step of a night asks for them."""

    def rows(self) -> list[Row]:
        """Return all rows, sorted."""
        version = self._lake.version(self._table)
        if version != self._read[0]:
            found = self._lake.arrow(self._table, version)
            self._read = (version, [] if found is None else self._sorted(found.to_pylist()))
        return list(self._read[1])

    def add(self, new_rows: Callable[[list[Row]], list[Row]], transactions: Mapping[str, int] | None = None) -> list[Row]:
        """Append rows; compute them again from the newer version when another writer has committed meanwhile.

        Args:
            new_rows: known rows -> rows to append; it may be called several times. No rows, no commit.
            transactions: Delta transaction identifiers of the commit, which make it idempotent.

        Returns:
            The rows that were appended.

        Raises:
            CitylakeError: another writer was first at each of ATTEMPTS attempts.
        """
        import pyarrow as pa

        for _ in range(ATTEMPTS):
            known = self.rows()
            rows = new_rows(known)
            if not rows:
                return []
            appended = pa.Table.from_pylist(rows, schema=self._schema())
            try:
                version = self._lake.append(self._table, appended, transactions, base_version=self._read[0])
            except Conflict:
                continue
            self._read = (version, self._sorted([*known, *appended.to_pylist()]))
            return rows
        raise CitylakeError("CONTROL_TABLE_BUSY", f"other writers were first {ATTEMPTS} times", self._table, "Run the command again")

    def _sorted(self, rows: list[Row]) -> list[Row]:
        return sorted(rows, key=self._order)
