"""Remarks of a release: which of its tables have not the whole state of its night, which state they have instead, and why.

Here: the kinds, and their form in `operations/release`. Not here: deciding which table gets one (`pipelines.steps.release`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class RemarkKind(StrEnum):
    """Why a table has not the whole state of the night."""

    FAILED = "failed"
    """Its gate or its step failed: it keeps its last state."""
    WAITING = "waiting"
    """It is made from a table that keeps its last state, so it keeps its own."""
    HELD = "held"
    """The department's delivery waits for a decision or a changed contract."""
    REFUSED = "refused"
    """The department's delivery could not be read."""
    LATE = "late"
    """The department should have delivered by now."""
    AWAITED = "awaited"
    """Nobody has ever delivered it, or what it needs: it has no rows."""
    INCOMPLETE = "incomplete"
    """It is made of tonight's tables, and without a source that nobody has delivered yet."""


@dataclass(frozen=True)
class Remark:
    """What a release says of one table.

    Attributes:
        why: a sentence for people.
        as_of: the night whose state the table has; of a department's table the date of its newest delivery; None when there is none.
        release: the number of the release whose state a held back table has; None when the table is of the release's own night.
    """

    kind: RemarkKind
    why: str
    as_of: date | None = None
    release: int | None = None

    @property
    def sentence(self) -> str:
        """`failed, state of 2019-12-30: GATE: table …`."""
        state = f", state of {self.as_of}" if self.as_of else ""
        return f"{self.kind}{state}: {self.why}"


def to_json(remarks: Mapping[str, Remark]) -> str:
    """Write remarks by table as one text."""
    return json.dumps({table: vars(remark) for table, remark in remarks.items()}, default=str, sort_keys=True, ensure_ascii=False)


def from_json(text: str | None) -> dict[str, Remark]:
    """Read remarks by table. text: None in a release that was made before there were remarks."""
    found = {}
    for table, facts in json.loads(text or "{}").items():
        day = date.fromisoformat(facts["as_of"]) if facts["as_of"] else None
        found[table] = Remark(RemarkKind(facts["kind"]), facts["why"], day, facts["release"])
    return found
