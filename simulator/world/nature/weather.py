"""Weather of the demo city, hour by hour: seasons, days, rain in spells, and some days to remember."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import stream
from simulator.world.nature.timeline import Timeline

WET_DAYS = (0.30, 0.33, 0.33, 0.32, 0.33, 0.42, 0.42, 0.40, 0.30, 0.25, 0.27, 0.24)
"""Share of days with rain, January first."""
STORMS = {"2019-06-20": 70.0, "2019-07-12": 120.0, "2019-08-10": 95.0, "2019-12-27": 42.0}
"""Rain of some days, mm."""
HALFLIFE = 30
"""Hours after which half of the rain has run off."""


def weather(timeline: Timeline, seed: int) -> pd.DataFrame:
    """One row per hour: temperature (°C), humidity (%), wind (m/s), rain (mm, mean of the city), runoff (0 is dry, 1 a storm)."""
    rng = stream(seed, "weather")
    temperature = 15.5 + 12.5 * timeline.season + 3.5 * np.sin(2 * np.pi * (timeline.hour - 9) / 24)
    temperature = temperature + 2.5 * timeline.drift(rng, 40)[:, 0]
    rain = _rain(timeline, rng)
    runoff = pd.Series(rain).ewm(halflife=HALFLIFE, adjust=False).mean().to_numpy() / 1.2
    humidity = 72 - 9 * np.sin(2 * np.pi * (timeline.hour - 9) / 24) + 8 * timeline.drift(rng, 24)[:, 0] + 12 * (rain > 0)
    wind = 2.2 * np.exp(0.45 * timeline.drift(rng, 8)[:, 0])
    return pd.DataFrame(
        {"temperature": temperature, "humidity": np.clip(humidity, 15, 99), "wind": np.clip(wind, 0.2, 14), "rain": rain, "runoff": runoff}
    )


def _rain(timeline: Timeline, rng: np.random.Generator) -> np.ndarray:
    days = timeline.hours[::24].astype("datetime64[D]")
    month = (days.astype("datetime64[M]").astype(int) % 12).astype(int)
    wet = rng.random(len(days)) < np.array(WET_DAYS)[month]
    amount = np.where(wet, rng.gamma(0.9, 9 + 7 * np.maximum(0, timeline.season[::24])), 0)
    lasts, begins = rng.integers(3, 11, len(days)), rng.integers(0, 14, len(days))
    for day, storm in STORMS.items():
        amount = np.where(days == np.datetime64(day), storm, amount)
    after = np.arange(24)[None, :] - begins[:, None]
    share = np.where((after >= 0) & (after < lasts[:, None]), rng.random((len(days), 24)) + 0.3, 0)
    return (share / share.sum(axis=1, keepdims=True) * amount[:, None]).ravel()
