"""What goes into the job and what comes out of it: names, keys and compared columns.

Here: the facts that every contestant and the comparison share. Not here: the rules (README.md, `spec.json` of the inputs).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

AS_OF = date(2019, 12, 31)
KEY = bytes(range(32))
"""Key of the pseudonyms: HMAC-SM3, known to every contestant."""


SOURCES = (
    "public_security/resident",
    "public_security/death_cancellation",
    "human_resources/pension_payment",
    "health/archive",
    "health/death_certificate",
    "health/outpatient_visit",
    "health/examination",
    "health/hypertension_followup",
    "health/staff",
    "civil_affairs/cremation",
    "citizen_card/card",
)
"""Each is read from `raw/<name>` and written to `cleansed/<name>`."""

DEPARTMENTS = SOURCES
"""Those that take part, however many others there are, so that figures of one version can be held against another's."""

DERIVED = (
    "base/population/source_link",
    "base/population/death",
    "base/population/person",
    "base/population/scored_match",
    "themes/health/service",
    "themes/health/archive",
    "themes/health/cleanup_list",
)
"""In the order in which they are made."""

LINEAGE = ("_batch_id", "_business_date", "_source_file", "_row_no")


@dataclass(frozen=True)
class Output:
    """A table that every contestant writes. `columns`: those that must be equal; a contestant may write more."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


def outputs() -> tuple[Output, ...]:
    """All output tables with their keys and compared columns, as the contracts say."""
    from contracts import load_all

    contracts = load_all()
    names = [f"cleansed/{s}" for s in SOURCES] + list(DERIVED)
    lineage = {n: LINEAGE if n.startswith("cleansed/") else () for n in names}
    return tuple(Output(n, contracts[n].key, (*(c.name for c in contracts[n].columns), *lineage[n])) for n in names)
