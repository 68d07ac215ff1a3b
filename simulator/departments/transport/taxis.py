"""Orders and rides of taxis."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, as_days, decimals, night_of, numbers, one_for_each, only, pick
from simulator.departments.transport import TRANSPORT
from simulator.departments.transport.buses import METRES, at
from simulator.dirt import POSITION, Cell
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import moment_text
from simulator.world import ground

COMPANIES = ("YZ", "BT")
DAYS, LEAST, PEOPLE_PER_ORDER, RIDES_PER_TAXI = 14, 300, 12, 25
CANCELLED = 0.07


@TRANSPORT.table(
    "taxi_order",
    dirt=(
        Cell("D21", "board_lon", 0.01, other="board_lat", kind=POSITION),
        Cell("D37", "order_time", 0.005),
        Cell("D16", "alight_time", 0.003, other="board_time"),
        Cell("D19", "km", 0.01, kind=METRES),
        Cell("D20", "fare", 0.01),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "order_time", 0.002),),
    number=Number("order_no", 2),
)
def orders(registers: Registers) -> pd.DataFrame:
    """Orders at the homes of people; some are cancelled."""
    world, rng = registers.world, registers.world.stream("taxi orders")
    n = one_for_each(len(world.people), LEAST, PEOPLE_PER_ORDER)
    homes = world.ground.buildings.iloc[rng.integers(0, len(world.ground.buildings), n)]
    lon, lat = ground.gcj02(homes["lon"].to_numpy(), homes["lat"].to_numpy())
    ordered = at(np.sort(AS_OF - rng.integers(0, DAYS, n)), rng.integers(5 * 3600, 23 * 3600, n))
    board = ordered + rng.integers(60, 900, n).astype("timedelta64[s]")
    km = rng.gamma(2.5, 2.4, n) + 0.8
    alight = board + (km * rng.uniform(110, 190, n)).astype("timedelta64[s]")
    rode = rng.random(n) >= CANCELLED
    fare = np.maximum(9, 9 + (km - 3) * 2.4).round(1)
    return pd.DataFrame(
        {
            "company": pick(rng, COMPANIES, n, [0.6, 0.4]),
            "order_no": "DD" + numbers(np.arange(n) + 1, 10),
            "vehicle_no": "CZ" + numbers(rng.integers(0, max(6, n // RIDES_PER_TAXI), n) + 1, 5),
            "order_time": moment_text(ordered),
            "board_time": only(rode, moment_text(board)),
            "alight_time": only(rode, moment_text(alight)),
            "board_lon": only(rode, decimals(lon, 6)),
            "board_lat": only(rode, decimals(lat, 6)),
            "km": only(rode, decimals(km, 2)),
            "fare": only(rode, decimals(fare, 2)),
            "sent_time": moment_text(np.where(rode, alight, board) + np.timedelta64(30, "s")),
            "_night": night_of(as_days(ordered)),
        }
    )
