"""Hazards at enterprises, accidents, and which reports to all services tell of one event."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, counts, day_text, decimals, night_of, numbers, only, pick
from simulator.departments.emergency import EMERGENCY
from simulator.dirt import POSITION, Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY, moment_text
from simulator.world.incidents import EVENT, MOMENT

DAYS, HAZARDS, ACCIDENTS = 365, 1_500, 120
"""Hazards and accidents of a year, in a city of the reference size."""
KINDS = {"WORK": 15, "ROAD": 60, "FIRE": 15, "BUILDING": 5, "OTHER": 5}


@EMERGENCY.table(
    "hazard",
    dirt=(
        Cell("D22", "level", 0.2, kind=labels({"GENERAL": ("一般",), "MAJOR": ("重大",)})),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
    ),
    copies=0.01,
    rejected=(Rejected("IMPOSSIBLE", "due_date", 0.003),),
    number=Number("hazard_no", 2),
)
def hazards(registers: Registers) -> pd.DataFrame:
    """Hazards found over a year; nine of ten are removed in time."""
    world, rng = registers.world, registers.world.stream("hazards")
    n = counts(HAZARDS, len(world.people), 60)
    firms = world.enterprises
    which = rng.integers(0, len(firms), n)
    found = np.sort(AS_OF - rng.integers(0, DAYS, n))
    due = found + np.where(rng.random(n) < 0.9, 15, 30)
    fixed = found + rng.integers(1, 18, n)
    is_fixed = (rng.random(n) < 0.97) & (fixed <= AS_OF)
    return pd.DataFrame(
        {
            "hazard_no": "YH" + numbers(np.arange(n) + 1, 8),
            "uscc": firms["uscc"].to_numpy(dtype=object)[which],
            "level": pick(rng, ["GENERAL", "MAJOR"], n, [95, 5]),
            "found_date": day_text(found),
            "due_date": day_text(due),
            "fixed_date": only(is_fixed, day_text(fixed)),
            "county6": world.people["county6"].to_numpy(dtype=object)[rng.integers(0, len(world.people), n)],
            "update_time": moment_text(found.astype("datetime64[s]") + np.timedelta64(18 * 3600, "s")),
            "_night": night_of(found),
        }
    )


@EMERGENCY.table(
    "accident",
    dirt=(
        Cell("D22", "kind", 0.2, kind=labels({"ROAD": ("道路交通", "交通"), "FIRE": ("火灾",)})),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
        Cell("D21", "lon", 0.02, other="lat", kind=POSITION),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "occurred_at", 0.01),),
    number=Number("accident_no", 2),
)
def accidents(registers: Registers) -> pd.DataFrame:
    """Accidents over a year; a few with dead, one with four of them."""
    world, rng = registers.world, registers.world.stream("accidents")
    n = counts(ACCIDENTS, len(world.people), 40)
    town = world.people["town"].to_numpy(dtype=object)[rng.integers(0, len(world.people), n)]
    place = world.ground.somewhere_in(town, rng)
    day = AS_OF - rng.integers(0, DAYS, n)
    rows = pd.DataFrame(
        {
            MOMENT: day.astype("datetime64[s]") + rng.integers(0, 86_400, n).astype("timedelta64[s]"),
            "kind": pick(rng, list(KINDS), n, list(KINDS.values())),
            "town": town,
            "lon": place[:, 0],
            "lat": place[:, 1],
            EVENT: None,
        }
    )
    rows = pd.concat([rows, _of_incidents(registers)]).sort_values(MOMENT, kind="stable", ignore_index=True)
    n, at = len(rows), rows[MOMENT].to_numpy().astype("datetime64[s]")
    day = at.astype("datetime64[D]")
    dead = np.where(rng.random(n) < 0.08, 1, 0)
    dead[n // 2] = 4
    return pd.DataFrame(
        {
            "accident_no": "SG" + numbers(np.arange(n) + 1, 8),
            "occurred_at": moment_text(at),
            **rows[["kind", EVENT, MOMENT]],
            "dead": numbers(dead),
            "injured": numbers(rng.poisson(0.8, n)),
            "loss": decimals(rng.lognormal(1.0, 1.2, n), 2),
            "county6": rows["town"].str[:6],
            "lon": decimals(rows["lon"].to_numpy(), 6),
            "lat": decimals(rows["lat"].to_numpy(), 6),
            "update_time": moment_text(at + np.timedelta64(3600, "s")),
            "_night": night_of(day),
        }
    )


def _of_incidents(registers: Registers) -> pd.DataFrame:
    """Accidents of which other services are told, too."""
    told = registers.world.told("EMERGENCY")
    rows = told[["lon", "lat"]].assign(kind=told["code"], town=told["village"].str[:9])
    return rows.assign(**{EVENT: told["incident"], MOMENT: told["moment"]})


REPORTS = {
    "POLICE": ("public_security/alarm", "alarm_no"),
    "HOTLINE": ("government_services/hotline", "order_no"),
    "GRID": ("integrated_governance/event", "event_no"),
    "URBAN": ("urban_management/case", "case_no"),
    "EMERGENCY": ("emergency/accident", "accident_no"),
}
"""Service -> its table and the column of its numbers."""


@EMERGENCY.truth("city_event")
def city_events(registers: Registers) -> pd.DataFrame:
    """Of every delivered report, which event it tells of: columns report_no, event, moment."""
    parts = []
    for service, (table, number) in REPORTS.items():
        rows = registers.delivered(table).drop_duplicates(number)
        report = service + ":" + rows[number].astype(object)
        parts.append(pd.DataFrame({"report_no": report, "event": rows[EVENT].where(rows[EVENT].notna(), report), "moment": rows[MOMENT]}))
    return pd.concat(parts, ignore_index=True)


@EMERGENCY.finding("reports that tell of a known event", "themes/city_operations/city_report", "reported", "AGAIN")
def told_again(registers: Registers) -> pd.Series:
    """All reports of an event but the first."""
    rows = city_events(registers).sort_values(["moment", "report_no"])
    return rows.loc[rows.duplicated("event"), "report_no"]
