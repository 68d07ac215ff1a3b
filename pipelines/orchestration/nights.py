"""Run a business date through Dagster in this process, as `citylake run` and the demo do.

Here: late drops, the night, the notifications, the report. Not here: the steps, the output of the command line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from pipelines.control.freshness import Overdue, overdue
from pipelines.control.ledger import RELEASE, Release
from pipelines.notifications.incidents import FAILURES, Incident, IncidentKind
from pipelines.notifications.notify import NotificationReport, notify
from pipelines.orchestration.incidents import incidents_of, made, started
from pipelines.orchestration.unended import begun
from pipelines.runtime import Runtime
from resources.errors import CitylakeError, DeliveryRejected, Unreachable
from resources.keys import read_key
from resources.store import is_bucket

if TYPE_CHECKING:
    import dagster as dg

DAGSTER_YAML = """\
# One writer per table: every asset has its own pool of size one.
concurrency:
  pools:
    default_limit: 1
telemetry:
  enabled: false
nux:
  enabled: false
# The history of runs, in databases that stay open.
storage:
  custom:
    module: pipelines.orchestration.sqlite_storage
    class: OpenSqliteStorage
    config:
      base_dir: {env: DAGSTER_HOME}
# Steps log through Dagster; capturing what they print would cost two processes per run.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""


@dataclass
class NightReport:
    """The result of a night. late: overdue deliveries; notifications: who was notified."""

    as_of: date
    run_ids: list[str] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    release: Release | None = None
    late: list[Overdue] = field(default_factory=list)
    notifications: NotificationReport = field(default_factory=NotificationReport)

    @property
    def problems(self) -> list[str]:
        """The deliveries that were refused, each with its reason."""
        return [h.line for h in self.incidents if h.kind not in FAILURES]

    @property
    def failures(self) -> list[str]:
        """The tables that were not published, each with its reason."""
        return [h.line for h in self.incidents if h.kind in FAILURES]

    @property
    def succeeded(self) -> bool:
        """Whether every table was published."""
        return not self.failures


@contextmanager
def dagster_instance(home: Path | None) -> Iterator[dg.DagsterInstance]:
    """Open Dagster's storage in a folder, created when it does not exist; without a folder a temporary one."""
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
    """Ingest late drops of earlier dates, run the night of one business date, release what it made, and send the notifications.

    Args:
        runtime: the installation.
        as_of: the business date.
        select: make only these tables, in order, without late drops and without a release.

    Returns:
        The report; every failure is in it.

    Raises:
        LakeUnreachable: the run has given up the lake. The engineers are notified of it, too.
    """
    with begun(runtime.settings.home, as_of) if not select else nullcontext() as released:
        report = _run_night(runtime, as_of, select)
        if released and report.release:
            released()
    return report


def _run_night(runtime: Runtime, as_of: date, select: list[str] | None) -> NightReport:
    report = NightReport(as_of)
    try:
        for day, tables in [] if select else sorted(_late_drops(runtime, report).items()):
            _execute(runtime, "ingest", report, partition=day, select=sorted(tables))
        events = _execute(runtime, "nightly", report, partition=as_of, select=select)
        if not select and not started(events, RELEASE):
            _execute(runtime, "release_night", report, as_of=as_of, after=report.run_ids[-1])
        report.late = overdue(runtime.contracts.values(), runtime.ledger, as_of)
    except Exception as e:
        report.incidents.append(Incident(IncidentKind.RUN_FAILED, "", str(e), "" if isinstance(e, CitylakeError) else type(e).__name__))
        _notify(runtime, report, whole=not select)
        raise
    finally:
        runtime.judged.forget_all()
    _notify(runtime, report, whole=not select)
    return report


def _notify(runtime: Runtime, report: NightReport, *, whole: bool) -> None:
    run_id = report.run_ids[-1] if report.run_ids else uuid4().hex
    release = report.release.number if report.release else None
    report.notifications = notify(runtime, run_id, report.as_of, report.incidents, whole=whole, release=release)


def _late_drops(runtime: Runtime, report: NightReport) -> dict[date, set[str]]:
    """Return the raw tables with complete late drops, by date; drops of dates without a partition become incidents."""
    from pipelines.orchestration.partitions import drop_date_fault
    from pipelines.steps.ingest import note_misdated, pending

    run_id = uuid4().hex
    late: dict[date, set[str]] = {}
    for contract in runtime.sources.values():
        try:
            drops = pending(runtime, contract, date.max)
        except (Unreachable, DeliveryRejected):
            continue  # the night itself tries again and reports it
        for drop in drops:
            table = contract.sibling("raw")
            if fault := drop_date_fault(drop.business_date, drop.location):
                report.incidents.append(Incident(IncidentKind.REFUSED, table, fault))
                note_misdated(runtime, table, drop.business_date, fault, run_id=run_id, as_of=report.as_of)
            elif drop.business_date < report.as_of:
                late.setdefault(drop.business_date, set()).add(table)
    return late


def run_rebuild(runtime: Runtime, as_of: date, *, history: bool = True, partial: bool = False) -> NightReport:
    """Rebuild everything after raw from all raw batches.

    Args:
        runtime: the installation, with the lake to build into.
        as_of: the business date.
        history: keep the run in Dagster's storage.
        partial: also when raw no longer has every batch.
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
    after: str | None = None,
) -> Sequence[dg.DagsterEvent]:
    """Run one job and add its incidents and its release to the report. Raises LakeUnreachable when the run has given up the lake.

    after: the failed run whose tables the job `release_night` releases.
    """
    import dagster as dg

    from pipelines.orchestration.assets import AS_OF_TAG, NIGHT_TAG, NOTIFIES_ITSELF, PARTIAL_TAG, key
    from pipelines.orchestration.definitions import build
    from pipelines.orchestration.executor import run_here
    from pipelines.orchestration.orphaned_runs import alive, end_orphaned_runs
    from pipelines.store_watch import watched_store

    definitions = build(dg.ResourceDefinition.hardcoded_resource(runtime), runtime.contracts, runtime.settings.tables_at_once)
    of_run = {AS_OF_TAG: as_of.isoformat()} if as_of else {}
    tags = {NOTIFIES_ITSELF: "true", **of_run, **({PARTIAL_TAG: "true"} if partial else {}), **({NIGHT_TAG: after} if after else {})}
    home, run_id = runtime.settings.home, str(uuid4())
    runtime.lost = None  # another run may have given up the lake; this one tries again
    with dagster_instance(home if history else None) as instance, alive(home, run_id), watched_store(runtime):
        end_orphaned_runs(instance, home)
        events = run_here(
            definitions.resolve_job_def(job),
            instance,
            run_id=run_id,
            tags=tags,
            partition=partition.isoformat() if partition else None,
            select=[key(t) for t in select or ()],
            loggers={"console": {"config": {"log_level": "CRITICAL"}}},
        )
    report.run_ids.append(run_id)
    runtime.note_costs()
    if runtime.lost is not None:
        raise runtime.lost
    report.incidents += incidents_of(events)
    if made(events, RELEASE):
        report.release = runtime.ledger.releases()[-1]
    return events


def check_installation(runtime: Runtime) -> None:
    """Check contracts, key and stores before a night starts. Raises CitylakeError with what is missing."""
    _ = runtime.contracts
    read_key(runtime.settings.key_file)
    runtime.landing.store.check()
    if is_bucket(runtime.settings.lake):
        runtime.lake.store.check()
