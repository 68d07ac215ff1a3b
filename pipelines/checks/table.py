"""All checks, in the order in which they run and are shown."""

from __future__ import annotations

from collections.abc import Callable

from pipelines.checks import batches, control_tables, declared, privacy, rebuilt
from pipelines.checks.checks import Check, Finding, run_check
from pipelines.checks.view import View


def all_checks() -> list[Check]:
    """Return the checks by the code of their rule, the lake's own guarantees last."""
    found = [*batches.checks(), *rebuilt.checks(), *declared.checks(), *privacy.checks(), *control_tables.checks()]
    return sorted(found, key=lambda c: (c.code == "LAKE", len(c.code), c.code))


def check_lake(view: View, progress: Callable[[str, str], None] = lambda name, event: None) -> list[Finding]:
    """Run every check on one release. progress: called with a check's name and "start" or "done"."""
    _ = view.runtime.spark  # Column expressions need an active session
    found = []
    for check in all_checks():
        progress(check.name, "start")
        found.append(run_check(check, view))
        progress(check.name, "done")
    return found
