"""Reference tables of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyspark.sql import DataFrame

from assets.declare import FRAME, lake_asset
from standards import calendar


@lake_asset("reference/calendar/workday")
def workday(frame: Callable[[Any, str], DataFrame] = FRAME) -> DataFrame:
    """One row per day, key day: whether it is worked, by which notice, and its number among the workdays."""
    schema = "day date, is_workday boolean, holiday string, notice string, workday_no int, provisional boolean"
    return frame(calendar.days(), schema)
