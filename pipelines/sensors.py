"""Start a run when a department's drop is complete.

Here: what counts as news. Not here: reading it (`resources.landing`), taking it in (`pipelines.steps.ingest`).
"""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from pipelines.dagster_assets import key
from pipelines.jobs import take_in
from pipelines.partitions import BUSINESS_DATES, OUT_OF_REACH, in_reach
from pipelines.runtime import Runtime
from pipelines.steps.ingest import attempt, pending
from resources.errors import DeliveryRejected, Unreachable

INTERVAL = 60


@dg.sensor(
    job=take_in,
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
