"""Emergency management: hazards at enterprises, and accidents."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, counts, day_text, decimals, night_of, numbers, only, pick
from simulator.declare import Department
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY, moment_text

EMERGENCY = Department("emergency", organisation="FAKE321000000051")
DAYS, HAZARDS, ACCIDENTS = 365, 1_500, 120
"""Hazards and accidents of a year, in a city of the reference size."""
KINDS = {"WORK": 15, "ROAD": 60, "FIRE": 15, "BUILDING": 5, "OTHER": 5}


@EMERGENCY.table(
    "hazard",
    dirt=(
        Cell("D22", "level", 0.2, kind=labels({"GENERAL": ("一般",), "MAJOR": ("重大",)})),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
    ),
    copies=0.01,
    rejected=(Rejected("IMPOSSIBLE", "due_date", 0.003),),
    number=Number("hazard_no", 2),
)
def hazards(registers: Registers) -> pd.DataFrame:
    """Hazards found over a year; nine of ten are removed in time."""
    world, rng = registers.world, registers.world.stream("hazards")
    n = counts(HAZARDS, len(world.people), 60)
    firms = world.enterprises
    which = rng.integers(0, len(firms), n)
    found = np.sort(AS_OF - rng.integers(0, DAYS, n))
    due = found + np.where(rng.random(n) < 0.9, 15, 30)
    fixed = found + rng.integers(1, 18, n)
    is_fixed = (rng.random(n) < 0.97) & (fixed <= AS_OF)
    return pd.DataFrame(
        {
            "hazard_no": "YH" + numbers(np.arange(n) + 1, 8),
            "uscc": firms["uscc"].to_numpy(dtype=object)[which],
            "level": pick(rng, ["GENERAL", "MAJOR"], n, [95, 5]),
            "found_date": day_text(found),
            "due_date": day_text(due),
            "fixed_date": only(is_fixed, day_text(fixed)),
            "county6": world.people["county6"].to_numpy(dtype=object)[rng.integers(0, len(world.people), n)],
            "update_time": moment_text(found.astype("datetime64[s]") + np.timedelta64(18 * 3600, "s")),
            "_night": night_of(found),
        }
    )


@EMERGENCY.table(
    "accident",
    dirt=(
        Cell("D22", "kind", 0.2, kind=labels({"ROAD": ("道路交通", "交通"), "FIRE": ("火灾",)})),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "occurred_at", 0.01),),
    number=Number("accident_no", 2),
)
def accidents(registers: Registers) -> pd.DataFrame:
    """Accidents over a year; a few with dead, one with four of them."""
    world, rng = registers.world, registers.world.stream("accidents")
    n = counts(ACCIDENTS, len(world.people), 40)
    day = np.sort(AS_OF - rng.integers(0, DAYS, n))
    dead = np.where(rng.random(n) < 0.08, 1, 0)
    dead[n // 2] = 4
    at = day.astype("datetime64[s]") + rng.integers(0, 86_400, n).astype("timedelta64[s]")
    return pd.DataFrame(
        {
            "accident_no": "SG" + numbers(np.arange(n) + 1, 8),
            "occurred_at": moment_text(at),
            "kind": pick(rng, list(KINDS), n, list(KINDS.values())),
            "dead": numbers(dead),
            "injured": numbers(rng.poisson(0.8, n)),
            "loss": decimals(rng.lognormal(1.0, 1.2, n), 2),
            "county6": world.people["county6"].to_numpy(dtype=object)[rng.integers(0, len(world.people), n)],
            "update_time": moment_text(at + np.timedelta64(3600, "s")),
            "_night": night_of(day),
        }
    )
