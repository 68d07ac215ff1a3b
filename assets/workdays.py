"""Counting in workdays, with the calendar of reference/calendar/workday.

A time limit in workdays starts on the day after the event (domain rules E): the event's own day does not count, and the last day
counts. Days that no notice has arranged yet are provisional: their dates are computed again once the notice is in the calendar.
Here: adding and counting workdays in frames. Not here: which days are worked (`standards.calendar`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.joins import left_join_lookup

_NUMBER, _PROVISIONAL = "_number", "_provisional"
_DUE, _DAY, _LATER = "_due", "_day", "_later"


def add_workdays(rows: DataFrame, calendar: DataFrame, start: str, count: Column, into: str) -> DataFrame:
    """Every row with the date that is some workdays after another.

    Args:
        rows: with the column `start`.
        calendar: reference/calendar/workday.
        start: name of the date that the count starts after; it need not be a workday.
        count: number of workdays, 0 or more. 0 gives the date itself.
        into: name of the new column.

    Returns:
        The rows with `into`, a date, NULL where start or count is NULL, the count is negative or the calendar does not reach so far; and
        with `<into>_provisional`: whether no notice has arranged that date yet.
    """
    workdays = calendar.where("is_workday").select(
        F.col("workday_no").alias(_DUE), F.col("day").alias(_DAY), F.col("provisional").alias(_LATER)
    )
    found = (
        rows.transform(_numbered, calendar, start, _NUMBER, _PROVISIONAL)
        .withColumn(_DUE, (F.col(_NUMBER) + count).cast("int"))
        .transform(left_join_lookup, workdays, _DUE)
    )
    due = F.when(count == 0, F.col(start)).when(count > 0, F.col(_DAY))
    provisional = F.when(count == 0, F.col(_PROVISIONAL)).when(count > 0, F.col(_LATER))
    return found.select(*rows.columns, due.alias(into), F.coalesce(provisional, F.lit(False)).alias(f"{into}_provisional"))


def workdays_between(rows: DataFrame, calendar: DataFrame, start: str, end: str, into: str) -> DataFrame:
    """Every row with the number of workdays after one date, up to and including another.

    Args:
        rows: with the columns `start` and `end`.
        calendar: reference/calendar/workday.
        start: name of the date that the count starts after.
        end: name of the date that the count ends with; before `start`, the number is negative.
        into: name of the new column.

    Returns:
        The rows with `into`, an int, NULL where a date is NULL or outside the calendar; and with `<into>_provisional`: whether no notice
        has arranged one of the two dates yet.
    """
    found = rows.transform(_numbered, calendar, start, _NUMBER, _PROVISIONAL).transform(_numbered, calendar, end, _DUE, _LATER)
    provisional = F.coalesce(F.col(_PROVISIONAL) | F.col(_LATER), F.lit(False))
    return found.select(*rows.columns, (F.col(_DUE) - F.col(_NUMBER)).alias(into), provisional.alias(f"{into}_provisional"))


def _numbered(rows: DataFrame, calendar: DataFrame, day: str, number: str, provisional: str) -> DataFrame:
    """The rows with the workday number of a date, and whether it is provisional."""
    known = calendar.select(F.col("day").alias(day), F.col("workday_no").alias(number), F.col("provisional").alias(provisional))
    return left_join_lookup(rows, known, day)
