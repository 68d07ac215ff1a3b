"""Shared bikes: quotas, parking areas, where each bike is every half hour of the last days, and its trips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from simulator.basics import AS_OF, as_days, decimals, night_of, numbers, only
from simulator.declare import Late
from simulator.departments.urban_management import URBAN_MANAGEMENT
from simulator.dirt import POSITION, Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY, moment_text
from simulator.world import World, ground
from simulator.world.people import COUNTIES

COMPANIES = ("HL", "QJ")
PEOPLE_PER_BIKE, LEAST, BIKES_PER_ZONE = 60, 40, 5
DAYS, FIRST_SLOT, SLOTS = 8, 14, 30
"""Days of positions; the half hours of a day from 7:00 to 21:30."""
HALF_HOUR = 1800
MOVES, IDLE, BROKEN, OUTSIDE, RIDDEN = 0.09, 0.12, 0.03, 0.14, 0.3
"""Share of half hours with a trip, of bikes that nobody rides, of damaged ones, of bikes put outside an area, of trips seen on the way."""
POPULAR, SMALL = 9.0, 3
"""How much more bikes go to the first area, which holds three."""


@dataclass(frozen=True)
class Fleet:
    """Everything about the bikes.

    Attributes:
        zones: zone_no, name, capacity, geometry (metres).
        bikes: company, bike_no, damaged.
        moments: the half hours, datetime64[s].
        moved, ridden: of each bike and half hour, whether it was ridden to another place just before, and is being ridden.
        east, north: of each bike and half hour, metres.
    """

    zones: pd.DataFrame
    bikes: pd.DataFrame
    moments: np.ndarray
    moved: np.ndarray
    ridden: np.ndarray
    east: np.ndarray
    north: np.ndarray


def _zones(world: World, n: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Rectangles where people live, and middle, length and width of each."""
    rng, homes = world.stream("parking zones"), world.ground.buildings
    at = rng.choice(len(homes), n, replace=n > len(homes))
    east, north = ground.METRES.transform(homes["lon"].to_numpy()[at], homes["lat"].to_numpy()[at])
    east, north = np.round(east + 25, 2), np.round(north + rng.uniform(-5, 5, n), 2)
    length, width = rng.integers(8, 31, n).astype(float), rng.integers(2, 5, n).astype(float)
    shapes = shapely.box(east - length / 2, north - width / 2, east + length / 2, north + width / 2)
    capacity = np.where(np.arange(n) == 0, SMALL, (length * 1.5).astype(int))
    rows = pd.DataFrame(
        {
            "zone_no": "TF" + numbers(np.arange(n) + 1, 6),
            "name": "停放区" + numbers(np.arange(n) + 1),
            "capacity": numbers(capacity),
            "geometry": ground.texts(shapes, 2),
        }
    )
    return rows, np.stack([east, north, length, width])


def fleet(registers: Registers) -> Fleet:
    """The bikes of the city; the same each time."""
    world = registers.world
    rng, n = world.stream("bikes"), max(LEAST, len(world.people) // PEOPLE_PER_BIKE)
    zones, (east, north, length, width) = _zones(world, max(8, n // BIKES_PER_ZONE))
    days = AS_OF - np.arange(DAYS)[::-1]
    clock = (FIRST_SLOT + np.arange(SLOTS)) * np.timedelta64(HALF_HOUR, "s")
    moments = (days.astype("datetime64[s]")[:, None] + clock).ravel()
    damaged = rng.random(n) < BROKEN
    still = damaged | (rng.random(n) < IDLE)
    moved = (rng.random((n, len(moments))) < MOVES) & ~still[:, None]
    moved[:, 0] = False
    weight = np.where(np.arange(len(zones)) == 0, POPULAR, 1.0)
    target = rng.choice(len(zones), moved.shape, p=weight / weight.sum())
    outside = rng.random(moved.shape) < OUTSIDE
    along, across = rng.uniform(-0.45, 0.45, moved.shape), rng.uniform(-0.45, 0.45, moved.shape)
    far = rng.uniform(8, 60, moved.shape)
    x = east[target] + length[target] * along
    y = north[target] + np.where(outside, width[target] / 2 + far, width[target] * across)
    last = np.maximum.accumulate(np.where(moved, np.arange(len(moments)), 0), axis=1)
    x, y = np.take_along_axis(x, last, axis=1), np.take_along_axis(y, last, axis=1)
    ridden = moved & (rng.random(moved.shape) < RIDDEN)
    bikes = pd.DataFrame(
        {"company": np.array(COMPANIES, dtype=object)[(rng.random(n) < 0.4).astype(int)], "bike_no": "B" + numbers(np.arange(n) + 1, 8)}
    )
    return Fleet(zones, bikes.assign(damaged=damaged), moments, moved, ridden, x, y)


def _degrees(east: np.ndarray, north: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = ground.METRES.transform(east, north, direction="INVERSE")
    x, y = ground.gcj02(lon, lat)
    return decimals(x, 6), decimals(y, 6)


@URBAN_MANAGEMENT.table("parking_zone", copies=0.02)
def zones(registers: Registers) -> pd.DataFrame:
    """Parking areas, in metres."""
    return ground.changed(registers.world.stream("zones"), fleet(registers).zones)


@URBAN_MANAGEMENT.table("bike_fleet", dirt=(Cell("D18N", "county6", 0.3, kind=COUNTY),))
def quotas(registers: Registers) -> pd.DataFrame:
    """Quotas of each company and county: in the first county fewer than there are bikes."""
    found, rng = fleet(registers), registers.world.stream("bike quotas")
    rows = pd.MultiIndex.from_product([COMPANIES, list(COUNTIES)], names=["company", "county6"]).to_frame(index=False)
    most = found.bikes.groupby("company").size().reindex(rows["company"]).to_numpy()
    quota = np.where(rows["county6"] == next(iter(COUNTIES)), 1, most // 3 + 2)
    return ground.changed(rng, rows.assign(quota=numbers(quota), deployed=numbers(np.minimum(quota + 1, most))))


@URBAN_MANAGEMENT.table(
    "bike_snapshot",
    dirt=(
        Cell("D22", "state", 0.01, kind=labels({"AVAILABLE": ("可用", "正常"), "DAMAGED": ("故障",), "IN_USE": ("骑行中",)})),
        Cell("D21", "lon", 0.002, other="lat", kind=POSITION),
        Cell("D37", "measured_at", 0.001),
    ),
    copies=0.002,
    rejected=(Rejected("UNREADABLE", "sent_time", 0.0003),),
    number=Number("bike_no", 1),
)
def snapshots(registers: Registers) -> pd.DataFrame:
    """Where each bike is every half hour."""
    found, rng = fleet(registers), registers.world.stream("bike snapshots")
    bike, slot = (v.ravel() for v in np.indices(found.moved.shape))
    times = found.moments[slot]
    lon, lat = _degrees(found.east.ravel() + rng.uniform(-0.5, 0.5, len(bike)), found.north.ravel() + rng.uniform(-0.5, 0.5, len(bike)))
    damaged = found.bikes["damaged"].to_numpy()[bike]
    return pd.DataFrame(
        {
            "company": found.bikes["company"].to_numpy(dtype=object)[bike],
            "bike_no": found.bikes["bike_no"].to_numpy(dtype=object)[bike],
            "measured_at": moment_text(times),
            "lon": lon,
            "lat": lat,
            "state": np.select([damaged, found.ridden.ravel()], ["DAMAGED", "IN_USE"], "AVAILABLE").astype(object),
            "sent_time": moment_text(times + np.timedelta64(90, "s")),
            "_night": night_of(as_days(times)),
        }
    )


@URBAN_MANAGEMENT.table(
    "bike_trip",
    dirt=(Cell("D21", "start_lon", 0.005, other="start_lat", kind=POSITION), Cell("D37", "start_time", 0.003)),
    copies=0.005,
    rejected=(Rejected("UNREADABLE", "start_time", 0.001),),
    number=Number("trip_no", 2),
    late=Late(night=1, comes=2),
)
def trips(registers: Registers) -> pd.DataFrame:
    """The trips between the places of each bike; some take longer than until the next half hour."""
    found, rng = fleet(registers), registers.world.stream("bike trips")
    bike, slot = np.nonzero(found.moved)
    n = len(bike)
    at = found.moments[slot]
    start = at - rng.integers(500, 1500, n).astype("timedelta64[s]")
    end = np.where(found.ridden[bike, slot], at + rng.integers(60, 1200, n).astype("timedelta64[s]"), at - np.timedelta64(120, "s"))
    before, after = (_degrees(found.east[bike, then], found.north[bike, then]) for then in (slot - 1, slot))
    return pd.DataFrame(
        {
            "company": found.bikes["company"].to_numpy(dtype=object)[bike],
            "trip_no": "QX" + numbers(np.arange(n) + 1, 10),
            "bike_no": found.bikes["bike_no"].to_numpy(dtype=object)[bike],
            "start_time": moment_text(start),
            "end_time": only(rng.random(n) >= 0.002, moment_text(end)),
            "start_lon": before[0],
            "start_lat": before[1],
            "end_lon": after[0],
            "end_lat": after[1],
            "_night": night_of(as_days(start)),
        }
    )
