"""Passes of cameras as they are delivered, made up for `bench.events`."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from simulator.departments.traffic_police.events import NOT_READ, devices
from simulator.departments.traffic_police.register import plates
from simulator.sensors import moment_text

CAMERAS, LANES, VEHICLES = 400, 3, 200_000
UNREAD, LETTERS, COPIES, ELSEWHERE = 0.015, 0.02, 0.005, 0.15
"""Shares of passes without a plate, with O and I for 0 and 1, that are sent twice, and of vehicles of another city."""


def passes(rows: int, day: date, part: tuple[int, int], seed: int) -> pd.DataFrame:
    """Passes of a part of a day, (first, last) of its seconds, as delivered texts: no pass is in two parts."""
    rng = np.random.default_rng([seed, day.toordinal(), part[0]])
    start = np.datetime64(day, "s") + np.sort(rng.integers(*part, rows)).astype("timedelta64[s]")
    vehicle = rng.integers(0, VEHICLES, rows)
    plate = plates(vehicle, vehicle % 16 == 0)
    share = rng.random(rows)
    plate = np.where(share < ELSEWHERE, np.array([f"沪{p[1:]}" for p in plate], dtype=object), plate)
    wrong = rng.random(rows) < LETTERS
    plate[wrong] = [p[:2] + p[2:].translate(str.maketrans("01", "OI")) for p in plate[wrong]]
    plate[rng.random(rows) < UNREAD] = NOT_READ[0]
    made = pd.DataFrame(
        {
            "device_no": devices(CAMERAS, "121")[rng.integers(0, CAMERAS, rows)],
            "lane": rng.integers(1, LANES + 1, rows).astype(str),
            "passed_at": moment_text(start),
            "plate_read": plate,
            "plate_type": np.where(vehicle % 16 == 0, "52", "02"),
            "speed_kmh": np.clip(rng.normal(45, 12, rows), 0, 140).astype(int).astype(str),
            "colour": np.array(list("AJBEH"))[rng.integers(0, 5, rows)],
        }
    ).drop_duplicates(["device_no", "lane", "passed_at", "plate_read"])
    return pd.concat([made, made[rng.random(len(made)) < COPIES]])
