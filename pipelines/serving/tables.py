"""The tables of one release: name, URI, version, columns.

Here: finding a release and its tables by their SQL names. Not here: queries.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from contracts import load_all
from pipelines.control.ledger import CONTROL_TABLES, Ledger, Release
from pipelines.control.maintenance import MaintenanceLog
from pipelines.control.remarks import Remark
from pipelines.wrong_use import WrongUse
from resources.errors import CitylakeError
from resources.lake import Lake

if TYPE_CHECKING:
    from deltalake import Schema

CLOCKS_DIFFER = timedelta(minutes=1)
"""By how much the clocks of two machines of an installation may differ; `citylake doctor` complains above."""


@dataclass(frozen=True)
class Table:
    """A table at one version. remark: what the release says of it, when it has not the whole state of the release's night."""

    name: str
    uri: str
    version: int
    remark: Remark | None = None

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
        title = contract.title if contract else ""
        return title if self.remark is None else f"{title} ({self.remark.sentence})".strip()


class Tables:
    """The tables of a release by their names in SQL."""

    def __init__(self, lake: Lake, tables: Collection[Table], release: int | None = None) -> None:
        self._lake = lake
        self.release = release
        self.by_name = {t.parts: t for t in sorted(tables, key=lambda t: t.parts)}

    def __iter__(self) -> Iterator[Table]:
        return iter(self.by_name.values())

    def find(self, parts: tuple[str, ...]) -> Table | None:
        """Look up a table by the parts of its name, in any case."""
        return self.by_name.get(tuple(p.lower() for p in parts))

    def columns(self, table: Table) -> list[tuple[str, str, str]]:
        """Return name, type and title of every column."""
        handle = self._lake.open(table.name, table.version)
        assert handle is not None
        contract = load_all().get(table.name)
        titles = {c.name: c.title for c in contract.columns} if contract else {}
        return [(name, kind, titles.get(name, "")) for name, kind in _types(handle.schema())]


def released(lake: Lake, number: int | None) -> Release:
    """Return one release, by default the newest. Raises CitylakeError when it does not exist (WrongUse) or is no longer kept."""
    releases = Ledger(lake).releases()
    if not releases:
        raise CitylakeError("RELEASE", "the lake has no release yet", lake.root, "Run a night first: citylake run --as-of YYYY-MM-DD")
    if number is None:
        return releases[-1]
    if number in MaintenanceLog(lake).gone_releases():
        raise CitylakeError(
            "RELEASE_GONE",
            f"release {number} is no longer kept",
            lake.root,
            "Choose a release that `citylake status` shows as kept; the setting keep_days says how long they are kept",
        )
    for release in releases:
        if release.number == number:
            return release
    raise WrongUse("RELEASE", f"there is no release {number}", lake.root, "List the releases with `citylake status`")


def made_anew(history: Iterable[Mapping[str, Any]], version: int, release: Release) -> bool:
    """Whether a version of a table is younger than the release that names it: the table's folder was removed and its numbers began again.

    history: of the table, as `Lake.history` returns it. A version whose commit is no longer in the log is taken for the one released.
    """
    latest = (release.released_at + CLOCKS_DIFFER).timestamp() * 1000
    return any(commit["version"] == version and commit["timestamp"] > latest for commit in history)


def refuse_made_anew(lake: Lake, release: Release, table: str) -> None:
    """Refuse a table of a release whose rows are no longer those that were released. Raises CitylakeError."""
    if table in release.versions and made_anew(lake.history(table), release.versions[table], release):
        raise CitylakeError(
            "TABLE_MADE_ANEW",
            f"release {release.number} no longer has {table}: the table was removed and rebuilt after it",
            lake.root,
            "Restore the table's folder from a backup to read that release, or read a later one",
        )


def tables_of(lake: Lake, release: Release, only: Collection[str] = ()) -> Tables:
    """Return the tables of a release, and the control tables at their newest versions.

    Args:
        lake: the lake.
        release: which versions.
        only: these tables, or all below these names, such as `themes` or `themes.health.archive`; default all.

    Raises:
        WrongUse: a name of `only` has no table in the release.
    """
    versions: dict[str, int] = dict(release.versions)
    for table in CONTROL_TABLES:
        newest = lake.version(table)
        if newest is not None:
            versions[table] = newest
    wanted = set(versions)
    if only:
        wanted = set()
        for name in only:
            parts = name.replace(".", "/").lower()
            found = {table for table in versions if f"{table}/".startswith(f"{parts}/")}
            if not found:
                raise WrongUse(
                    "TABLE_MISSING", f"release {release.number} has no table {name}", lake.root, "List the tables with `citylake tables`"
                )
            wanted |= found
    return Tables(lake, [Table(name, lake.uri(name), versions[name], release.remarks.get(name)) for name in wanted], release.number)


def _types(schema: Schema) -> list[tuple[str, str]]:
    """Return the columns of a Delta schema with their SQL types."""

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
