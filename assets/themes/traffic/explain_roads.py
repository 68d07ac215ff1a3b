"""Explain an intersection: its worst quarters of an hour, and which measure decided their level."""

from __future__ import annotations

from typing import Any

from assets.explain import Explanation, RowReader, Section, explains

QUARTERS = "themes/traffic/intersection_quarter"
SHOWN = ("approach", "quarter_start", "cjj_level", "decided_by", "hcm_level", "delay_s", "queue_m", "saturation", "vehicles")
MOST = 12
"""Quarters that are shown."""


@explains("intersection number")
def explain_intersection(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain the levels of an intersection by its number."""
    found = rows(QUARTERS, intersection_no=identifier)
    return [_intersection(identifier, found)] if found else []


def _intersection(number: str, quarters: list[dict[str, Any]]) -> Explanation:
    levels = sorted({q["cjj_level"] for q in quarters} - {None})
    counts = {level: sum(q["cjj_level"] == level for q in quarters) for level in levels}
    worst = sorted(quarters, key=lambda q: (q["cjj_level"] or "", q["delay_s"] or 0), reverse=True)[:MOST]
    return Explanation(
        title=f"Intersection {number}: {len(quarters)} quarters of an hour",
        lines=[
            "levels by CJJ 152, the worst of delay, saturation and queue: " + ", ".join(f"{n} at {level}" for level, n in counts.items()),
            f"county {quarters[0]['county6'] or 'unknown'}",
        ],
        sections=[Section("The worst quarters", SHOWN, [[_shown(q[c]) for c in SHOWN] for q in worst])],
        facts={"intersection": number, "levels": counts, "worst": [{c: q[c] for c in SHOWN} for q in worst]},
    )


def _shown(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value
