"""What a run's events say of things that went wrong: tables that failed, deliveries that were not taken in.

Here: from Dagster's events, whoever started the run. Not here: whom it concerns (`gather`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipelines.books import holds

if TYPE_CHECKING:
    import dagster as dg

GATE_FAILED, TABLE_FAILED, RUN_FAILED = "GATE_FAILED", "TABLE_FAILED", "RUN_FAILED"
REFUSED, HOLD, UNREACHABLE, LATE = "DELIVERY_REFUSED", "HOLD", "SOURCE_UNREACHABLE", "DELIVERY_LATE"
FAILURES = (GATE_FAILED, TABLE_FAILED, RUN_FAILED)
KIND_OF_CODE = {**dict.fromkeys(holds.CODES, HOLD), "DELIVERY": REFUSED, "GATE": GATE_FAILED}
"""By the beginning of an error's code, the longest first."""


@dataclass(frozen=True)
class Happened:
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


def happened(events: Iterable[dg.DagsterEvent]) -> list[Happened]:
    """Failed tables and refused deliveries of one run, in the order in which they happened."""
    found = []
    for event in events:
        if event.is_step_failure:
            found.append(_failure(event))
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            evaluation: Any = event.event_specific_data
            if evaluation.check_name == "delivery_accepted" and not evaluation.passed and "problem" in evaluation.metadata:
                table, lines = evaluation.asset_key.to_user_string(), str(evaluation.metadata["problem"].value).splitlines()
                found += [Happened(_kind(line, UNREACHABLE), table, line) for line in lines]
    return found


def _kind(line: str, other: str) -> str:
    return next((kind for code, kind in KIND_OF_CODE.items() if line.startswith(code)), other)


def _failure(event: Any) -> Happened:
    """A failed step in its own words, without the framework's."""
    data, table = event.step_failure_data, event.step_key.replace("__", "/")
    if data.user_failure_data and data.user_failure_data.description:
        line = str(data.user_failure_data.description)
        return Happened(GATE_FAILED if _kind(line, TABLE_FAILED) == GATE_FAILED else TABLE_FAILED, table, line)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    text = " ".join((error.message if error else "unknown error").split())
    return Happened(TABLE_FAILED, table, f"{table}: {text[:400]}", (error.cls_name if error else None) or "unknown error")
