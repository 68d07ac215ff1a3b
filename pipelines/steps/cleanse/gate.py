"""Gate: hold the staged rows against the balance, the quarantine's limits and the contract, before anyone can see them.

Not here: the expectations that follow from a contract (`quality.gates`).
"""

from __future__ import annotations

from pyspark.sql import functions as F

from pipelines.control.holds import DRIFT
from pipelines.steps.cleanse.plan import Plan
from pipelines.steps.cleanse.split import Split
from pipelines.steps.cleanse.task import Task
from pipelines.steps.outcome import GateFailed
from pipelines.steps.to_publish import rows_to_publish
from quality import gates
from quality.balance import Account
from quality.gates import GateResult

TOLERATED_ROWS = 20
"""Up to this many quarantined rows never stop a batch, however small it is."""
OF_EARLIER_RULES = ". The table also holds rows that were published by earlier rules: `citylake rebuild` judges them again"


def gate(task: Task, plan: Plan, split: Split) -> list[GateResult]:
    """The verdict of every gate. Raises GateFailed when a blocking one fails; nothing is published then."""
    with task.runtime.step.clock("gates"):
        candidate = split.candidate
        live = candidate.frame(task.runtime.spark).where(F.col("_op") != "D")
        results = [
            _balance(split.accounts, split.expected - candidate.staged_rows),
            _quarantine_share(task, split.accounts),
            *gates.check(
                task.contract,
                live,
                task.runtime.valid_codes,
                candidate.retained_rows_other_than("_op", "D"),
                lambda _: rows_to_publish(task.runtime, task.contract, candidate, task.base),  # a cleansed table has no inputs
            ),
        ]
    if any(r.blocking and not r.passed for r in results):
        earlier_rules = not plan.from_scratch and plan.state.rules_of_all != plan.rules
        raise GateFailed(task.contract.name, results, split.accounts, candidate.uri, OF_EARLIER_RULES if earlier_rules else "")
    return results


def _balance(accounts: list[Account], lost: int) -> GateResult:
    wrong = [a.sentence() for a in accounts if not a.balanced] + ([f"{lost} rows to be published are not staged"] if lost else [])
    return _result("balance", wrong, "rows in = published + quarantined + duplicates + rejected")


def _quarantine_share(task: Task, accounts: list[Account]) -> GateResult:
    """Batches that a person has released despite their drift are not judged: that person has seen how many rows are wrong."""
    most = task.contract.delivery.max_quarantine_ratio
    holds = task.runtime.holds.of(task.contract.sibling("raw"))
    released = {batch for batch, hold in holds.items() if DRIFT in hold.released}
    judged = [a for a in accounts if a.kind == "batch" and a.batch_id not in released]
    wrong = [a.sentence() for a in judged if a.quarantined > max(most * a.rows_in, TOLERATED_ROWS)]
    return _result("quarantine_share", wrong, f"at most {most:.0%} of a batch is quarantined")


def _result(name: str, wrong: list[str], rule: str) -> GateResult:
    return GateResult(name, not wrong, True, rule, {"batches": "; ".join(wrong)} if wrong else {})
