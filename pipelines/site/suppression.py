"""Leaving small counts out of a table of counts, so that nobody can recompute them from its totals.

Here: which cells are left out. Not here: which tables need it (`pipelines.site.charts`).
Source: domain rules F2: aggregates are public from 10 persons on, and where nobody contributes 85 % or more.

A cell is *small* when it counts 1 to 9, or when one row contributes 85 % or more of its sum. Leaving only small cells out would not be
enough: the total of their row or column gives them away. So further cells go with them (*secondary*). What can be recomputed then follows
from a graph: rows and columns of the table, totals included, are its nodes, and every cell left out is an edge between its row and its
column. A cell can be recomputed exactly when its edge is a bridge, lying on no cycle: along a cycle, values can be moved without any
total changing. So cells are added until no edge is a bridge; none of them counts 0, which could not be moved. And as every cell left out is
known to count at least 1, cells are added to a row or column until each of those left out of it may have at least WIDTH more values. What
still follows from several rows and columns together, because no cell can be below 1, is found by linear programming.

The totals of a table by two columns are the tables by one column, which other charts may show. They are treated first and by themselves,
and the inner cells afterwards without leaving out any further total, so that a table and its totals never answer for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

import numpy as np
from scipy.optimize import linprog

LEAST = 10
"""Persons from which on a count is public."""
DOMINANCE = 0.85
"""Share of a sum from which on one contribution gives itself away."""
WIDTH = 5
"""How far the least and the greatest value are apart that a cell left out may have, by its row or column."""
BOUNDED = 0
"""Status of a linear programme that has been solved."""
Cell = tuple[int, int]
Values = Sequence[Sequence[float]]


class Fate(StrEnum):
    """What becomes of a cell."""

    SHOWN = "shown"
    SMALL = "small"
    SECONDARY = "secondary"


@dataclass(frozen=True)
class Suppressed:
    """The fate of every cell of a table with its totals: one row more and one column more than it has. None: nothing may be shown."""

    fates: tuple[tuple[Fate, ...], ...] | None

    def fate(self, row: int, column: int) -> Fate:
        """The fate of a cell; row or column -1 is the total."""
        return Fate.SMALL if self.fates is None else self.fates[row][column]


def with_totals(values: Values) -> list[list[float]]:
    """The table with a last column and a last row of sums."""
    rows = [[*row, sum(row)] for row in values]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]]


def suppress(counts: Values, dominance: Values | None = None) -> Suppressed:
    """Decide which cells of a table are left out.

    Args:
        counts: persons by row and column, or other sums, of which those below 0 count by their size; at least one row and one column.
        dominance: of a table of sums, the largest share of one contribution by row and column, totals included.

    Returns:
        The fates, totals included. Nothing may be shown of a table whose total is small, or whose small cells nothing can hide.
    """
    full = with_totals([[abs(count) for count in row] for row in counts])
    height, width = len(full), len(full[0])
    small = {
        (r, c)
        for r, c in product(range(height), range(width))
        if 0 < full[r][c] < LEAST or (dominance is not None and full[r][c] and dominance[r][c] >= DOMINANCE)
    }
    if (height - 1, width - 1) in small:
        return Suppressed(None)
    gone = set(small)
    of_rows = [(r, width - 1) for r in range(height - 1)]
    of_columns = [(height - 1, c) for c in range(width - 1)]
    for line in (of_rows, of_columns):
        if not _hide_in_line(line, full, gone):
            return Suppressed(None)
    inner = set(product(range(height - 1), range(width - 1)))
    if height == 2 or width == 2:  # a table by one column: its cells are its totals
        line = of_rows if width == 2 else of_columns
        gone |= {(r, 0) if width == 2 else (0, c) for r, c in line if (r, c) in gone}
    elif not (_hide_in_table(full, gone, inner) and _hide_from_bounds(full, gone, inner)):
        return Suppressed(None)
    fates = tuple(
        tuple(Fate.SMALL if (r, c) in small else Fate.SECONDARY if (r, c) in gone else Fate.SHOWN for c in range(width))
        for r in range(height)
    )
    return Suppressed(fates)


def _hide_in_line(line: Sequence[Cell], full: Values, gone: set[Cell]) -> bool:
    """Leave further cells of a line out, the smallest first, until those left out hide each other. False when that cannot be reached.

    A cell of k that are left out and count s together counts 1 to s - k + 1, for all that somebody knows who sees the others and the sum.
    """
    hidden = [cell for cell in line if cell in gone]
    others = sorted((cell for cell in line if cell not in gone and full[cell[0]][cell[1]]), key=lambda cell: (full[cell[0]][cell[1]], cell))
    while hidden and (len(hidden) < 2 or sum(full[r][c] for r, c in hidden) - len(hidden) < WIDTH):
        if not others:
            return False
        hidden.append(others.pop(0))
    gone.update(hidden)
    return True


def _hide_in_table(full: Values, gone: set[Cell], inner: set[Cell]) -> bool:
    """Leave inner cells out until those left out hide each other in every row and column, and none can be recomputed from several."""
    height, width = len(full), len(full[0])
    lines = [[(r, c) for c in range(width - 1)] for r in range(height - 1) if (r, width - 1) not in gone]
    lines += [[(r, c) for r in range(height - 1)] for c in range(width - 1) if (height - 1, c) not in gone]
    while True:
        if not all(_hide_in_line(line, full, gone) for line in lines):
            return False
        bridge = min(bridges(gone), default=None)
        if bridge is None:
            return True
        path = _way_round(bridge, full, gone, inner)
        if path is None:
            return False
        gone |= path


def _hide_from_bounds(full: Values, gone: set[Cell], inner: set[Cell]) -> bool:
    """Leave inner cells out, the smallest first, until no cell left out follows from all the others being at least 1."""
    while _one_follows(full, gone):
        others = [(full[r][c], (r, c)) for r, c in inner - gone if full[r][c]]
        if not others:
            return False
        gone.add(min(others)[1])
    return True


def _one_follows(full: Values, gone: set[Cell]) -> bool:
    """Whether a cell left out can have one value only, by linear programming: its ends are whole numbers, as those of transports are."""
    cells = sorted(gone)
    at = {cell: n for n, cell in enumerate(cells)}
    equations, results = [], []
    for line in _lines(len(full), len(full[0])):
        signs = [(cell, 1 if n < len(line) - 1 else -1) for n, cell in enumerate(line)]
        if any(cell in gone for cell in line):
            row = np.zeros(len(cells))
            for cell, sign in signs:
                if cell in gone:
                    row[at[cell]] = sign
            equations.append(row)
            results.append(-sum(sign * full[cell[0]][cell[1]] for cell, sign in signs if cell not in gone))
    for cell in cells:
        wanted = np.zeros(len(cells))
        wanted[at[cell]] = 1
        least, most = (linprog(sign * wanted, A_eq=np.array(equations), b_eq=results, bounds=(1, None)) for sign in (1, -1))
        if most.status == BOUNDED and -most.fun - least.fun < 1:
            return True
    return False


def _lines(height: int, width: int) -> list[list[Cell]]:
    """The cells of every row and column; the last of each is the sum of the others."""
    return [[(r, c) for c in range(width)] for r in range(height)] + [[(r, c) for r in range(height)] for c in range(width)]


def bridges(cells: set[Cell]) -> set[Cell]:
    """The cells that can be recomputed: edges between their row and their column that lie on no cycle."""
    return {cell for cell in cells if not _connected(cell, cells - {cell})}


def _connected(cell: Cell, edges: set[Cell]) -> bool:
    """Whether edges lead from the row of a cell to its column."""
    rows, columns, todo = {cell[0]}, set[int](), [cell[0]]
    while todo:
        row = todo.pop()
        for c in {c for r, c in edges if r == row} - columns:
            columns.add(c)
            new = {r for r, other in edges if other == c} - rows
            rows |= new
            todo += new
    return cell[1] in columns


def _way_round(bridge: Cell, full: Values, gone: set[Cell], inner: set[Cell]) -> set[Cell] | None:
    """The cheapest set of further cells that closes a cycle through a bridge: with the smallest sum of what is left out. None: no way.

    Dijkstra's algorithm from the row of the bridge to its column; cells that are left out already cost nothing.
    """
    cost = {cell: 0.0 for cell in gone if cell != bridge}
    cost |= {(r, c): full[r][c] for r, c in inner - gone if full[r][c]}
    start, goal = ("row", bridge[0]), ("column", bridge[1])
    found: dict[tuple[str, int], tuple[float, tuple[Cell, ...]]] = {start: (0.0, ())}
    done: set[tuple[str, int]] = set()
    while todo := [node for node in found if node not in done]:
        node = min(todo, key=lambda n: (*found[n], n))
        done.add(node)
        spent, way = found[node]
        if node == goal:
            return set(way) - gone
        for (r, c), price in cost.items():
            here, there = (("row", r), ("column", c)) if node[0] == "row" else (("column", c), ("row", r))
            if here == node and there not in done and (there not in found or spent + price < found[there][0]):
                found[there] = (spent + price, (*way, (r, c)))
    return None
