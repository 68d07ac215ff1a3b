"""What many pages say alike, as data that each of them loads: the menu, the names of tables, the deliveries behind each, the lineage.

Here: the values of `data/site.js` and `data/lineage.js`; tables and columns are numbers in them. Not here: putting them into a page
(`static/shared.js`), where they come from (`catalogue`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assets.texts import Text
from pipelines.site.catalogue import TableFacts
from pipelines.site.reading import Reading
from pipelines.site.render import named, pair


def site_facts(reading: Reading, tables: Sequence[TableFacts], menu: Iterable[tuple[str, Text]]) -> dict[str, Any]:
    """Return what every page refers to.

    Args:
        reading: the release.
        tables: of the catalogue.
        menu: file and title of the pages in it.

    Returns:
        menu: file, title in both languages. tables: name, then Chinese and English title of those with a page. deliveries: by table, the
        numbers of the delivered tables that it follows from.
    """
    numbers = _numbers(tables)
    titled = {t.contract.name: pair(named(t.contract)) for t in tables}
    return {
        "menu": [[path, pair(title)] for path, title in menu],
        "tables": [[name, *titled.get(name, ())] for name in numbers],
        "deliveries": [[numbers[d.name] for d in reading.delivered(t.contract.name)] for t in tables],
    }


def lineage(tables: Sequence[TableFacts]) -> dict[str, Any]:
    """Return from which tables and columns every table and column is made.

    Returns:
        names: of columns. made: by table, the numbers of those it is made from. from: by table, a line for each column with an origin: its
        number, then table, column, table, column …
    """
    numbers = _numbers(tables)
    columns = {c.field.name for t in tables for c in t.columns} | {name for t in tables for c in t.columns for _, name in c.up}
    names = {name: i for i, name in enumerate(sorted(columns))}
    return {
        "names": list(names),
        "made": [[numbers[name] for name in t.made_from] for t in tables],
        "from": [
            [[names[c.field.name], *(n for table, name in c.up for n in (numbers[table], names[name]))] for c in t.columns if c.up]
            for t in tables
        ],
    }


def _numbers(tables: Sequence[TableFacts]) -> Mapping[str, int]:
    """Table -> its number: those of the catalogue, then those that only lineage names, such as raw ones."""
    own = [t.contract.name for t in tables]
    others = {name for t in tables for name in (*t.made_from, *(table for c in t.columns for table, _ in c.up))}
    return {name: i for i, name in enumerate((*own, *sorted(others - set(own))))}
