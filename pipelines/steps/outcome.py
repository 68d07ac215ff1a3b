"""What a step reports back: the published version, its figures, and every check with its verdict."""

from __future__ import annotations

from dataclasses import dataclass, field

from quality.balance import Account
from quality.gates import GateResult
from resources.errors import CitylakeError


class GateFailed(CitylakeError):
    """A blocking gate failed: nothing was published. `checks` holds every verdict. hint: what may be behind it."""

    def __init__(self, table: str, checks: list[GateResult], accounts: list[Account], stage: str, hint: str = "") -> None:
        self.checks, self.accounts = checks, accounts
        failed = "; ".join(c.sentence() for c in checks if c.blocking and not c.passed)
        batches = ", ".join(a.batch_id[:8] for a in accounts) or "none"
        super().__init__(
            "GATE",
            f"table {table} is not published: {failed}. Batches: {batches}",
            stage,
            f"Readers keep the last version. Look at the staged rows there, then correct the source or the contract and run it again{hint}",
        )


@dataclass
class Outcome:
    """One step's result. version: the table's version that readers see now, None when it has never been published. scope: whether the
    table was made whole or in part, and why."""

    table: str
    version: int | None
    changed: bool
    rows: int | None = None
    accounts: list[Account] = field(default_factory=list)
    checks: list[GateResult] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    read: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    scope: str = ""
