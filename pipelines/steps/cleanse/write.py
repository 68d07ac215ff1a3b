"""Write: publish the quarantine, then the state, then the accounts.

In this order a run that ends in between is found and finished by the next one: the state's commit records which batches it contains, and
both commits record which belong together (`table_state`).
"""

from __future__ import annotations

from pipelines.control.batches import containing
from pipelines.control.ledger import commit_metadata
from pipelines.steps.cleanse import quarantine
from pipelines.steps.cleanse.parse import Parsed
from pipelines.steps.cleanse.plan import Plan
from pipelines.steps.cleanse.split import Split
from pipelines.steps.cleanse.table_state import state_transactions
from pipelines.steps.cleanse.task import Task
from resources.lake import Published


def write(task: Task, plan: Plan, parsed: Parsed, split: Split) -> Published:
    """Publish what was gated. Raises Conflict when somebody else published the table since the run started."""
    runtime, contract = task.runtime, task.contract
    quarantine.publish(task, plan, parsed, split.quarantined)
    with runtime.step.clock("publish"):
        published = task.writer.publish(
            split.candidate,
            metadata=commit_metadata(contract, split.accounts, run_id=task.run_id, as_of=task.as_of),
            transactions=containing(*sorted(plan.new_ids)) | state_transactions(plan.state, plan.rules, judges_all=plan.judges_all),
            statistics=contract.statistics,
        )
    runtime.step.wrote(published)
    return published
