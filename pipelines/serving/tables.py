"""The tables of one release: name, place, version, columns.

Here: which versions belong together and what analysts call the tables. Not here: queries.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts import load_all
from pipelines.control.ledger import BOOKS, Ledger, Release
from pipelines.control.maintenance import MaintenanceLog
from resources.errors import CitylakeError
from resources.lake import Lake

if TYPE_CHECKING:
    from deltalake import Schema


@dataclass(frozen=True)
class Table:
    """A table at one version."""

    name: str
    uri: str
    version: int

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.name.split("/"))

    @property
    def sql_name(self) -> str:
        return ".".join(self.parts)

    @property
    def namespace(self) -> str:
        return ".".join(self.parts[:-1])

    @property
    def title(self) -> str:
        contract = load_all().get(self.name)
        return contract.title if contract else ""


class Tables:
    """The tables of a release by their names in SQL."""

    def __init__(self, lake: Lake, tables: Collection[Table], release: int | None = None) -> None:
        self._lake = lake
        self.release = release
        self.by_name = {t.parts: t for t in sorted(tables, key=lambda t: t.parts)}

    def __iter__(self) -> Iterator[Table]:
        return iter(self.by_name.values())

    def find(self, parts: tuple[str, ...]) -> Table | None:
        return self.by_name.get(tuple(p.lower() for p in parts))

    def columns(self, table: Table) -> list[tuple[str, str, str]]:
        """Name, type and meaning of every column."""
        handle = self._lake.open(table.name, table.version)
        assert handle is not None
        contract = load_all().get(table.name)
        said = {c.name: c.title for c in contract.columns} if contract else {}
        return [(name, kind, said.get(name, "")) for name, kind in _types(handle.schema())]


def released(lake: Lake, number: int | None) -> Release:
    """One release, the newest unless told. Raises CitylakeError when there is none."""
    releases = Ledger(lake).releases()
    if not releases:
        raise CitylakeError("RELEASE", "the lake has no release yet", lake.root, "Run a night first: citylake run --as-of YYYY-MM-DD")
    if number is None:
        return releases[-1]
    if number in MaintenanceLog(lake).gone_releases():
        raise CitylakeError(
            "RELEASE_GONE", f"release {number} is no longer kept", lake.root, "See `citylake status`; keep_days says how long"
        )
    for release in releases:
        if release.number == number:
            return release
    raise CitylakeError("RELEASE", f"there is no release {number}", lake.root, "See `citylake status`")


def tables_of(lake: Lake, release: Release, only: Collection[str] = ()) -> Tables:
    """The tables of a release and the lake's own books as they are now.

    only: these tables, or all below these names, such as `themes` or `themes.health.archive`.
    """
    versions: dict[str, int] = dict(release.versions)
    for book in BOOKS:
        newest = lake.version(book)
        if newest is not None:
            versions[book] = newest
    wanted = set(versions)
    if only:
        wanted = set()
        for name in only:
            parts = name.replace(".", "/").lower()
            found = {table for table in versions if f"{table}/".startswith(f"{parts}/")}
            if not found:
                raise CitylakeError("TABLE_MISSING", f"release {release.number} has no table {name}", lake.root, "See `citylake tables`")
            wanted |= found
    return Tables(lake, [Table(name, lake.uri(name), versions[name]) for name in wanted], release.number)


def _types(schema: Schema) -> list[tuple[str, str]]:
    """The columns of a Delta schema with their types as SQL writes them."""

    def plain(kind: object) -> str:
        if isinstance(kind, str):
            return {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}.get(kind, kind)
        assert isinstance(kind, dict)
        if kind["type"] == "array":
            return f"array<{plain(kind['elementType'])}>"
        if kind["type"] == "map":
            return f"map<{plain(kind['keyType'])},{plain(kind['valueType'])}>"
        return "struct<" + ",".join(f"{f['name']}:{plain(f['type'])}" for f in kind["fields"]) + ">"

    return [(f["name"], plain(f["type"])) for f in json.loads(schema.to_json())["fields"]]
