"""What figures of cases, comments, orders and letters count, each with the date that decides on its period.

A case counts as accepted on the day of its acceptance, as finished on the day it is finished, and, while it is open, in every period at
whose end it was due (domain rules E1). Here: rows with `day`, and items by the periods in which they were in force. Not here: sums by
item and department (`months`), rates (`indicator`).
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from standards.moments import minutes

PARTS = {"year": 1, "month": 12}
"""Kind of a period -> how many a year has."""


def accepted(case: DataFrame) -> DataFrame:
    """Cases on the day of their acceptance."""
    return case.where(F.col("counts") & F.col("accept_date").isNotNull()).withColumn("day", F.col("accept_date"))


def finished(case: DataFrame) -> DataFrame:
    """Cases on the day they were finished."""
    return case.where(F.col("counts") & F.col("finish_date").isNotNull()).withColumn("day", F.col("finish_date"))


def left_open(rows: DataFrame, period_kind: str, as_of: date) -> DataFrame:
    """Of rows with due_date and finish_date one for each period at whose end it was due and not finished; `day`: the first of the period.

    A period that is not over ends on `as_of`.
    """
    last = F.when(F.col("finish_date").isNull(), _index(F.lit(as_of), period_kind)).otherwise(_index(F.col("finish_date"), period_kind) - 1)
    first = _index(F.col("due_date"), period_kind)
    due = rows.where(F.col("due_date") <= F.lit(as_of)).withColumn("_first", first).withColumn("_last", last)
    open_ = due.where(F.col("_last") >= F.col("_first")).withColumn("_period", F.explode(F.sequence("_first", "_last")))
    return open_.withColumn("day", _first_day(F.col("_period"), period_kind)).drop("_first", "_last", "_period")


def _index(day: Column, period_kind: str) -> Column:
    """The number of a period, counted from year 0."""
    parts = PARTS[period_kind]
    return F.year(day) * parts + F.floor((F.month(day) - 1) * parts / 12).cast("int")


def _first_day(index: Column, period_kind: str) -> Column:
    parts = PARTS[period_kind]
    year, month = F.floor(index / parts).cast("int"), F.pmod(index, F.lit(parts)) * (12 // parts) + 1
    return F.make_date(year, month.cast("int"), F.lit(1))


def delivered(letter: DataFrame) -> DataFrame:
    """Letters on the day they were delivered; `minutes` since they were sent. What was delivered before it was sent is left out."""
    taken = minutes(F.col("deliver_time")) - minutes(F.col("send_time"))
    return letter.withColumn("minutes", taken).where(F.col("minutes") >= 0).withColumn("day", F.col("deliver_time").cast("date"))


def in_force(item: DataFrame, period_kind: str, as_of: date) -> DataFrame:
    """Items once for each period at whose end they were in force; `day`: the first of the period.

    A period that is not over ends on `as_of`.
    """
    today = F.lit(as_of)
    began = item.where(F.col("valid_from") <= today)
    last = _index(F.least(F.coalesce("valid_to", today), today), period_kind)
    known = began.withColumn("_first", _index(F.col("valid_from"), period_kind)).withColumn("_last", last)
    each = known.where(F.col("_last") >= F.col("_first")).withColumn("_period", F.explode(F.sequence("_first", "_last")))
    end = F.least(F.date_sub(_first_day(F.col("_period") + 1, period_kind), 1), today)
    valid = F.coalesce(F.col("valid_to") >= end, F.lit(True))
    return each.where(valid).withColumn("day", _first_day(F.col("_period"), period_kind)).drop("_first", "_last", "_period")
