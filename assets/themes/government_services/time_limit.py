"""How long a case may take and has taken: time limits with the periods in which they do not run (domain rules E).

A limit starts on the day after the acceptance, and its last day counts until midnight. A suspended period counts in the same way: from the
day after it begins up to the day on which it ends; days in several periods count once. Limits are in workdays of
reference/calendar/workday or in days of the calendar, as the item says; the calendar knows workdays ten years ahead, provisionally.
Here: days of frames. Not here: what a case is (`case`), which days are worked (`standards.calendar`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.joins import left_join_lookup
from assets.themes.government_services.item import CALENDAR
from assets.workdays import add_workdays, workdays_between

_FROM, _TO, _PIECE = "_from", "_to", "_piece"
SUSPENDED = ("suspended_workdays", "suspended_calendar_days", "suspended_provisional")


def suspended(periods: DataFrame, calendar: DataFrame) -> DataFrame:
    """How long each case was suspended.

    Args:
        periods: case_no, suspension_no, from_date, to_date; and the first and last date that count, after_date (itself not) and until_date.
        calendar: reference/calendar/workday.

    Returns:
        One row per case with at least one day, columns case_no and SUSPENDED: workdays, days of the calendar, and whether a notice on these
        days is still to come.
    """
    earlier = Window.partitionBy("case_no").orderBy(_FROM, _TO, "suspension_no").rowsBetween(Window.unboundedPreceding, -1)
    clipped = periods.select(
        "case_no", "suspension_no", F.greatest("from_date", "after_date").alias(_FROM),
        F.least(F.coalesce("to_date", "until_date"), "until_date").alias(_TO),
    )  # fmt: skip
    apart = clipped.where(F.col(_TO) > F.col(_FROM)).withColumn(_FROM, F.greatest(_FROM, F.max(_TO).over(earlier)))
    pieces = apart.where(F.col(_TO) > F.col(_FROM)).transform(workdays_between, calendar, _FROM, _TO, _PIECE)
    return pieces.groupBy("case_no").agg(
        F.sum(_PIECE).cast("int").alias("suspended_workdays"),
        F.sum(F.datediff(_TO, _FROM)).cast("int").alias("suspended_calendar_days"),
        F.max(f"{_PIECE}_provisional").alias("suspended_provisional"),
    )


def with_limit(rows: DataFrame, suspensions: DataFrame, calendar: DataFrame) -> DataFrame:
    """When each case is due, and how long it took.

    Args:
        rows: case_no, accept_date, finish_date, limit_days and day_unit; dates may be NULL.
        suspensions: columns case_no and SUSPENDED, at most one row per case.
        calendar: reference/calendar/workday.

    Returns:
        The rows with suspended_days (in the unit of the limit), due_date (NULL where acceptance or limit is not known or the calendar does
        not reach so far), due_provisional, used_days (from acceptance to finish without suspensions, in the unit of the limit) and workdays
        (the same in workdays).
    """
    by_calendar = F.col("day_unit") == CALENDAR
    known = rows.transform(left_join_lookup, suspensions, "case_no")
    zero = {c: F.coalesce(c, F.lit(0)) for c in SUSPENDED[:2]}
    counted = (
        known.withColumns(zero)
        .withColumn("suspended_provisional", F.coalesce("suspended_provisional", F.lit(False)))
        .transform(add_workdays, calendar, "accept_date", F.col("limit_days") + F.col("suspended_workdays"), "_in_workdays")
        .transform(workdays_between, calendar, "accept_date", "finish_date", "_taken")
    )
    taken = F.datediff("finish_date", "accept_date") - F.col("suspended_calendar_days")
    workdays = F.col("_taken") - F.col("suspended_workdays")
    in_days = F.date_add("accept_date", (F.col("limit_days") + F.col("suspended_calendar_days")).cast("int"))
    return counted.select(
        *rows.columns,
        _either(by_calendar, F.col("suspended_calendar_days"), F.col("suspended_workdays")).alias("suspended_days"),
        _either(by_calendar, in_days, F.col("_in_workdays")).alias("due_date"),
        _either(by_calendar, F.lit(False), F.col("_in_workdays_provisional") | F.col("suspended_provisional")).alias("due_provisional"),
        _either(by_calendar, taken, workdays).cast("int").alias("used_days"),
        workdays.cast("int").alias("workdays"),
    )


def _either(by_calendar: Column, in_days: Column, in_workdays: Column) -> Column:
    return F.when(by_calendar, in_days).otherwise(in_workdays)
