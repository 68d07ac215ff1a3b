"""An append-only control table: reading its rows and adding to them.

Here: one read per version, appends on top of the version that was read. Not here: what the rows mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from resources.errors import CitylakeError
from resources.lake import Conflict, Lake

if TYPE_CHECKING:
    import pyarrow as pa

ATTEMPTS = 20
"""How often an append is tried while other writers commit first."""
Row = dict[str, Any]


class AppendOnlyTable:
    """A control table of the lake, read once per version: every step of a night asks for its rows, and after years they are many.

    Args:
        lake: where the table is.
        table: its name, such as `operations/ledger`.
        schema: returns the Arrow schema; called only when rows are appended.
        order: the sort key of a row.
        group: the column by which steps ask for some of the rows; None: nobody does.
    """

    def __init__(
        self, lake: Lake, table: str, schema: Callable[[], pa.Schema], order: Callable[[Row], Any], group: str | None = None
    ) -> None:
        self._lake, self._table, self._schema, self._order, self._group = lake, table, schema, order, group
        self._version: int | None = None
        self._rows: list[Row] = []
        self._groups: defaultdict[Any, list[Row]] = defaultdict(list)

    def rows(self) -> list[Row]:
        """Return all rows, sorted."""
        self._refresh()
        return list(self._rows)

    def rows_of(self, value: Any) -> list[Row]:
        """Return the rows with a value in the column of groups, sorted."""
        self._refresh()
        return list(self._groups.get(value, ()))

    def _refresh(self) -> None:
        version = self._lake.version(self._table)
        if version != self._version:
            found = self._lake.arrow(self._table, version)
            self._keep(version, [] if found is None else found.to_pylist())

    def _keep(self, version: int | None, rows: Iterable[Row]) -> None:
        """Keep all rows of a version."""
        self._version, self._rows = version, []
        self._groups.clear()
        self._append(version, rows)

    def _append(self, version: int | None, rows: Iterable[Row]) -> None:
        """Keep the rows of a version that its predecessor did not have; they are mostly the last ones by the order, too."""
        new = sorted(rows, key=self._order)
        if self._rows and new and self._order(new[0]) < self._order(self._rows[-1]):
            self._keep(version, [*self._rows, *new])
            return
        self._version = version
        self._rows += new
        for row in new if self._group else ():
            self._groups[row[self._group]].append(row)  # type: ignore[index]

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
            self._refresh()
            rows = new_rows(self._rows)
            if not rows:
                return []
            appended = pa.Table.from_pylist(rows, schema=self._schema())
            try:
                version = self._lake.append(self._table, appended, transactions, base_version=self._version)
            except Conflict:
                continue
            self._append(version, appended.to_pylist())
            return rows
        raise CitylakeError("CONTROL_TABLE_BUSY", f"other writers were first {ATTEMPTS} times", self._table, "Run the command again")
