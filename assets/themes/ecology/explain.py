"""Explain a day of the air and a month of a section: from which hours and samples, and which were excluded and why."""

from __future__ import annotations

from datetime import date
from typing import Any

from assets.explain import Explanation, RowReader, Section, explains
from assets.themes.ecology.air import SERIES

SECTION_FACTS = (
    "water_body", "target_class", "water_class", "state", "target_met", "main_pollutants", "exceedances", "items", "origin", "edition",
)  # fmt: skip


@explains("air day")
def explain_air_day(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain the day of a station, county or of the city, `321000|2026-03-01`."""
    place, _, day = identifier.partition("|")
    try:
        on = date.fromisoformat(day)
    except ValueError:
        return []
    return [_air_day(rows, found) for found in rows("themes/ecology/air_day", place_code=place, day=on)]


def _air_day(rows: RowReader, found: dict[str, Any]) -> Explanation:
    series = [{"item": s, "value": found[s], "index": found[f"iaqi_{s}"], "counted": found[f"{s}_n"]} for s in SERIES]
    hours = rows("themes/ecology/air_hour", station_code=found["place_code"], day=found["day"])
    excluded = [
        {"hour": h["hour"], "item": h["item"], "value": h["value"], "why": h["flags"], "file": h["_source_file"], "line": h["_row_no"]}
        for h in sorted(hours, key=lambda h: (h["hour"], h["item"]))
        if not h["valid"]
    ]
    pollutants = ", ".join(found["primary_pollutants"]) or "none"
    return Explanation(
        title=f"Air of {found['place_code']} on {found['day']}: AQI {found['aqi']}, {found['grade']}",
        lines=[
            f"by {found['edition']}; primary pollutants: {pollutants}; counted are hours of a station, stations of a county or the city"
        ],
        sections=[
            Section("Items", ("item", "concentration", "index", "counted"), [list(s.values()) for s in series]),
            Section("Excluded hours", ("hour", "item", "value", "why", "file", "line"), [_told(e) for e in excluded]),
        ],
        facts={"place": found["place_code"], "day": found["day"], "aqi": found["aqi"], "items": series, "excluded": excluded},
    )


@explains("section month")
def explain_section_month(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain the month of a section, `S0101|202603`."""
    section, _, month = identifier.partition("|")
    return [_section_month(rows, found) for found in rows("themes/ecology/section_month", section_code=section, month=month)]


def _section_month(rows: RowReader, found: dict[str, Any]) -> Explanation:
    samples = sorted(
        rows("themes/ecology/water_sample", section_code=found["section_code"], month=found["month"]),
        key=lambda s: (s["origin"], s["item"], s["sample_id"]),
    )
    told = [
        {"origin": s["origin"], "sample": s["sample_id"], "item": s["item"], "value": s["value"], "qualifier": s["qualifier"],
         "why": s["flags"], "file": s["_source_file"], "line": s["_row_no"], "valid": s["valid"]} for s in samples
    ]  # fmt: skip
    manual = [s for s in told if s["origin"] == "MANUAL" and s["valid"]]
    excluded = [s for s in told if not s["valid"]]
    facts = {name: found[name] for name in SECTION_FACTS}
    heads = ("origin", "sample", "item", "value", "qualifier", "why", "file", "line")
    return Explanation(
        title=f"Section {found['section_code']} in {found['month']}: class {found['water_class']}",
        lines=[f"{found['samples']} manual samples; {len(excluded)} values are excluded"],
        sections=[
            Section("Facts", ("fact", "value"), [(k, ", ".join(v) if isinstance(v, list) else v) for k, v in facts.items()]),
            Section("Manual values", heads, [_told({h: s[h] for h in heads}) for s in manual]),
            Section("Excluded values", heads, [_told({h: s[h] for h in heads}) for s in excluded]),
        ],
        facts={"section": found["section_code"], "month": found["month"], "facts": facts, "manual": manual, "excluded": excluded},
    )


def _told(row: dict[str, Any]) -> list[Any]:
    return [", ".join(v) if isinstance(v, list) else v for v in row.values()]
