"""The runner: one line from the plan to the published table."""

from __future__ import annotations

from datetime import date
from time import perf_counter

from contracts import SourceContract
from pipelines.runtime import Runtime
from pipelines.steps.awaited import publish_empty
from pipelines.steps.checkpoints import checkpoints
from pipelines.steps.cleanse.candidates import candidates
from pipelines.steps.cleanse.gate import gate
from pipelines.steps.cleanse.merge import merged
from pipelines.steps.cleanse.parse import parse
from pipelines.steps.cleanse.plan import Mode, plan
from pipelines.steps.cleanse.split import split
from pipelines.steps.cleanse.table_rules import judged
from pipelines.steps.cleanse.task import Task
from pipelines.steps.cleanse.write import write
from pipelines.steps.outcome import Outcome


def cleanse(runtime: Runtime, contract: SourceContract, as_of: date, run_id: str, *, rebuild: bool = False) -> Outcome:
    """Merge the new batches of one table into its published state.

    Args:
        runtime: the installation.
        contract: of the cleansed table.
        as_of: the night's business date, for the ledger.
        run_id: of the run, for the stages and the ledger.
        rebuild: merge all batches into an empty state.

    Returns:
        What was published. Raises GateFailed when a blocking gate fails; nothing is published then.
    """
    started = perf_counter()
    base = runtime.lake.version(contract.name)
    planned = plan(runtime, contract, base, rebuild=rebuild)
    outcome = Outcome(contract.name, base, changed=False, read={contract.sibling("raw"): planned.raw_version})
    if planned.mode == Mode.AWAITED:
        return publish_empty(runtime, contract, base, run_id)
    if planned.mode == Mode.NOTHING_NEW:
        return outcome
    with checkpoints(runtime, contract.name, run_id) as checkpoint:
        task = Task(runtime, contract, as_of, run_id, base, checkpoint)
        with runtime.step.clock("plan"):
            parsed = parse(task, planned)
            found = candidates(task, planned, parsed)
            rows = judged(task, planned, found, merged(task, planned, found))
        parts = split(task, planned, parsed, found, rows)
        outcome.checks, outcome.accounts = gate(task, planned, parts), parts.accounts
        published = write(task, planned, parsed, parts)
    runtime.judged.forget(contract)
    outcome.version, outcome.rows, outcome.changed = published.version, published.rows, True
    outcome.scope = f"whole: {planned.reason}" if planned.reason else f"part: {parts.expected:,} rows written"
    outcome.seconds = perf_counter() - started
    with runtime.step.clock("ledger"):
        runtime.ledger.record(outcome.accounts, run_id=run_id, as_of=as_of, version=published.version, seconds=outcome.seconds)
    return outcome
