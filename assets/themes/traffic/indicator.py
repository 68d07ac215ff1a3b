"""What the indicators of traffic are made of. Which count over which: indicators.yaml; the table: assets/indicators."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame

from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.indicators import read_indicators
from assets.themes.traffic.bus_counts import bus_counts, peak_counts
from assets.themes.traffic.fleet import fleet_counts
from assets.themes.traffic.network import network_counts
from assets.themes.traffic.position_counts import position_counts
from assets.themes.traffic.road_counts import road_counts

INDICATORS = read_indicators(Path(__file__).with_name("indicators.yaml"))


@lake_asset("themes/traffic/indicator")
def indicator(
    trip: DataFrame = table("themes/traffic/bus_trip"),
    event: DataFrame = table("themes/traffic/stop_event"),
    headway: DataFrame = table("themes/traffic/bus_headway_hour"),
    taxi: DataFrame = table("themes/traffic/taxi_day"),
    vehicle_day: DataFrame = table("themes/traffic/position_day"),
    arrival: DataFrame = table("themes/traffic/position_arrival"),
    passes: DataFrame = table("themes/traffic/pass_hour"),
    quarter: DataFrame = table("themes/traffic/intersection_quarter"),
    crossing: DataFrame = table("themes/traffic/crossing_hour"),
    congestion: DataFrame = table("themes/traffic/congestion_hour"),
    violation: DataFrame = table("themes/traffic/violation_day"),
    accident: DataFrame = table("themes/traffic/accident_month"),
    vehicle: DataFrame = cleansed("traffic_police/vehicle"),
    driver: DataFrame = cleansed("traffic_police/driver"),
    workday: DataFrame = table("reference/calendar/workday"),
    fleet: DataFrame = table("themes/traffic/bus_fleet", optional=True),
    network: DataFrame = table("themes/traffic/bus_network", optional=True),
    person: DataFrame = table("base/population/person", optional=True),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per indicator, period, division and basis, columns INDICATOR of assets.indicators."""
    buses = bus_counts(trip, event, headway, taxi, INDICATORS.counts)
    ground = [*fleet_counts(fleet, person, as_of), *network_counts(network)]
    seen = [*position_counts(vehicle_day, arrival), *peak_counts(trip, congestion, workday)]
    return INDICATORS.rows(
        *buses, *ground, *seen, *road_counts(passes, quarter, crossing, congestion, violation, accident, vehicle, driver, as_of)
    )
