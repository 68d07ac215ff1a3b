"""Explain the rules that hit a record, out of its rows on the work list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from assets.explain import Section
from assets.rules.table import RuleTable

T = TypeVar("T")


def hits(work: Iterable[dict[str, Any]], table: RuleTable[T]) -> list[dict[str, Any]]:
    """The rules that hit a record, by id: rule, means, action, automatic, evidence."""
    meanings = {name: f"{rule.meaning} ({rule.title})" for name, rule in table.rules.items()}
    said = ("action", "automatic", "evidence")
    return [
        {"rule": w["rule"], "means": meanings.get(w["rule"], "")} | {name: w[name] for name in said}
        for w in sorted(work, key=lambda w: str(w["rule"]))
    ]


def section(hit: dict[str, Any]) -> Section:
    """One rule that hits, with its evidence to file and line."""
    decision = "automatic" if hit["automatic"] else "a person decides"
    return Section(
        f"{hit['rule']}: {hit['means']} → {hit['action']}, {decision}",
        ("evidence", "from", "file", "line"),
        [(e["fact"], e["source_table"], e["_source_file"], str(e["_row_no"])) for e in hit["evidence"]],
    )
