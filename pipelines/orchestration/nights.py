"""Run a business date through Dagster in this process: what `citylake run` and the demo do.

Here: late drops first, then the night, then telling people; what came of it. Not here: the steps, the command line's words.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from pipelines.control.freshness import Overdue, overdue
from pipelines.control.ledger import Release
from pipelines.notifications.incidents import FAILURES, REFUSED, RUN_FAILED, Incident
from pipelines.notifications.notify import NotificationReport, notify
from pipelines.orchestration.incidents import incidents_of
from pipelines.runtime import Runtime
from resources.errors import CitylakeError, DeliveryRejected, Unreachable
from resources.keys import read_key
from resources.store import is_bucket

if TYPE_CHECKING:
    import dagster as dg

DAGSTER_YAML = """\
# One writer per table: every asset has a pool of its own, of one.
concurrency:
  pools:
    default_limit: 1
telemetry:
  enabled: false
nux:
  enabled: false
# Steps log through Dagster; files of what they print would cost two processes a run.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""


@dataclass
class NightReport:
    """What a night came to. late: deliveries that are overdue; telling: who was told, and what became of it."""

    as_of: date
    run_ids: list[str] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    release: Release | None = None
    late: list[Overdue] = field(default_factory=list)
    notifications: NotificationReport = field(default_factory=NotificationReport)

    @property
    def problems(self) -> list[str]:
        """Deliveries that were refused, and why."""
        return [h.line for h in self.incidents if h.kind not in FAILURES]

    @property
    def failures(self) -> list[str]:
        """Tables that were not published, and why."""
        return [h.line for h in self.incidents if h.kind in FAILURES]

    @property
    def succeeded(self) -> bool:
        return not self.failures


@contextmanager
def dagster_instance(home: Path | None) -> Iterator[dg.DagsterInstance]:
    """Dagster's own storage in a folder, made when it is not there; without a folder one that leaves no history."""
    import dagster as dg

    if home is None:
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance
        return
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists():
        config.write_text(DAGSTER_YAML)
    os.environ["DAGSTER_HOME"] = str(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def run_night(runtime: Runtime, as_of: date, select: list[str] | None = None) -> NightReport:
    """Take in late drops of earlier dates, then run the night of one business date, and tell whom it concerns.

    select: table names; only these (and nothing else) are made, in order. Every failure is in the report.
    Raises LakeUnreachable when the run had to give the lake up; that is told, too.
    """
    report = NightReport(as_of)
    try:
        for day, tables in [] if select else sorted(_late_drops(runtime, report).items()):
            _execute(runtime, "ingest", report, partition=day, select=sorted(tables))
        _execute(runtime, "nightly", report, partition=as_of, select=select)
        if report.succeeded and not select:
            report.release = runtime.ledger.releases()[-1]
        report.late = overdue(runtime.contracts, runtime.ledger.rows(), as_of)
    except Exception as e:
        report.incidents.append(Incident(RUN_FAILED, "", str(e), "" if isinstance(e, CitylakeError) else type(e).__name__))
        _tell(runtime, report, whole=not select)
        raise
    _tell(runtime, report, whole=not select)
    return report


def _tell(runtime: Runtime, report: NightReport, *, whole: bool) -> None:
    run_id = report.run_ids[-1] if report.run_ids else uuid4().hex
    release = report.release.number if report.release else None
    report.notifications = notify(runtime, run_id, report.as_of, report.incidents, whole=whole, release=release)


def _late_drops(runtime: Runtime, report: NightReport) -> dict[date, set[str]]:
    """Raw tables with complete drops of earlier dates that are not in the lake, by date. Those no run can be made for are reported."""
    from pipelines.orchestration.partitions import OUT_OF_REACH, in_reach
    from pipelines.steps.ingest import pending

    late: dict[date, set[str]] = {}
    for contract in runtime.contracts.values():
        if contract.delivery is None:
            continue
        try:
            drops = pending(runtime, contract, report.as_of)
        except (Unreachable, DeliveryRejected):
            continue  # the night itself asks again and reports it
        for drop in drops:
            table = contract.sibling("raw")
            if not in_reach(drop.business_date):
                report.incidents.append(Incident(REFUSED, table, OUT_OF_REACH.format(drop.location)))
            elif drop.business_date < report.as_of:
                late.setdefault(drop.business_date, set()).add(table)
    return late


def run_rebuild(runtime: Runtime, as_of: date, *, history: bool = True, partial: bool = False) -> NightReport:
    """Make everything after raw anew from all raw batches. history: keep the run in Dagster's storage.

    partial: also when raw no longer keeps everything.
    """
    report = NightReport(as_of)
    _execute(runtime, "rebuild", report, as_of=as_of, history=history, partial=partial)
    return report


def _execute(
    runtime: Runtime,
    job: str,
    report: NightReport,
    *,
    partition: date | None = None,
    as_of: date | None = None,
    select: list[str] | None = None,
    history: bool = True,
    partial: bool = False,
) -> None:
    """Run one job to its end and put what it says into the report. Raises LakeUnreachable when the run had to give the lake up."""
    import dagster as dg

    from pipelines.orchestration.assets import AS_OF_TAG, PARTIAL_TAG, TELLS_ITSELF, key
    from pipelines.orchestration.definitions import build
    from pipelines.orchestration.orphaned_runs import alive, end_orphaned_runs
    from pipelines.store_watch import watched_store

    definitions = build(dg.ResourceDefinition.hardcoded_resource(runtime))
    of_run = {AS_OF_TAG: as_of.isoformat()} if as_of else {}
    tags = {TELLS_ITSELF: "true", **of_run, **({PARTIAL_TAG: "true"} if partial else {})}
    home, run_id = runtime.settings.home, str(uuid4())
    runtime.lost = None  # what another run has given up is asked again
    with dagster_instance(home if history else None) as instance, alive(home, run_id), watched_store(runtime):
        end_orphaned_runs(instance, home)
        result = definitions.resolve_job_def(job).execute_in_process(
            instance=instance,
            partition_key=partition.isoformat() if partition else None,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            asset_selection=[key(t) for t in select] if select else None,
            tags=tags,
            run_id=run_id,
            raise_on_error=False,
        )
    report.run_ids.append(result.run_id)
    runtime.note_costs()
    if runtime.lost is not None:
        raise runtime.lost
    report.incidents += incidents_of(result.all_events)


def check_installation(runtime: Runtime) -> None:
    """Say at once what is missing before a night starts. Raises CitylakeError."""
    _ = runtime.contracts
    read_key(runtime.settings.key_file)
    runtime.landing.store.check()
    if is_bucket(runtime.settings.lake):
        runtime.lake.store.check()
