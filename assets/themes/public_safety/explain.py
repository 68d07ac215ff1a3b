"""Explain a call: of which event it tells, by which calls that is known, where it was, and whether somebody came in time."""

from __future__ import annotations

from typing import Any

from assets.explain import Explanation, RowReader, Section, explains

CALL = ("alarm_no", "reported", "call_time", "kind", "town", "response_s", "_source_file", "_row_no")


@explains("alarm number")
def explain_alarm(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain a call to 110 by its number."""
    return [_alarm(rows, found) for found in rows("themes/public_safety/alarm", alarm_no=identifier)]


def _alarm(rows: RowReader, found: dict[str, Any]) -> Explanation:
    event = sorted(rows("themes/public_safety/alarm", event_no=found["event_no"]), key=lambda r: (r["call_time"], r["alarm_no"]))
    again = "tells of it first" if found["reported"] == "FIRST" else f"tells again of what {found['event_no']} has told"
    came = {None: "no arrival is known", True: "somebody came in time", False: "nobody came in time"}[found["in_time"]]
    return Explanation(
        title=f"Call {found['alarm_no']}: {again}",
        lines=[
            f"{found['kind']} in town {found['town'] or 'unknown'}; {came}"
            + ("" if found["response_s"] is None else f" ({found['response_s']} s)"),
            "it is about something, or nobody says that it is not" if found["valid"] else "it turned out to be about nothing: in no rate",
            "one event: the same caller within 30 minutes, or the same kind within 300 m and 20 minutes",
        ],
        sections=[Section("Calls of the event", CALL, [[r[c] for c in CALL] for r in event])],
        facts={
            "alarm": found["alarm_no"],
            "event": found["event_no"],
            "calls": [r["alarm_no"] for r in event],
            "in_time": found["in_time"],
        },
    )
