"""`citylake sql` and `citylake tables --release`: query tables by name, at their newest versions or as of one release."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pipelines.cli.remarks import show_remarks
from pipelines.cli.screen import console, errors, print_json, show_table
from pipelines.control.ledger import CONTROL_TABLES
from pipelines.serving.tables import refuse_made_anew, released, tables_of
from pipelines.serving.vocabulary import rename
from pipelines.wrong_use import WrongUse
from resources.engine import engine_of
from resources.errors import CitylakeError
from resources.lake import Lake
from resources.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def run_sql(settings: Settings, query: str, release: int | None, limit: int, *, as_json: bool) -> int:
    """Run a query on tables named `layer.domain.table` and show its rows.

    Args:
        settings: of the installation.
        query: Spark SQL.
        release: read every table as of this release; default the newest versions.
        limit: maximum number of rows; 0 for all.
        as_json: print JSON.

    Returns:
        Exit code 0.

    Raises:
        WrongUse: the query cannot be read or names something that does not exist, or there is no such release.
        CitylakeError: the query fails.
    """
    lake = Lake(settings.lake, settings.s3)
    read = None if release is None else released(lake, release)
    versions: dict[str, int | None] = dict.fromkeys(lake.tables()) if read is None else {**read.versions, **dict.fromkeys(CONTROL_TABLES)}
    if not versions:
        raise WrongUse("SQL", "the lake is empty", lake.root, "Run a night first, or name another lake by --lake or CITYLAKE_CONFIG")
    views = {_view(table): table for table in versions}
    try:
        text, found = rename(query, {name: view for view, table in views.items() for name in _names(table)})
    except ValueError as e:
        raise WrongUse("SQL", f"the query cannot be read from {e} on", "query", "Close the quotes and comments") from e
    if read is not None:
        for table in sorted({views[_view("/".join(name))] for name in found}):
            refuse_made_anew(lake, read, table)
    from pyspark.errors import AnalysisException

    engine = engine_of(settings)
    try:
        for view in sorted({_view("/".join(name)) for name in found}):
            lake.read(engine.session, views[view], versions[views[view]]).createOrReplaceTempView(view)
        session = engine.session
        try:
            frame = session.sql(text)
            columns, rows = frame.columns, (frame.limit(limit) if limit else frame).collect()
        except Exception as e:
            error = WrongUse if isinstance(e, AnalysisException) else CitylakeError
            raise error("SQL", " ".join(str(e).split())[:300], "query", _columns(session, views, found)) from e
    finally:
        engine.stop()
    remarks = read.remarks if read else {}
    for table in sorted({views[_view("/".join(name))] for name in found} & remarks.keys()):
        errors.print(f"note: {table}: {remarks[table].sentence}", markup=False, soft_wrap=True)
    if as_json:
        print_json([r.asDict(recursive=True) for r in rows])
        return 0
    show_table("", columns, [[None if v is None else str(v) for v in r] for r in rows])
    if limit and len(rows) == limit:
        console.print(f"The first {limit} rows; --limit 0 shows all.")
    return 0


def show_release(settings: Settings, number: int, *, as_json: bool) -> int:
    """Show the tables of one release with versions and URIs, as other programs need them to read the same night, and its remarks.

    Args:
        settings: of the installation.
        number: of the release.
        as_json: print JSON.

    Returns:
        Exit code 0.

    Raises:
        WrongUse: there is no such release.
    """
    lake = Lake(settings.lake, settings.s3)
    release = released(lake, number)
    found = [
        {"table": t.name, "version": t.version, "uri": t.uri, "as_of": release.origin(t.name)[1], "remark": t.remark and t.remark.sentence}
        for t in tables_of(lake, release)
    ]
    if as_json:
        print_json(found)
    else:
        columns = ("table", "version", "uri")
        show_table(f"Release {release.number} as of {release.as_of}", columns, [tuple(f.values())[:3] for f in found], right=("version",))
        show_remarks(release)
    return 0


def _columns(session: SparkSession, views: dict[str, str], found: Iterable[Sequence[str]]) -> str:
    """What to look at when a query fails: the columns of the tables that it names, or where the names of tables are."""
    named = sorted({_view("/".join(name)) for name in found})
    told = [f"{views[view].replace('/', '.')} has {', '.join(session.table(view).columns)}" for view in named]
    return "; ".join(told) or "`citylake tables` lists the names"


def _view(table: str) -> str:
    return table.replace("/", "_")


def _names(table: str) -> list[tuple[str, ...]]:
    """Return the spellings of a table: themes.health.archive, `themes/health/archive`, themes_health_archive."""
    return [tuple(table.split("/")), (table,), (_view(table),)]
