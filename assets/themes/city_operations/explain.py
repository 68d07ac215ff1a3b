"""Explain an event of the city: who has reported it and when, why these reports are one event, and how quickly it was dealt with."""

from __future__ import annotations

from typing import Any

from assets.explain import Explanation, RowReader, Section, explains

REPORT, EVENT = "themes/city_operations/city_report", "themes/city_operations/city_event"
SHOWN = ("report_no", "reported_at", "because", "linked_to", "unit", "closed_at", "known_on", "_source_file", "_row_no")
BECAUSE = {
    "NEAR": "the same type of event at most 200 m and 60 minutes away, of a disaster two hours",
    "CALLER": "the same telephone and topic within 24 hours",
    "POLICE_CALL": "public safety takes both calls to 110 for one event",
}
MINUTES = {"assign": "somebody was given it", "arrive": "somebody came", "close": "every service was done"}


@explains("city event or report")
def explain_event(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain an event by its identifier, or by the number of any of its reports, such as `HOTLINE:RX000000376`."""
    found = {report["event_uid"] for report in rows(REPORT, report_no=identifier)}
    return [_event(rows, event) for uid in sorted(found) for event in rows(EVENT, event_uid=uid)]


def _event(rows: RowReader, found: dict[str, Any]) -> Explanation:
    reports = sorted(rows(REPORT, event_uid=found["event_uid"]), key=lambda r: (r["reported_at"], r["report_no"]))
    why = sorted({r["because"] for r in reports if r["because"]})
    times = {name: found[f"minutes_to_{name}"] for name in MINUTES}
    lines = [
        f"first reported on {found['first_time']} to {found['first_source']}; level {found['level']}; town {found['town'] or 'unknown'}",
        *[f"{BECAUSE[reason]}: {reason}" for reason in why],
        *[f"{MINUTES[name]} after {minutes} min" for name, minutes in times.items() if minutes is not None],
    ]
    return Explanation(
        title=f"Event {found['event_uid']}: {found['type_std']}, {found['state']}, reported to {', '.join(found['sources'])}",
        lines=lines,
        sections=[Section("Reports", SHOWN, [[r[c] for c in SHOWN] for r in reports])],
        facts={
            "event": found["event_uid"], "type": found["type_std"], "state": found["state"], "sources": found["sources"],
            "reports": [{c: r[c] for c in ("report_no", "because", "linked_to")} for r in reports], "minutes": times,
        },
    )  # fmt: skip
