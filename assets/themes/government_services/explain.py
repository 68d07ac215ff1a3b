"""Explain a case: when it is due and why, how long each step took, and why it is late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from assets.explain import Explanation, RowReader, Section, explains
from assets.themes.government_services.case import DUE_DIFFERS, LATE, NO_PROMISE, OVERDUE
from assets.themes.government_services.item import CALENDAR

CASE, STATUS = "themes/government_services/case", "themes/government_services/case_status"
STEP, SUSPENSION = "cleansed/government_services/case_step", "cleansed/government_services/case_suspension"
PROGRESS = ("item_name", "department", "state", "last_step", "last_step_time", "orders", "order_no", "comment_score", "delivery_state",
            "send_time", "deliver_time")  # fmt: skip


@explains("case number")
def explain_case(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain the case with this number: its limit, suspended periods and steps, to file and line."""
    return [_explanation(rows, found) for found in rows(CASE, case_no=identifier)]


def _explanation(rows: RowReader, case: dict[str, Any]) -> Explanation:
    number = case["case_no"]
    worked = [d["day"] for d in rows("reference/calendar/workday", is_workday=True)] if case["accept_date"] else []
    steps = [
        {"step": s["step"], "from": s["begin_time"], "to": s["end_time"], "workdays": _workdays(s, worked), "file": s["_source_file"],
         "line": s["_row_no"]} for s in sorted(rows(STEP, case_no=number), key=lambda s: int(s["step_no"]))
    ]  # fmt: skip
    periods = [
        {"reason": p["reason"], "from": p["from_time"], "to": p["to_time"], "file": p["_source_file"], "line": p["_row_no"]}
        for p in sorted(rows(SUSPENSION, case_no=number), key=lambda p: int(p["suspension_no"]))
    ]
    status = {name: found[name] for found in rows(STATUS, case_no=number) for name in PROGRESS}
    why = [*_limit(case), *_late(case, steps)]
    return Explanation(
        title=f"Case {number}: {case['state']}, {case['timeliness'] or 'no limit runs'}",
        lines=[f"delivered in {case['_source_file']}, line {case['_row_no']} (batch {case['_batch_id'][:8]})", *why],
        sections=[
            Section("Where it is", ("what", "value"), list(status.items())),
            Section("Steps", ("step", "from", "to", "workdays", "file", "line"), [tuple(s.values()) for s in steps]),
            Section("Suspended periods", ("reason", "from", "to", "file", "line"), [tuple(p.values()) for p in periods]),
        ],
        facts={"case": number, "timeliness": case["timeliness"], "due_date": case["due_date"], "late_days": case["late_days"], "why": why,
               "flags": case["flags"], "status": status, "steps": steps, "suspensions": periods},
    )  # fmt: skip


def _limit(case: dict[str, Any]) -> list[str]:
    """How the due date came about."""
    if case["due_date"] is None:
        return ["no due date: the acceptance, the item or its limit is not known"]
    unit = "days" if case["day_unit"] == CALENDAR else "workdays"
    whose = "the law allows" if NO_PROMISE in case["flags"] else "promised"
    limit, paused = f"{case['limit_days']} {unit} {whose}", f"{case['suspended_days']} suspended"
    told = [f"accepted on {case['accept_date']}; {limit}, {paused}: due {case['due_date']}"]
    if case["due_provisional"]:
        told.append("the due date is provisional: no notice has arranged the workdays up to it")
    if DUE_DIFFERS in case["flags"]:
        told.append(f"the department itself reckons {case['stated_due']}")
    return told


def _late(case: dict[str, Any], steps: Sequence[dict[str, Any]]) -> list[str]:
    """Why the case is late: by how much, and in which step it stayed longest."""
    if case["timeliness"] not in (LATE, OVERDUE):
        return []
    end = f"finished on {case['finish_date']}" if case["finish_date"] else "not finished"
    told = [f"late: {end}, {case['late_days']} days after it was due"]
    if timed := [s for s in steps if s["workdays"] is not None]:
        longest = max(timed, key=lambda s: int(s["workdays"]))
        told.append(f"the longest step was {longest['step']}: {longest['workdays']} workdays")
    if not case["finish_date"] and (lasting := [s for s in steps if s["to"] is None]):
        told.append(f"it has been in step {lasting[-1]['step']} since {lasting[-1]['from']}")
    return told


def _workdays(step: dict[str, Any], worked: Sequence[date]) -> int | None:
    """Workdays after the day on which a step began, up to the one on which it ended."""
    begin, end = (_day(step[c]) for c in ("begin_time", "end_time"))
    return None if begin is None or end is None else sum(begin < day <= end for day in worked)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
