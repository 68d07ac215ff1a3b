"""`citylake maintain`: the weekly maintenance, and a line for every table that was changed."""

from __future__ import annotations

from dataclasses import asdict
from uuid import uuid4

from pipelines.cli.screen import console, print_json, progress, show_table
from pipelines.maintenance.maintain import Maintained, maintain
from pipelines.orchestration.orphaned_runs import alive, alive_runs
from pipelines.runtime import Runtime
from resources.settings import Settings

SHOWN = ("files_before", "files_after", "batches", "stages", "removed", "bytes_freed")


def run_maintain(settings: Settings, tables: list[str] | None, *, dry_run: bool, as_json: bool) -> int:
    """Maintain tables and show what was done.

    Args:
        settings: of the installation.
        tables: only these; default all.
        dry_run: show what would be done and change nothing.
        as_json: print JSON.

    Returns:
        Exit code 0, also when a busy table was left for the next time.

    Raises:
        WrongUse: a table does not exist.
    """
    runtime, run_id = Runtime.of(settings), str(uuid4())
    runtime.lake.store.check()
    title = "what maintenance would do" if dry_run else "maintenance"
    with progress(title, len(tables or runtime.lake.tables())) as step, alive(settings.home, run_id):
        done = maintain(runtime, run_id, tables=tables or (), dry_run=dry_run, alive=alive_runs(settings.home) - {run_id}, progress=step)
    if as_json:
        print_json({"dry_run": dry_run, "tables": [asdict(m) for m in done]})
    else:
        _show(title, done)
    return 0


def _show(title: str, done: list[Maintained]) -> None:
    changed = [m for m in done if m.checkpoint or m.busy or any(getattr(m, name) for name in SHOWN)]
    columns = ("table", *[name.replace("_", " ") for name in SHOWN], "checkpoint", "busy", "seconds")
    rows = [(m.table, *[getattr(m, name) for name in SHOWN], m.checkpoint, m.busy, round(m.seconds, 2)) for m in changed]
    show_table(title.capitalize(), columns, rows, right=(*columns[1 : len(SHOWN) + 1], "seconds"))
    freed = sum(m.bytes_freed for m in done)
    console.print(f"{len(done)} tables, {len(done) - len(changed)} with nothing to do; {freed:,} bytes.")
