"""Justice: persons who serve their sentence in the community."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, counts, day_text, numbers, only, pick
from simulator.declare import Department
from simulator.dirt import Cell
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import moment_text

JUSTICE = Department("justice", organisation="FAKE321000000052")
PERSONS = 90
"""In a city of the reference size."""
CRIMES = ("危险驾驶罪", "故意伤害罪", "盗窃罪", "诈骗罪", "开设赌场罪")


@JUSTICE.table(
    "community_correction",
    dirt=(Cell("D04", "id_no", 0.2), Cell("D05", "id_no", 0.01), Cell("D30", "name", 0.01), Cell("D07", "id_no", 0.01)),
    rejected=(Rejected("IMPOSSIBLE", "from_date", 0.01),),
    number=Number("correction_no", 2),
)
def corrections(registers: Registers) -> pd.DataFrame:
    """Sentences of one to three years, of which some have ended; a few persons commit another crime."""
    world, rng = registers.world, registers.world.stream("corrections")
    people = world.people
    adults = np.flatnonzero((people["age"] >= 18) & people["death"].isna() & people["moved_out"].isna() & (people["registered"] == 0))
    at = np.sort(rng.choice(adults, counts(PERSONS, len(people), 15), replace=False))
    who, n = people.iloc[at], len(at)
    begin = AS_OF - rng.integers(10, 1000, n)
    end = begin + rng.integers(365, 3 * 365, n)
    again = begin + rng.integers(5, 300, n)
    return pd.DataFrame(
        {
            "correction_no": "JZ" + numbers(np.arange(n) + 1, 8),
            "id_no": who["id_no"].to_numpy(dtype=object),
            "name": who["name"].to_numpy(dtype=object),
            "crime": pick(rng, CRIMES, n),
            "from_date": day_text(begin),
            "to_date": day_text(end),
            "reoffended_date": only((rng.random(n) < 0.05) & (again < np.minimum(end, AS_OF)), day_text(again)),
            "county6": who["county6"].to_numpy(dtype=object),
            "update_time": moment_text(np.full(n, np.datetime64("2019-12-20T09:00:00"))),
            "_person": at,
        }
    )
