"""Which tables an installation has: those of the departments that take part, and what can be made from them.

Here: the setting `departments`, followed from the delivered tables to all others. Not here: what becomes of a table that nobody has
delivered yet (`pipelines.steps.awaited`).
"""

from __future__ import annotations

from collections.abc import Collection

from assets.declare import TableAsset, downstream, in_order, upstream
from contracts import Contract, load_all, sources
from resources.errors import CitylakeError


def contracts_of(departments: Collection[str]) -> dict[str, Contract]:
    """The contracts of an installation's tables, by name.

    A table is there when all that it needs is there, and something that it reads. What it could be made without is then there, too, and
    awaited: a table of a department that takes no part is there only where another reads it. A reference table is there where another
    reads it; one that none reads, with the theme of its name.

    Args:
        departments: those that take part, or single tables of theirs, department/table; none: all.

    Raises:
        CitylakeError: one of them delivers nothing, or is not delivered.
    """
    known = load_all()
    if not departments:
        return known
    names = {c.name: {c.domain, f"{c.domain}/{c.table}"} for c in sources(known).values()}
    if unknown := sorted(set(departments).difference(*names.values())):
        delivering = sorted({c.domain for c in sources(known).values()})
        remedy = f"Use some of: {', '.join(delivering)}; or tables of theirs, department/table"
        raise CitylakeError("SETTINGS", f"{', '.join(unknown)} delivers no table", "setting departments", remedy)
    there = {table for table, called in names.items() if called & set(departments)}
    assets = in_order()
    given = {asset.name for asset in assets if not asset.inputs}  # such as a calendar: always at hand
    for asset in assets:
        if _needs(asset) - given <= there and there & set(asset.inputs.values()):
            there.add(asset.name)
    there |= {table for name in there for table in upstream(name)}
    there |= {name for name in given if not downstream(name) and _goes_with(name, there, known)}
    return {name: contract for name, contract in known.items() if name in there}


def _goes_with(name: str, there: Collection[str], known: Collection[str]) -> bool:
    """Whether a table that none reads belongs to what is there: it goes with the theme of its name, and a calendar with any."""
    theme = f"themes/{name.split('/')[1]}/"
    return any(t.startswith(theme) for t in there) or not any(t.startswith(theme) for t in known)


def _needs(asset: TableAsset) -> set[str]:
    """The tables without which nothing can be made."""
    return {table for argument, table in asset.inputs.items() if argument not in asset.optional}
