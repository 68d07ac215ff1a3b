"""The peaks of traffic: seven to nine and five to seven on workdays (domain rules E3).

Here: which rows of a day and an hour lie in a peak. Not here: what is counted of them (`bus_counts`, `road_counts`).
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.joins import semi_join

PEAKS = ((7, 9), (17, 19))
"""Hours at which a peak begins, and at which it is over."""


def of_peaks(rows: DataFrame, workday: DataFrame, day: str, hour: Column) -> DataFrame:
    """The rows that lie in a peak.

    Args:
        rows: with the date `day`.
        workday: rows of reference/calendar/workday.
        day: column.
        hour: of a row, 0 to 23.
    """
    in_peak = reduce(Column.__or__, [(hour >= begins) & (hour < ends) for begins, ends in PEAKS])
    return semi_join(rows.where(in_peak), workday.where("is_workday").select(F.col("day").alias(day)), [day])
