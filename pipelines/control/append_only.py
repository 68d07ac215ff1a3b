"""One table of the lake's own: its rows, and adding to them.

Here: reading it once for every version, appending behind the version that was read. Not here: what stands in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from resources.errors import CitylakeError
from resources.lake import Conflict, Lake

if TYPE_CHECKING:
    import pyarrow as pa

ATTEMPTS = 20
"""To write to a table of the lake's own between two others who do."""
Row = dict[str, Any]


class AppendOnlyTable:
    """schema: made when it is first needed; order: what its rows are sorted by."""

    def __init__(self, lake: Lake, table: str, schema: Callable[[], pa.Schema], order: Callable[[Row], Any]) -> None:
        self._lake, self._table, self._schema, self._order = lake, table, schema, order
        self._read: tuple[int | None, list[Row]] = (None, [])
        """The version that was read last, and its rows: a night asks for them at every table."""

    def rows(self) -> list[Row]:
        """All rows, in their order."""
        version = self._lake.version(self._table)
        if version != self._read[0]:
            found = self._lake.arrow(self._table, version)
            self._read = (version, [] if found is None else self._sorted(found.to_pylist()))
        return list(self._read[1])

    def add(self, made: Callable[[list[Row]], list[Row]], transactions: Mapping[str, int] | None = None) -> list[Row]:
        """Append the rows that `made` makes behind those that are there; again when somebody else has written meanwhile.

        transactions: what the commit is known by, so that it is made once. Returns what was appended: nothing when it makes none.
        Raises CitylakeError when others are first each time.
        """
        import pyarrow as pa

        for _ in range(ATTEMPTS):
            known = self.rows()
            rows = made(known)
            if not rows:
                return []
            appended = pa.Table.from_pylist(rows, schema=self._schema())
            try:
                version = self._lake.append(self._table, appended, transactions, base_version=self._read[0])
            except Conflict:
                continue
            self._read = (version, self._sorted([*known, *appended.to_pylist()]))
            return rows
        raise CitylakeError("BOOKS", f"others were first to write to {self._table} {ATTEMPTS} times", self._table, "Run it again")

    def _sorted(self, rows: list[Row]) -> list[Row]:
        return sorted(rows, key=self._order)
