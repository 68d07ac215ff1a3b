"""Start a run when a department's drop is complete.

Here: what counts as news. Not here: reading it (`resources.landing`), taking it in (`pipelines.steps.ingest`).
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from hashlib import sha256

import dagster as dg

from pipelines.dagster_assets import key
from pipelines.jobs import take_in
from pipelines.runtime import Runtime
from pipelines.steps.ingest import pending

INTERVAL = 60


@dg.sensor(
    job=take_in,
    minimum_interval_seconds=INTERVAL,
    description="Takes in every complete drop that is not in the lake yet. A run's key is the digest of the manifests: one drop, one run.",
    required_resource_keys={"runtime"},
)
def complete_drops(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    runtime: Runtime = context.resources.runtime
    news: dict[date, list[tuple[str, str]]] = defaultdict(list)
    for contract in runtime.contracts.values():
        if contract.delivery is not None:
            for drop in pending(runtime, contract, date.max):
                news[drop.business_date].append((drop.batch_id, contract.sibling("raw")))
    if not news:
        yield dg.SkipReason("Every complete drop is in the lake.")
    for day, drops in sorted(news.items()):
        digest = sha256("".join(sorted(b for b, _ in drops)).encode()).hexdigest()
        yield dg.RunRequest(run_key=digest, partition_key=day.isoformat(), asset_selection=[key(t) for t in sorted({t for _, t in drops})])
