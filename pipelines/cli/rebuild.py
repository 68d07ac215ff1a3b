"""`citylake rebuild`: rebuild everything after raw; with --compare into a second lake, to compare it with the nights' result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from pipelines.cli.run import exit_code
from pipelines.cli.screen import console, errors, print_json, progress, show_table
from pipelines.maintenance.retention import refuse_partial
from pipelines.orchestration.nights import NightReport, check_installation
from pipelines.orchestration.nights import run_rebuild as rebuild_all
from pipelines.runtime import Runtime
from pipelines.steps.cleanse.table_state import rule_fingerprint, table_state
from resources.errors import CitylakeError
from resources.lake import Lake
from resources.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

COMPARED = ("reference", "cleansed", "quarantine", "base", "themes")


@dataclass(frozen=True)
class Difference:
    table: str
    rows: int
    missing: int
    surplus: int

    @property
    def equal(self) -> bool:
        return self.missing == self.surplus == 0


def run_rebuild(settings: Settings, *, compare: bool, partial: bool, as_json: bool) -> int:
    """Rebuild in place, or into a temporary lake to compare.

    Args:
        settings: of the installation.
        compare: build a temporary lake, compare every table row for row, change nothing.
        partial: also when raw no longer has every batch.
        as_json: print JSON.

    Returns:
        Exit code 1 when a table differs or fails, else 0.

    Raises:
        CitylakeError: the lake is empty, or raw no longer has every batch.
    """
    runtime = Runtime.of(settings)
    check_installation(runtime)
    known = [r["as_of"] for r in runtime.ledger.rows()]
    if not known:
        raise CitylakeError("LAKE_EMPTY", "the lake is empty, so there is nothing to rebuild", settings.lake, "Run a night first")
    if not partial:
        refuse_partial(runtime)
    try:
        if not compare:
            report = _rebuild(runtime, max(known), history=True, partial=partial)
            return _show_report(report)
        other = runtime.with_lake(runtime.lake.scratch())
        try:
            report = _rebuild(other, max(known), history=False, partial=partial)
            if report.failures:
                return _show_report(report)
            found, earlier = compare_lakes(runtime.spark, runtime.lake, other.lake), judged_earlier(runtime)
        finally:
            other.lake.store.remove("")
    finally:
        runtime.engine.stop()
    if as_json:
        print_json([{**vars(d), "equal": d.equal, "judged_by_earlier_rules": d.table in earlier} for d in found])
    else:
        show_table("Rebuilt from raw, compared with the nights", ("table", "rows", "missing", "surplus", "equal", "judged by"),
                   [(d.table, d.rows, d.missing, d.surplus, d.equal, "earlier rules too" if d.table in earlier else "") for d in found],
                   right=("rows", "missing", "surplus"))  # fmt: skip
        equal = sum(d.equal for d in found)
        console.print(f"{equal} of {len(found)} tables are equal row for row.")
        if earlier and equal < len(found):
            console.print("Where rows were judged by earlier rules too, a difference in that table and in tables made from it may come "
                          "from the rules. `citylake rebuild` judges every row by the current rules.")  # fmt: skip
    return 0 if all(d.equal for d in found) else 1


def _rebuild(runtime: Runtime, as_of: date, *, history: bool, partial: bool) -> NightReport:
    with progress(f"rebuild as of {as_of}", len(runtime.contracts) + 1) as step:
        runtime.progress = step
        return rebuild_all(runtime, as_of, history=history, partial=partial)


def _show_report(report: NightReport) -> int:
    for failure in report.failures:
        errors.print(f"[red]failed[/]   {failure}", soft_wrap=True)
    if report.succeeded:
        console.print(f"Everything after raw was rebuilt as of {report.as_of}.")
    return exit_code(report)


def judged_earlier(runtime: Runtime) -> set[str]:
    """Return the cleansed tables, and their quarantines, with rows that were judged by earlier rules."""
    sources = [c for c in runtime.sources.values() if runtime.lake.partitions(c.sibling("raw"))]
    earlier = [c for c in sources if table_state(runtime.lake, c).rules_of_all != rule_fingerprint(runtime, c)]
    return {name for c in earlier for name in (c.name, c.sibling("quarantine"))}


def compare_lakes(spark: SparkSession, one: Lake, other: Lake) -> list[Difference]:
    """Compare every table of two lakes as multisets of rows.

    Args:
        spark: the session.
        one: the lake that is checked.
        other: the rebuilt lake.

    Returns:
        One entry per table of layers after raw.
    """
    tables = sorted(t for t in {*one.tables(), *other.tables()} if t.split("/")[0] in COMPARED)
    found = []
    for table in tables:
        if one.open(table) is None or other.open(table) is None:
            found.append(Difference(table, 0, int(other.open(table) is None), int(one.open(table) is None)))
            continue
        left = one.read(spark, table)
        right = other.read(spark, table).select(left.columns)
        found.append(Difference(table, left.count(), left.exceptAll(right).count(), right.exceptAll(left).count()))
    return found
