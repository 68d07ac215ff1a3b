"""Sensors: start a run when a department's drop is complete, notify people when a run has finished.

Here: which drops start a run. Not here: reading a drop (`resources.landing`), ingesting it (`pipelines.steps.ingest`), the
messages (`pipelines.notifications`).
"""

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.events import RunFailureReason
from dagster._core.storage.tags import WILL_RETRY_TAG

from pipelines.control.ledger import RELEASE
from pipelines.notifications.incidents import Incident, IncidentKind
from pipelines.notifications.notify import NotificationReport, notify
from pipelines.orchestration.assets import AS_OF_TAG, NIGHT_TAG, NOTIFIES_ITSELF, key
from pipelines.orchestration.incidents import incidents_of, started
from pipelines.orchestration.jobs import ingest, nightly, release_night
from pipelines.orchestration.partitions import BUSINESS_DATES, drop_date_fault
from pipelines.runtime import Runtime
from pipelines.steps.ingest import attempt, pending
from resources.engine import TIME_ZONE
from resources.errors import DeliveryRejected, Unreachable

INTERVAL = 60
GIVEN_UP = ("STORE", "DISK_FULL", "DISK_READ_ONLY")
"""Codes of errors after which a run gives the lake up."""


_LAST: list[Runtime] = []


def _kept(runtime: Runtime) -> Runtime:
    """The runtime of the last tick in this process while the settings are the same, so that a tick asks the landing zone and the lake only
    for what has changed since: after a year they hold tens of thousands of deliveries. It never starts an engine."""
    if not _LAST or _LAST[0].settings != runtime.settings:
        _LAST[:] = [Runtime.of(runtime.settings.model_copy())]
    _LAST[0].contracts = runtime.contracts
    return _LAST[0]


@dg.sensor(
    job=ingest,
    minimum_interval_seconds=INTERVAL,
    description="Ingests every complete drop that is not in the lake yet, and those released from a hold. One attempt is one run.",
    required_resource_keys={"runtime"},
)
def complete_drops(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request one run of the job `ingest` per complete drop that is not in the lake."""
    runtime = _kept(context.resources.runtime)
    found, known = False, BUSINESS_DATES.get_partition_keys()
    for contract in runtime.sources.values():
        try:
            drops = pending(runtime, contract, date.max) if known else []
        except (Unreachable, DeliveryRejected) as e:
            context.log.warning(str(e))
            continue
        for drop in drops:
            day, table = drop.business_date.isoformat(), contract.sibling("raw")
            if fault := drop_date_fault(drop.business_date, drop.location):
                context.log.warning(fault)
                continue
            if day > known[-1]:
                continue
            found = True
            yield dg.RunRequest(run_key=attempt(runtime, contract, drop), partition_key=day, asset_selection=[key(table)])
    if not found:
        yield dg.SkipReason("Every complete drop is in the lake.")


def notify_of_run(runtime: Runtime, instance: dg.DagsterInstance, run: dg.DagsterRun) -> NotificationReport | None:
    """Notify people of a finished Dagster run.

    Args:
        runtime: the installation.
        instance: Dagster's storage.
        run: the finished run.

    Returns:
        The report; None when the run's starter notifies, when the run will be retried, or when `release_night` follows and notifies.
    """
    if NOTIFIES_ITSELF in run.tags or run.tags.get(WILL_RETRY_TAG) == "true" or released_afterwards(instance, run):
        return None
    night = instance.get_run_by_id(run.tags[NIGHT_TAG]) if NIGHT_TAG in run.tags else None
    events = _events(instance, run)
    found = [*(incidents_of(_events(instance, night)) if night else []), *incidents_of(events)]
    failed = run.status == dg.DagsterRunStatus.FAILURE
    if failed and not any(e.is_step_failure for e in events):
        found.append(Incident(IncidentKind.RUN_FAILED, "", f"{run.job_name} did not finish; see the run {run.run_id} in Dagster"))
    day = run.tags.get("dagster/partition") or run.tags.get(AS_OF_TAG)
    as_of = date.fromisoformat(day) if day else _requested_on(instance, run)
    whole = _whole_night(night or run)
    newest = runtime.ledger.releases()[-1:] if whole and not failed else []
    return notify(runtime, run.run_id, as_of, found, whole=whole, release=newest[0].number if newest else None)


def released_afterwards(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Return whether a night ended with failed tables and without coming to its release, which a run of its own makes then.

    Not after a night that was killed, or that gave the lake up: what it left is for the next night.
    """
    if run.status != dg.DagsterRunStatus.FAILURE or NOTIFIES_ITSELF in run.tags or not _whole_night(run):
        return False
    events = _events(instance, run)
    ended = next((e.job_failure_data.failure_reason for e in reversed(events) if e.is_failure and not e.is_step_event), None)
    given_up = any(h.code in GIVEN_UP for h in incidents_of(events))
    return ended is RunFailureReason.STEP_FAILURE and not given_up and not started(events, RELEASE)


def _whole_night(run: dg.DagsterRun) -> bool:
    return run.job_name == nightly.name and (not run.asset_selection or key(RELEASE) in run.asset_selection)


def _events(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[dg.DagsterEvent]:
    return [e.dagster_event for e in instance.all_logs(run.run_id) if e.dagster_event is not None]


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.FAILURE,
    monitored_jobs=[nightly],
    request_job=release_night,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=INTERVAL,
    description="After a night in which tables failed: releases everything that belongs together without them.",
)
def release_after_failure(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
    """Request a run of the job `release_night` for a night that did not come to its release."""
    run = context.dagster_run
    if run.tags.get(WILL_RETRY_TAG) == "true" or not released_afterwards(context.instance, run):
        return dg.SkipReason("The run will be retried, was of some tables only, or did not come to its end.")
    return dg.RunRequest(run_key=run.run_id, tags={AS_OF_TAG: run.tags["dagster/partition"], NIGHT_TAG: run.run_id})


def _requested_on(instance: dg.DagsterInstance, run: dg.DagsterRun) -> date:
    """Return the day on which a run without a business date was requested, in the city's time."""
    record = instance.get_run_record_by_id(run.run_id)
    assert record is not None
    return record.create_timestamp.astimezone(ZoneInfo(TIME_ZONE)).date()


def _notifier(status: dg.DagsterRunStatus, name: str, description: str) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        status, name, INTERVAL, description, default_status=dg.DefaultSensorStatus.RUNNING, monitor_all_code_locations=False
    )
    def notifier(context: dg.RunStatusSensorContext, runtime: dg.ResourceParam[Runtime]) -> None:
        report = notify_of_run(runtime, context.instance, context.dagster_run)
        for to, message in report.messages.items() if report else ():
            context.log.info(f"notified {to}: {message.title}\n{message.body}")
        for trouble in report.troubles if report else ():
            context.log.warning(trouble)

    return notifier


NOTIFIERS = (
    _notifier(dg.DagsterRunStatus.SUCCESS, "notify_on_success", "Notifies departments and engineers of refused, held and late deliveries."),
    _notifier(dg.DagsterRunStatus.FAILURE, "notify_on_failure", "Notifies departments and engineers of failures and the affected tables."),
)
