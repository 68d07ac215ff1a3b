"""Rows no lake can take in: broken lines, required values that say nothing, one key with two contents.

Here: additional rows made of good ones, so that nothing true is lost with them. Broken lines are garbled copies, the others carry
numbers of their own. Not here: which table has which (`departments`), dirt in rows that stay usable (`dirt`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from contracts.model import SourceContract
from simulator.basics import pick
from simulator.dirt import IMPOSSIBLE, Note
from simulator.world.people import draw_names

LINE = "_line"
"""Additional column: the text of a line that is delivered instead of the row's cells."""

UNREADABLE = ("上午", "2019-02-30 25:61:00", "见病历")
Maker = Callable[[SourceContract, pd.DataFrame, str, np.random.Generator], pd.DataFrame]


@dataclass(frozen=True)
class Number:
    """A key column from which further numbers can be made: no good row has a 9 at the place of the digit."""

    column: str
    digit: int

    def another(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows under numbers of their own."""
        text = rows[self.column].str
        return rows.assign(**{self.column: text[: self.digit] + "9" + text[self.digit + 1 :]})


@dataclass(frozen=True)
class Rejected:
    """Rows that cannot be taken in because of a column: code, share of the rows (at least one)."""

    code: str
    column: str
    rate: float


def _drawn(choices: tuple[str, ...]) -> Maker:
    return lambda contract, rows, column, rng: rows.assign(**{column: pick(rng, choices, len(rows))})


def _contested(contract: SourceContract, rows: pd.DataFrame, column: str, rng: np.random.Generator) -> pd.DataFrame:
    """Every row twice in the same drop, the second time with another name; nothing says which one counts."""
    names = draw_names(rng, pick(rng, ["1", "2"], len(rows)))
    return pd.concat([rows, rows.assign(**{column: names})])


def _broken_lines(contract: SourceContract, rows: pd.DataFrame, column: str, rng: np.random.Generator) -> pd.DataFrame:
    """By turns a line with one field too many, because `column` has a delimiter and no quotes, and a line cut short."""
    delimiter, names = contract.delivery.delimiter, [c.name for c in contract.delivered]
    place, lines = names.index(column), []
    for i, row in enumerate(rows[names].itertuples(index=False)):
        cells = ["" if pd.isna(v) else v.replace(delimiter, "、") for v in row]
        half = len(cells[place]) // 2
        too_long = [*cells[:place], cells[place][:half], cells[place][half:], *cells[place + 1 :]]
        lines.append(delimiter.join(too_long if i % 2 == 0 else cells[: int(rng.integers(2, len(cells) - 2))]))
    return rows.assign(**{LINE: np.array(lines, dtype=object)})


MAKERS: dict[str, Maker] = {
    "D23": _broken_lines,
    "IMPOSSIBLE": _drawn(IMPOSSIBLE),
    "UNREADABLE": _drawn(UNREADABLE),
    "UNKNOWN_CODE": _drawn(("9x",)),
    "MISSING": _drawn(("",)),
    "KEY_CONFLICT": _contested,
}


WITHOUT_NUMBER = {"D23"}
"""Codes of rows that repeat the number of the good one."""


def additional(
    contract: SourceContract, rows: pd.DataFrame, rules: tuple[Rejected, ...], number: Number | None, rng: np.random.Generator, note: Note
) -> pd.DataFrame:
    """The rows to deliver besides `rows`, with the index of the row they are made of; at least one of every kind.

    Args:
        contract: of the table.
        rows: the good ones.
        rules: what is rejected.
        number: from which the additional rows get theirs.
        rng: random stream.
        note: is told of every row as it is delivered (of a broken line: of the good one).

    Returns:
        The rows; broken lines have their text in the column LINE.
    """
    if not rules:
        return rows.iloc[:0]
    many = [max(1, round(rule.rate * len(rows))) for rule in rules]
    chosen = np.split(rng.permutation(len(rows))[: sum(many)], np.cumsum(many)[:-1])
    parts = []
    for rule, at in zip(rules, chosen, strict=True):
        base = rows.iloc[np.sort(at)]
        if number and rule.code not in WITHOUT_NUMBER:
            base = number.another(base)
        note(base, rule.column, rule.code)
        parts.append(MAKERS[rule.code](contract, base, rule.column, rng))
    return pd.concat(parts)
