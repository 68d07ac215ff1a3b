"""`citylake explain`: why a record is as it is, with rules, evidence, files and lines.

Here: asking every declared explanation, showing the answers. Not here: the explanations, which are declared with the assets they
are about (`assets.explain`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rich.markup import escape

from assets.explain import Explanation, explainers
from pipelines.cli.screen import console, print_json, show_table
from pipelines.control.ledger import CONTROL_TABLES, Ledger, Release
from pipelines.control.maintenance import MaintenanceLog
from pipelines.serving.tables import refuse_made_anew, released
from resources.errors import CitylakeError
from resources.lake import Lake
from resources.rows import dataset
from resources.settings import Settings

LOOKED_BACK = 10
"""Releases in which a record is looked for that is there no more."""


def show_explanation(settings: Settings, identifier: str, release: int | None = None, *, as_json: bool) -> int:
    """Explain the records of an identifier.

    Args:
        settings: of the installation.
        identifier: such as an archive number or a person_uid.
        release: read every table as of this release; default the newest versions.
        as_json: print JSON.

    Returns:
        Exit code 0.

    Raises:
        CitylakeError: no explanation knows the identifier.
        WrongUse: there is no such release.
    """
    lake = Lake(settings.lake, settings.s3)
    read, known = None if release is None else released(lake, release), explainers()
    found = [explanation for each in known for explanation in each.explain(_reader(lake, read), identifier)]
    if not found and not lake.tables():
        raise CitylakeError(
            "UNKNOWN", "the lake is empty", lake.root, "Run a night first, or name another lake by --lake or CITYLAKE_CONFIG"
        )
    if not found and release is None and (last := _last_release_with(lake, identifier)):
        raise CitylakeError(
            "GONE",
            f"the lake no longer has the record {identifier}; release {last} had it",
            lake.root,
            f"Its department no longer delivers it, or it is part of another now. See `citylake explain {identifier} --release {last}`",
        )
    if not found:
        kinds = ", ".join(each.identifies for each in known)
        raise CitylakeError(
            "UNKNOWN", f"the lake has no record {identifier}", lake.root, f"Check the identifier; what can be explained: {kinds}"
        )
    if as_json:
        print_json([explanation.facts for explanation in found])
        return 0
    if read is not None:
        console.print(f"As of release {read.number}, {read.as_of}.")
    for explanation in found:
        _show(explanation)
    return 0


def _reader(lake: Lake, read: Release | None) -> Callable[..., list[dict[str, Any]]]:
    """What explanations read rows with: the tables of a release, without one their newest versions."""

    def rows(table: str, /, **equal: Any) -> list[dict[str, Any]]:
        if read is None or table in CONTROL_TABLES:
            return _rows(lake, table, None, equal)
        if table not in read.versions:
            return []
        refuse_made_anew(lake, read, table)
        return _rows(lake, table, read.versions[table], equal)

    return rows


def _last_release_with(lake: Lake, identifier: str) -> int | None:
    """The newest of the last kept releases that has the record of an identifier."""
    gone = MaintenanceLog(lake).gone_releases()
    for read in [r for r in reversed(Ledger(lake).releases()) if r.number not in gone][:LOOKED_BACK]:
        with suppress(CitylakeError):  # a table of that release is there no more
            if any(each.explain(_reader(lake, read), identifier) for each in explainers()):
                return read.number
    return None


def _rows(lake: Lake, table: str, version: int | None, equal: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the rows of a table by equality; only matching row groups are read. A table without any version has no rows."""
    from pyarrow.parquet import filters_to_expression

    handle = lake.open(table, version)
    if handle is None:
        return []
    return dataset(handle).to_table(filter=filters_to_expression([(name, "=", value) for name, value in equal.items()])).to_pylist()


def _show(explanation: Explanation) -> None:
    console.print(f"[bold]{escape(explanation.title)}[/]", soft_wrap=True)
    for line in explanation.lines:
        console.print(line, markup=False, soft_wrap=True)
    console.print()
    for section in explanation.sections:
        if section.rows:
            show_table(section.title, section.columns, section.rows)
