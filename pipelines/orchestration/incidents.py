"""Read the incidents of a run from its Dagster events: failed tables and deliveries that were not accepted.

Not here: what an incident is and who is notified of it (`pipelines.notifications`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pipelines.notifications.incidents import FAILURES, KIND_OF_CODE, Incident, IncidentKind

if TYPE_CHECKING:
    import dagster as dg

ORDER = {layer: n for n, layer in enumerate(("raw", "reference", "cleansed", "base", "themes", "shared", "operations"))}
OWN_LINE = re.compile(r'File "[^"]*/((?:assets|contracts|pipelines|quality|resources|standards)/[^"]+)", line (\d+)')
"""In a frame of a stack: a file of the lake's own, and the line."""
RUN_EXCEPTION = "RUN_EXCEPTION"
"""Why a run failed: not because of one of its steps."""


def incidents_of(events: Iterable[dg.DagsterEvent]) -> list[Incident]:
    """Return the failed tables and refused deliveries of one run, layer by layer: tables are made at once, in any order."""
    found = []
    for event in events:
        if event.is_step_failure:
            found.append(_failure(event))
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            evaluation: Any = event.event_specific_data
            if evaluation.check_name == "delivery_accepted" and not evaluation.passed and "problem" in evaluation.metadata:
                table, lines = evaluation.asset_key.to_user_string(), str(evaluation.metadata["problem"].value).splitlines()
                found += [Incident(_kind(line, IncidentKind.UNREACHABLE), table, line) for line in lines]
        elif event.is_job_failure and failure_reason(event) == RUN_EXCEPTION:
            error = event.job_failure_data.error
            name = (error.cls_name if error else None) or "unknown error"
            found.append(Incident(IncidentKind.RUN_FAILED, "", f"the run ended with {name}; see it in Dagster", name))
    return sorted(found, key=lambda i: (ORDER.get(i.table.split("/")[0], len(ORDER)), i.table))


def started(events: Iterable[dg.DagsterEvent], table: str) -> bool:
    """Return whether a run came to a table: a step does not start when one before it has failed."""
    return any(e.is_step_start and e.step_key == table.replace("/", "__") for e in events)


def made(events: Iterable[dg.DagsterEvent], table: str) -> bool:
    """Return whether a run made a table, or found it made."""
    return any(e.is_step_materialization and e.asset_key is not None and e.asset_key.to_user_string() == table for e in events)


def failures_of_run(instance: dg.DagsterInstance, run_id: str) -> dict[str, str]:
    """Return why tables failed in a run, by table; of an unexpected error only its class, as its text may contain personal values."""
    found = incidents_of(e.dagster_event for e in instance.all_logs(run_id) if e.dagster_event is not None)
    return {h.table: h.reason for h in found if h.kind in FAILURES and h.table}


def failure_reason(event: Any) -> str:
    """Return why a run failed, as Dagster's event says it; empty when it does not."""
    data = event.event_specific_data
    return data.failure_reason.name if data and data.failure_reason else ""


def _kind(line: str, other: IncidentKind) -> IncidentKind:
    return next((kind for code, kind in KIND_OF_CODE.items() if line.startswith(code)), other)


def _failure(event: Any) -> Incident:
    """Return the incident of a failed step, with the error's own text and without the framework's."""
    data, table = event.step_failure_data, event.step_key.replace("__", "/")
    if data.user_failure_data and data.user_failure_data.description:
        line = str(data.user_failure_data.description)
        gate = _kind(line, IncidentKind.TABLE_FAILED) is IncidentKind.GATE_FAILED
        return Incident(IncidentKind.GATE_FAILED if gate else IncidentKind.TABLE_FAILED, table, line)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    text = " ".join((error.message if error else "unknown error").split())
    places = [":".join(found) for frame in (error.stack if error else ()) for found in OWN_LINE.findall(frame)]
    text = f"{table}: {text[:400]}" + (f" ({places[-1]})" if places else "")
    return Incident(IncidentKind.TABLE_FAILED, table, text, (error.cls_name if error else None) or "unknown error")
