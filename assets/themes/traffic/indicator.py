"""What the indicators of traffic are made of. Which count over which: indicators.yaml; the table: assets/indicators."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import lake_asset, table
from assets.indicators import Counts, counted, read_indicators
from assets.themes.traffic.headways import SUMS
from assets.themes.traffic.line_day import event_counts, trip_counts
from assets.themes.traffic.trips import PENDING

INDICATORS = read_indicators(Path(__file__).with_name("indicators.yaml"))
OF_TAXIS = {"taxi_metres": "metres", **{c: c for c in ("orders", "cancelled", "measured_rides", "paid_rides", "fare_cents")}}
"""Count -> column of taxi_day."""


def of_days(rows: DataFrame, of: Mapping[str, Column], day: str) -> list[Counts]:
    """Counts that indicators.yaml knows, by county, day and month."""
    known = {name: made for name, made in of.items() if name in INDICATORS.counts}
    return [counted(rows, {"clean": known}, division=F.col("county6"), period_kind=kind, day=F.col(day)) for kind in ("day", "month")]


@lake_asset("themes/traffic/indicator")
def indicator(
    trip: DataFrame = table("themes/traffic/bus_trip"),
    event: DataFrame = table("themes/traffic/stop_event"),
    headway: DataFrame = table("themes/traffic/bus_headway_hour"),
    taxi: DataFrame = table("themes/traffic/taxi_day"),
) -> DataFrame:
    """One row per indicator, period, division and basis, columns INDICATOR of assets.indicators.

    A trip counts in the county of its first stop, an arrival and a headway in that of the stop, a ride where it began.
    """
    counts = [
        *of_days(trip.where(F.col("state") != PENDING), trip_counts(), "service_date"),
        *of_days(event, event_counts(), "service_date"),
        *of_days(headway, {c: F.sum(c) for c in SUMS}, "service_date"),
        *of_days(taxi, {count: F.sum(column) for count, column in OF_TAXIS.items()}, "day"),
    ]
    return INDICATORS.rows(*counts)
