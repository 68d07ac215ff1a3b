"""`citylake sql`: a query on the lake's tables by their names, on the newest versions or on one release."""

from __future__ import annotations

import re

from pipelines.cli.screen import console, print_json, show_table
from pipelines.ledger import LEDGER, RELEASE, Ledger
from resources.engine import Engine
from resources.errors import CitylakeError
from resources.lake import Lake
from resources.settings import Settings


def run_sql(settings: Settings, query: str, release: int | None, limit: int, *, as_json: bool) -> int:
    """Run a query. Tables stand in it as `layer.domain.table`; a release reads all of them as of one night."""
    lake = Lake(settings.lake)
    versions: dict[str, int | None] = dict.fromkeys(lake.tables())
    if release is not None:
        versions = {**_released(lake, release), LEDGER: None, RELEASE: None}
    engine = Engine()
    try:
        for table, version in versions.items():
            if _mentions(query, table):
                query = _pattern(table).sub(_view(table), query)
                lake.read(engine.session, table, version).createOrReplaceTempView(_view(table))
        try:
            frame = engine.session.sql(query)
            columns, rows = frame.columns, (frame.limit(limit) if limit else frame).collect()
        except Exception as e:
            raise CitylakeError("SQL", " ".join(str(e).split())[:300], "query", "See `citylake tables` for the names") from e
    finally:
        engine.stop()
    if as_json:
        print_json([r.asDict(recursive=True) for r in rows])
        return 0
    show_table("", columns, [[None if v is None else str(v) for v in r] for r in rows])
    if limit and len(rows) == limit:
        console.print(f"The first {limit} rows; --limit 0 shows all.")
    return 0


def _released(lake: Lake, number: int) -> dict[str, int | None]:
    found = [r for r in Ledger(lake).releases() if r.number == number]
    if not found:
        raise CitylakeError("RELEASE", f"there is no release {number}", lake.root, "See `citylake status`")
    return dict(found[0].versions)


def _view(table: str) -> str:
    return table.replace("/", "_")


def _pattern(table: str) -> re.Pattern[str]:
    return re.compile(r"(?<![\w.])`?" + re.escape(table).replace("/", "[./_]") + r"`?(?!\w)")


def _mentions(query: str, table: str) -> bool:
    return _pattern(table).search(query) is not None
