"""`citylake quarantine`: quarantined rows by department, table and reason, with file and line.

Here: tables and JSON. Not here: counting (`pipelines.quarantine.counts`), the workbook (`pipelines.cli.export`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pipelines.cli.screen import EMPTY, console, print_json, show_table
from pipelines.quarantine.counts import Wanted, by_code_and_day, reasons, rows_in, standing
from pipelines.quarantine.meanings import meaning
from pipelines.quarantine.overview import EVERY_CODE, lines
from resources.lake import Lake
from resources.settings import Settings

PLACE = ("_business_date", "_batch_id", "_source_file", "_row_no", "codes")
FIGURES = ("standing", "new", "cleared")
FIRST = 20
"""Maximum number of reasons shown; the rest is summed up."""
BAR = 30


def show_quarantine(settings: Settings, wanted: Wanted, rows: int, nights: int, *, as_json: bool) -> int:
    """Show counts by reason and the trend of the last nights. No delivered value is read.

    Args:
        settings: of the installation.
        wanted: which rows.
        rows: show file and line of this many rows.
        nights: number of nights in the trend.
        as_json: print JSON.

    Returns:
        Exit code 0.

    Raises:
        CitylakeError: nothing was ever quarantined for the table or department.
    """
    lake = Lake(settings.lake, settings.s3)
    counted: list[dict[str, Any]] = []
    shown: list[dict[str, Any]] = []
    total = 0
    for table in wanted.tables(lake):
        each = reasons(lake, table, wanted=standing(lake, table, wanted))
        total += rows_in(each)
        counted += [{"table": table, **r} for r in by_code_and_day(each)]
        if len(shown) < rows:
            shown += _places(lake, table, standing(lake, table, wanted), rows - len(shown))
    counted.sort(key=lambda r: (r["table"], r["business_date"], r["code"]))
    overview = [r for r in lines(lake) if wanted.of_table(r["department"], r["table"])]
    trend = _trend(overview, wanted)[-nights:]
    if as_json:
        print_json({"rows_held_back": total, "by_reason": counted, "nights": trend, "rows": shown})
        return 0
    if not counted:
        console.print("No row is quarantined." if lake.tables() else EMPTY.format(settings.lake), markup=False, soft_wrap=True)
        return 0
    _show_reasons(counted, total, overview, wanted)
    _show_trend(trend)
    if shown:
        places = [(r["table"], r["_business_date"], r["_source_file"], str(r["_row_no"]), ", ".join(r["codes"])) for r in shown]
        show_table("Place in the delivery", ("table", "delivery of", "file", "line", "codes"), places)
    return 0


def _places(lake: Lake, table: str, wanted: Wanted, most: int) -> list[dict[str, Any]]:
    """Return the first quarantined rows of a table with a wanted code."""
    found = lake.arrow(f"quarantine/{table}", columns=list(PLACE))
    assert found is not None
    places: list[dict[str, Any]] = []
    for batch in found.sort_by([(c, "ascending") for c in PLACE[:-1]]).to_batches(max_chunksize=1000):
        of_day = [r for r in batch.to_pylist() if wanted.day in (None, r["_business_date"]) and any(map(wanted.of_code, r["codes"]))]
        places += [{"table": table, **r} for r in of_day[: most - len(places)]]
        if len(places) == most:
            break
    return places


def _trend(overview: list[dict[str, Any]], wanted: Wanted) -> list[dict[str, Any]]:
    """Return one entry per night, oldest first: rows standing, new and cleared; of one code where one is wanted."""
    totals: dict[Any, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
    for r in overview:
        if r["code"] == EVERY_CODE if wanted.code is None else wanted.of_code(r["code"]) and r["code"] != EVERY_CODE:
            for figure in FIGURES:
                totals[r["as_of"]][figure] += r[figure] or 0
    return [{"as_of": night, **figures} for night, figures in sorted(totals.items())]


def _show_reasons(counted: list[dict[str, Any]], total: int, overview: list[dict[str, Any]], wanted: Wanted) -> None:
    """Show the reasons with most rows first, with rows new and cleared in the last night."""
    total_of: dict[tuple[str, str], int] = defaultdict(int)
    for r in counted:
        total_of[r["table"], r["code"]] += r["rows"]
    newest = max((r["as_of"] for r in overview), default=None)
    tonight = {(f"{r['department']}/{r['table']}", r["code"]): r for r in overview if r["as_of"] == newest and wanted.day is None}
    ordered = sorted(total_of.items(), key=lambda x: (-x[1], x[0]))
    lines = []
    for (table, code), rows in ordered[:FIRST]:
        night = tonight.get((table, code), {})
        lines.append((*table.split("/"), code, rows, night.get("new"), night.get("cleared"), meaning(code).english))
    title = f"{total:,} quarantined rows, by reason" + (f"; new and cleared in the night of {newest}" if newest else "")
    show_table(title, ("department", "table", "reason", "rows", "new", "cleared", "meaning"), lines, right=("rows", "new", "cleared"))
    rest = ordered[FIRST:]
    if rest:
        console.print(f"… and {len(rest)} more reasons with {sum(n for _, n in rest):,} rows: give a table, a department or a code.\n")


def _show_trend(trend: list[dict[str, Any]]) -> None:
    if not trend:
        return
    most = max(n["standing"] for n in trend) or 1
    bars = [(n["as_of"], *(n[f] for f in FIGURES), "█" * round(BAR * n["standing"] / most)) for n in trend]
    show_table("Night by night", ("night", "standing", "new", "cleared", ""), bars, right=FIGURES)
