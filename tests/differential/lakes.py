"""Two lakes held against each other row by row, without an engine."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import pyarrow as pa

from resources.lake import Lake

OF_EACH_RUN = {"operations/notice", "operations/profile", "operations/site"}
"""Rows for every run, also for one that failed: what was told, and what it cost, is not what became of the deliveries."""
TOLERANCE = 1e-9
"""Relative; sums of floats come in another order on another engine."""
OF_THE_RUN = {"run_id", "seconds", "recorded_at", "released_at", "told_at", "version", "versions"}
"""Columns of the lake's own books that no two runs share."""


def rows(lake: Lake, table: str) -> list[tuple[Any, ...]]:
    """All rows in an order that follows from their values alone."""
    found = lake.arrow(table)
    assert found is not None, f"{lake.root} has no {table}"
    books = table.startswith("operations/")
    names = sorted(n for n in found.column_names if not (books and n in OF_THE_RUN))
    records = [tuple(_plain(r[n]) for n in names) for r in _without_run_ids(found, books).to_pylist()]
    return sorted(records, key=lambda r: [(str(type(v)), str(v)) for v in r if not isinstance(v, float)])


def _without_run_ids(found: pa.Table, books: bool) -> pa.Table:
    """A derived table's account is named by its run."""
    if not books or "kind" not in found.column_names:
        return found
    batch = [None if kind == "derived" else b for kind, b in zip(found["kind"].to_pylist(), found["batch_id"].to_pylist(), strict=True)]
    return found.set_column(found.column_names.index("batch_id"), "batch_id", pa.array(batch, pa.string()))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_plain(v) for v in value)
    if isinstance(value, dict):
        return tuple((k, _plain(v)) for k, v in sorted(value.items()))
    return value


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def differences(one: Lake, other: Lake, only: Collection[str] = ()) -> dict[str, str]:
    """Table -> the first thing that differs; empty when the lakes hold the same. only: these tables, default all."""
    found = {}
    mine_there, others_there = ([t for t in lake.tables() if t not in OF_EACH_RUN and (not only or t in only)] for lake in (one, other))
    if mine_there != others_there:
        return {"tables": str(set(mine_there) ^ set(others_there))}
    for table in mine_there:
        left, right = one.arrow(table), other.arrow(table)
        assert left is not None
        assert right is not None
        if _types(left) != _types(right):
            found[table] = f"types: {set(_types(left).items()) ^ set(_types(right).items())}"
            continue
        mine, others = rows(one, table), rows(other, table)
        if len(mine) != len(others):
            found[table] = f"{len(mine)} rows, {len(others)} rows"
            continue
        names = sorted(left.column_names)
        different = [(a, b) for a, b in zip(mine, others, strict=True) if not same(a, b)]
        if different:
            cells = [(n, x, y) for n, x, y in zip(names, *different[0], strict=False) if not same(x, y)]
            found[table] = f"{len(different)} rows, the first: {cells}"
    return found


def _types(table: pa.Table) -> dict[str, str]:
    return {f.name: str(f.type) for f in table.schema}
