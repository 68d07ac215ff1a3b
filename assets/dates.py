"""What had happened when a night was made: the one place that says which dates the rules may believe. And months, written YYYYMM.

Departments deliver dates that lie ahead: typing errors, appointments, test rows. An event after the night has not happened yet, and
one after the extract that states it cannot have been known to it, however late the night is (domain rules C6, D16). The contract rule
`past` flags such dates (W_FUTURE); here they are no evidence.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from assets.touch import Cell, cell

ONE_DAY, RANGES = timedelta(days=1), 20
EXTRACT = "_business_date"
"""The column with the date of the extract that states a row."""


def happened(day: Cell, *by: date | Cell) -> Column:
    """Whether a date is known and not later than each of `by`.

    Args:
        day: a date or a moment.
        by: dates: of the night, and of the extract that states the event (EXTRACT).
    """
    on, known = cell(day).cast("date"), F.lit(True)
    for limit in by:
        known &= on <= (F.lit(limit) if isinstance(limit, date) else cell(limit))
    return F.coalesce(known & on.isNotNull(), F.lit(False))


def valid_on(day: date) -> Column:
    """Whether a row is valid on a date: from valid_from to valid_to, both included; one without an end is valid until another comes."""
    return (F.col("valid_from") <= F.lit(day)) & F.coalesce(F.col("valid_to") >= F.lit(day), F.lit(True))


def month_of(day: Cell | Column) -> Column:
    """The month of a date or a moment, YYYYMM."""
    on = day if isinstance(day, Column) else cell(day)
    return F.date_format(on.cast("date"), "yyyyMM")


def first_day(month: str = "month") -> Column:
    """The first day of a month that is written YYYYMM."""
    return F.concat_ws("-", F.substring(month, 1, 4), F.substring(month, 5, 2), F.lit("01")).cast("date")


def around_days(column: Cell, days: Iterable[date]) -> Column:
    """Whether a date or a moment lies on one of some days, or between them when they are scattered; NULL of NULL.

    These are a few ranges of the column itself, by which an engine passes over the parts of files that cannot have such a row.
    """
    runs = list[tuple[date, date]]()
    for day in sorted(days):
        first = runs.pop()[0] if runs and runs[-1][1] + ONE_DAY >= day else day
        runs.append((first, day))
    if len(runs) > RANGES:
        runs = [(runs[0][0], runs[-1][1])]
    ranges = [(cell(column) >= F.lit(first)) & (cell(column) < F.lit(last + ONE_DAY)) for first, last in runs]
    return reduce(Column.__or__, ranges) if ranges else F.lit(False)
