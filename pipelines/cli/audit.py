"""`citylake audit`: who received personal values, and whether the audit trail is intact."""

from __future__ import annotations

from pipelines.cli.screen import console, errors, print_json, show_table
from pipelines.control.audit import lines, verify
from resources.lake import Lake
from resources.settings import Settings

SHOWN = ("number", "at", "who", "role", "action", "table", "rows", "why")


def show_audit(settings: Settings, *, as_json: bool) -> int:
    """Show every line, oldest first. Exit code 1 when the chain is broken."""
    known = lines(Lake(settings.lake, settings.s3))
    fault = verify(known)
    if as_json:
        print_json({"lines": known, "fault": fault})
    else:
        show_table("Exports of personal values", SHOWN, [[r[c] for c in SHOWN] for r in known], right=("number", "rows"))
        if fault is None:
            console.print(f"The chain is intact. Its last hash: {known[-1]['hash'] if known else 'none yet'}", soft_wrap=True)
    if fault is not None:
        errors.print(f"[red]broken[/]   {fault}", soft_wrap=True)
    return 0 if fault is None else 1
