"""An incident: one thing that went wrong in a run, such as a failed table or a refused delivery.

Here: its kinds and its shape. Not here: reading it from Dagster's events (`pipelines.orchestration.incidents`), who is notified (`gather`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.control import holds

GATE_FAILED, TABLE_FAILED, RUN_FAILED = "GATE_FAILED", "TABLE_FAILED", "RUN_FAILED"
REFUSED, HOLD, UNREACHABLE, LATE = "DELIVERY_REFUSED", "HOLD", "SOURCE_UNREACHABLE", "DELIVERY_LATE"
FAILURES = (GATE_FAILED, TABLE_FAILED, RUN_FAILED)
KIND_OF_CODE = {**dict.fromkeys(holds.CODES, HOLD), "DELIVERY": REFUSED, "GATE": GATE_FAILED}
"""By the beginning of an error's code, the longest first."""


@dataclass(frozen=True)
class Incident:
    """kind: one of the constants above; table: as its asset is called, empty for a whole run; line: what to say of it.

    unexpected: the class of an exception that is none of the lake's own: its text may hold anything, also personal values.
    """

    kind: str
    table: str
    line: str
    unexpected: str = ""

    @property
    def code(self) -> str:
        return self.line.partition(":")[0]
