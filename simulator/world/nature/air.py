"""Air of the demo city: what its stations measure, hour by hour, in winter haze, on ozone days and after rain."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import stream
from simulator.world.nature.places import places
from simulator.world.nature.timeline import Timeline, of_each

HAZE = (("2019-01-11", "2019-01-14", 3.0), ("2019-02-22", "2019-02-24", 2.2), ("2019-12-29", "2019-12-31", 3.2))
"""First day, last day, times the usual fine particles."""
OZONE_DAYS = (("2019-05-22", "2019-05-24", 1.4), ("2019-06-14", "2019-06-16", 1.6), ("2019-09-27", "2019-09-29", 1.5))


def _episodes(timeline: Timeline, episodes: tuple[tuple[str, str, float], ...]) -> np.ndarray:
    factor = np.ones(len(timeline.hours))
    for first, last, times in episodes:
        factor = np.where(timeline.during(first, last), times, factor)
    return pd.Series(factor).rolling(13, center=True, min_periods=1).mean().to_numpy()


def air_quality(timeline: Timeline, weather: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per station and hour: code, time, pm25, pm10, so2, no2, o3 (µg/m³), co (mg/m³), temperature, humidity, wind.

    Fine particles are many in winter, when there is little wind and no rain; ozone is made by the sun of summer afternoons;
    nitrogen dioxide follows the traffic.
    """
    stations, rng = places("air_stations"), stream(seed, "air")
    n = len(stations)
    traffic, season, hour = stations["traffic_number"].to_numpy()[None, :], timeline.season[:, None], timeline.hour[:, None]
    wind, runoff = weather["wind"].to_numpy()[:, None], weather["runoff"].to_numpy()[:, None]
    calm = (2.2 / np.maximum(wind, 0.6)) ** 0.3
    rush = 1 + 0.35 * np.exp(-(((hour - 8) / 2.0) ** 2)) + 0.45 * np.exp(-(((hour - 19) / 2.5) ** 2))
    sun = np.clip(np.sin(np.pi * (hour - 6) / 13), 0, None) ** 1.3

    def own(rate: float) -> np.ndarray:
        return np.exp(rate * timeline.drift(rng, 6, n) + 0.09 * rng.normal(size=(len(timeline.hours), n)))

    haze, ozone = _episodes(timeline, HAZE)[:, None], _episodes(timeline, OZONE_DAYS)[:, None]
    city = np.exp(0.38 * timeline.drift(rng, 36)) ** (1 / haze)  # an episode is one whatever else the days would have been
    pm25 = (40 - 19 * season) * city * haze * calm * traffic * own(0.10) / (1 + 0.6 * runoff)
    pm10 = pm25 * 1.25 + 22 * own(0.18) / (1 + 2 * runoff)
    no2 = (33 - 11 * season) * rush * calm * traffic * np.sqrt(city) * own(0.12)
    o3 = ozone * (18 + (52 + 52 * season) * (0.25 + 1.25 * sun)) * own(0.10) / (1 + 0.25 * runoff) + 3
    so2 = (9 - 2.5 * season) * traffic * own(0.2) + 2
    co = 0.35 + pm25 / 110 * own(0.08)
    return of_each(
        stations["code"].to_numpy(), timeline.hours, pm25=pm25, pm10=pm10, so2=so2, no2=no2, o3=o3, co=co,
        temperature=weather["temperature"].to_numpy()[:, None] + 0.4 * rng.normal(size=(1, n)),
        humidity=np.clip(weather["humidity"].to_numpy()[:, None] + 2 * rng.normal(size=(1, n)), 10, 100),
        wind=np.maximum(wind * own(0.1), 0.1),
    )  # fmt: skip
