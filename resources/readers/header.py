"""Matching the column names of a delivery with the contract: by name, in any order, nothing missing.

Here: the rule for headers, keys of JSON records and columns of exchange tables, and the differences column by column.
Not here: finding the header in a file; what happens to a delivery that differs (`pipelines.steps.ingest`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from contracts.model import Contract, Field
from resources.errors import DeliveryRejected

SHOWN = 10
"""Most names listed in a message, each cut at 40 characters."""
RENAMED_RATIO = 0.6
"""Least similarity (difflib ratio) at which an unknown column is taken for a missing one renamed."""
NEW = "+"
"""Prefix of the delivered name of a column that the contract does not know and accepts."""


@dataclass(frozen=True)
class Difference:
    """One column in which a delivery is not what its contract says.

    what: missing, new, renamed?, twice, type, or the field of the manifest. column: its name in the contract, empty when it
    has none. agreed and delivered: the names, or the agreed and the delivered type. remedy: what to write into the contract,
    or to request.
    """

    what: str
    column: str = ""
    agreed: str = ""
    delivered: str = ""
    remedy: str = ""


class ContractDiffers(DeliveryRejected):
    """The delivery is readable, but not what the contract describes: an agreed change, or a mistake."""

    def __init__(self, code: str, what: str, where: str, remedy: str, differences: Sequence[Difference] = ()) -> None:
        super().__init__(code, what, where, remedy)
        self.differences = tuple(differences)


DECORATION = re.compile(r"[\s*\u200b-\u200f\ufeff]|[(\[【](?:必填|选填|必须|非必填)项?[)\]】]")
"""What forms add to the name of a column: an asterisk, a word that it is required, line breaks and blanks."""


def plain(name: str) -> str:
    """A column name without the decoration of a form, in half-width characters."""
    return DECORATION.sub("", unicodedata.normalize("NFKC", name))


def as_agreed(names: Sequence[str], contract: Contract) -> list[str]:
    """The delivered names, a decorated one (`*姓 名（必填）`) as the contract writes it when only one column can be meant."""
    agreed = known(contract)
    by_plain: dict[str, set[str]] = {}
    for name in agreed:
        by_plain.setdefault(plain(name), set()).add(name)
    found = []
    for name in names:
        meant = {name} if name in agreed else by_plain.get(plain(name), set())
        found.append(next(iter(meant)) if len(meant) == 1 else name)
    return found


def of_rows(rows: Sequence[Sequence[str]]) -> list[str]:
    """The names of a header of several rows: `户籍地址/省` for a group and a column below it.

    A group stands over the columns to its right without a text of their own; a name that spans the rows has nothing below it.
    """
    names = [""] * max(map(len, rows))
    for position, row in enumerate(rows):
        group = ""
        for i, cell in enumerate([*row, *[""] * (len(names) - len(row))]):
            below = any(i < len(later) and later[i] for later in rows[position + 1 :])
            group = (cell or group) if below else ""
            names[i] = "/".join(filter(None, (names[i], cell or group)))
    return names


def known(contract: Contract) -> dict[str, str]:
    """Delivered name or alias -> column name."""
    return {alias: c.name for c in contract.delivered for alias in (c.source or c.name, *c.aliases)}


def hits(names: Sequence[str], contract: Contract) -> float:
    """The share of the contract's columns found among `names`."""
    lookup = known(contract)
    return len({lookup[n] for n in as_agreed(names, contract) if n in lookup}) / len(contract.delivered)


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(repr(n[:40]) for n in list(names)[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"


def reject(what: str, where: str, differences: Sequence[Difference] = ()) -> ContractDiffers:
    remedy = "Deliver the columns of the contract, or change the contract first"
    return ContractDiffers("DELIVERY_HEADER", what, where, remedy, differences)


def no_header(where: str, count: str = "") -> ContractDiffers:
    """The first row is none of column names. A file in another encoding than agreed looks so, too. count: how many of its cells are."""
    remedy = "Export again with the column names of the contract in the first row, in the agreed encoding"
    return ContractDiffers("DELIVERY_HEADER", f"the first row is no header{count}", where, remedy)


def match(names: Sequence[str], contract: Contract, where: str, partial: bool = False) -> list[str]:
    """The contract column of each delivered name. A new column that the contract accepts keeps its name behind `NEW`.

    The decoration of forms is ignored (`as_agreed`). `partial` allows columns to be missing. Names that nobody contracted are
    shown only when at least half of the header is known: otherwise it is not a header but perhaps a row of data.

    Raises ContractDiffers (DELIVERY_HEADER) for missing and repeated columns, and for new ones unless they are accepted.
    """
    lookup, names = known(contract), as_agreed(names, contract)
    found = [lookup.get(n, NEW + n) for n in names]
    unknown = list(dict.fromkeys(n for n in names if n not in lookup))
    if unknown and 2 * sum(n in lookup for n in names) < len(names):
        raise no_header(where, f": {sum(n in lookup for n in names)} of {len(names)} cells are column names")
    accepted = contract.delivery is not None and contract.delivery.new_columns == "accept"
    absent = [c for c in contract.delivered if c.name not in found]
    problems = {
        "unknown columns": [] if accepted else unknown,
        "columns given twice": [c.removeprefix(NEW) for c in dict.fromkeys(found) if found.count(c) > 1],
        "missing columns": [] if partial else [c.source or c.name for c in absent],
    }
    listed = [f"{problem} {_listed(columns)}" for problem, columns in problems.items() if columns]
    if listed:
        renamed = _renamed(absent, unknown, names, contract)
        raise reject("; ".join(listed), where, _differences(problems, renamed, contract))
    return found


def new_columns(matched: Sequence[str]) -> list[str]:
    """Those of `match`'s names that the contract does not know, as they are delivered."""
    return [name.removeprefix(NEW) for name in matched if name.startswith(NEW)]


def _renamed(absent: Sequence[Field], unknown: Sequence[str], names: Sequence[str], contract: Contract) -> dict[str, Field]:
    """New name -> the missing column it probably renames: the most similar one, else the one at its position in the contract."""
    left = list(absent)
    pairs: dict[str, Field] = {}
    candidates = sorted(((_similarity(n, c), n, c) for n in unknown for c in left), key=lambda x: (-x[0], x[1], x[2].name))
    for similarity, name, column in candidates:
        if similarity >= RENAMED_RATIO and name not in pairs and column in left:
            pairs[name] = column
            left.remove(column)
    if len(names) == len(contract.delivered):
        for name, column in zip(names, contract.delivered, strict=True):
            if name in unknown and name not in pairs and column in left:
                pairs[name] = column
                left.remove(column)
    return pairs


def _similarity(name: str, column: Field) -> float:
    return max(SequenceMatcher(None, name, agreed, autojunk=False).ratio() for agreed in (column.source or column.name, *column.aliases))


def _differences(problems: dict[str, list[str]], renamed: dict[str, Field], contract: Contract) -> list[Difference]:
    """The problems of a header column by column; a missing column paired with a new one is a renaming."""
    there = {c.source or c.name: c for c in contract.delivered}
    pairs = {n: c for n, c in renamed.items() if n in problems["unknown columns"] or (c.source or c.name) in problems["missing columns"]}
    return [
        *(
            Difference("renamed?", c.name, c.source or c.name, n[:40], f"column {c.name}: {{aliases: [{n[:40]}]}}")
            for n, c in pairs.items()
        ),
        *(
            Difference("missing", there[n].name, n, "", "deliver it, or take it out of the contract")
            for n in problems["missing columns"]
            if there[n] not in pairs.values()
        ),
        *(
            Difference("new", "", "", n[:40], "delivery: {new_columns: accept}, or add it as a column")
            for n in problems["unknown columns"]
            if n not in pairs
        ),
        *(Difference("twice", n, n, n[:40], "deliver it once") for n in problems["columns given twice"]),
    ]
