"""The components of the public space."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import decimals, numbers
from simulator.departments.urban_management import URBAN_MANAGEMENT
from simulator.registers import Registers
from simulator.world import ground
from simulator.world.people import towns

COMPONENTS = {"MANHOLE": 30, "LAMP": 25, "BIN": 15, "SIGN": 10, "TREE": 15, "HYDRANT": 5}
OWNERS = {
    "MANHOLE": "市政管理处",
    "LAMP": "路灯管理所",
    "BIN": "环境卫生管理处",
    "SIGN": "交警支队",
    "TREE": "园林管理处",
    "HYDRANT": "消防救援支队",
}
STATES = {"NORMAL": 94, "DAMAGED": 4, "MISSING": 1, "REMOVED": 1}


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
    made["owner"] = pd.Series(made["kind"]).map(OWNERS).to_numpy(dtype=object)
    return ground.changed(rng, pd.DataFrame(made | {"lon": decimals(east, 2), "lat": decimals(north, 2)}))
