"""The departments that have authority over a layer of the ground: buildings, land use, places, roads, components, the governance grid."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from simulator.basics import clock_text, decimals, numbers, office_seconds
from simulator.declare import Department
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.world import ground
from simulator.world.people import towns

NATURAL_RESOURCES = Department("natural_resources", organisation="FAKE321000000021")
HOUSING = Department("housing", organisation="FAKE321000000022")
URBAN_MANAGEMENT = Department("urban_management", organisation="FAKE321000000023")
INTEGRATED_GOVERNANCE = Department("integrated_governance", organisation="FAKE321000000024")
ROAD_CLASSES = {"EXPRESS": ("快速路",), "ARTERIAL": ("主干路", "主干道"), "SECONDARY": ("次干路",), "LOCAL": ("支路",)}
PLACES = {"HOSPITAL": "卫生院", "SCHOOL": "中心小学", "GOVERNMENT": "人民政府", "SHOP": "百货商店", "RESTAURANT": "饭店", "PARK": "公园"}
LAND = {True: {"05": 15, "07": 45, "08": 20, "06": 15, "11": 5}, False: {"01": 60, "02": 5, "03": 6, "07": 10, "11": 16, "10": 3}}
"""Of town and country: land class -> weight."""
COMPONENTS = {"MANHOLE": 30, "LAMP": 25, "BIN": 15, "SIGN": 10, "TREE": 15, "HYDRANT": 5}
STATES = {"NORMAL": 94, "DAMAGED": 4, "MISSING": 1, "REMOVED": 1}


def _stamped(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the time of their last change."""
    days = np.datetime64("2019-06-30") - rng.integers(0, 700, len(rows))
    return rows.assign(update_time=clock_text(days, office_seconds(rng, len(rows))))


@NATURAL_RESOURCES.table("building", copies=0.002)
def buildings(registers: Registers) -> pd.DataFrame:
    """The buildings in which people live."""
    rows, rng = registers.world.ground.buildings, registers.world.stream("buildings")
    made = pd.DataFrame(
        {"building_no": rows["code"], "use": ground.kinds(rng, {"RESIDENTIAL": 92, "COMMERCIAL": 6, "PUBLIC": 2}, len(rows))}
    )
    made = made.assign(floors=numbers(rows["floors"].to_numpy()), division=rows["village"], geometry=ground.texts(ground.boxes(rows), 2))
    return _stamped(rng, made)


@NATURAL_RESOURCES.table("land_use")
def land_use(registers: Registers) -> pd.DataFrame:
    """A parcel for each area of the grid, in metres behind the number of the zone."""
    grids, rng = registers.world.ground.grids, registers.world.stream("land use")
    plane = ground.metres(grids["geometry"].to_numpy())
    urban = grids["village"].str[6].to_numpy() == "0"
    made = pd.DataFrame(
        {"parcel_no": "T" + grids["code"], "county6": grids["village"].str[:6], "area_m2": decimals(shapely.area(plane), 1)}
    )
    made["land_class"] = np.where(urban, *(ground.kinds(rng, LAND[kind], len(grids)) for kind in (True, False)))
    return _stamped(rng, made.assign(geometry=ground.texts(shapely.transform(plane, lambda p: p + np.array([40_000_000, 0])), 2)))


@NATURAL_RESOURCES.table("poi", dirt=(Cell("D02", "name", 0.02),), copies=0.01)
def places(registers: Registers) -> pd.DataFrame:
    """In every town a place of each kind, and more shops the more people there are."""
    rng, shops = registers.world.stream("places"), registers.world.people["village12"].iloc[::100]
    town = np.concatenate([np.repeat(towns()["code"].to_numpy(), len(PLACES)), shops.str[:9]])
    names = np.concatenate([np.add.outer(towns()["name"].to_numpy(), list(PLACES.values())).ravel(), np.full(len(shops), "便民超市")])
    category = np.concatenate([np.tile(list(PLACES), len(towns())), np.full(len(shops), "SHOP")])
    points = registers.world.ground.somewhere_in(town, rng)
    lon, lat = ground.gcj02(points[:, 0], points[:, 1])
    made = {"poi_no": "P" + numbers(np.arange(len(names)) + 1, 7), "name": names, "category": category}
    return _stamped(rng, pd.DataFrame(made | {"lon": decimals(lon, 6), "lat": decimals(lat, 6)}))


@HOUSING.table("road", dirt=(Cell("D22", "road_class", 0.1, kind=labels(ROAD_CLASSES)),))
def roads(registers: Registers) -> pd.DataFrame:
    """The roads."""
    rng = registers.world.stream("roads")
    rows = registers.world.ground.roads.rename(columns={"code": "road_no", "class": "road_class"})
    return _stamped(rng, rows.assign(geometry=ground.texts(rows["geometry"].to_numpy())))


@URBAN_MANAGEMENT.table("component", copies=0.005)
def components(registers: Registers) -> pd.DataFrame:
    """Components of the public space, one in every town and more where people live, in metres."""
    rng, town = registers.world.stream("components"), np.concatenate([towns()["code"], registers.world.people["town"].iloc[::10]])
    points, n = registers.world.ground.somewhere_in(town, rng), len(town)
    east, north = ground.METRES.transform(points[:, 0], points[:, 1])
    made = {
        "component_no": "C" + numbers(np.arange(n) + 1, 10),
        "kind": ground.kinds(rng, COMPONENTS, n),
        "state": ground.kinds(rng, STATES, n),
    }
    return _stamped(rng, pd.DataFrame(made | {"lon": decimals(east, 2), "lat": decimals(north, 2)}))


@INTEGRATED_GOVERNANCE.table("grid")
def grids(registers: Registers) -> pd.DataFrame:
    """The areas of the governance grid."""
    rows, rng = registers.world.ground.grids, registers.world.stream("grids")
    names = registers.world.ground.divisions.set_index("code")["name"]
    made = {"grid_no": rows["code"], "name": rows["village"].map(names) + "第" + rows["code"].str[-2:].str.lstrip("0") + "网格"}
    return _stamped(rng, pd.DataFrame(made | {"division": rows["village"], "geometry": ground.texts(rows["geometry"].to_numpy())}))
