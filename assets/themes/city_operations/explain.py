"""Explain an event of the city (who has reported it, why these reports are one event, how quickly it was dealt with) and an alert."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assets.explain import Explanation, RowReader, Section, explains

ALERT, ANSWER = "themes/city_operations/alert", "themes/city_operations/acknowledgement"
ANSWERS = ("acknowledgement_no", "state", "alerted_at", "acknowledged_at", "post", "action", "known_on", "_source_file", "_row_no")
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


@explains("alert")
def explain_alert(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain an alert by rule, place and beginning, such as `CONGESTION_SEVERE|321081|2019-12-31 07:30:00`."""
    parts = identifier.split("|")
    began = _moment(parts[2]) if len(parts) == 3 else None
    if began is None:
        return []
    return [_alert(rows, alert) for alert in rows(ALERT, rule=parts[0], place=parts[1], began_at=began)]


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _alert(rows: RowReader, alert: dict[str, Any]) -> Explanation:
    key = {name: alert[name] for name in ("rule", "place", "began_at")}
    answers = sorted(rows(ANSWER, **key), key=lambda r: (r["acknowledged_at"], r["acknowledgement_no"]))
    waited = alert["minutes_to_acknowledge"]
    return Explanation(
        title=f"Alert {alert['rule']} of {alert['place']}: {alert['began_at']} to {alert['ended_at']}, level {alert['level']}",
        lines=[
            f"{alert['readings']} readings, the worst {alert['value']} {alert['unit']} against {alert['threshold']}",
            f"it was known at {alert['raised_at']} that the rule holds",
            "no acknowledgement is known" if waited is None else f"acknowledged {waited} min later by {alert['acknowledgement_no']}",
        ],
        sections=[Section("Acknowledgements", ANSWERS, [[r[c] for c in ANSWERS] for r in answers])],
        facts={
            **{c: str(v) for c, v in key.items()}, "raised_at": str(alert["raised_at"]), "answer": alert["answer"],
            "minutes_to_acknowledge": waited, "acknowledgements": [{c: r[c] for c in ("acknowledgement_no", "state")} for r in answers],
        },
    )  # fmt: skip
