"""Run a business date through Dagster in this process: what `citylake run` and the demo do.

Here: late drops first, then the night; what came of it. Not here: the steps, the command line's words.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pipelines.ledger import Release
from pipelines.runtime import Runtime
from resources.errors import DeliveryRejected, Unreachable
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
    """What a night came to. problems: deliveries that were refused; failures: tables that were not published, and why."""

    as_of: date
    run_ids: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    release: Release | None = None

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
    """Take in late drops of earlier dates, then run the night of one business date.

    select: table names; only these (and nothing else) are made, in order. Every failure is in the report.
    """
    from pipelines.partitions import OUT_OF_REACH, in_reach
    from pipelines.steps.ingest import pending

    report = NightReport(as_of)
    late: dict[date, set[str]] = {}
    if not select:
        for contract in runtime.contracts.values():
            if contract.delivery is None:
                continue
            try:
                drops = pending(runtime, contract, as_of)
            except (Unreachable, DeliveryRejected):
                continue  # the night itself asks again and reports it
            report.problems += [OUT_OF_REACH.format(d.location) for d in drops if not in_reach(d.business_date)]
            for drop in drops:
                if drop.business_date < as_of and in_reach(drop.business_date):
                    late.setdefault(drop.business_date, set()).add(contract.sibling("raw"))
    for day in sorted(late):
        _execute(runtime, "take_in", report, partition=day, select=sorted(late[day]))
    _execute(runtime, "nightly", report, partition=as_of, select=select)
    if report.succeeded and not select:
        report.release = runtime.ledger.releases()[-1]
    return report


def run_rebuild(runtime: Runtime, as_of: date, *, history: bool = True) -> NightReport:
    """Make everything after raw anew from all raw batches. history: keep the run in Dagster's storage."""
    report = NightReport(as_of)
    _execute(runtime, "rebuild", report, as_of=as_of, history=history)
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
) -> None:
    """Run one job to its end and put what it says into the report. Raises LakeUnreachable when the run had to give the lake up."""
    import dagster as dg

    from pipelines.dagster_assets import AS_OF_TAG, key
    from pipelines.definitions import build
    from pipelines.leftovers import alive, clear_leftovers

    definitions = build(dg.ResourceDefinition.hardcoded_resource(runtime))
    tags = {AS_OF_TAG: as_of.isoformat()} if as_of else {}
    home, run_id = runtime.settings.home, str(uuid4())
    with dagster_instance(home if history else None) as instance, alive(home, run_id):
        clear_leftovers(instance, home)
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
    if runtime.lost is not None:
        raise runtime.lost
    for event in result.all_events:
        if event.is_step_failure:
            report.failures.append(_reason(event))
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation: Any = event.event_specific_data
            if evaluation.check_name == "delivery_accepted" and not evaluation.passed:
                problem = evaluation.metadata.get("problem")
                report.problems.extend(str(problem.value).splitlines() if problem else [])


def _reason(event: Any) -> str:
    """One line for a failed step: its own words, without the framework's."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    text = " ".join((error.message if error else "unknown error").split())
    return f"{event.step_key.replace('__', '/')}: {text[:400]}"


def check_installation(runtime: Runtime) -> None:
    """Say at once what is missing before a night starts. Raises CitylakeError."""
    _ = runtime.contracts
    read_key(runtime.settings.key_file)
    runtime.landing.store.check()
    if is_bucket(runtime.settings.lake):
        runtime.lake.store.check()
