"""What is counted of roads: passes, intersections, crossings, congestion, violations, accidents, vehicles, drivers.

Here: `road_counts`, in whole numbers or tenths. Not here: which count over which (indicators.yaml), the table (`indicator`).
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import first_day
from assets.indicators import Counts, by_county
from standards.rounding import scaled

DAILY = ("day", "month")
GONE = ("B", "E", "M")
"""States of a vehicle that is no longer the city's: moved away, cancelled by its owner or by force."""
WORST, FULL_POINTS, MAY_DRIVE = "4", 12, ("A", "B", "H")
"""The worst level by CJJ 152; points with which nobody may drive; states of a licence that still exists."""


def _sums(*columns: str) -> dict[str, Column]:
    return {c: F.sum(c) for c in columns}


def _tenths(column: str) -> Column:
    return F.sum(scaled(F.col(column), 1))


def _of_quarters(quarter: DataFrame) -> list[Counts]:
    of = _sums("delay_vehicles", "cycles", "residual_cycles") | {
        "delay_ds": _tenths("delay_total_s"),
        "quarters": F.count("cjj_level"),
        "worst_quarters": F.count_if(F.col("cjj_level") == WORST),
    }
    return by_county(quarter, of, F.col("day"), *DAILY)


def _of_congestion(congestion: DataFrame) -> list[Counts]:
    times = {f"{name}_cs": F.sum(scaled(F.col(f"{name}_s"), 2)) for name in ("travel", "free")}
    lengths = {"road_dm": _tenths("length_m"), "congested_dm": _tenths("congested_m")}
    return by_county(congestion, times | lengths, F.col("day"), *DAILY)


def _of_registers(vehicle: DataFrame, driver: DataFrame, as_of: date) -> list[Counts]:
    """What the registers hold on the day of the run; a licence without an end, which 9999-12-31 means (D14), has not ended."""
    night = F.lit(as_of)
    in_use = vehicle.where(~F.coalesce(F.col("status").isin(*GONE), F.lit(False)))
    of = {"vehicles": F.count(F.lit(1)), "uninspected": F.count_if(F.col("inspection_valid_to") < night)}
    drives = driver.where(F.col("status").isin(*MAY_DRIVE) & F.coalesce(F.col("valid_to") >= night, F.lit(True)))
    points = {"drivers": F.count(F.lit(1)), "full_points": F.count_if(F.col("points") >= FULL_POINTS)}
    return [*by_county(in_use, of, night, "month", "year"), *by_county(drives, points, night, "month")]


def road_counts(
    passes: DataFrame,
    quarter: DataFrame,
    crossing: DataFrame,
    congestion: DataFrame,
    violation: DataFrame,
    accident: DataFrame,
    vehicle: DataFrame,
    driver: DataFrame,
    as_of: date,
) -> list[Counts]:
    """Count what the indicators of roads are made of.

    Args:
        passes: themes/traffic/pass_hour.
        quarter: themes/traffic/intersection_quarter.
        crossing: themes/traffic/crossing_hour.
        congestion: themes/traffic/congestion_hour.
        violation: themes/traffic/violation_day.
        accident: themes/traffic/accident_month.
        vehicle: cleansed/traffic_police/vehicle.
        driver: cleansed/traffic_police/driver.
        as_of: the date of the run, on which vehicles and drivers are counted.

    Returns:
        Counts by county and period; delays and waits in tenths of a second, travel times in hundredths, lengths in decimetres.
    """
    day, waits = F.col("day"), {"wait_ds": _tenths("wait_total_s")}
    return [
        *by_county(passes, _sums("passes", "unread"), day, *DAILY),
        *_of_quarters(quarter),
        *by_county(crossing, _sums("requests", "yields", "waits") | waits, day, *DAILY),
        *_of_congestion(congestion),
        *by_county(violation, _sums("violations", "paid"), day, "month"),
        *by_county(accident, _sums("dead"), first_day(), "year"),
        *_of_registers(vehicle, driver, as_of),
    ]
