"""Domain rules H2: a rebuild from all batches at once gives the same tables as the nights did one by one."""

from __future__ import annotations

from assets.invariants import Violations
from pipelines.checks.checks import Check, DoesNotApply
from pipelines.checks.view import View
from pipelines.cli.rebuild import Difference, compare_lakes
from pipelines.orchestration.nights import NightReport, run_rebuild
from pipelines.runtime import Runtime
from resources.errors import CitylakeError


def checks() -> list[Check]:
    """Return the checks of this module."""
    return [Check("rebuild_is_equal", "H2", "a rebuild from raw is equal row for row", _equal)]


def _equal(view: View) -> Violations:
    if not view.thorough:
        raise DoesNotApply("it takes as long as a night: run it with --thorough")
    if view.release.number != view.releases[-1].number:
        raise DoesNotApply("only the newest release can be rebuilt")
    if view.release.held_back:
        raise DoesNotApply(f"{len(view.release.held_back)} tables are held back at an earlier night")
    if view.gone_batches:
        raise DoesNotApply(f"{len(view.gone_batches)} batches are no longer in raw")
    report, differences = compare_with_rebuild(view.runtime)
    if report.failures:
        raise CitylakeError(
            "REBUILD", f"the rebuild failed: {report.failures[0]}", view.runtime.lake.root, "Correct the cause and run the check again"
        )
    return Violations.of(f"{d.table}: {d.missing} rows missing, {d.surplus} too many" for d in differences if not d.equal)


def compare_with_rebuild(runtime: Runtime) -> tuple[NightReport, list[Difference]]:
    """Rebuild everything after raw in a temporary lake, compare it with this one, remove it. No comparison when the rebuild fails."""
    newest = max(r["as_of"] for r in runtime.ledger.rows())
    other = runtime.with_lake(runtime.lake.scratch())
    try:
        report = run_rebuild(other, newest, history=False)
        return report, [] if report.failures else compare_lakes(runtime.spark, runtime.lake, other.lake)
    finally:
        other.lake.store.remove("")
