"""Ecological red lines and permanent basic farmland; one of them is adjusted in the nights of the demo."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import decimals, numbers
from simulator.departments.natural_resources import NATURAL_RESOURCES
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY
from simulator.world.people import COUNTIES

AREAS = 24
CENTRES = {
    "321002": (119.48, 32.42), "321003": (119.38, 32.42), "321012": (119.62, 32.46), "321023": (119.42, 33.18), "321071": (119.43, 32.3),
    "321081": (119.18, 32.35), "321084": (119.5, 32.8),
}  # fmt: skip
"""County -> a place in it, degrees."""
METRES = (94_000.0, 110_900.0)
"""Of a degree of longitude and latitude at 32.5°."""
CORNERS = 12
ADJUSTED = "RL0003"


def _ring(east: float, north: float, radius: float, waves: np.ndarray) -> tuple[str, float]:
    """A closed ring around a place of the plane and its area, m²."""
    angle = np.arange(CORNERS) * 2 * np.pi / CORNERS
    x, y = np.round(east + radius * waves * np.cos(angle), 2), np.round(north + radius * waves * np.sin(angle), 2)
    area = abs(np.dot(x - east, np.roll(y - north, -1)) - np.dot(y - north, np.roll(x - east, -1))) / 2
    corners = [f"{a:.2f} {b:.2f}" for a, b in zip(x, y, strict=True)]
    return f"POLYGON(({','.join([*corners, corners[0]])}))", float(area)


def _adjusted(registers: Registers, rows: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """The list of every night: in the third one an area is smaller."""
    smaller = rows.copy()
    at = smaller.index[smaller["red_line_code"] == ADJUSTED][0]
    smaller.loc[at, ["geometry", "area_ha", "valid_from", "update_time"]] = [
        rows.loc[at, "_smaller"], rows.loc[at, "_smaller_area"], "2019-12-31", "2019-12-31 09:00:00",
    ]  # fmt: skip
    return rows, rows, smaller


@NATURAL_RESOURCES.table(
    "red_line",
    dirt=(
        Cell("D22", "kind", 0.2, kind=labels({"ECOLOGICAL": ("生态红线",), "FARMLAND": ("基本农田",)})),
        Cell("D18N", "county6", 0.3, kind=COUNTY),
    ),
    rejected=(Rejected("IMPOSSIBLE", "valid_from", 0.01),),
    number=Number("red_line_code", 2),
    snapshots=_adjusted,
)
def red_lines(registers: Registers) -> pd.DataFrame:
    """Areas around the counties' places, in the plane of the Gauss-Krüger zone around 120°E."""
    rng, counties = registers.world.stream("red lines"), list(CENTRES)
    county = np.array(counties, dtype=object)[np.arange(AREAS) % len(counties)]
    lon, lat = np.array([CENTRES[c] for c in county]).T
    east = 500_000 + (lon - 120) * METRES[0] + rng.uniform(-5000, 5000, AREAS)
    north = 3_542_000 + (lat - 32) * METRES[1] + rng.uniform(-5000, 5000, AREAS)
    radius, waves = rng.uniform(400, 1800, AREAS), rng.uniform(0.7, 1.2, (AREAS, CORNERS))
    rings = [_ring(*place) for place in zip(east, north, radius, waves, strict=True)]
    less = [_ring(*place) for place in zip(east, north, radius * 0.8, waves, strict=True)]
    kind = np.where(np.arange(AREAS) % 3 == 0, "ECOLOGICAL", "FARMLAND").astype(object)
    return pd.DataFrame(
        {
            "red_line_code": "RL" + numbers(np.arange(AREAS) + 1, 4),
            "name": pd.Series(county).map(COUNTIES)
            + np.where(kind == "ECOLOGICAL", "生态保护红线", "永久基本农田")
            + numbers(np.arange(AREAS) + 1),
            "kind": kind,
            "county6": county,
            "area_ha": decimals(np.array([area for _, area in rings]) / 10_000, 4),
            "geometry": [text for text, _ in rings],
            "valid_from": "2018-06-09",
            "update_time": "2018-06-30 10:00:00",
            "_smaller": [text for text, _ in less],
            "_smaller_area": decimals(np.array([area for _, area in less]) / 10_000, 4),
        }
    )
