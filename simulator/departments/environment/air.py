"""Air: the stations, and their hourly means, some of them sent again after quality assurance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import decimals, night_of, only, pick
from simulator.declare import Late
from simulator.departments.environment import ENVIRONMENT
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import (
    BEYOND_SENSE,
    COUNTY,
    END_OF_DAY,
    FAULTY,
    NEGATIVE,
    REPORT,
    SEXAGESIMAL,
    SWAPPED,
    Sensor,
    moment_text,
    with_faults,
    with_versions,
)  # fmt: skip
from simulator.world.nature import air_quality, places

ITEMS = {"pm25": 0, "pm10": 0, "so2": 0, "no2": 0, "o3": 0, "co": 1}
"""Item -> decimal places."""
SENSORS = (Sensor("pm25", 400, 6, 0), Sensor("pm10", 600, 6, 0), Sensor("no2", 300, 6, 0), Sensor("o3", 500, 6, 0))
FLAGGED = 0.006
"""Share of values that are delivered with a flag; half of them are empty."""
MOVED = "YZ12"
"""The station that is at another place from the third night on."""


def _moved(registers: Registers, rows: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """The list of every night; a station moves before the third one."""
    there = (rows["station_code"] == MOVED).to_numpy()
    changes = {"lon": "119.69120", "lat": "32.35210", "update_time": "2019-12-31 08:12:00"}
    return rows, rows, rows.assign(**{column: only(~there, rows[column].to_numpy(), value) for column, value in changes.items()})


@ENVIRONMENT.table(
    "air_station",
    dirt=(
        Cell("D22", "level", 0.2, kind=labels({"NATIONAL": ("国控", "国控站"), "CITY": ("市控",)})),
        Cell("D18N", "county6", 0.3, kind=COUNTY),
        Cell("D21S", "lon", 0.1, other="lat", kind=SWAPPED),
        Cell("D21D", "lat", 0.1, kind=SEXAGESIMAL),
    ),
    snapshots=_moved,
)
def stations(registers: Registers) -> pd.DataFrame:
    """The stations of the city; one town's station has been closed."""
    rows = places("air_stations").rename(columns={"code": "station_code"})
    closed = (rows["station_code"] == "YZ11").to_numpy()
    return rows.assign(start_date="2013-01-01", end_date=only(closed, "2019-12-30"), update_time="2019-11-04 10:00:00")


@ENVIRONMENT.table(
    "air_hour",
    dirt=(
        Cell("RANGE", "pm25", 0.002, kind=NEGATIVE),
        Cell("RANGE", "so2", 0.002, kind=NEGATIVE),
        Cell("RANGE", "o3", 0.001, kind=BEYOND_SENSE),
        Cell("D37", "measured_at", 0.003),
        Cell("D37M", "measured_at", 0.05, kind=END_OF_DAY),
        Cell("D22", "pm25_flag", 0.1, kind=labels({"H": ("有效性不足",), "D": ("故障",)})),
        Cell("D40N", "co_flag", 0.001),
    ),
    copies=0.002,
    rejected=(Rejected("UNREADABLE", "sent_time", 0.0003),),
    number=Number("station_code", 2),
    late=Late(night=1, comes=2),
)
def hours(registers: Registers) -> pd.DataFrame:
    """The mean of each hour of each station and item, and hours that quality assurance has corrected."""
    world, rng = registers.world, registers.world.stream("air hours")
    air = air_quality(world.timeline, world.weather, world.seed)
    n = len(air)
    rows = pd.DataFrame({"station_code": air["code"], "measured_at": moment_text(air["time"].to_numpy())})
    for item, digits in ITEMS.items():
        rows[item] = decimals(air[item].to_numpy(), digits)
    rows["temperature"], rows["humidity"] = decimals(air["temperature"].to_numpy(), 1), decimals(air["humidity"].to_numpy(), 1)
    rows["wind_speed"] = decimals(air["wind"].to_numpy(), 1)
    rows["sent_time"] = moment_text(air["time"].to_numpy() + np.timedelta64(REPORT, "s"))
    rows["_night"] = night_of(air["time"].to_numpy())
    rows = with_faults(registers, "environment/air_hour", rows, "station_code", SENSORS)
    n = len(rows)
    for item in ITEMS:
        flagged = (rng.random(n) < FLAGGED) & ~rows[FAULTY].to_numpy()
        rows[f"{item}_flag"] = only(flagged, pick(rng, ["H", "C", "D", "PZ", "RM"], n))
        rows[item] = only(~(flagged & (rng.random(n) < 0.5)), rows[item].to_numpy(dtype=object))
    return with_versions(registers, "environment/air_hour", rows, "pm25", 0)
