"""The balance of a batch: every row that came in is published, quarantined, a duplicate or rejected. Always.

Here: the ledger's row and its arithmetic. Not here: where the ledger is kept (`pipelines.control.ledger`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

FIGURES = ("rows_in", "published", "quarantined", "duplicates", "rejected")
"""The counts of an account: the first is the sum of the others."""


@dataclass(frozen=True)
class Account:
    """Where the rows of one batch went in one table. Counts are rows; an adjustment of an earlier batch may be negative."""

    table: str
    batch_id: str
    business_date: date
    rows_in: int
    published: int
    quarantined: int = 0
    duplicates: int = 0
    rejected: int = 0
    kind: str = "batch"
    reason: str = ""
    codes: dict[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        return self.rows_in == self.published + self.quarantined + self.duplicates + self.rejected

    def sentence(self) -> str:
        parts = f"{self.published} published + {self.quarantined} quarantined + {self.duplicates} duplicates + {self.rejected} rejected"
        return f"{self.table} batch {self.batch_id[:8]} of {self.business_date}: {self.rows_in} in = {parts}"
