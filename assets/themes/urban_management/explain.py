"""Explain a case: its steps and where the time went, where it lies, what it repeats; and a hot spot by its cases."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from assets.explain import Explanation, RowReader, Section, explains
from assets.themes.urban_management.case import MOMENTS

CASE, HOT_SPOT = "themes/urban_management/case", "themes/urban_management/hot_spot"
FACTS = (
    "source", "problem_type", "kind", "unit", "state", "outcome", "late_hours", "postponed", "return_count", "satisfied", "county6", "town",
    "grid_no", "flags",
)  # fmt: skip
BECAUSE = {
    "ON_TIME": "it was disposed of by the time at which it was due, and is closed",
    "LATE": "it is closed, and was disposed of after the time at which it was due, or nobody knows when",
    "OVERDUE": "it was due and is not closed",
    "PENDING": "it is not due yet",
    None: "it has no time at which it is due",
}


@explains("urban case number")
def explain_case(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain a case of urban management by its number."""
    return [_case(rows, found) for found in rows(CASE, case_no=identifier)]


def _case(rows: RowReader, found: dict[str, Any]) -> Explanation:
    steps = _steps(found)
    repeats = [_told(row) for no in found["repeats"] for row in rows(CASE, case_no=no)]
    facts = {name: found[name] for name in FACTS}
    longest = max((s for s in steps if s["hours"] is not None), key=lambda s: s["hours"], default=None)
    lines = [
        f"due {found['due_time']}: {BECAUSE[found['outcome']]}",
        "no step has followed another" if longest is None else f"most time passed before {longest['step']}: {longest['hours']} h",
        f"it repeats {len(repeats)} cases of its type within 50 m and 30 days",
    ]
    return Explanation(
        title=f"Case {found['case_no']}: {found['outcome'] or 'without a time limit'}",
        lines=lines,
        sections=[
            Section("Facts", ("fact", "value"), [(k, ", ".join(v) if isinstance(v, list) else v) for k, v in facts.items()]),
            Section("Steps", ("step", "at", "hours since the one before", "after due"), [list(s.values()) for s in steps]),
            Section("Repeated cases", ("case", "found", "unit", "outcome", "file", "line"), [list(r.values()) for r in repeats]),
        ],
        facts={"case_no": found["case_no"], **facts, "steps": steps, "repeats": repeats, "file": found["_source_file"],
               "line": found["_row_no"]},
    )  # fmt: skip


def _steps(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps that have happened, in their order: when, hours since the one before, whether after the time at which it was due."""
    happened: list[tuple[str, datetime]] = [(name.removesuffix("_time"), found[name]) for name in MOMENTS if found[name] is not None]
    waits = [None, *(_hours(later - earlier) for (_, earlier), (_, later) in pairwise(happened))]
    due = found["due_time"]
    return [
        {"step": step, "at": at, "hours": wait, "after_due": due is not None and at > due}
        for (step, at), wait in zip(happened, waits, strict=True)
    ]


def _hours(wait: timedelta) -> float:
    return round(wait.total_seconds() / 3600, 1)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "case": row["case_no"], "found": row["found_time"], "unit": row["unit"], "outcome": row["outcome"], "file": row["_source_file"],
        "line": row["_row_no"],
    }  # fmt: skip


@explains("hot spot")
def explain_hot_spot(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain a hot spot by the number of the case in its middle."""
    return [_hot_spot(rows, found) for found in rows(HOT_SPOT, case_no=identifier)]


def _camera(found: dict[str, Any]) -> str:
    if found["watched"] is None:
        return "no camera of the city is known"
    if found["camera_no"] is None:
        return "no camera stands within 500 m"
    state = f" ({found['camera_state']})" if found["camera_state"] else ""
    watches = "watches" if found["watched"] else "does not watch"
    return f"camera {found['camera_no']}{state} stands {found['camera_m']} m away, and {watches} it"


def _hot_spot(rows: RowReader, found: dict[str, Any]) -> Explanation:
    cases = [_told(row) for no in found["case_nos"] for row in rows(CASE, case_no=no)]
    return Explanation(
        title=f"Hot spot {found['case_no']}: {found['cases']} cases of {found['problem_type']}",
        lines=[
            f"from {found['found_since']} to {found['found_time']}, all within 50 m of the last one and 30 days before it",
            f"town {found['town']}, grid {found['grid_no']}",
            _camera(found),
        ],
        sections=[Section("Cases", ("case", "found", "unit", "outcome", "file", "line"), [list(r.values()) for r in cases])],
        facts={"case_no": found["case_no"], "cases": cases},
    )
