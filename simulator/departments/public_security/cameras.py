"""Cameras of public places: where people live, and at some of the places where problems of the streets recur."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, counts, day_text, decimals, numbers
from simulator.departments.public_security import PUBLIC_SECURITY
from simulator.departments.urban_management.cases import recurring_places
from simulator.dirt import POSITION, Cell, labels
from simulator.registers import Registers
from simulator.world import ground
from simulator.world.people import COUNTIES

CAMERAS, LEAST = 400, 40
"""In a city of the reference size, and at least."""
WATCHED, NEAR, FAR = 0.4, (8, 45), (70, 400)
"""Share of the recurring places that a camera watches; metres from such a place to its camera, and from another one to the nearest."""
KINDS = {"STREET": 60, "TRAFFIC": 30, "SITE": 10}
STATES = {"IN_USE": 92, "FAULT": 6, "REMOVED": 2}
NAMES = {"STREET": "路口治安监控", "TRAFFIC": "路段交通监控", "SITE": "重点部位监控"}


@PUBLIC_SECURITY.table(
    "video_point",
    dirt=(
        Cell("D22", "state", 0.1, kind=labels({"IN_USE": ("在用", "正常"), "FAULT": ("故障", "离线")})),
        Cell("D21", "lon", 0.015, other="lat", kind=POSITION),
    ),
    copies=0.01,
)
def cameras(registers: Registers) -> pd.DataFrame:
    """Every camera, also those that were removed."""
    world, rng = registers.world, registers.world.stream("cameras")
    n = counts(CAMERAS, len(world.people), LEAST)
    town = world.people["town"].to_numpy(dtype=object)[rng.integers(0, len(world.people), n)]
    somewhere = np.stack(ground.METRES.transform(*world.ground.somewhere_in(town, rng).T))
    places = recurring_places(registers)
    watched = rng.random(len(places)) < WATCHED
    away = np.where(watched, rng.uniform(*NEAR, len(places)), rng.uniform(*FAR, len(places)))
    turn = rng.uniform(0, 2 * np.pi, len(places))
    there = places[["_east", "_north"]].to_numpy(dtype=float).T + away * np.stack([np.cos(turn), np.sin(turn)])
    east, north = np.concatenate([somewhere, there], axis=1)
    lon, lat = ground.METRES.transform(east, north, direction="INVERSE")
    x, y = ground.gcj02(lon, lat)
    n = len(east)
    kind = ground.kinds(rng, KINDS, n)
    county = np.array([t[:6] for t in [*town, *places["_town"]]], dtype=object)
    made = {
        "point_no": "CAM" + numbers(np.arange(n) + 1, 5),
        "name": pd.Series(county).map(COUNTIES) + pd.Series(kind).map(NAMES) + numbers(np.arange(n) + 1),
        "kind": kind,
        "state": ground.kinds(rng, STATES, n),
        "county6": county,
        "lon": decimals(x, 6),
        "lat": decimals(y, 6),
        "installed_on": day_text(AS_OF - rng.integers(200, 3000, n)),
    }
    return ground.changed(rng, pd.DataFrame(made))
