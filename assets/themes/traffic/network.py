"""The bus network on the ground: how much of the roads has a bus, and how much of the built-up area lies near a stop.

Here: `bus_network`, and what the indicators count of it. Not here: geometry (`assets.coverage`), lines and stops by day (`lines`).
Source: domain rules E3; index system of transit cities (公交都市考核评价指标体系, 交运发〔2013〕387号): the centre lines of roads with a
bus line over those of expressways, arterial, secondary and local roads; the area within 500 m of stops over the built-up area. It asks for
both in the centre of the city, whose border nobody delivers: here they are those of each county, and of the city as a whole.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.coverage import Along, alongside, covered
from assets.dates import valid_on
from assets.declare import AS_OF, lake_asset, table
from assets.indicators import Counts, by_county, county_and_city, percent
from assets.joins import distinct_keys, left_join_lookup
from assets.themes.traffic.lines import legs
from standards import positions
from standards.divisions import CITY
from standards.land_use import is_built_up
from standards.rounding import scaled

WALK = 500.0
"""Metres from a stop, as the crow flies, within which the index system counts an area as covered."""
ON_ROAD = Along(metres=float(positions.NEAR_LINE), degrees=30.0)
"""No source delivers the course of a line, which is taken to go straight from stop to stop. A road has a bus where it lies within the 50 m
in which domain rules E3 put positions on a line: the width of a road, and what a bend between two stops takes it off the straight. Turned
by more than 30° it crosses the line (a figure of the city's own): at that angle it leaves the 50 m again after 100 m."""
METRES, LENGTHS, AREAS = "decimal(18,1)", ("road_m", "road_with_bus_m"), ("built_up_m2", "covered_m2")
NUMBERS = ("roads", "roads_with_bus", "stops", "lines")
BUS_NETWORK = ("div_code", "div_level", "day", *LENGTHS, "network_rate", *AREAS, "coverage_rate", *NUMBERS)
OF_NETWORK = {"network_dm": "road_m", "bus_road_dm": "road_with_bus_m", "built_up_tenths": "built_up_m2", "covered_tenths": "covered_m2"}
"""Count -> column of bus_network, in tenths of its unit."""


def _by_place(rows: DataFrame, **counts: Column) -> DataFrame:
    """What is counted in each county6, UNKNOWN among them, and in the city: div_code and the counts."""
    return (
        rows.withColumn("div_code", county_and_city("county6"))
        .groupBy("div_code")
        .agg(*[made.alias(name) for name, made in counts.items()])
    )


def _total(of: Column) -> Column:
    return F.sum(of.cast(METRES)).cast(METRES)


@lake_asset("themes/traffic/bus_network")
def bus_network(
    stop: DataFrame = table("themes/traffic/bus_stop"),
    road: DataFrame = table("base/geography/road"),
    land_use: DataFrame = table("base/geography/land_use"),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per county and one of the city, key div_code, columns BUS_NETWORK; of the editions in force on the date, so it is made whole.

    Roads and parcels belong to the county that they state, stops to the one in which they lie. What is covered is cut out of the parcels,
    whichever county the stop lies in.
    """
    stops = stop.where(valid_on(as_of))
    of_line = legs(stops, {"next_lon": "lon", "next_lat": "lat"})
    with_bus = F.least(F.col("along_m").cast(METRES), F.col("length_m").cast(METRES))
    of_roads = _by_place(
        alongside(road, of_line, "road_no", ON_ROAD).withColumn("_with_bus", with_bus),
        road_m=_total(F.col("length_m")),
        road_with_bus_m=_total(F.col("_with_bus")),
        roads=F.count(F.lit(1)),
        roads_with_bus=F.count_if(F.col("_with_bus") > 0),
    )
    of_land = _by_place(
        covered(land_use.where(is_built_up(F.col("land_class"))), stops, "parcel_no", WALK),
        built_up_m2=_total(F.col("area_m2")),
        covered_m2=_total(F.least("covered_m2", "area_m2")),
    )
    of_stops = _by_place(stops, stops=F.count_distinct("stop_no"), lines=F.count_distinct("line_no"))
    parts = (of_roads, of_land, of_stops)
    rows = distinct_keys(*[part.select("div_code") for part in parts])
    for part in parts:
        rows = rows.transform(left_join_lookup, part, "div_code")
    known = {c: F.coalesce(c, F.lit(0).cast(METRES)) for c in (*LENGTHS, *AREAS)} | {c: F.coalesce(c, F.lit(0)) for c in NUMBERS}
    return (
        rows.withColumns(known)
        .withColumn("div_level", F.when(F.col("div_code") == CITY, "city").otherwise("county"))
        .withColumn("day", F.lit(as_of))
        .withColumn("network_rate", percent(scaled(F.col("road_with_bus_m"), 1), scaled(F.col("road_m"), 1)))
        .withColumn("coverage_rate", percent(scaled(F.col("covered_m2"), 1), scaled(F.col("built_up_m2"), 1)))
        .select(*BUS_NETWORK)
    )


def network_counts(network: DataFrame) -> list[Counts]:
    """What is counted of the network, by county, month and year.

    Args:
        network: rows of themes/traffic/bus_network; the city's row is not counted, as counties make the city.
    """
    counties = network.where(F.col("div_level") == "county").withColumn("county6", F.col("div_code"))
    counts = {count: F.sum(scaled(F.col(column), 1)) for count, column in OF_NETWORK.items()}
    return by_county(counties, counts, F.col("day"), "month", "year")
