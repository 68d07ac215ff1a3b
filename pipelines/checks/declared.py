"""The invariants that are declared with the assets they are about (`assets.invariants`), as checks."""

from __future__ import annotations

from functools import partial

from assets.invariants import Invariant, Violations, declared_invariants
from pipelines.checks.checks import Check, DoesNotApply
from pipelines.checks.view import View

NOT_IN_RELEASE, NEVER_DELIVERED = "is not in the release", "is awaited: a source has never been delivered"


def checks() -> list[Check]:
    """Return one check per declared invariant."""
    return [Check(i.name, i.code, i.must, partial(_violations, i)) for i in declared_invariants()]


def _violations(invariant: Invariant, view: View) -> Violations:
    if missing := [table for table in invariant.tables if not view.has(table)]:
        raise DoesNotApply(f"{', '.join(missing)} {NOT_IN_RELEASE}")
    if awaited := [table for table in invariant.tables if view.awaits(table)]:
        raise DoesNotApply(f"{', '.join(awaited)} {NEVER_DELIVERED}")
    if len({view.release.origin(table)[0] for table in invariant.tables}) > 1:
        nights = [f"{table} of {view.release.origin(table)[1]}" for table in invariant.tables]
        raise DoesNotApply(f"its tables do not belong together: {', '.join(nights)}")
    return invariant.find(view)
