"""Housing and urban-rural development: black-odorous waters of the towns, sewage plants, drainage pumps, the roads."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import as_days, day_text, decimals, night_of, numbers
from simulator.declare import Again, Department
from simulator.dirt import Cell, Kind, labels, one
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import (
    BEYOND_SENSE,
    COUNTY,
    DO_BEYOND_SENSE,
    END_OF_DAY,
    FAULTY,
    NEGATIVE,
    REPORT,
    SWAPPED,
    Sensor,
    in_micrograms,
    moment_text,
    with_faults,
    with_versions,
)  # fmt: skip
from simulator.world import ground
from simulator.world.nature import odours, places, plants, pumps
from simulator.world.people import COUNTIES

HOUSING = Department("housing", organisation="FAKE321000000008")
ROAD_CLASSES = {"EXPRESS": ("快速路",), "ARTERIAL": ("主干路", "主干道"), "SECONDARY": ("次干路",), "LOCAL": ("支路",)}
IN_CUBIC_METRES: Kind = one(lambda value, rng: decimals(np.array([float(value) * 10_000]), 0)[0])


def _listed() -> pd.DataFrame:
    waters = places("water_bodies")
    return waters[waters["cleanliness_number"] > 2].reset_index(drop=True)


@HOUSING.table(
    "black_odorous_body",
    dirt=(
        Cell("D22", "grade", 0.3, kind=labels({"HEAVY": ("重度", "重度黑臭"), "LIGHT": ("轻度",)})),
        Cell("D18N", "county6", 0.3, kind=COUNTY),
    ),
)
def bodies(registers: Registers) -> pd.DataFrame:
    """The ledger of black-odorous waters; every third has not been treated yet."""
    waters, rng = _listed(), registers.world.stream("black-odorous waters")
    n, waiting = len(waters), np.arange(len(waters)) % 3 == 2
    length = rng.uniform(600, 3200, n)
    return pd.DataFrame(
        {
            "water_body": waters["code"],
            "name": waters["name"],
            "county6": waters["county6"],
            "length_m": decimals(length, 0),
            "area_m2": decimals(length * rng.uniform(6, 18, n), 0),
            "grade": np.where(np.arange(n) % 2 == 0, "HEAVY", "LIGHT").astype(object),
            "responsible_org": "扬州市" + waters["county6"].map(COUNTIES) + "河道管理所",
            "target_date": np.where(waiting, "2020-12-31", "2019-12-31").astype(object),
            "state": np.where(waiting, "ACTIVE", np.where(np.arange(n) % 3 == 0, "KEPT", "DONE")).astype(object),
            "update_time": "2019-11-18 11:00:00",
        }
    )


@HOUSING.table(
    "black_odorous_monitor",
    dirt=(
        Cell("RANGE", "do", 0.004, kind=DO_BEYOND_SENSE),
        Cell("RANGE", "sd_cm", 0.004, kind=BEYOND_SENSE),
        Cell("D37", "sample_time", 0.005),
    ),
    copies=0.005,
    rejected=(Rejected("UNREADABLE", "sent_time", 0.001),),
    number=Number("water_body", 2),
)
def monitored(registers: Registers) -> pd.DataFrame:
    """Four points of every water, every other day."""
    water = odours(registers.world.timeline, registers.world.seed)
    times = water["time"].to_numpy().astype("datetime64[s]")
    rows = pd.DataFrame(
        {
            "water_body": water["code"],
            "point_no": "P" + numbers(water["point"].to_numpy()),
            "sample_time": moment_text(times),
            "sd_cm": decimals(water["sd_cm"].to_numpy(), 0),
            "do": decimals(water["do"].to_numpy(), 2),
            "orp_mv": decimals(water["orp_mv"].to_numpy(), 0),
            "nh3n": decimals(water["nh3n"].to_numpy(), 2),
            "depth_m": decimals(water["depth_m"].to_numpy(), 2),
            "sent_time": day_text(as_days(times)) + " 17:30:00",
            "_night": night_of(times),
            FAULTY: False,
        }
    )
    return with_versions(registers, "housing/black_odorous_monitor", rows, "nh3n", 2, 0.05)


@HOUSING.table("sewage_plant", dirt=(Cell("D21S", "lon", 0.2, other="lat", kind=SWAPPED), Cell("D18N", "county6", 0.3, kind=COUNTY)))
def plant_list(registers: Registers) -> pd.DataFrame:
    """The sewage plants and the waters that receive what they let out."""
    return places("sewage_plants").rename(columns={"code": "plant_code"}).assign(update_time="2019-05-20 09:30:00")


def _corrected(rows: pd.DataFrame) -> pd.DataFrame:
    """The drop as it is sent again: the volumes of outflow were those of another meter."""
    volume = pd.to_numeric(rows["outflow"], errors="coerce")
    return rows.assign(outflow=[f"{v:.3f}" for v in volume * 0.99], sent_time="2019-12-31 08:00:00")


@HOUSING.table(
    "sewage_plant_day",
    dirt=(
        Cell("D15X", "day", 0.05),
        Cell("D19", "inflow", 0.01, kind=IN_CUBIC_METRES),
        Cell("RANGE", "cod_in", 0.003, kind=NEGATIVE),
        Cell("D19", "nh3n_in", 0.003, kind=in_micrograms(0.15)),
    ),
    copies=0.005,
    rejected=(Rejected("UNREADABLE", "sent_time", 0.001),),
    number=Number("plant_code", 2),
    again=Again(1, 2, _corrected),
)
def plant_days(registers: Registers) -> pd.DataFrame:
    """What goes into every plant and what comes out, day by day; in a storm more comes than it can clean."""
    world = registers.world
    found = plants(world.timeline, world.weather, world.seed)
    days = as_days(found["time"].to_numpy())
    measured = {c: decimals(found[c].to_numpy(), 3 if c.endswith("flow") else 2) for c in found if c not in ("code", "time")}
    return pd.DataFrame(
        {
            "plant_code": found["code"],
            "day": day_text(days),
            **measured,
            "sent_time": day_text(days) + " 23:30:00",
            "_night": night_of(days),
        }
    ).assign(**{FAULTY: False})


@HOUSING.table(
    "drain_pump_hour",
    dirt=(Cell("RANGE", "level_m", 0.002, kind=BEYOND_SENSE), Cell("D37M", "measured_at", 0.03, kind=END_OF_DAY)),
    copies=0.002,
    rejected=(Rejected("UNREADABLE", "sent_time", 0.0003),),
    number=Number("pump_code", 2),
)
def pump_hours(registers: Registers) -> pd.DataFrame:
    """The water before the drainage pumps, and how many of them run."""
    world = registers.world
    found = pumps(world.timeline, world.weather, world.seed)
    times = found["time"].to_numpy()
    rows = pd.DataFrame(
        {
            "pump_code": found["code"],
            "measured_at": moment_text(times),
            "water_body": found["water_body"],
            "level_m": decimals(found["level_m"].to_numpy(), 2),
            "running": numbers(found["running"].to_numpy()),
            "sent_time": moment_text(times + np.timedelta64(REPORT, "s")),
            "_night": night_of(times),
        }
    )
    return with_faults(registers, "housing/drain_pump_hour", rows, "pump_code", (Sensor("level_m", 6, 48, 2),))


@HOUSING.table("road", dirt=(Cell("D22", "road_class", 0.1, kind=labels(ROAD_CLASSES)),))
def roads(registers: Registers) -> pd.DataFrame:
    """The roads."""
    rng = registers.world.stream("roads")
    rows = registers.world.ground.roads.rename(columns={"code": "road_no", "class": "road_class"})
    return ground.changed(rng, rows.assign(geometry=ground.texts(rows["geometry"].to_numpy())))
