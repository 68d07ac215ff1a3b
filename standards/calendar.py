"""The calendar of workdays: which days are worked, by the yearly notices of the State Council on holidays.

Here: every day from the first notice on, numbered by workdays. Not here: counting with them in tables (`assets.workdays`).
Source: calendar/notice.csv, the notices of the General Office (国务院办公厅关于部分节假日安排的通知) and the days that each arranges;
calendar/exception.csv, the days that they free or have worked (`make workdays`). Domain rules E.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate
from typing import NamedTuple

from standards.tables import rows

PROVISIONAL_YEARS = 10
"""Years after the last notice that are reckoned from Monday to Friday, until a notice arranges them."""
SATURDAY = 5


class Day(NamedTuple):
    """One day of the calendar.

    holiday: that the day is free for, or is worked for. notice: that arranges the day. workday_no: number of workdays from the first day of
    the calendar up to this one, which counts. provisional: no notice has arranged the day yet.
    """

    day: date
    is_workday: bool
    holiday: str | None
    notice: str | None
    workday_no: int
    provisional: bool


def days() -> tuple[Day, ...]:
    """Every day from the first that a notice arranges to PROVISIONAL_YEARS after the last."""
    exceptions = {date.fromisoformat(row["day"]): row for row in rows("calendar/exception")}
    notices = _notices()
    every = list(_from_to(min(notices), date(max(notices).year + PROVISIONAL_YEARS, 12, 31)))
    worked = [exceptions[day]["is_workday"] == "1" if day in exceptions else day.weekday() < SATURDAY for day in every]
    holidays = [exceptions[day]["holiday"] if day in exceptions else None for day in every]
    return tuple(
        Day(day, is_workday, holiday, notices.get(day), number, day not in notices)
        for day, is_workday, holiday, number in zip(every, worked, holidays, accumulate(map(int, worked)), strict=True)
    )


def _notices() -> dict[date, str]:
    """Day -> the newest notice that arranges it."""
    return {
        day: row["notice"]
        for row in sorted(rows("calendar/notice"), key=lambda row: row["issued"])
        for day in _from_to(date.fromisoformat(row["valid_from"]), date.fromisoformat(row["valid_to"]))
    }


def _from_to(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
