"""The Dagster definitions: all assets, jobs, schedules and sensors of the city.

`build(runtime)` makes the same graph for any installation; `defs` is the one that `workspace.yaml` loads.
"""

from collections.abc import Iterator, Mapping

import dagster as dg

from assets.declare import declared
from contracts import Contract, load_all, sources
from contracts.strict import match_functions
from pipelines.orchestration import hold_jobs, jobs
from pipelines.orchestration.assets import (
    cleansed_asset,
    derived_asset,
    maintenance_asset,
    overview_asset,
    raw_asset,
    release_asset,
    site_asset,
)
from pipelines.orchestration.executor import tables_at_once
from pipelines.orchestration.sensors import NOTIFIERS, complete_drops, release_after_failure
from pipelines.runtime import Runtime, valid_codes
from pipelines.store_watch import watched_store
from pipelines.taking_part import contracts_of
from resources.settings import load


def build(runtime: dg.ResourceDefinition, contracts: Mapping[str, Contract], at_once: int = 1) -> dg.Definitions:
    """Return the graph of an installation.

    Args:
        runtime: the resource of the installation.
        contracts: of its tables, by name.
        at_once: tables of a run that are made at the same time.

    Raises:
        ContractError: a contract is wrong, whether its table is there or not.
    """
    match_functions(load_all(), {name: tuple(t.inputs.values()) for name, t in declared().items()})
    delivered, codes = list(sources(contracts).values()), valid_codes()
    tables = [t for name, t in declared().items() if name in contracts]
    assets = [
        *[raw_asset(c) for c in delivered],
        *[cleansed_asset(c, codes) for c in delivered],
        *[derived_asset(t, contracts[t.name], codes) for t in tables],
    ]
    made = [c.name for c in delivered] + [t.name for t in tables]
    return dg.Definitions(
        assets=[*assets, overview_asset([c.name for c in delivered]), release_asset(made), site_asset(), maintenance_asset()],
        jobs=[*jobs.ALL, *hold_jobs.ALL],
        schedules=list(jobs.SCHEDULES),
        sensors=[complete_drops, release_after_failure, *NOTIFIERS],
        executor=tables_at_once(at_once),
        resources={"runtime": runtime},
    )


@dg.resource(description="The installation: settings, lake, landing zone and engine. The engine starts when a step first needs it.")
def installation(_: dg.InitResourceContext) -> Iterator[Runtime]:
    """Provide the runtime of the settings, watch its store, and record the profile at the end."""
    runtime = Runtime.of(load())
    try:
        with watched_store(runtime):
            yield runtime
    finally:
        runtime.judged.forget_all()
        runtime.note_costs()
        runtime.engine.stop()


defs = build(installation, contracts_of(load().departments), load().tables_at_once)
