"""How the rivals that are Python find the steps of a rule. Not here: the steps (`polars_rules`, `pyspark_rules`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

SAME = {"address": "text", "integer": "number", "decimal": "number"}
"""Rules that read a value as another one does."""


class ByRule:
    """A method for each rule, with what the specification says of them: rule -> steps; the last names `value`."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec

    def steps(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Callable[[Any], Any]]:
        """c: a column of `table`, as the specification says."""
        found: Sequence[Callable[[Any], Any]] = getattr(self, SAME.get(c["rule"], c["rule"]))(c, table)
        return found
