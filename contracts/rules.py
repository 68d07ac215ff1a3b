"""The rules a contract states at its table: over several columns of a row, and over several rows.

Here: reading them. Not here: which there are (`contracts.registry`), what they do (`quality.row_rules`, `quality.table_rules`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.kinds import Kind, of_kind
from contracts.refused import ContractError, one_of
from contracts.registry import Level, at_level


@dataclass(frozen=True)
class ContractRule:
    """One rule over several columns of a row (`quality.row_rules`) or over the rows of the table (`quality.table_rules`), with its
    options."""

    rule: str
    columns: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()

    def option(self, name: str) -> str:
        return dict(self.options)[name]


def rules(path: Path, level: Level, raw: Any, delivered: tuple[str, ...]) -> tuple[ContractRule, ...]:
    """Read the rules stated under one custom property of a table.

    Args:
        path: file of the contract, for the error.
        level: the custom property, which is also the level of its rules.
        raw: the value of the property: a list of {rule, columns, options …}, or None.
        delivered: names of the table's delivered columns.

    Raises:
        ContractError: an unknown rule or column, a wrong number of columns, a missing or unknown option.
    """
    return tuple(_rule(path, level, r, delivered) for r in of_kind(path, level, raw or [], Kind.RULES))


def _rule(path: Path, level: Level, raw: dict[str, Any], delivered: tuple[str, ...]) -> ContractRule:
    where = f"{level}, {raw.get('rule')!r}"
    known = at_level(level)
    rule, columns = (
        known[one_of(path, where, raw.get("rule"), tuple(known))],
        tuple(of_kind(path, f"{where}, columns", raw.get("columns", []), Kind.TEXTS)),
    )
    options = {k: str(v) for k, v in raw.items() if k not in ("rule", "columns")}
    for name in columns:
        one_of(path, f"{where}, columns", name, delivered)
    least, most = rule.columns
    if not least <= len(columns) <= most or set(options) != {o.name for o in rule.options}:
        wanted, count = (
            ", ".join(("rule", "columns", *(o.name for o in rule.options))),
            str(least) if least == most else f"{least} to {most}",
        )
        raise ContractError(
            path, where, f"has {len(columns)} columns and states {', '.join(sorted(raw))}", f"Give {count} columns; state {wanted}"
        )
    return ContractRule(rule.name, columns, tuple(sorted(options.items())))
