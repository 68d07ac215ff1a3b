"""Matching the column names of a delivery with the contract: by name, in any order, nothing missing, nothing extra.

Here: the one rule for headers, keys of JSON records and columns of exchange tables. Not here: finding the header
in a file.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from contracts.loader import Contract
from resources.errors import DeliveryRejected

SHOWN = 10
"""At most so many names are listed in a message, each cut at 40 characters."""


def known(contract: Contract) -> dict[str, str]:
    """Delivered name or alias -> column name."""
    return {alias: c.name for c in contract.delivered for alias in (c.source or c.name, *c.aliases)}


def hits(names: Sequence[str], contract: Contract) -> float:
    """The share of the contract's columns found among `names`."""
    lookup = known(contract)
    return len({lookup[n] for n in names if n in lookup}) / len(contract.delivered)


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(repr(n[:40]) for n in list(names)[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"


def reject(what: str, where: str) -> DeliveryRejected:
    return DeliveryRejected("DELIVERY_HEADER", what, where, "Deliver the columns of the contract, or change the contract first")


def match(names: Sequence[str], contract: Contract, where: str, partial: bool = False) -> list[str]:
    """The contract column of each delivered name.

    `partial` allows columns to be missing. Names that nobody contracted are shown only when at least half of the
    header is known: otherwise it is not a header but perhaps a row of data.

    Raises DeliveryRejected (DELIVERY_HEADER) for missing, unknown and repeated columns.
    """
    lookup = known(contract)
    found = [lookup[n] for n in names if n in lookup]
    unknown = list(dict.fromkeys(n for n in names if n not in lookup))
    if unknown and 2 * len(found) < len(names):
        raise reject(f"the first row is no header: {len(found)} of {len(names)} cells are column names", where)
    problems = {
        "unknown columns": unknown,
        "columns given twice": [c for c in dict.fromkeys(found) if found.count(c) > 1],
        "missing columns": [] if partial else [c.source or c.name for c in contract.delivered if c.name not in found],
    }
    told = [f"{problem} {_listed(columns)}" for problem, columns in problems.items() if columns]
    if told:
        raise reject("; ".join(told), where)
    return found
