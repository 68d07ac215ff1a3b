"""The rules a contract states at its table: over several columns of a row, and over several rows.

Here: their names, columns and options, and reading them. Not here: what they do (`quality.row_rules`, `quality.table_rules`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.refused import ContractError, one_of

ROW_RULES = {
    "swapped": (2, 2), "order": (2, 2), "past": (1, 1), "sex": (2, 2), "birth": (3, 3), "status": (2, 2), "reversal": (1, 2),
    "coordinates": (2, 2),
}  # fmt: skip
"""Rule over several columns of a row -> smallest and largest number of columns."""
TABLE_RULES = {"shared": (2, 2), "constant": (4, 12), "series": (3, 3)}
"""The same for rules over the rows of a table."""
RULE_OPTIONS = {"status": ("open", "closed"), "coordinates": ("crs",), "shared": ("most",), "series": ("every", "stuck", "spike")}


@dataclass(frozen=True)
class ContractRule:
    """One rule over several columns of a row (`quality.row_rules`) or over the rows of the table (`quality.table_rules`), with its
    options."""

    rule: str
    columns: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()

    def option(self, name: str) -> str:
        return dict(self.options)[name]


def rules(path: Path, name: str, raw: Any, known: dict[str, tuple[int, int]], names: tuple[str, ...]) -> tuple[ContractRule, ...]:
    """The rules under one custom property of a table. `names`: its delivered columns. Raises ContractError."""
    return tuple(_rule(path, f"{name}, {r.get('rule')!r}", r, known, names) for r in raw or [])


def _rule(path: Path, where: str, raw: dict[str, Any], known: dict[str, tuple[int, int]], names: tuple[str, ...]) -> ContractRule:
    rule, columns = one_of(path, where, raw.get("rule"), tuple(known)), tuple(raw.get("columns") or ())
    options, asked = {k: str(v) for k, v in raw.items() if k not in ("rule", "columns")}, RULE_OPTIONS.get(rule, ())
    for name in columns:
        one_of(path, f"{where}, columns", name, names)
    least, most = known[rule]
    if not least <= len(columns) <= most or set(options) != set(asked):
        wanted, count = ", ".join(("rule", "columns", *asked)), str(least) if least == most else f"{least} to {most}"
        raise ContractError(
            path, where, f"has {len(columns)} columns and states {', '.join(sorted(raw))}", f"Give {count} columns; state {wanted}"
        )
    return ContractRule(rule, columns, tuple(sorted(options.items())))
