"""Start a run when a department's drop is complete; tell people when a run has ended.

Here: what counts as news. Not here: reading a drop (`resources.landing`), taking it in (`pipelines.steps.ingest`), what is told
to whom (`pipelines.notifications`).
"""

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.storage.tags import WILL_RETRY_TAG

from pipelines.control.ledger import RELEASE
from pipelines.notifications.incidents import RUN_FAILED, Incident
from pipelines.notifications.notify import NotificationReport, notify
from pipelines.orchestration.assets import AS_OF_TAG, TELLS_ITSELF, key
from pipelines.orchestration.incidents import incidents_of
from pipelines.orchestration.jobs import ingest, nightly
from pipelines.orchestration.partitions import BUSINESS_DATES, OUT_OF_REACH, in_reach
from pipelines.runtime import Runtime
from pipelines.steps.ingest import attempt, pending
from resources.engine import TIME_ZONE
from resources.errors import DeliveryRejected, Unreachable

INTERVAL = 60


@dg.sensor(
    job=ingest,
    minimum_interval_seconds=INTERVAL,
    description="Takes in every complete drop that is not in the lake yet, and those released from a hold. One try of a drop is one run.",
    required_resource_keys={"runtime"},
)
def complete_drops(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    runtime: Runtime = context.resources.runtime
    found, known = False, BUSINESS_DATES.get_partition_keys()
    for contract in runtime.contracts.values():
        if contract.delivery is None:
            continue
        try:
            drops = pending(runtime, contract, date.fromisoformat(known[-1])) if known else []
        except (Unreachable, DeliveryRejected) as e:
            context.log.warning(str(e))
            continue
        for drop in drops:
            day, table = drop.business_date.isoformat(), contract.sibling("raw")
            if not in_reach(drop.business_date):
                context.log.warning(OUT_OF_REACH.format(drop.location))
                continue
            found = True
            yield dg.RunRequest(run_key=attempt(runtime, contract, drop), partition_key=day, asset_selection=[key(table)])
    if not found:
        yield dg.SkipReason("Every complete drop is in the lake.")


def tell_of(runtime: Runtime, instance: dg.DagsterInstance, run: dg.DagsterRun) -> NotificationReport | None:
    """Tell of a run of Dagster's that has ended. None: its starter does, or it is about to be tried again."""
    if TELLS_ITSELF in run.tags or run.tags.get(WILL_RETRY_TAG) == "true":
        return None
    events = [e.dagster_event for e in instance.all_logs(run.run_id) if e.dagster_event is not None]
    found = incidents_of(events)
    failed = run.status == dg.DagsterRunStatus.FAILURE
    if failed and not any(e.is_step_failure for e in events):
        found.append(Incident(RUN_FAILED, "", f"{run.job_name} ended in the middle; the run {run.run_id} in Dagster says why"))
    day = run.tags.get("dagster/partition") or run.tags.get(AS_OF_TAG)
    as_of = date.fromisoformat(day) if day else _asked_on(instance, run)
    whole = run.job_name == nightly.name and (run.asset_selection is None or key(RELEASE) in run.asset_selection)
    newest = runtime.ledger.releases()[-1:] if whole and not failed else []
    return notify(runtime, run.run_id, as_of, found, whole=whole, release=newest[0].number if newest else None)


def _asked_on(instance: dg.DagsterInstance, run: dg.DagsterRun) -> date:
    """The day a run without a business date was asked for, in the city's time."""
    record = instance.get_run_record_by_id(run.run_id)
    assert record is not None
    return record.create_timestamp.astimezone(ZoneInfo(TIME_ZONE)).date()


def _teller(status: dg.DagsterRunStatus, name: str, description: str) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        status, name, INTERVAL, description, default_status=dg.DefaultSensorStatus.RUNNING, monitor_all_code_locations=False
    )
    def teller(context: dg.RunStatusSensorContext, runtime: dg.ResourceParam[Runtime]) -> None:
        report = tell_of(runtime, context.instance, context.dagster_run)
        for to, message in report.messages.items() if report else ():
            context.log.info(f"told {to}: {message.title}\n{message.body}")
        for trouble in report.troubles if report else ():
            context.log.warning(trouble)

    return teller


TELLERS = (
    _teller(dg.DagsterRunStatus.SUCCESS, "tell_when_done", "Tells departments and engineers of refused, held and late deliveries."),
    _teller(dg.DagsterRunStatus.FAILURE, "tell_when_failed", "Tells departments and engineers what failed and what it touches."),
)
