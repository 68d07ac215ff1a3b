"""Room for the tables that are made at once: small ones side by side, a large one alone.

Here: who may begin. Not here: how many steps a run has at work (`pipelines.orchestration.executor`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from threading import Condition

from resources.turns import given_way

ROWS = 3_000_000
"""That the tables at work may read together: what one table needs of memory beyond that is not needed twice at a time."""


class Room:
    """rows_of: the number of rows of a table, asked once until the table is made again. most: rows that the tables at work may read
    together; one that reads more works alone."""

    def __init__(self, rows_of: Callable[[str], int], most: int = ROWS) -> None:
        self._rows_of, self._most = rows_of, most
        self._known: dict[str, int] = {}
        self._at_work: list[int] = []
        self._left = Condition()

    @contextmanager
    def of(self, table: str, reads: Sequence[str]) -> Iterator[None]:
        """Wait until there is room for a table that reads others, and keep it inside the block."""
        for read in reads:
            if read not in self._known:
                self._known[read] = self._rows_of(read)
        rows = sum(self._known[read] for read in reads)
        with ExitStack() as kept:
            with given_way(), self._left:
                self._left.wait_for(lambda: not self._at_work or sum(self._at_work) + rows <= self._most)
                self._at_work.append(rows)
                kept.callback(self._leave, table, rows)
            yield

    def _leave(self, table: str, rows: int) -> None:
        self._known.pop(table, None)
        with self._left:
            self._at_work.remove(rows)
            self._left.notify_all()
