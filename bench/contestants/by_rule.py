"""How the rivals that are Python find what reads a column. Not here: the reading (`polars_rules`, `pyspark_rules`, `pandas_rules`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

SAME = {"address": "text", "integer": "number", "decimal": "number"}
"""Rules that read a value as another one does."""


class ByRule:
    """A method for each rule, with what the specification says of them."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec

    def rule(self, c: dict[str, Any]) -> Callable[..., Any]:
        """The method for a column, as the specification describes it."""
        found: Callable[..., Any] = getattr(self, SAME.get(c["rule"], c["rule"]))
        return found

    def steps(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Callable[[Any], Any]]:
        """Where a rule is steps, the last of which names `value`: those for a column of `table`."""
        found: Sequence[Callable[[Any], Any]] = self.rule(c)(c, table)
        return found
