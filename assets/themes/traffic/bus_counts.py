"""What is counted of buses and taxis: trips, stops with a timetable, headways, orders, and speeds in the peaks.

Here: `bus_counts`, `peak_counts`. A trip counts in the county of its first stop, an arrival and a headway in that of
the stop, a ride where it began. Not here: which count over which (indicators.yaml), the table (`indicator`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.indicators import Counts, by_county
from assets.themes.traffic.headways import SUMS, excess
from assets.themes.traffic.line_day import event_counts, trip_counts
from assets.themes.traffic.passes import hour_of
from assets.themes.traffic.peaks import of_peaks
from assets.themes.traffic.trips import PENDING
from standards.rounding import scaled

OF_TAXIS = {"taxi_metres": "metres", **{c: c for c in ("cancelled", "measured_rides", "paid_rides", "fare_cents")}}
"""Count -> column of taxi_day."""


def bus_counts(trip: DataFrame, event: DataFrame, headway: DataFrame, taxi: DataFrame, wanted: Collection[str]) -> list[Counts]:
    """What is counted, by county, day and month.

    Args:
        trip: rows of themes/traffic/bus_trip.
        event: rows of themes/traffic/stop_event.
        headway: rows of themes/traffic/bus_headway_hour.
        taxi: rows of themes/traffic/taxi_day.
        wanted: the counts of the indicators.
    """

    def of_days(rows: DataFrame, of: Mapping[str, Column], day: str) -> list[Counts]:
        return by_county(rows, {name: column for name, column in of.items() if name in wanted}, F.col(day), "day", "month")

    return [
        *of_days(trip.where(F.col("state") != PENDING), trip_counts(), "service_date"),
        *of_days(event, event_counts(), "service_date"),
        *of_days(headway, {c: F.sum(c) for c in SUMS}, "service_date"),
        *of_days(excess(headway), {c: F.sum(c) for c in ("excess_s2", "excess_headway_s")}, "service_date"),
        *of_days(
            taxi, {c: F.sum(column) for c, column in OF_TAXIS.items()} | {"known_orders": F.sum(F.col("orders") - F.col("unclear"))}, "day"
        ),
    ]


def peak_counts(trip: DataFrame, congestion: DataFrame, workday: DataFrame) -> list[Counts]:
    """What is counted in the peaks, by county, day and month: trips by the hour in which they left, roads by hour.

    Args:
        trip: rows of themes/traffic/bus_trip.
        congestion: rows of themes/traffic/congestion_hour.
        workday: rows of reference/calendar/workday.
    """
    speed = {f"peak_{name}": made for name, made in trip_counts().items() if name in ("metres", "run_s")}
    times = {f"peak_{name}_cs": F.sum(scaled(F.col(f"{name}_s"), 2)) for name in ("travel", "free")}
    return [
        *by_county(of_peaks(trip, workday, "service_date", hour_of("depart_time")), speed, F.col("service_date"), "day", "month"),
        *by_county(of_peaks(congestion, workday, "day", F.col("hour")), times, F.col("day"), "day", "month"),
    ]
