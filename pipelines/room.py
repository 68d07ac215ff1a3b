"""Room for the tables that are made at once: small ones side by side, a large one alone.

Here: who may begin. Not here: how many steps a run has at work (`pipelines.orchestration.executor`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from resources.turns import given_way

ROWS = 3_000_000
"""That the tables at work may read together: what one table needs of memory beyond that is not needed twice at a time."""


class Room:
    """rows: that the tables at work may read together. A table that reads more works alone."""

    def __init__(self, rows: int = ROWS) -> None:
        self._rows = rows
        self._at_work: list[int] = []
        self._left = Condition()

    @contextmanager
    def of(self, rows: int) -> Iterator[None]:
        """Wait until there is room for a table that reads so many rows, and keep it inside the block."""
        with given_way(), self._left:
            self._left.wait_for(lambda: not self._at_work or sum(self._at_work) + rows <= self._rows)
            self._at_work.append(rows)
        try:
            yield
        finally:
            with self._left:
                self._at_work.remove(rows)
                self._left.notify_all()
