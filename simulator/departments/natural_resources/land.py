"""The land and what stands on it: ground plans of buildings, parcels by their use, places that a map service knows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from simulator.basics import decimals, numbers
from simulator.departments.natural_resources import NATURAL_RESOURCES
from simulator.dirt import Cell
from simulator.registers import Registers
from simulator.world import ground
from simulator.world.people import towns

PLACES = {"HOSPITAL": "卫生院", "SCHOOL": "中心小学", "GOVERNMENT": "人民政府", "SHOP": "百货商店", "RESTAURANT": "饭店", "PARK": "公园"}
LAND = {True: {"05": 15, "07": 45, "08": 20, "06": 15, "11": 5}, False: {"01": 60, "02": 5, "03": 6, "07": 10, "11": 16, "10": 3}}
"""Of town and country: land class -> weight."""


@NATURAL_RESOURCES.table("building", copies=0.002)
def buildings(registers: Registers) -> pd.DataFrame:
    """The buildings in which people live."""
    rows, rng = registers.world.ground.buildings, registers.world.stream("buildings")
    made = pd.DataFrame(
        {"building_no": rows["code"], "use": ground.kinds(rng, {"RESIDENTIAL": 92, "COMMERCIAL": 6, "PUBLIC": 2}, len(rows))}
    )
    made = made.assign(floors=numbers(rows["floors"].to_numpy()), division=rows["village"], geometry=ground.texts(ground.boxes(rows), 2))
    return ground.changed(rng, made)


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
    return ground.changed(rng, made.assign(geometry=ground.texts(shapely.transform(plane, lambda p: p + np.array([40_000_000, 0])), 2)))


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
    return ground.changed(rng, pd.DataFrame(made | {"lon": decimals(lon, 6), "lat": decimals(lat, 6)}))
