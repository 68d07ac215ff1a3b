"""The night of a release: where the time went, what was made whole or in part and why, rows by batch.

Here: reading `operations/profile` and the ledger. Not here: measuring (`pipelines.measure`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.control.profile import SECONDS, costs
from pipelines.site.reading import Reading
from quality.balance import FIGURES

NIGHTLY = "nightly"
"""The job that makes the tables; after a failure the release is a run of its own."""
PARTS = tuple(s for s in SECONDS if s not in ("total", "cpu"))


@dataclass(frozen=True)
class Night:
    """Steps of the last run before the release, slowest first; seconds by part; accounts of the night's batches by table."""

    steps: tuple[Mapping[str, Any], ...]
    parts: dict[str, float]
    batches: tuple[dict[str, Any], ...]
    wall: float
    cpu: float


def night(reading: Reading) -> Night:
    """Return the night; without steps when its profile was not written."""
    known = [*costs(reading.lake), *reading.unwritten]
    begun = [r for r in known if r["as_of"] == reading.release.as_of and r["started_at"] <= reading.release.released_at]
    nightly = [r for r in begun if r["job"] == NIGHTLY] or begun
    run = max(nightly, key=lambda r: r["started_at"])["run_id"] if nightly else None
    steps = sorted((r for r in begun if r["run_id"] == run), key=lambda r: -r["seconds_total"])
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
