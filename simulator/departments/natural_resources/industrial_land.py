"""Industrial land: parcels with who uses them; one county keeps its list in mu, and some areas stand under the wrong unit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import decimals, numbers
from simulator.departments.natural_resources import NATURAL_RESOURCES
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.sensors import COUNTY
from simulator.world.economy import entity_numbers, land

LAND = "natural_resources/industrial_land"
MU = 666.67
MIXED, SHOWS = 0.05, (250, 4_600)
"""Share of areas under the wrong unit; those of fewer mu, of more m², show that in themselves."""


@NATURAL_RESOURCES.table(
    "industrial_land",
    dirt=(
        Cell("D22", "area_unit", 0.2, kind=labels({"M2": ("平方米", "㎡"), "MU": ("亩",)})),
        Cell("D18N", "county6", 0.2, kind=COUNTY),
        Cell("D32", "user_name", 0.05),
    ),
)
def parcels(registers: Registers) -> pd.DataFrame:
    """The parcels; every third county keeps them in mu."""
    entities, rng = registers.world.enterprises, registers.world.stream("industrial parcels")
    rows = land(entities, registers.world.economy, registers.world.seed)
    at, area = rows["entity_row"].to_numpy(), rows["area"].to_numpy()
    county = entities["county6"].to_numpy(dtype=object)[at]
    in_mu = np.isin(county, sorted(set(county))[::3])
    mixed = (rng.random(len(rows)) < MIXED) & (area / MU < SHOWS[0]) & (area > SHOWS[1])
    mixed[np.flatnonzero((area / MU < SHOWS[0]) & (area > SHOWS[1]))[:1]] = True
    said = np.where(in_mu, area / MU, area)
    return pd.DataFrame(
        {
            "parcel_no": "GD" + numbers(np.arange(len(rows)) + 1, 7), "uscc": entity_numbers(entities, at),
            "user_name": entities["name"].to_numpy(dtype=object)[at], "county6": county, "area": decimals(said, 2),
            "area_unit": np.where(in_mu ^ mixed, "MU", "M2").astype(object), "update_time": "2019-11-30 10:00:00", "_mixed": mixed,
        }
    )  # fmt: skip


@NATURAL_RESOURCES.finding("areas under the wrong unit", "themes/industry/parcel", "flags", "UNIT")
def under_the_wrong_unit(registers: Registers) -> pd.Series:
    """Parcels whose area is possible in the other unit only."""
    rows = registers.delivered(LAND)
    return rows.loc[rows["_mixed"].astype(bool), "parcel_no"]
