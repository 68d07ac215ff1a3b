"""What Dagster loads: all assets, jobs, schedules and sensors of this city.

`build(runtime)` makes the same graph on any installation; `defs` is the one `workspace.yaml` points to.
"""

from collections.abc import Iterator

import dagster as dg

from assets.declare import declared
from contracts import load_all
from contracts.strict import match_functions
from pipelines.orchestration import hold_jobs, jobs
from pipelines.orchestration.assets import cleansed_asset, derived_asset, maintenance_asset, overview_asset, raw_asset, release_asset
from pipelines.orchestration.sensors import TELLERS, complete_drops
from pipelines.runtime import Runtime, valid_codes
from pipelines.store_watch import watched_store
from resources.settings import load


def build(runtime: dg.ResourceDefinition) -> dg.Definitions:
    """The whole graph on one installation."""
    contracts, codes = load_all(), valid_codes()
    sources = [c for c in contracts.values() if c.delivery is not None]
    match_functions(contracts, {name: tuple(t.inputs.values()) for name, t in declared().items()})
    tables = list(declared().values())
    assets = [
        *[raw_asset(c) for c in sources],
        *[cleansed_asset(c, codes) for c in sources],
        *[derived_asset(t, contracts[t.name], codes) for t in tables],
    ]
    made = [c.name for c in sources] + [t.name for t in tables]
    return dg.Definitions(
        assets=[*assets, overview_asset([c.name for c in sources]), release_asset(made), maintenance_asset()],
        jobs=[*jobs.ALL, *hold_jobs.ALL],
        schedules=list(jobs.SCHEDULES),
        sensors=[complete_drops, *TELLERS],
        executor=dg.in_process_executor,
        resources={"runtime": runtime},
    )


@dg.resource(description="The installation: settings, lake, landing zone and engine. The engine starts when a step first needs it.")
def installation(_: dg.InitResourceContext) -> Iterator[Runtime]:
    runtime = Runtime.of(load())
    try:
        with watched_store(runtime):
            yield runtime
    finally:
        runtime.note_costs()
        runtime.engine.stop()


defs = build(installation)
