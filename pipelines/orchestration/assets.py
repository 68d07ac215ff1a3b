"""Every table as a Dagster asset, generated from contracts and declarations.

Here: asset keys, groups, kinds, owners, pools, checks, and turning a step's outcome into Dagster's events.
Not here: what a step does (`pipelines.steps`), its metadata (`pipelines.orchestration.metadata`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from time import monotonic
from typing import Any

import dagster as dg

from assets.declare import TableAsset, upstream
from contracts import Contract, SourceContract
from pipelines.control import freshness
from pipelines.control.ledger import MAINTENANCE, QUARANTINE, RELEASE, SITE
from pipelines.control.profile import rows_of
from pipelines.maintenance.maintain import maintain
from pipelines.maintenance.retention import refuse_partial
from pipelines.measure import BOOK, MADE, UNCHANGED
from pipelines.orchestration import metadata
from pipelines.orchestration.incidents import failures_of_run
from pipelines.orchestration.orphaned_runs import active_runs
from pipelines.orchestration.partitions import BUSINESS_DATES
from pipelines.quarantine.overview import overview
from pipelines.runtime import Runtime
from pipelines.steps.cleanse import cleanse
from pipelines.steps.derive import derive
from pipelines.steps.ingest import ingest, without_source
from pipelines.steps.outcome import GateFailed, Outcome
from pipelines.steps.release import release
from quality.gates import GateResult, plan
from resources.errors import CitylakeError, DeliveryRejected, LakeUnreachable, Unreachable
from resources.lake import Conflict

RETRIES = 2
SECONDS_TO_RECOVER = 5
"""Before a step is retried after the store could not be reached."""
REBUILD_TAG = "citylake/rebuild"
PARTIAL_TAG = "citylake/partial"
"""On a rebuild: accept that raw no longer has every batch."""
AS_OF_TAG = "citylake/as_of"
NIGHT_TAG = "citylake/night"
"""On a run of the job `release_night`: the failed run whose tables it releases."""
NOTIFIES_ITSELF = "citylake/notifies_itself"
"""On a run whose starter sends the notifications, as the command line does."""
STEP_CHECKS = {
    "raw": (("delivery_accepted", False, "Every delivery can be read and agrees with its manifest"),),
    "cleansed": (
        ("balance", True, "rows in = published + quarantined + duplicates + rejected, for every batch"),
        ("quarantine_share", True, "The share of quarantined rows of a batch is within its limit"),
        (freshness.FRESH, False, freshness.RULE),
    ),
}


def key(table: str) -> dg.AssetKey:
    """Return the asset key of a table: its name by parts."""
    return dg.AssetKey(table.split("/"))


def raw_asset(contract: SourceContract) -> dg.AssetsDefinition:
    """Return the asset of a raw table: the deliveries of one business date, ingested."""
    table = contract.sibling("raw")

    def run(context: dg.AssetExecutionContext, runtime: Runtime) -> Outcome:
        day = date.fromisoformat(context.partition_key)
        try:
            return ingest(runtime, contract, day, context.run_id)
        except (Unreachable, DeliveryRejected) as e:
            return without_source(runtime, contract, e, day, context.run_id)

    title = f"{contract.title}, as delivered. {contract.purpose} All values are text; every row says which file and line it came from."
    return _asset(table, contract, run, description=title, deps=[], checks=_specs(table, STEP_CHECKS["raw"]), kinds={"delta", "arrow"},
                  partitions=BUSINESS_DATES)  # fmt: skip


def cleansed_asset(contract: SourceContract, valid_codes: dict[str, tuple[str, ...]]) -> dg.AssetsDefinition:
    """Return the asset of a cleansed table. valid_codes: the codes of every code list, by its name."""

    def run(context: dg.AssetExecutionContext, runtime: Runtime) -> Outcome:
        rebuild = REBUILD_TAG in context.run.tags
        if rebuild and PARTIAL_TAG not in context.run.tags:
            refuse_partial(runtime)
        return cleanse(runtime, contract, as_of(context, runtime), context.run_id, rebuild=rebuild)

    gates = [(p.name, p.blocking, p.rule) for p in plan(contract, valid_codes)]
    return _asset(contract.name, contract, run, description=f"{contract.title}. {contract.purpose}", deps=[contract.sibling("raw")],
                  checks=_specs(contract.name, (*STEP_CHECKS["cleansed"], *gates)), kinds={"delta", "pyspark"})  # fmt: skip


def derived_asset(asset: TableAsset, contract: Contract, valid_codes: dict[str, tuple[str, ...]]) -> dg.AssetsDefinition:
    """Return the asset of a base or thematic table.

    Args:
        asset: its declaration.
        contract: its contract.
        valid_codes: the codes of every code list, by its name.
    """

    def run(context: dg.AssetExecutionContext, runtime: Runtime) -> Outcome:
        return derive(runtime, asset, as_of(context, runtime), context.run_id, rebuild=REBUILD_TAG in context.run.tags)

    gates = [(p.name, p.blocking, p.rule) for p in plan(contract, valid_codes)]
    return _asset(asset.name, contract, run, description=f"{contract.title}. {contract.purpose}", deps=sorted(set(asset.inputs.values())),
                  checks=_specs(asset.name, gates), kinds={"delta", "pyspark"})  # fmt: skip


def release_asset(tables: list[str]) -> dg.AssetsDefinition:
    """Return the asset of the releases: one row per finished night, with the version of every table.

    In a night it comes after every table, so it does not run when one failed: the job `release_night` makes it then.
    """

    def run(context: dg.AssetExecutionContext, runtime: Runtime) -> dict[str, Any]:
        night = context.run.tags.get(NIGHT_TAG)
        failures = failures_of_run(context.instance, night) if night else {}
        return metadata.of_release(release(runtime, as_of(context, runtime), context.run_id, failures))

    description = (
        "One row per finished night: the version of every table that readers get. Tables that failed, and those made from them, are held "
        "back at their last version; the row says of each which night's state it has, and why."
    )
    return _control_asset(RELEASE, run, description=description, deps=tables)


def site_asset() -> dg.AssetsDefinition:
    """Return the asset of the site: the static pages of the release that the night has made, in the folder of the settings."""

    def run(_: dg.AssetExecutionContext, runtime: Runtime) -> dict[str, Any]:
        from pipelines.site.make import make_site

        if (folder := runtime.settings.site) is None:
            return metadata.of_site(None)
        return metadata.of_site(make_site(runtime.settings, folder, unwritten=rows_of(runtime.profile.ended())))

    description = (
        "The pages of the newest release, in the folder that the setting `site` names; none without it. One row for every site that was "
        "made: its release and the root of its seal."
    )
    return _control_asset(SITE, run, description=description, deps=[RELEASE], kinds={"html"})


def overview_asset(tables: list[str]) -> dg.AssetsDefinition:
    """Return the asset of the quarantine overview: quarantined rows by table and reason, compared with the night before."""

    def run(context: dg.AssetExecutionContext, runtime: Runtime) -> dict[str, Any]:
        return metadata.of_overview(overview(runtime, as_of(context, runtime), context.run_id))

    description = "Quarantined rows, one line for every night, table and reason: standing, new since the night before, cleared since."
    return _control_asset(QUARANTINE, run, description=description, deps=tables, kinds={"delta", "arrow"}, shown=metadata.of_lines())


def maintenance_asset() -> dg.AssetsDefinition:
    """Return the asset of the weekly maintenance."""

    def run(context: dg.AssetExecutionContext, runtime: Runtime) -> dict[str, Any]:
        alive = active_runs(context.instance, runtime.settings.home) - {context.run_id}
        return metadata.of_maintenance(maintain(runtime, context.run_id, alive=alive, progress=runtime.progress))

    description = (
        "Compacts small files, writes checkpoints, and removes what no kept release needs: abandoned stages, old files, "
        "raw batches beyond their contract's retention. Safe while nights and readers are active."
    )
    return _control_asset(MAINTENANCE, run, description=description)


def _control_asset(
    table: str,
    run: Callable[[dg.AssetExecutionContext, Runtime], dict[str, Any]],
    *,
    description: str,
    deps: list[str] | None = None,
    kinds: set[str] | None = None,
    shown: dict[str, Any] | None = None,
) -> dg.AssetsDefinition:
    """Return the asset of a control table. run: writes it and returns metadata; shown: metadata of the asset itself."""

    @dg.asset(
        key=key(table),
        group_name="operations",
        deps=[key(t) for t in deps or []],
        kinds=kinds or {"delta"},
        pool=pool(table),
        description=description,
        metadata=shown,
        required_resource_keys={"runtime"},
    )
    def write(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        runtime: Runtime = context.resources.runtime
        with runtime.profile.of(table, run_id=context.run_id, job=context.job_name) as measured, _clear_failures(context, runtime, table):
            measured.as_of = _tagged(context)
            made = run(context, runtime)
            measured.ended(BOOK)
        return dg.MaterializeResult(metadata=made | metadata.of_profile(measured))

    return write


def as_of(context: dg.AssetExecutionContext, runtime: Runtime) -> date:
    """Return the run's business date: its partition, its tag, or else the newest date in the ledger. Never the wall clock."""
    if tagged := _tagged(context):
        return tagged
    known = [r["as_of"] for r in runtime.ledger.rows()]
    if not known:
        raise dg.Failure(
            f"The lake is empty, so the business date is not known. Run a business date first, or give the run the tag {AS_OF_TAG}."
        )
    return max(known)


def _tagged(context: dg.AssetExecutionContext) -> date | None:
    tagged = context.run.tags.get("dagster/partition") or context.run.tags.get(AS_OF_TAG)
    return date.fromisoformat(tagged) if tagged else None


def pool(table: str) -> str:
    """Return the name of a table's pool, which allows one writer."""
    return table.replace("/", "_")


def _specs(table: str, checks: Any) -> list[dg.AssetCheckSpec]:
    return [dg.AssetCheckSpec(name, asset=key(table), blocking=blocking, description=rule) for name, blocking, rule in checks]


def _asset(
    table: str,
    contract: Contract,
    run: Callable[[dg.AssetExecutionContext, Runtime], Outcome],
    *,
    description: str,
    deps: list[str],
    checks: list[dg.AssetCheckSpec],
    kinds: set[str],
    partitions: dg.PartitionsDefinition[str] | None = None,
) -> dg.AssetsDefinition:
    layer, domain, _ = table.split("/")

    @dg.asset(
        key=key(table),
        group_name=f"{layer}_{domain}",
        deps=[key(d) for d in deps],
        check_specs=checks,
        kinds=kinds,
        owners=[f"team:{contract.owner}"],
        description=description,
        partitions_def=partitions,
        pool=pool(table),
        code_version=contract.version,
        metadata=metadata.of_contract(contract, raw=layer == "raw"),
        tags={"classification": max(c.classification for c in contract.columns)},
        required_resource_keys={"runtime"},
    )
    def step(context: dg.AssetExecutionContext) -> Iterator[Any]:
        runtime: Runtime = context.resources.runtime
        runtime.progress(table, "start")
        try:
            with (
                _clear_failures(context, runtime, table),
                runtime.room.of(table, [] if layer == "raw" else [table, *deps]),
                runtime.profile.of(table, run_id=context.run_id, job=context.job_name) as measured,
            ):
                runtime.ledger.complete(table)
                measured.as_of = as_of(context, runtime)
                made_from = [runtime.contracts[t] for t in (table, *upstream(table)) if t in runtime.contracts]
                late = freshness.overdue(made_from, runtime.ledger, measured.as_of)
                outcome = run(context, runtime)
                with measured.clock("metadata"):
                    shown = metadata.of_outcome(outcome, contract, runtime) | metadata.of_late(late)
                measured.ended(MADE if outcome.changed else UNCHANGED, outcome.rows, outcome.scope)
        except GateFailed as e:
            runtime.progress(table, "failed")
            yield from _check_results(table, [*e.checks, *_fresh(table, late)])
            raise dg.Failure(str(e), metadata=metadata.of_accounts(e.accounts), allow_retries=False) from e
        runtime.progress(table, "done")
        for problem in outcome.problems:
            context.log.warning(problem)
        yield from _check_results(table, [*(outcome.checks or _checks_of_unchanged(checks, outcome)), *_fresh(table, late)])
        yield dg.MaterializeResult(
            metadata=shown | metadata.of_profile(measured),
            data_version=dg.DataVersion(str(outcome.version)),
            tags={"citylake/changed": str(outcome.changed).lower()},
        )

    return step


@contextmanager
def _clear_failures(context: dg.AssetExecutionContext, runtime: Runtime, table: str) -> Iterator[None]:
    """Retry transient failures; end others with one sentence. After a run has given up the lake, its steps fail at once."""
    started = monotonic()
    try:
        if runtime.lost is not None:
            raise runtime.lost
        if context.retry_number > 0:
            runtime.lake.store.check()  # fails faster than what failed before
        yield
    except (GateFailed, dg.Failure):
        raise
    except Conflict as e:
        raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=1) from e
    except Exception as e:
        error = e if isinstance(e, CitylakeError) else runtime.engine.fault(started) or runtime.lake.fault(e)
        if isinstance(error, LakeUnreachable):
            if runtime.lost is None and context.retry_number < RETRIES:
                raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=SECONDS_TO_RECOVER) from e
            runtime.lost = error
        runtime.progress(table, "failed")
        if error is None:
            raise
        raise dg.Failure(str(error), allow_retries=False) from e


def _checks_of_unchanged(checks: list[dg.AssetCheckSpec], outcome: Outcome) -> list[GateResult]:
    """Return passed checks for a table without new data, whose version passed them when it was published, or without any data."""
    rule = outcome.scope if outcome.changed else f"nothing new; version {outcome.version} was checked when it was published"
    return [GateResult(c.name, True, c.blocking, rule) for c in checks if c.name != freshness.FRESH]


def _fresh(table: str, late: list[freshness.Overdue]) -> list[GateResult]:
    return [freshness.verdict(table, late)] if table.startswith("cleansed/") else []


def _check_results(table: str, checks: list[GateResult]) -> Iterator[dg.AssetCheckResult]:
    for c in checks:
        yield dg.AssetCheckResult(
            passed=c.passed,
            asset_key=key(table),
            check_name=c.name,
            severity=dg.AssetCheckSeverity.ERROR if c.blocking else dg.AssetCheckSeverity.WARN,
            description=c.sentence(),
            metadata={k: str(v) for k, v in c.found.items()},
        )
