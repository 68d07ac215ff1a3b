"""The night of a release: where the time went, what was made whole or in part and why, rows by batch.

Here: reading `operations/profile` and the ledger. Not here: measuring (`pipelines.measure`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.control.profile import SECONDS, costs
from pipelines.site.reading import Reading
from quality.balance import FIGURES

PARTS = tuple(s for s in SECONDS if s not in ("total", "cpu"))


@dataclass(frozen=True)
class Night:
    """Steps of the run that made the release, slowest first; seconds by part; accounts of the night's batches by table."""

    steps: tuple[dict[str, Any], ...]
    parts: dict[str, float]
    batches: tuple[dict[str, Any], ...]
    wall: float
    cpu: float


def night(reading: Reading) -> Night:
    """Return the night; without steps when its profile was not written."""
    of_date = [r for r in costs(reading.lake) if r["as_of"] == reading.release.as_of]
    run = reading.release.run_id if any(r["run_id"] == reading.release.run_id for r in of_date) else None
    if run is None and of_date:
        run = max(of_date, key=lambda r: r["started_at"])["run_id"]
    steps = sorted((r for r in of_date if r["run_id"] == run), key=lambda r: -r["seconds_total"])
    parts = {part: round(sum(r[f"seconds_{part}"] for r in steps), 2) for part in PARTS}
    ends = [(r["started_at"].timestamp(), r["started_at"].timestamp() + r["seconds_total"]) for r in steps]
    wall = max(end for _, end in ends) - min(begin for begin, _ in ends) if ends else 0.0
    accounts = [
        {name: r[name] for name in ("table", "batch_id", "business_date", "kind", *FIGURES)}
        for r in reading.ledger
        if r["as_of"] == reading.release.as_of and not r["batch_id"].startswith("no-batch")
    ]
    accounts.sort(key=lambda r: (r["table"], r["business_date"], r["batch_id"], r["kind"]))
    shown = {part: seconds for part, seconds in parts.items() if seconds >= 0.01}
    return Night(tuple(steps), shown, tuple(accounts), round(wall, 1), round(sum(r["seconds_cpu"] for r in steps), 1))
