"""`citylake quarantine --export`: one workbook per department with the quarantined rows of its deliveries.

Here: which departments, whether values may be exported, the files. Not here: the workbook (`pipelines.quarantine.workbook`).
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from contracts import load_all
from pipelines.cli.screen import console, print_json, progress, show_table
from pipelines.control.audit import Entry, permitted, record
from pipelines.quarantine.counts import Wanted
from pipelines.quarantine.workbook import QuarantinedTable, quarantined_table, steps, write_workbook
from resources.lake import Lake
from resources.settings import Settings

EXPORT = "export"


def run_export(settings: Settings, wanted: Wanted, folder: Path, *, values: bool, who: str | None, why: str | None, as_json: bool) -> int:
    """Write the workbooks; an export of values is audited before its file exists.

    Args:
        settings: of the installation.
        wanted: which rows.
        folder: where the workbooks are written; created when it does not exist.
        values: write delivered values unmasked.
        who: with values, the person who receives them.
        why: with values, the reason.
        as_json: print JSON.

    Returns:
        Exit code 0.

    Raises:
        CitylakeError: values may not be exported, or there is nothing quarantined for the selection.
    """
    lake, contracts = Lake(settings.lake, settings.s3), load_all()
    names = wanted.tables(lake)
    granted = permitted(settings, {n.split("/")[0] for n in names}, who, why) if values else None
    quarantined = [q for name in names if (q := quarantined_table(lake, contracts[f"cleansed/{name}"], wanted)).rows]
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with progress("export", steps(quarantined)) as step:
        for department, found in groupby(quarantined, lambda q: q.contract.domain):
            tables = list(found)
            newest = max(d for q in tables for d in q.days)
            file = folder / f"quarantine-{department}-{newest}{'-values' if values else ''}.xlsx"
            part = file.with_name(f".{file.name}.part")
            try:
                part.touch(mode=0o600)
                write_workbook(part, lake, tables, values=values, progress=step)
                if granted is not None:
                    record(lake, [_entry(q, granted) for q in tables])
                part.replace(file)
            finally:
                part.unlink(missing_ok=True)
            made.append({"department": department, "tables": len(tables), "rows": sum(q.rows for q in tables), "file": str(file)})
    if as_json:
        print_json(made)
    elif made:
        note = "Values as delivered: personal data" if values else "Personal values are masked"
        show_table(
            f"Workbooks. {note}", ("department", "tables", "rows", "file"), [tuple(m.values()) for m in made], right=("tables", "rows")
        )
    else:
        console.print("No quarantined row is left to correct.")
    return 0


def _entry(table: QuarantinedTable, granted: tuple[str, str, str]) -> Entry:
    who, role, why = granted
    return Entry(who, role, EXPORT, table.contract.sibling("quarantine"), table.rows, why)
