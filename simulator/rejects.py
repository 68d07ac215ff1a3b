"""Rows no lake can take in: broken lines, required values that say nothing, one key with two contents.

Here: additional rows made of good ones, so that nothing true is lost with them; rates.yaml, `rejected`, says how many. Broken
lines are garbled copies, the others carry numbers of their own. Not here: dirt in rows that stay usable (dirt.py).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from contracts.model import SourceContract
from simulator.basics import pick, rates, stream
from simulator.dirt import IMPOSSIBLE, Dirt, keys
from simulator.drops import LINE
from simulator.people import draw_names

UNREADABLE = ("上午", "2019-02-30 25:61:00", "见病历")
FREE_DIGIT = {  # column that gets a new number -> place of the digit that becomes 9; no good row has a 9 there
    "exam_no": 2,
    "fu_no": 2,
    "visit_no": 2,
    "card_no": 4,
    "cremation_no": 6,
    "licence_no": 7,
}

Maker = Callable[[SourceContract, pd.DataFrame, str, np.random.Generator], pd.DataFrame]


def _renumbered(contract: SourceContract, rows: pd.DataFrame) -> pd.DataFrame:
    column = next(c for c in contract.key if c in FREE_DIGIT)
    place = FREE_DIGIT[column]
    return rows.assign(**{column: rows[column].str[:place] + "9" + rows[column].str[place + 1 :]})


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


def additional(contract: SourceContract, rows: pd.DataFrame, dirt: Dirt, seed: int) -> pd.DataFrame:
    """The rows to deliver besides `rows`, with the index of the row they are made of; at least one of every kind.

    Broken lines have their text in the column `drops.LINE`. `dirt` notes the number of every row as it is delivered (of a
    broken line the number of the good one).
    """
    table = f"{contract.domain}/{contract.table}"
    rules = rates()["rejected"].get(table, [])
    if not rules:
        return rows.iloc[:0]
    rng = stream(seed, f"rejected {table}")
    many = [max(1, round(rule["rate"] * len(rows))) for rule in rules]
    chosen = np.split(rng.permutation(len(rows))[: sum(many)], np.cumsum(many)[:-1])
    parts = []
    for rule, at in zip(rules, chosen, strict=True):
        base = rows.iloc[np.sort(at)]
        if rule["code"] != "D23":
            base = _renumbered(contract, base)
        dirt.note(table, keys(base, contract.key), rule["column"], rule["code"])
        parts.append(MAKERS[rule["code"]](contract, base, rule["column"], rng))
    return pd.concat(parts)
