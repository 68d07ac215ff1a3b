"""Small counts: no cell that is left out of a table can be recomputed from what is shown of it."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from pipelines.site.suppression import LEAST, WIDTH, Fate, Suppressed, suppress, with_totals

COUNTS = st.one_of(st.integers(0, 12), st.integers(0, 12), st.integers(10, 400))
TABLES = st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(COUNTS, min_size=width, max_size=width), min_size=1, max_size=5))


def possible(counts: list[list[int]], found: Suppressed, cell: tuple[int, int]) -> tuple[float, float]:
    """The least and the greatest value a hidden cell may have, for somebody who sees the rest and knows that 0 is shown."""
    full = np.array(with_totals(counts))
    height, width = full.shape
    at = {cell: n for n, cell in enumerate(product(range(height), range(width)))}
    equations, results = [], []
    for line in ([[(r, c) for c in range(width)] for r in range(height)], [[(r, c) for r in range(height)] for c in range(width)]):
        for cells in line:  # the last cell of every line is the sum of the others
            row = np.zeros(len(at))
            for each in cells[:-1]:
                row[at[each]] = 1
            row[at[cells[-1]]] = -1
            equations.append(row)
            results.append(0)
    bounds = [(None, None)] * len(at)
    for (r, c), n in at.items():
        bounds[n] = (full[r, c], full[r, c]) if found.fate(r, c) is Fate.SHOWN else (1, None)
    wanted = np.zeros(len(at))
    wanted[at[cell]] = 1
    least, most = (linprog(sign * wanted, A_eq=np.array(equations), b_eq=results, bounds=bounds) for sign in (1, -1))
    return least.fun, (-most.fun if most.status == 0 else np.inf)


@settings(max_examples=50, deadline=None)
@given(TABLES)
@example([[0, 0, 1, 0], [0, 0, 10, 1]])  # the two 1s add up to 2
def test_nothing_that_is_left_out_can_be_recomputed(counts: list[list[int]]) -> None:
    found = suppress(counts)
    if found.fates is None:
        return
    full = with_totals(counts)
    for r, c in product(range(len(full)), range(len(full[0]))):
        if 0 < full[r][c] < LEAST:
            assert found.fate(r, c) is Fate.SMALL
        if found.fate(r, c) is not Fate.SHOWN:
            least, most = possible(counts, found, (r, c))
            assert most - least >= 1, f"cell {r, c} of {counts} can be recomputed"


@settings(max_examples=50, deadline=None)
@given(TABLES)
def test_a_table_and_its_totals_do_not_answer_for_each_other(counts: list[list[int]]) -> None:
    """Charts by one column show the totals of a chart by two."""
    both, rows = suppress(counts), suppress([[sum(row)] for row in counts])
    if both.fates is None or rows.fates is None:
        return
    assert [both.fate(r, -1) for r in range(len(counts))] == [rows.fate(r, -1) for r in range(len(counts))]


@settings(max_examples=50, deadline=None)
@given(st.lists(COUNTS, min_size=1, max_size=12))
def test_of_a_table_by_one_column_nobody_comes_near_a_count(counts: list[int]) -> None:
    found = suppress([[n] for n in counts])
    for r in range(len(counts)):
        if found.fates is not None and found.fate(r, 0) is not Fate.SHOWN:
            least, most = possible([[n] for n in counts], found, (r, 0))
            assert most - least >= WIDTH


def test_a_second_cell_goes_with_a_small_one() -> None:
    found = suppress([[3, 40], [20, 50]])
    assert [[found.fate(r, c).value for c in (0, 1)] for r in (0, 1)] == [["small", "secondary"], ["secondary", "secondary"]]
    assert found.fate(-1, -1) is Fate.SHOWN
    one = suppress([[3], [40], [20], [0]])
    assert [one.fate(r, 0).value for r in range(4)] == ["small", "shown", "secondary", "shown"]


def test_what_nothing_can_hide_is_not_shown() -> None:
    assert suppress([[4]]).fates is None, "a total that is small"
    assert suppress([[4], [0]]).fates is None, "nothing but zeros to hide it behind"
    assert suppress([[1] for _ in range(10)]).fates is None, "ten cells that add up to ten"


def test_one_contribution_that_dominates_is_left_out() -> None:
    shares = [[0.9, 0.2, 0.5], [0.1, 0.1, 0.1], [0.3, 0.1, 0.1]]
    assert suppress([[100, 200], [300, 400]], shares).fate(0, 0) is Fate.SMALL
    assert suppress([[100, 200], [300, 400]]).fate(0, 0) is Fate.SHOWN


def test_sums_below_zero_count_by_their_size() -> None:
    """As what passengers wait in excess, where buses come more evenly than planned: it is no small count, and hides as another does."""
    assert suppress([[-80_000], [120_000], [0]]).fates == suppress([[80_000], [120_000], [0]]).fates
    assert suppress([[-80_000], [120_000], [3]]).fate(2, 0) is Fate.SMALL
    assert suppress([[-80_000], [-400]]).fate(0, 0) is Fate.SHOWN
