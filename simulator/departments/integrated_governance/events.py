"""What happens in the grid, and whom it looks after."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, counts, day_text, decimals, night_of, numbers, only, pick
from simulator.departments.integrated_governance import INTEGRATED_GOVERNANCE
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY, SWAPPED, moment_text
from simulator.world import ground
from simulator.world.incidents import EVENT, MOMENT

DAYS, EVENTS, PERSONS = 120, 12, 180
"""Events of a day and persons, in a city of the reference size."""
KINDS = {"DISPUTE": 30, "SAFETY": 20, "ORDER": 10, "CITY": 20, "LIVELIHOOD": 15, "OTHER": 5}
PERSON_KINDS = {"RELEASED": 20, "CORRECTION": 15, "MENTAL": 30, "DRUGS": 10, "YOUTH": 15, "PETITIONER": 10}


@INTEGRATED_GOVERNANCE.table(
    "event",
    dirt=(
        Cell("D22", "kind", 0.2, kind=labels({"DISPUTE": ("矛盾纠纷", "纠纷"), "CITY": ("城市管理",)})),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
        Cell("D21S", "lon", 0.01, other="lat", kind=SWAPPED),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "report_time", 0.002),),
    number=Number("event_no", 2),
)
def events(registers: Registers) -> pd.DataFrame:
    """Events of four months; nine of ten are finished in time, seven of ten disputes are resolved."""
    world, rng = registers.world, registers.world.stream("grid events")
    n = counts(EVENTS, len(world.people), 2) * DAYS
    grids = world.ground.grids
    which = rng.integers(0, len(grids), n)
    at = ground.point_in_each(grids["geometry"].to_numpy()[which], rng)
    start = AS_OF.astype("datetime64[s]") - np.timedelta64((DAYS - 1) * 86_400, "s")
    rows = pd.DataFrame(
        {
            MOMENT: start + np.sort(rng.integers(0, DAYS * 86_400, n)).astype("timedelta64[s]"),
            "kind": pick(rng, list(KINDS), n, list(KINDS.values())),
            "title": None,
            "grid_no": grids["code"].to_numpy(dtype=object)[which],
            "lon": at[:, 0],
            "lat": at[:, 1],
            EVENT: None,
        }
    )
    rows = pd.concat([rows, _of_incidents(registers)]).sort_values(MOMENT, kind="stable", ignore_index=True)
    n, told = len(rows), rows[MOMENT].to_numpy().astype("datetime64[s]")
    due = told + np.timedelta64(5 * 86_400, "s")
    finished = told + (rng.gamma(2.0, 1.2, n) * 86_400).astype("timedelta64[s]")
    is_finished = finished <= AS_OF.astype("datetime64[s]") + np.timedelta64(86_399, "s")
    return pd.DataFrame(
        {
            "event_no": "ZZ" + numbers(np.arange(n) + 1, 10),
            **rows[["kind", "title", "grid_no", EVENT, MOMENT]],
            "report_time": moment_text(told),
            "due_time": moment_text(due),
            "finish_time": only(is_finished, moment_text(finished)),
            "resolved": only(is_finished, np.where(rng.random(n) < 0.7, "1", "0").astype(object)),
            "county6": rows["grid_no"].str[:6],
            "lon": decimals(rows["lon"].to_numpy(), 6),
            "lat": decimals(rows["lat"].to_numpy(), 6),
            "update_time": moment_text(np.where(is_finished, finished, told)),
            "_night": night_of(told.astype("datetime64[D]")),
        }
    )


def _of_incidents(registers: Registers) -> pd.DataFrame:
    """Events that other services are told of, too."""
    told = registers.world.told("GRID")
    named = {"moment": MOMENT, "code": "kind", "text": "title", "grid": "grid_no", "incident": EVENT}
    return told[["lon", "lat", *named]].rename(columns=named)


@INTEGRATED_GOVERNANCE.table(
    "key_person",
    dirt=(
        Cell("D04", "id_no", 0.2),
        Cell("D03", "id_no", 0.02),
        Cell("D05", "id_no", 0.01),
        Cell("D30", "name", 0.01),
        Cell("D22", "kind", 0.2, kind=labels({"RELEASED": ("刑满释放",), "MENTAL": ("精神障碍",)})),
    ),
    rejected=(Rejected("UNKNOWN_CODE", "kind", 0.005),),
    number=Number("record_no", 2),
)
def key_persons(registers: Registers) -> pd.DataFrame:
    """Residents of whom the grid keeps a record, some of whom have died since."""
    world, rng = registers.world, registers.world.stream("key persons")
    people = world.people
    adults = np.flatnonzero((people["age"] >= 16) & (people["registered"] == 0))
    at = np.sort(rng.choice(adults, counts(PERSONS, len(people), 12), replace=False))
    who, n = people.iloc[at], len(at)
    since = AS_OF - rng.integers(30, 900, n)
    return pd.DataFrame(
        {
            "record_no": "KP" + numbers(np.arange(n) + 1, 8),
            "id_no": who["id_no"].to_numpy(dtype=object),
            "name": who["name"].to_numpy(dtype=object),
            "kind": pick(rng, list(PERSON_KINDS), n, list(PERSON_KINDS.values())),
            "risk_level": pick(rng, ["HIGH", "MEDIUM", "LOW"], n, [10, 30, 60]),
            "valid_from": day_text(since),
            "valid_to": only(rng.random(n) < 0.1, day_text(AS_OF - rng.integers(1, 30, n))),
            "grid_no": None,
            "county6": who["county6"].to_numpy(dtype=object),
            "update_time": moment_text(np.full(n, np.datetime64("2019-12-20T09:00:00"))),
            "_person": at,
        }
    )
