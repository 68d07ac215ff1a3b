"""Rows that are sent again when they end: as they are known first, and as they have become.

Here: days of the calendar, and the two versions of a row. Not here: which tables have them (`cases`, `voices`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from contracts.refused import ROOT
from simulator.basics import AS_OF, FIRST_NIGHT, as_days, night_of
from simulator.registers import Registers

ARRANGED = ROOT.parent / "standards" / "calendar" / "exception.csv"
"""The days that are not as their weekday says, by decree."""
CALENDAR_FROM, CALENDAR_TO = np.datetime64("2014-01-01"), np.datetime64("2027-01-01")
LATER = "_later_"
"""Beginning of the hidden columns with what a row says once it has ended."""
KNOWN, ENDS = "_known", "_ends"
"""Hidden columns: the day as of which a row is known first, the day on which it ends (NaT: not yet)."""


class Workdays:
    """The calendar of workdays as arrays: Monday to Friday, but for the days that the yearly notices free or have worked."""

    def __init__(self) -> None:
        every = np.arange(CALENDAR_FROM, CALENDAR_TO)
        worked = np.is_busday(every)
        arranged = pd.read_csv(ARRANGED)
        at = (as_days(arranged["day"]) - CALENDAR_FROM).astype(int)
        worked[at] = arranged["is_workday"] == 1
        self._number, self._worked = np.cumsum(worked), every[worked]

    def number(self, day: np.ndarray) -> np.ndarray:
        """The number of workdays up to and including each day."""
        return self._number[(as_days(day) - CALENDAR_FROM).astype(int)]

    def after(self, day: np.ndarray, count: np.ndarray) -> np.ndarray:
        """The day that is so many workdays after each; the day itself for 0."""
        return np.where(np.asarray(count) == 0, as_days(day), self._worked[self.number(day) + count - 1])


def as_known(rows: pd.DataFrame, meanwhile: Mapping[str, Any]) -> pd.DataFrame:
    """The rows as they are known on their day KNOWN, in the order of the nights.

    Args:
        rows: as they are in the end, with KNOWN and ENDS.
        meanwhile: column -> what it says before the end: a value, or an array.
    """
    known, ends = as_days(rows[KNOWN].to_numpy()), as_days(rows[ENDS].to_numpy())
    waits = np.isnat(ends) | (ends > known)
    kept = {LATER + column: rows[column] for column in meanwhile}
    now = {column: np.where(waits, value, rows[column].to_numpy(dtype=object)) for column, value in meanwhile.items()}
    rows = rows.assign(**kept, **now, _night=night_of(known))
    return rows[rows["_night"] >= 0].sort_values("_night", kind="stable", ignore_index=True)


def with_endings(registers: Registers, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, and again those that have ended in a night after the first one that knew them."""
    known, ends = as_days(rows[KNOWN].to_numpy()), as_days(rows[ENDS].to_numpy())
    ended = rows[(ends > known) & (ends > FIRST_NIGHT) & (ends <= AS_OF)]
    final = {column.removeprefix(LATER): ended[column] for column in rows if column.startswith(LATER)}
    return pd.concat([rows, ended.assign(**final, _night=night_of(as_days(ended[ENDS].to_numpy())))], ignore_index=True)
