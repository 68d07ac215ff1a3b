"""Where waters, stations and plants of the demo city are: tables of this folder, as text and numbers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

NUMBERS = ("cleanliness", "traffic", "automatic", "level", "datum_offset", "capacity")


@cache
def places(name: str) -> pd.DataFrame:
    """A table of this folder (water_bodies, air_stations, sections, hydro_stations, sewage_plants), None where nothing is known.

    `cleanliness` (of a water body: 1 is usual, more is dirtier), `traffic` (of an air station: 1 is usual), `level` (usual level, m)
    and `automatic` are facts of the world which no department delivers.
    """
    rows = pd.read_csv(Path(__file__).with_name(f"{name}.csv"), dtype=str, encoding="utf-8")
    measured = [c for c in NUMBERS if c in rows and rows[c].str.fullmatch(r"-?[0-9.]+").eq(True).any()]
    return rows.astype(object).where(rows.notna(), None).assign(**{f"{c}_number": rows[c].astype(float) for c in measured})
