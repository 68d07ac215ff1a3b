"""The remarks of a release on the screen: tables that have not the whole state of its night."""

from __future__ import annotations

from typing import Any

from pipelines.cli.screen import show_table
from pipelines.control.ledger import Release


def remark_facts(release: Release) -> list[dict[str, Any]]:
    """Return what a release says of its tables, for programs: table, kind, night, whether it is there, why."""
    return [
        {"table": table, "state": r.kind, "as_of": r.as_of, "in_release": table in release.versions, "release": r.release, "why": r.why}
        for table, r in sorted(release.remarks.items())
    ]


def show_remarks(release: Release) -> None:
    """Show the tables of a release that have not the whole state of its night, if there are any."""
    if release.remarks:
        show_table(
            f"Release {release.number}: tables without the whole state of {release.as_of}",
            ("table", "state", "of", "why"),
            [(f["table"], f["state"], f["as_of"] or "never", f["why"]) for f in remark_facts(release)],
        )
