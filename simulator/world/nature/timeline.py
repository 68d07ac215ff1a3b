"""The hours that the history of the demo city has, and numbers that change slowly along them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulator.basics import AS_OF

DAYS = (5, 365)
RESIDENTS_PER_DAY = 100


@dataclass(frozen=True)
class Timeline:
    """Whole days up to the last night, hour by hour. `hours`: the moments at which they begin, datetime64[s]."""

    days: int
    hours: np.ndarray

    @classmethod
    def of(cls, people: int) -> Timeline:
        """A day for every hundred residents: five in a small city, at most a year."""
        days = int(np.clip(people // RESIDENTS_PER_DAY, *DAYS))
        first = (AS_OF - (days - 1)).astype("datetime64[s]")
        return cls(days, first + np.arange(days * 24) * np.timedelta64(3600, "s"))

    @property
    def season(self) -> np.ndarray:
        """-1 in the coldest week of January, 1 in July."""
        day = (self.hours - self.hours.astype("datetime64[Y]")).astype(float) / 86_400
        return -np.cos(2 * np.pi * (day - 18) / 365)

    @property
    def hour(self) -> np.ndarray:
        """Hour of the day, 0 to 23."""
        return (self.hours - self.hours.astype("datetime64[D]")).astype(int) // 3600

    def during(self, first: str, last: str) -> np.ndarray:
        """Whether an hour lies on one of these days."""
        day = self.hours.astype("datetime64[D]")
        return (day >= np.datetime64(first)) & (day <= np.datetime64(last))

    def drift(self, rng: np.random.Generator, halflife: float, columns: int = 1) -> np.ndarray:
        """Numbers of mean 0 and variance 1 that forget half of what they were in `halflife` hours: one column each."""
        noise = rng.normal(size=(len(self.hours), columns))
        spread = np.sqrt(np.tanh(np.log(2) / halflife / 2))
        noise[0] *= spread
        return pd.DataFrame(noise).ewm(halflife=halflife, adjust=False).mean().to_numpy() / spread


def of_each(codes: Sequence[str] | np.ndarray, times: np.ndarray, **columns: np.ndarray) -> pd.DataFrame:
    """Long rows `code`, `time` and the columns: matrices with a row per time and a column per code. Ordered by code, then time."""
    shape = (len(times), len(codes))
    flat = {name: np.broadcast_to(matrix, shape).T.ravel() for name, matrix in columns.items()}
    return pd.DataFrame({"code": np.repeat(np.array(codes, dtype=object), len(times)), "time": np.tile(times, len(codes)), **flat})
