"""What goes wrong with sensors: they are stuck, jump, pause; an hour is sent again with other values; impossible readings.

Here: D36, D12, D20, D21 and D37 of series, for tables of any department. Not here: dirt in single values of registers (`dirt`).
Faults are made in clean rows, which are ordered by station and time, and marked in the hidden column FAULTY: other dirt spares them, so
that every fault stays what it was made as.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simulator.basics import clock_text, decimals
from simulator.dirt import Kind, labels, one, one_of, unit

if TYPE_CHECKING:
    from simulator.registers import Registers

FAULTY = "_faulty"
REPORT = 65 * 60
"""Seconds after an hour has begun at which it is sent."""


@dataclass(frozen=True)
class Sensor:
    """A sensor that a contract watches as a series: its column, how far it jumps, how many equal readings are too many, decimal places."""

    column: str
    jump: float
    stuck: int
    places: int


PER_FAULT = 4000
"""Rows of a table per fault of each kind and sensor; at least one, however small the city."""
LATELY = "2019-12-24"
"""From this day on, quality assurance is still at work in the nights of the demo."""
LOST = 3
"""Readings that are missing in a gap."""


def moment_text(moments: np.ndarray) -> np.ndarray:
    """`yyyy-MM-dd HH:mm:ss` of datetime64[s]."""
    days = moments.astype("datetime64[D]")
    return clock_text(days, (moments - days).astype("timedelta64[s]").astype(int))


class _Places:
    """Places in series, ordered by station and time, at which nothing is wrong yet; `used` rows are marked in `faulty`."""

    def __init__(self, rows: pd.DataFrame, station: str, rng: np.random.Generator) -> None:
        self.faulty, self._rng = np.zeros(len(rows), dtype=bool), rng
        self._behind = rows.groupby(station, sort=False).cumcount(ascending=False).to_numpy()

    def take(self, length: int) -> slice | None:
        """So many rows of one station, which are used from now on like the rows before and behind them; None: there are none."""
        used = np.convolve(self.faulty, np.ones(length + 2))[length + 1 : len(self.faulty)]
        free = np.flatnonzero((used == 0) & (self._behind[: len(used)] >= length + 1))
        if not len(free):
            return None
        first = int(self._rng.choice(free)) + 1
        self.faulty[first - 1 : first + length + 1] = True
        return slice(first, first + length)


def with_faults(registers: Registers, table: str, rows: pd.DataFrame, station: str, sensors: tuple[Sensor, ...]) -> pd.DataFrame:
    """The rows with spikes, stuck readings and gaps, each of them noted.

    Args:
        registers: for the random stream and the notes.
        table: name of the table.
        rows: ordered by station and time.
        station: column of the station.
        sensors: those that the contract watches.
    """
    rows = rows.reset_index(drop=True)
    places, times = _Places(rows, station, registers.world.stream(f"faults {table}")), max(1, len(rows) // PER_FAULT)
    for sensor in sensors:
        values = rows[sensor.column].to_numpy(dtype=object, copy=True)
        for _ in range(times):
            if spike := places.take(1):
                values[spike] = decimals(values[spike].astype(float) + sensor.jump, sensor.places)
                registers.note(table, rows.iloc[spike], sensor.column, "D36S")
            if stuck := places.take(sensor.stuck):
                values[stuck] = values[stuck][0]
                registers.note(table, rows.iloc[stuck], sensor.column, "D36E")
        rows[sensor.column] = values
    lost = np.zeros(len(rows), dtype=bool)
    for gap in filter(None, (places.take(LOST) for _ in range(times))):
        lost[gap] = True
        for sensor in sensors:
            registers.note(table, rows.iloc[[gap.stop]], sensor.column, "D36G")
    return rows.assign(**{FAULTY: places.faulty})[~lost].reset_index(drop=True)


def with_versions(registers: Registers, table: str, rows: pd.DataFrame, column: str, places: int, share: float = 0.1) -> pd.DataFrame:
    """The rows and, for some of the last week, the same hour sent again with another value: it comes the night after.

    Args:
        registers: for the random stream and the notes.
        table: name of the table.
        rows: with `_night`, FAULTY and `sent_time`.
        column: whose value quality assurance changes.
        places: its decimal places.
        share: of the rows of the last week.
    """
    rng = registers.world.stream(f"versions {table}")
    late = rows["sent_time"].to_numpy() >= LATELY
    sound = ~rows[FAULTY].to_numpy() & (rows["_night"] < 2).to_numpy() & rows[column].notna().to_numpy()
    chosen = np.flatnonzero(sound & late & (rng.random(len(rows)) < share))
    again = rows.iloc[chosen]
    better = decimals(again[column].astype(float).to_numpy() * rng.uniform(0.9, 0.97, len(again)), places)
    sent = np.datetime64("2019-12-30T09:30:00") + again["_night"].to_numpy() * np.timedelta64(86_400, "s")
    again = again.assign(**{column: better, "sent_time": moment_text(sent), "_night": again["_night"] + 1})
    registers.note(table, again, column, "D12", better)
    rows = rows.copy()
    rows.loc[rows.index[chosen], FAULTY] = True
    return pd.concat([rows, again.assign(**{FAULTY: True})], ignore_index=True)


def spared(kind: Kind) -> Kind:
    """The kind of dirt, which spares faulty rows."""
    return Kind(kind.spoil, kind.befalls, (*kind.spares, FAULTY), kind.needs, kind.loses, kind.noted)


def _there(values: pd.Series) -> pd.Series:
    return values.notna() & (values != "")


def _swapped(lon: str, lat: str, rng: np.random.Generator) -> tuple[str, str]:
    return lat, lon


def _millionths(lon: str, lat: str, rng: np.random.Generator) -> tuple[str, str]:
    return str(round(float(lon) * 1e6)), str(round(float(lat) * 1e6))


def _sexagesimal(value: str, rng: np.random.Generator) -> str:
    seconds = float(value) * 3600
    return f"{int(seconds // 3600)}°{int(seconds % 3600 // 60)}′{seconds % 60:.2f}″"


def _end_of_day(value: str, rng: np.random.Generator) -> str:
    return f"{np.datetime64(value[:10]) - 1} 24:00:00"


NEGATIVE = spared(one(lambda value, rng: "-" + decimals(rng.uniform(1, 50, 1), 1)[0], _there))
BEYOND_SENSE = spared(one(one_of(("9999", "9999.9", "8888.8")), _there))
DO_BEYOND_SENSE = spared(one(one_of(("30", "45.6", "-0.5")), _there))
PH_BEYOND_SENSE = spared(one(one_of(("14.5", "20", "-1")), _there))
COUNTY = labels(
    {
        "321002": ("广陵区",), "321003": ("邗江区", "321011", "维扬区"), "321012": ("江都市", "321088"), "321023": ("宝应县", "宝应"),
        "321081": ("仪征市",), "321084": ("高邮市", "江苏省扬州市高邮市"),
    }
)  # fmt: skip
"""Counties by their names, or under codes of former times."""
END_OF_DAY = one(_end_of_day, lambda values: values.str.endswith(" 00:00:00"))
SWAPPED = Kind(_swapped, _there, noted=(0, 1))
MILLIONTHS = Kind(_millionths, _there, noted=(0, 1))
SEXAGESIMAL = one(_sexagesimal, _there)
NOWHERE = Kind(lambda lon, lat, rng: ("0", "0"), _there, noted=(0, 1))
UNKNOWN_DATUM = Kind(lambda level, datum, rng: (level, ""), _there, spares=(FAULTY,))


def in_micrograms(least: float) -> Kind:
    """mg/L delivered as µg/L. least: below, it could be the value in either unit."""
    return spared(unit(lambda value: decimals(np.array([value * 1000]), 2)[0], least))
