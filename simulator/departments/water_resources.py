"""Water resources: the waters, rain and levels, sluices, and the eastern route of the South-to-North Water Diversion."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import as_days, day_text, decimals, night_of, numbers, only
from simulator.declare import Again, Department, Late
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import (
    BEYOND_SENSE,
    COUNTY,
    END_OF_DAY,
    FAULTY,
    MILLIONTHS,
    NEGATIVE,
    REPORT,
    UNKNOWN_DATUM,
    Sensor,
    moment_text,
    with_faults,
    with_versions,
)  # fmt: skip
from simulator.world.nature import gates, levels, of_each, places, water_quality

WATER_RESOURCES = Department("water_resources", organisation="FAKE321000000009")
PUMPING_STATIONS = {"JD01": 90.0, "JD02": 110.0, "JD03": 120.0, "JD04": 230.0}
"""Pumping stations at Jiangdu -> flow when all their units run, m³/s."""
UNIT = 30.0
LIMIT_OF_NH3N = 0.25
"""mg/L: of a simple method, as such stations use."""
UNLISTED = "SW13"
"""A new gauge that is not in the list of stations yet."""
ON_THE_ROUTE = ("DM321003", "DM321004", "DM321008")


@WATER_RESOURCES.table(
    "water_body",
    dirt=(Cell("D22", "kind", 0.2, kind=labels({"RIVER": ("河流",), "LAKE": ("湖泊",)})), Cell("D18N", "county6", 0.3, kind=COUNTY)),
)
def waters(registers: Registers) -> pd.DataFrame:
    """Rivers, lakes and canals."""
    return places("water_bodies").rename(columns={"code": "water_body"}).assign(update_time="2019-01-15 10:10:00")


@WATER_RESOURCES.table(
    "hydro_station",
    dirt=(
        Cell("D22", "datum", 0.4, kind=labels({"CNHD85": ("85高程", "1985国家高程基准"), "FHH": ("废黄河",)})),
        Cell("D21U", "lon", 0.1, other="lat", kind=MILLIONTHS),
    ),
)
def stations(registers: Registers) -> pd.DataFrame:
    """The stations that measure rain and levels; older ones in the datum of the old course of the Yellow River."""
    return places("hydro_stations").rename(columns={"code": "station_code"}).assign(update_time="2019-04-02 08:00:00")


def _corrected(rows: pd.DataFrame) -> pd.DataFrame:
    """The drop as it is sent again: a gauge had been calibrated wrongly."""
    rain = pd.to_numeric(rows["rain_mm"], errors="coerce")
    more = (rows["station_code"] == "SW01") & (rain > 0)
    return rows.assign(rain_mm=rows["rain_mm"].where(~more, (rain * 1.1).round(1).astype(str)), sent_time="2019-12-31 08:00:00")


@WATER_RESOURCES.table(
    "rain_hour",
    dirt=(
        Cell("RANGE", "rain_mm", 0.001, kind=BEYOND_SENSE),
        Cell("D37", "measured_at", 0.002),
        Cell("D37M", "measured_at", 0.03, kind=END_OF_DAY),
    ),
    copies=0.002,
    rejected=(Rejected("UNREADABLE", "sent_time", 0.0003),),
    number=Number("station_code", 2),
    again=Again(1, 2, _corrected),
)
def rain(registers: Registers) -> pd.DataFrame:
    """Rain of each gauge and hour: that of the city, more or less; one gauge is not listed yet."""
    world, rng = registers.world, registers.world.stream("rain")
    gauges = np.append(places("hydro_stations").query("kind != 'LEVEL'")["code"].to_numpy(dtype=object), UNLISTED)
    fallen = world.weather["rain"].to_numpy()[:, None]
    found = of_each(gauges, world.timeline.hours, rain=fallen * rng.gamma(8, 1 / 8, (len(fallen), len(gauges))))
    times = found["time"].to_numpy()
    return pd.DataFrame(
        {
            "station_code": found["code"],
            "measured_at": moment_text(times),
            "rain_mm": decimals(found["rain"].to_numpy(), 1),
            "sent_time": moment_text(times + np.timedelta64(REPORT, "s")),
            "_night": night_of(times),
            FAULTY: False,
        }
    )


@WATER_RESOURCES.table(
    "water_level",
    dirt=(
        Cell("DATUM", "level", 0.004, other="datum", kind=UNKNOWN_DATUM),
        Cell("D22", "datum", 0.02, kind=labels({"CNHD85": ("85高程",), "FHH": ("废黄河",)})),
        Cell("RANGE", "level", 0.001, kind=BEYOND_SENSE),
        Cell("D37M", "measured_at", 0.03, kind=END_OF_DAY),
    ),
    copies=0.002,
)
def hourly_levels(registers: Registers) -> pd.DataFrame:
    """Levels of each station and hour, in its own datum, and corrections."""
    world = registers.world
    found = levels(world.timeline, world.weather, world.seed)
    datum = places("hydro_stations").set_index("code")["datum"]
    times = found["time"].to_numpy()
    rows = pd.DataFrame(
        {
            "station_code": found["code"],
            "measured_at": moment_text(times),
            "level": decimals(found["level"].to_numpy(), 2),
            "datum": found["code"].map(datum),
            "flow": decimals(found["flow"].to_numpy(), 1),
            "sent_time": moment_text(times + np.timedelta64(REPORT, "s")),
            "_night": night_of(times),
        }
    )
    rows = with_faults(registers, "water_resources/water_level", rows, "station_code", (Sensor("level", 4, 48, 2),))
    return with_versions(registers, "water_resources/water_level", rows, "level", 2, 0.02)


@WATER_RESOURCES.table(
    "sluice_hour",
    dirt=(Cell("RANGE", "opening_m", 0.001, kind=NEGATIVE), Cell("D37M", "measured_at", 0.03, kind=END_OF_DAY)),
    copies=0.002,
    late=Late(night=1, comes=2),
)
def sluices(registers: Registers) -> pd.DataFrame:
    """How far the sluices are open and how much flows."""
    world = registers.world
    found = gates(world.timeline, world.weather, world.seed)
    times = found["time"].to_numpy()
    return pd.DataFrame(
        {
            "gate_code": found["code"],
            "measured_at": moment_text(times),
            "water_body": found["water_body"],
            "opening_m": decimals(found["opening_m"].to_numpy(), 1),
            "flow": decimals(found["flow"].to_numpy(), 1),
            "sent_time": moment_text(times + np.timedelta64(REPORT, "s")),
            "_night": night_of(times),
            FAULTY: False,
        }
    )


@WATER_RESOURCES.table("eastern_route_pump", dirt=(Cell("D37", "measured_at", 0.003),), copies=0.002)
def pumping(registers: Registers) -> pd.DataFrame:
    """The pumping stations at Jiangdu: they lift water to the north in the dry months, and when it rains the units stand still."""
    world, rng = registers.world, registers.world.stream("eastern route")
    codes = np.array(list(PUMPING_STATIONS), dtype=object)
    most = np.array(list(PUMPING_STATIONS.values()))
    need = np.clip(0.55 - 0.35 * world.timeline.season - 1.2 * world.weather["runoff"].to_numpy(), 0, 1)[:, None]
    units = np.clip(np.round(need * most / UNIT + 0.4 * world.timeline.drift(rng, 72, len(codes))), 0, np.floor(most / UNIT))
    found = of_each(codes, world.timeline.hours, units=units, flow=units * UNIT * (1 + 0.02 * rng.normal(size=units.shape)))
    times = found["time"].to_numpy()
    return pd.DataFrame(
        {
            "station_code": found["code"],
            "measured_at": moment_text(times),
            "flow": decimals(found["flow"].to_numpy(), 1),
            "units_running": numbers(found["units"].to_numpy()),
            "sent_time": moment_text(times + np.timedelta64(REPORT, "s")),
            "_night": night_of(times),
        }
    )


@WATER_RESOURCES.table(
    "eastern_route_quality", copies=0.005, rejected=(Rejected("UNREADABLE", "sent_time", 0.001),), number=Number("section_code", 3)
)
def route_quality(registers: Registers) -> pd.DataFrame:
    """Daily quality at the sections of the route; what is below the limit of detection is said so."""
    world = registers.world
    water = water_quality(world.timeline, world.weather, world.seed)
    water = water[water["code"].isin(ON_THE_ROUTE)]
    daily = water.assign(day=as_days(water["time"].to_numpy())).groupby(["code", "day"]).mean(numeric_only=True).reset_index()
    days = as_days(daily["day"].to_numpy())
    rows = pd.DataFrame(
        {
            "section_code": daily["code"],
            "day": day_text(days),
            **{c: decimals(daily[c].to_numpy(), n) for c, n in (("ph", 2), ("do", 2), ("codmn", 2), ("nh3n", 3), ("tp", 3))},
            "sent_time": day_text(days) + " 18:00:00",
            "_night": night_of(days),
        }
    )
    below = (daily["nh3n"] < LIMIT_OF_NH3N).to_numpy()
    registers.note("water_resources/eastern_route_quality", rows[below], "nh3n", "D20Q", "0.25")
    return rows.assign(nh3n=only(~below, rows["nh3n"].to_numpy(dtype=object), "0.25L"))
