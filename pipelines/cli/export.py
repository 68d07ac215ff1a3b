"""`citylake quarantine --export`: one workbook for each department with the rows held back of its deliveries.

Here: which departments, whether values may be given, the files. Not here: what stands in a workbook (`pipelines.quarantine.workbook`).
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from contracts import load_all
from pipelines.cli.screen import console, print_json, progress, show_table
from pipelines.control.audit import Entry, permitted, record
from pipelines.quarantine.counts import Wanted
from pipelines.quarantine.workbook import Held, held_of, steps, write_workbook
from resources.lake import Lake
from resources.settings import Settings

EXPORT = "export"


def run_export(settings: Settings, wanted: Wanted, folder: Path, *, values: bool, who: str | None, why: str | None, as_json: bool) -> int:
    """Write the workbooks into a folder. With values, the audit has its lines before a file is there."""
    lake, contracts = Lake(settings.lake, settings.s3), load_all()
    names = wanted.tables(lake)
    granted = permitted(settings, {n.split("/")[0] for n in names}, who, why) if values else None
    held = [h for name in names if (h := held_of(lake, contracts[f"cleansed/{name}"], wanted)).rows]
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with progress("export", steps(held)) as told:
        for department, found in groupby(held, lambda h: h.contract.domain):
            tables = list(found)
            newest = max(d for h in tables for d in h.days)
            file = folder / f"quarantine-{department}-{newest}{'-values' if values else ''}.xlsx"
            part = file.with_name(f".{file.name}.part")
            try:
                part.touch(mode=0o600)
                write_workbook(part, lake, tables, values=values, progress=told)
                if granted is not None:
                    record(lake, [_entry(h, granted) for h in tables])
                part.replace(file)
            finally:
                part.unlink(missing_ok=True)
            made.append({"department": department, "tables": len(tables), "rows": sum(h.rows for h in tables), "file": str(file)})
    if as_json:
        print_json(made)
    elif made:
        said = "Values as delivered: personal data" if values else "Personal values are masked"
        show_table(
            f"Workbooks. {said}", ("department", "tables", "rows", "file"), [tuple(m.values()) for m in made], right=("tables", "rows")
        )
    else:
        console.print("Nothing is quarantined that is still to be corrected.")
    return 0


def _entry(held: Held, granted: tuple[str, str, str]) -> Entry:
    who, role, why = granted
    return Entry(who, role, EXPORT, held.contract.sibling("quarantine"), held.rows, why)
