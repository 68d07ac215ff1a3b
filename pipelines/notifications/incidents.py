"""An incident: one thing that went wrong in a run, such as a failed table or a refused delivery.

Here: its kinds and its shape. Not here: reading it from Dagster's events (`pipelines.orchestration.incidents`), who is notified (`gather`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pipelines.control import holds


class IncidentKind(StrEnum):
    """What went wrong; messages.yaml has the texts of each kind."""

    GATE_FAILED = "GATE_FAILED"
    TABLE_FAILED = "TABLE_FAILED"
    RUN_FAILED = "RUN_FAILED"
    REFUSED = "DELIVERY_REFUSED"
    HOLD = "HOLD"
    UNREACHABLE = "SOURCE_UNREACHABLE"
    LATE = "DELIVERY_LATE"


FAILURES = (IncidentKind.GATE_FAILED, IncidentKind.TABLE_FAILED, IncidentKind.RUN_FAILED)
KIND_OF_CODE = {**dict.fromkeys(holds.CODES, IncidentKind.HOLD), "DELIVERY": IncidentKind.REFUSED, "GATE": IncidentKind.GATE_FAILED}
"""By prefix of an error's code; the first match counts."""


@dataclass(frozen=True)
class Incident:
    """One incident of a run.

    Attributes:
        kind: what went wrong.
        table: the asset's table; empty for a whole run.
        line: the error as one line: code, what, where, what to do.
        unexpected: the class of an exception that the lake does not raise itself: its text may contain personal values.
    """

    kind: IncidentKind
    table: str
    line: str
    unexpected: str = ""

    @property
    def code(self) -> str:
        return self.line.partition(":")[0]

    @property
    def reason(self) -> str:
        """The line, for people; of an unexpected exception only its class."""
        return f"it stopped unexpectedly with {self.unexpected}; see the run in Dagster" if self.unexpected else self.line
