"""All checks, in the order they are asked and shown."""

from __future__ import annotations

from collections.abc import Callable

from pipelines.checks import batches, control_tables, identity, rebuilt
from pipelines.checks.checks import Check, Finding, answer
from pipelines.checks.queries import queries
from pipelines.checks.view import View


def all_checks() -> list[Check]:
    """By code of the domain rules, the lake's own promises last."""
    found = [*batches.checks(), *rebuilt.checks(), *identity.checks(), *queries(), *control_tables.checks()]
    return sorted(found, key=lambda c: (c.code == "LAKE", len(c.code), c.code))


def check_lake(view: View, told: Callable[[str, str], None] = lambda name, event: None) -> list[Finding]:
    """Ask everything of one release. told: gets the name of each check when it starts ("start") and when it ends ("done")."""
    _ = view.runtime.spark  # columns can only be written down when there is a session
    found = []
    for check in all_checks():
        told(check.name, "start")
        found.append(answer(check, view))
        told(check.name, "done")
    return found
