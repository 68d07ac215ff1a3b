"""Explain a bus trip (why it was late or did not run, its runs, its bus, its stops), a bus of the fleet (what it counts as, and why), a
vehicle's day by its positions, and an intersection (its worst quarters of an hour)."""

from __future__ import annotations

from datetime import date
from typing import Any

from assets.explain import Explanation, RowReader, Section, explains
from assets.themes.traffic.fleet import COUNTED, GONE, NOT_YET
from assets.themes.traffic.trips import EXTRA, MISSED, PENDING, TRIP
from standards.tables import both_names
from standards.tables import rows as standard

BUS_TRIP, STOP_EVENT, RUN = "themes/traffic/bus_trip", "themes/traffic/stop_event", "cleansed/transport/bus_trip"
WITHOUT = {
    MISSED: "no valid run names it, and of its date it is known what ran",
    PENDING: "it is not known yet what ran on its date",
    EXTRA: "it ran without a plan",
}
RUNS = ("run", "valid", "vehicle", "left", "arrived", "counts", "file", "line")
FACTS = ("plan_depart", "depart_time", "depart_delay_s", "departed_on_time", "plan_arrive", "arrive_time", "km", "speed_kmh", "flags")
QUARTERS = "themes/traffic/intersection_quarter"
QUARTER = ("approach", "quarter_start", "cjj_level", "decided_by", "hcm_level", "delay_s", "queue_m", "saturation", "vehicles")
WORST = 12
"""Quarters of an hour that are shown of an intersection."""

POSITION_DAY, DROPPED, POSITION_TRIP = "themes/traffic/position_day", "themes/traffic/position_dropped", "themes/traffic/position_trip"
MEASURES = ("delivered", "kept", "first_at", "last_at", "metres", "online_s", "gaps", "gap_s", "frozen", "speeding_s", "night_s", "flags")
BECAUSE = {
    "NO_POSITION": "without coordinates", "OUTSIDE": "outside the city", "TOO_FAST": "faster than 120 km/h",
    "JUMP": "a jump from which the vehicle does not go on",
}  # fmt: skip
OF_DROPPED = ("located_at", "reason", "speed_kmh", "jump_m", "_source_file", "_row_no")
TRIP_POSITIONS = ("line_no", "direction", "trip_no", "first_at", "last_at", "positions", "on_line", "off_line", "flags")
FLEET, REGISTER = "themes/traffic/bus_fleet", "cleansed/transport/bus"
OF_BUS = (
    "operator", "line_no", "county6", "length_m", "decks", "energy", "new_energy", "service_from", "service_to", "state", "standard_buses",
    "factor_edition",
)  # fmt: skip
RAN = ("service_date", "line_no", "direction", "trip_no", "depart_time", "arrive_time")
LAST_TRIPS = 12
"""Trips that are shown of a bus."""
MOST = 50
"""Dropped positions that are shown of a day."""


@explains("bus trip")
def explain_trip(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain a trip by line, direction, day of service and number, `3|UP|2019-12-29|013`, or by the run that counts for it."""
    parts = identifier.split("|")
    if len(parts) == len(TRIP):
        day = _day(parts[2])
        found = rows(BUS_TRIP, **dict(zip(TRIP, (*parts[:2], day, parts[3]), strict=True))) if day else []
    else:
        found = rows(BUS_TRIP, trip_id=identifier)
    return [_trip(rows, trip) for trip in found]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _trip(rows: RowReader, trip: dict[str, Any]) -> Explanation:
    key = {name: trip[name] for name in TRIP}
    runs = sorted(rows(RUN, **key), key=lambda r: (str(r["depart_time"]), r["trip_id"]))
    same_bus = _of_bus(rows, trip)
    stops = sorted(rows(STOP_EVENT, **key), key=lambda r: r["seq"])
    facts = {name: trip[name] for name in FACTS}
    return Explanation(
        title=f"Trip {trip['trip_no']} of line {trip['line_no']} {trip['direction']} on {trip['service_date']}: {trip['state']}",
        lines=[_why(trip), *_because_of_the_bus(trip, same_bus), *_stops_told(stops)],
        sections=[
            Section("Facts", ("fact", "value"), [(k, ", ".join(v) if isinstance(v, list) else v) for k, v in facts.items()]),
            Section("Runs that name it", RUNS, [_run(r, trip) for r in runs]),
            Section("The same bus on that day", ("line", "direction", "trip", "planned", "left", "arrived"), [_told(t) for t in same_bus]),
            Section("Stops", ("place", "stop", "due", "came", "seconds late", "on time"), [_stop(s) for s in stops]),
        ],
        facts={**{k: str(v) for k, v in key.items()}, "state": trip["state"], **facts, "runs": [r["trip_id"] for r in runs],
               "file": trip["_source_file"], "line": trip["_row_no"]},
    )  # fmt: skip


def _why(trip: dict[str, Any]) -> str:
    """Why the trip counts as on time or not."""
    if trip["state"] in WITHOUT:
        return f"planned for {trip['plan_depart']}: {WITHOUT[trip['state']]}"
    delay = trip["depart_delay_s"]
    if delay is None:
        return f"planned for {trip['plan_depart']}: it ran, and no clock says when it left, so that it is not on time"
    late = f"{abs(delay)} s {'after' if delay >= 0 else 'before'} the plan"
    return f"planned for {trip['plan_depart']}: it left {late}, which is {'on time' if trip['departed_on_time'] else 'not on time'}"


def _of_bus(rows: RowReader, trip: dict[str, Any]) -> list[dict[str, Any]]:
    """The trips of its bus on that day; of a trip that did not run, of the bus that was planned."""
    vehicle = trip["vehicle_no"] or trip["plan_vehicle_no"]
    if vehicle is None:
        return []
    found = rows(BUS_TRIP, vehicle_no=vehicle, service_date=trip["service_date"])
    return sorted((t for t in found if t["depart_time"]), key=lambda t: t["depart_time"])


def _because_of_the_bus(trip: dict[str, Any], same_bus: list[dict[str, Any]]) -> list[str]:
    """The trip from which its bus came back too late to leave as planned."""
    due = trip["plan_depart"]
    busy = [
        t for t in same_bus if due and t["trip_id"] != trip["trip_id"] and t["arrive_time"] and t["depart_time"] <= due < t["arrive_time"]
    ]
    return [f"its bus was on trip {t['trip_no']} of line {t['line_no']} {t['direction']} until {t['arrive_time']}" for t in busy]


def _stops_told(stops: list[dict[str, Any]]) -> list[str]:
    due = [s for s in stops if s["timetable"]]
    if not due:
        return ["no timetable says when it is due at a stop"]
    return [f"it came on time to {sum(s['on_time'] for s in due)} of {len(due)} stops with a timetable"]


def _run(run: dict[str, Any], trip: dict[str, Any]) -> list[Any]:
    counts = "yes" if run["trip_id"] == trip["trip_id"] else "no"
    return [
        run["trip_id"],
        run["valid"],
        run["vehicle_no"],
        run["depart_time"],
        run["arrive_time"],
        counts,
        run["_source_file"],
        run["_row_no"],
    ]


def _told(trip: dict[str, Any]) -> list[Any]:
    return [trip[c] for c in ("line_no", "direction", "trip_no", "plan_depart", "depart_time", "arrive_time")]


def _stop(event: dict[str, Any]) -> list[Any]:
    return [event[c] for c in ("seq", "stop_no", "timetable", "arrive_time", "delay_s", "on_time")]


@explains("bus")
def explain_bus(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain what a bus counts as, by its number or its plate, `GJ00001` or `苏K·00001D`. The plate is personal and not shown."""
    found = rows(FLEET, vehicle_no=identifier)
    if not found:
        plate = "".join(identifier.split()).replace("·", "").upper()
        found = [bus for known in rows(REGISTER, plate=plate) for bus in rows(FLEET, vehicle_no=known["vehicle_no"])]
    return [_bus(rows, bus) for bus in found]


def _bus(rows: RowReader, bus: dict[str, Any]) -> Explanation:
    trips = sorted(rows(BUS_TRIP, vehicle_no=bus["vehicle_no"]), key=lambda t: (t["service_date"], str(t["depart_time"])), reverse=True)
    facts = {name: bus[name] for name in OF_BUS}
    line = f"assigned to line {bus['line_no']}" if bus["line_no"] else "in reserve, without a line"
    return Explanation(
        title=f"Bus {bus['vehicle_no']}: {bus['state']}",
        lines=[_counts(bus), _energy_of(bus), line],
        sections=[
            Section("Facts", ("fact", "value"), list(facts.items())),
            Section("Its last trips", RAN, [[t[c] for c in RAN] for t in trips[:LAST_TRIPS]]),
        ],
        facts={"bus": bus["vehicle_no"], **{k: v if v is None else str(v) for k, v in facts.items()}, "file": bus["_source_file"],
               "line": bus["_row_no"]},
    )  # fmt: skip


def _counts(bus: dict[str, Any]) -> str:
    """Whether a bus counts, as how many standard buses, and why not."""
    if bus["state"] == NOT_YET:
        return f"not counted: it comes into service on {bus['service_from']}"
    if bus["state"] == GONE:
        return f"not counted: its last day in service was {bus['service_to']}"
    if bus["state"] == COUNTED:
        return f"counted as {bus['standard_buses']} standard buses: {_factor(bus)}"
    why = f"no public source has the factor of its length, {bus['length_m']} m" if bus["length_m"] else "its length is not known"
    return f"counted among the buses and not among the standard buses: {why}"


def _factor(bus: dict[str, Any]) -> str:
    """For which buses its factor is, and where it stands."""
    mine = {"edition": bus["factor_edition"], "tenths": str(int(bus["standard_buses"] * 10))}
    [row] = [r for r in standard("traffic/standard_bus") if mine.items() <= r.items()]
    over, up_to = (f" {word} {int(row[c]) / 1000:g} m" if row[c] else "" for word, c in (("over", "over_mm"), ("up to", "up_to_mm")))
    decks = "two decks" if row["decks"] == "2" else "one deck"
    return f"the factor of buses of {decks}{over}{up_to} in {row['edition']}, {row['source']}"


def _energy_of(bus: dict[str, Any]) -> str:
    if bus["energy"] is None:
        return "its energy is not known, so that it is left out of the share of new energy"
    name = both_names("codes/bus_energy")[bus["energy"]][1]
    return f"{name}, which is {'' if bus['new_energy'] else 'not '}new energy"


@explains("day and vehicle")
def explain_positions(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain a day of a vehicle by its positions: `2019-12-31|GJ00001`, of other vehicles than buses with their plate."""
    parts = identifier.split("|")
    day = _day(parts[0]) if len(parts) == 2 else None
    return [_positions(rows, found) for found in rows(POSITION_DAY, day=day, vehicle_no=parts[1])] if day else []


def _positions(rows: RowReader, day: dict[str, Any]) -> Explanation:
    of_day = {"day": day["day"], "vehicle_no": day["vehicle_no"]}
    dropped = sorted(rows(DROPPED, **of_day), key=lambda r: r["located_at"])
    trips = sorted(rows(POSITION_TRIP, service_date=day["day"], vehicle_no=day["vehicle_no"]), key=lambda r: r["first_at"])
    counts = {reason: sum(r["reason"] == reason for r in dropped) for reason in BECAUSE}
    facts = {name: _cell(day[name]) for name in MEASURES}
    return Explanation(
        title=f"Vehicle {day['vehicle_no']} ({day['kind'] or 'of unknown kind'}) on {day['day']}: {day['delivered']} positions",
        lines=[
            f"{day['kept']} positions can be right",
            *[f"{n} dropped: {BECAUSE[reason]}" for reason, n in counts.items() if n],
        ],
        sections=[
            Section("Facts", ("fact", "value"), list(facts.items())),
            Section("Dropped positions", OF_DROPPED, [[r[c] for c in OF_DROPPED] for r in dropped[:MOST]]),
            Section("Its trips", TRIP_POSITIONS, [[_cell(r[c]) for c in TRIP_POSITIONS] for r in trips]),
        ],
        facts={"day": str(day["day"]), "vehicle": day["vehicle_no"], **facts, "dropped": counts},
    )


@explains("intersection number")
def explain_intersection(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain the levels of an intersection by its number."""
    found = rows(QUARTERS, intersection_no=identifier)
    return [_intersection(identifier, found)] if found else []


def _intersection(number: str, quarters: list[dict[str, Any]]) -> Explanation:
    levels = sorted({q["cjj_level"] for q in quarters} - {None})
    counts = {level: sum(q["cjj_level"] == level for q in quarters) for level in levels}
    stuck = sum("STUCK" in q["flags"] for q in quarters)
    worst = sorted(quarters, key=lambda q: (q["cjj_level"] or "", q["delay_s"] or 0), reverse=True)[:WORST]
    return Explanation(
        title=f"Intersection {number}: {len(quarters)} quarters of an hour",
        lines=[
            "levels by CJJ 152, the worst of delay, saturation and queue: " + ", ".join(f"{n} at {level}" for level, n in counts.items()),
            f"county {quarters[0]['county6'] or 'unknown'}",
            *([f"readings of a detector that is stuck were left out of {stuck} quarters"] if stuck else []),
        ],
        sections=[Section("The worst quarters", QUARTER, [[_cell(q[c]) for c in QUARTER] for q in worst])],
        facts={"intersection": number, "levels": counts, "worst": [{c: q[c] for c in QUARTER} for q in worst]},
    )


def _cell(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value
