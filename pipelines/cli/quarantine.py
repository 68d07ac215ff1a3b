"""`citylake quarantine`: the rows held back, by table, batch and reason, and where they stand in the delivery."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pipelines.cli.screen import console, print_json, show_table
from resources.errors import CitylakeError
from resources.lake import Lake
from resources.settings import Settings

PLACE = ("_business_date", "_batch_id", "_source_file", "_row_no", "codes")


def show_quarantine(settings: Settings, table: str | None, rows: int, *, values: bool, as_json: bool) -> int:
    """Counts by reason; with `rows`, where they stand; with `values`, what was delivered."""
    lake = Lake(settings.lake, settings.s3)
    names = [t for t in lake.tables() if t.startswith("quarantine/")]
    if table is not None:
        wanted = f"quarantine/{'/'.join(table.split('/')[-2:])}"
        if wanted not in names:
            raise CitylakeError("TABLE_MISSING", f"nothing is quarantined for {table}", lake.root, "Leave the name out to see every table")
        names = [wanted]
    counts: Counter[tuple[str, str, str]] = Counter()
    shown: list[dict[str, Any]] = []
    for name in names:
        found = lake.arrow(name, columns=[*PLACE, *(["raw", "line"] if values else [])])
        for row in found.to_pylist() if found is not None else []:
            for code in row["codes"]:
                counts[name, str(row["_business_date"]), code] += 1
            if len(shown) < rows:
                shown.append({"table": name.removeprefix("quarantine/"), **row})
    by_reason = [(t.removeprefix("quarantine/"), d, c, n) for (t, d, c), n in sorted(counts.items())]
    if as_json:
        print_json({"by_reason": [dict(zip(("table", "business_date", "code", "rows"), r, strict=True)) for r in by_reason], "rows": shown})
        return 0
    if not by_reason:
        console.print("Nothing is quarantined.")
    show_table("Quarantined rows by reason", ("table", "business date", "code", "rows"), by_reason, right=("rows",))
    if shown:
        head = ("table", "file", "line", "codes", *(("delivered",) if values else ()))
        lines = [
            (r["table"], r["_source_file"], str(r["_row_no"]), ", ".join(r["codes"]), *((r["line"] or r["raw"],) if values else ()))
            for r in shown
        ]
        show_table("Where they stand in the delivery", head, lines)
    return 0
