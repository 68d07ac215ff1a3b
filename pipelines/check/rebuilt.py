"""H2: what the nights made, one after the other, is what a rebuild makes of all batches at once."""

from __future__ import annotations

from pipelines.check.checks import Check, DoesNotApply, Violations
from pipelines.check.view import View
from pipelines.cli.rebuild import compare_with_rebuild
from resources.errors import CitylakeError


def checks() -> list[Check]:
    return [Check("rebuild_is_equal", "H2", "everything made anew from raw is equal row for row", _equal)]


def _equal(view: View) -> Violations:
    if not view.thorough:
        raise DoesNotApply("it takes as long as a night: ask with --thorough")
    if view.release.number != view.releases[-1].number:
        raise DoesNotApply("only the newest release can be made anew")
    report, differences = compare_with_rebuild(view.runtime)
    if report.failures:
        raise CitylakeError("REBUILD", f"the rebuild failed: {report.failures[0]}", view.runtime.lake.root, "Correct the cause")
    return Violations.of(f"{d.table}: {d.missing} rows missing, {d.surplus} too many" for d in differences if not d.equal)
