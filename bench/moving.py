"""Positions of vehicles as their devices send them, made up for `bench.events`.

Every vehicle goes to and fro on a straight way of its own all day, and stands still a fifth of the time. Where it is follows from the
second alone, so that the parts of a day fit together.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from simulator.basics import decimals
from simulator.sensors import moment_text
from simulator.world import ground

EVERY = 10
"""Seconds from one position of a vehicle to the next."""
STANDS, GOES = 60, 300
"""Of so many seconds a vehicle stands the first and goes the rest."""
KINDS = ("BUS", "BUS", "BUS", "COACH", "TOUR", "HAZARDOUS")
CITY, LONG = ((420_000, 470_000), (3_560_000, 3_660_000)), (4_000, 9_000)
"""Metres in the plane in which ways begin, east and north; how long ways are."""
SPEEDS = (8, 24)
"""Metres a second."""
NOISE, SPIKE, AWAY = 3, 900, 1.6
"""Standard deviation of a position and length of a jump, metres; degrees by which a position outside the city is wrong."""
JUMPS, OUTSIDE, NOWHERE, TOO_FAST, COPIES = 0.001, 0.0005, 0.001, 0.0005, 0.005
"""Shares of positions that jump, lie outside the city, have no coordinates, say an impossible speed, and are sent twice."""
PAUSES, PAUSE = 0.2, 900
"""Share of vehicles that send nothing for so many seconds of a part of a day."""


def positions(rows: int, day: date, part: tuple[int, int], seed: int) -> pd.DataFrame:
    """Positions of a part of a day, (first, last) of its seconds, as delivered texts: few of them begin with the part and end early."""
    rng, each = np.random.default_rng([seed, day.toordinal(), part[0]]), np.random.default_rng(seed)
    moments = np.arange(-(-part[0] // EVERY) * EVERY, part[1], EVERY)
    n = max(len(KINDS), rows // len(moments))
    moments = moments[: max(1, rows // n)]
    ways = pd.DataFrame(
        {
            "kind": np.array(KINDS)[np.arange(n) % len(KINDS)],
            "vehicle_no": np.array([f"苏K{number:05}" for number in range(n)]),
            "east": each.uniform(*CITY[0], n), "north": each.uniform(*CITY[1], n), "turn": each.uniform(0, 2 * np.pi, n),
            "long": each.uniform(*LONG, n), "speed": each.uniform(*SPEEDS, n), "later": each.integers(0, STANDS + GOES, n),
        }
    )  # fmt: skip
    pause = np.where(rng.random(n) < PAUSES, rng.integers(part[0], moments[-1] + 1, n), part[1])
    found = ways.loc[np.tile(np.arange(n), len(moments))].reset_index(drop=True)
    at, pause = np.repeat(moments, n), np.tile(pause, len(moments))
    round_, second = np.divmod(at + found["later"].to_numpy(), STANDS + GOES)
    gone = found["speed"] * (round_ * GOES + np.maximum(second - STANDS, 0))
    along = found["long"] - np.abs(gone % (2 * found["long"]) - found["long"])
    fault = rng.random(len(found))
    jumps, outside, nowhere, fast = (
        (fault >= low) & (fault < low + share)
        for low, share in zip(np.cumsum((0, JUMPS, OUTSIDE, NOWHERE)), (JUMPS, OUTSIDE, NOWHERE, TOO_FAST), strict=True)
    )
    sides = (found[side] + along * turn + rng.normal(0, NOISE, len(found)) for side, turn in
             (("east", np.cos(found["turn"])), ("north", np.sin(found["turn"]))))  # fmt: skip
    east, north = (side.to_numpy() for side in sides)
    x, y = ground.gcj02(*ground.METRES.transform(east + np.where(jumps, SPIKE, 0), north, direction="INVERSE"))
    made = pd.DataFrame(
        {
            "kind": found["kind"],
            "vehicle_no": found["vehicle_no"],
            "located_at": moment_text(np.datetime64(day, "s") + at.astype("timedelta64[s]")),
            "lon": np.where(nowhere, "0", decimals(x + np.where(outside, AWAY, 0), 6)),
            "lat": np.where(nowhere, "0", decimals(y, 6)),
            "speed_kmh": np.where(fast, "241", np.where(second < STANDS, 0, found["speed"] * 3.6).astype(int).astype(str)),
        }
    )[(at < pause) | (at >= pause + PAUSE)]
    return pd.concat([made, made[rng.random(len(made)) < COPIES]])
