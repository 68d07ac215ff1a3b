"""The grid into which villages are divided."""

from __future__ import annotations

import pandas as pd

from simulator.departments.integrated_governance import INTEGRATED_GOVERNANCE
from simulator.registers import Registers
from simulator.world import ground


@INTEGRATED_GOVERNANCE.table("grid")
def grids(registers: Registers) -> pd.DataFrame:
    """The areas of the governance grid."""
    rows, rng = registers.world.ground.grids, registers.world.stream("grids")
    names = registers.world.ground.divisions.set_index("code")["name"]
    made = {"grid_no": rows["code"], "name": rows["village"].map(names) + "第" + rows["code"].str[-2:].str.lstrip("0") + "网格"}
    return ground.changed(rng, pd.DataFrame(made | {"division": rows["village"], "geometry": ground.texts(rows["geometry"].to_numpy())}))
