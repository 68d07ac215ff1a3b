"""The days of bus lines: trips, punctuality, speed and waiting in one row (domain rules E3)."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset, table
from assets.indicators import hundredths, percent
from assets.joins import left_join_lookup
from assets.themes.traffic.headways import MEASURES, SUMS, sums, with_measures
from assets.themes.traffic.lines import LINE, on_the_day, with_end
from assets.themes.traffic.trips import EXTRA, METRES, MISSED, PENDING, RAN
from assets.touch import own, units

TRIPS = ("planned", "ran", "missed", "extra", "departed_on_time", "ends", "ends_on_time", "metres", "run_s")
EVENTS = ("timetable_events", "arrived_on_time")
RATES = {
    "execution_rate": ("ran", "planned"), "departure_rate": ("departed_on_time", "planned"), "ends_rate": ("ends_on_time", "ends"),
    "arrival_rate": ("arrived_on_time", "timetable_events"),
}  # fmt: skip
"""Rate in percent -> which count over which."""
OF_DAY = (*LINE, "service_date")
BUS_LINE_DAY = (*OF_DAY, "name", "line_class", "county6", *TRIPS, *EVENTS, *SUMS, *RATES, "speed_kmh", *MEASURES)


def trip_counts() -> dict[str, Column]:
    """What is counted of trips, by name of the count."""
    counts, ends = F.col("state").isin(RAN, MISSED), F.col("first") | F.col("last")
    on_time = F.coalesce("departed_on_time", F.lit(False))
    metres = F.when(F.col("run_s").isNotNull(), (F.col("km") * METRES).cast("bigint"))
    return {
        "planned": F.count_if(counts), "ran": F.count_if(F.col("state") == RAN), "missed": F.count_if(F.col("state") == MISSED),
        "extra": F.count_if(F.col("state") == EXTRA), "departed_on_time": F.count_if(counts & on_time),
        "ends": F.count_if(counts & ends), "ends_on_time": F.count_if(counts & ends & on_time),
        "metres": F.coalesce(F.sum(metres), F.lit(0)), "run_s": F.coalesce(F.sum("run_s"), F.lit(0)),
    }  # fmt: skip


def event_counts() -> dict[str, Column]:
    """What is counted of arrivals, by name of the count."""
    return {"timetable_events": F.count("timetable_s"), "arrived_on_time": F.count_if(F.coalesce("on_time", F.lit(False)))}


@lake_asset(
    "themes/traffic/bus_line_day",
    unit=units(day="service_date"),
    touch={name: own(day="service_date") for name in ("trip", "event", "headway")},
    whole_above=0.5,
)
def bus_line_day(
    trip: DataFrame = table("themes/traffic/bus_trip"),
    event: DataFrame = table("themes/traffic/stop_event"),
    headway: DataFrame = table("themes/traffic/bus_headway_hour"),
    line: DataFrame = cleansed("transport/bus_line"),
) -> DataFrame:
    """One row per line, direction and day of service, key (line_no, direction, service_date), columns BUS_LINE_DAY."""
    trips = trip.where(F.col("state") != PENDING).groupBy(*OF_DAY)
    rows = trips.agg(F.max("county6").alias("county6"), *[made.alias(name) for name, made in trip_counts().items()])
    events = event.groupBy(*OF_DAY).agg(*[made.alias(name) for name, made in event_counts().items()])
    for known in (events, headway.groupBy(*OF_DAY).agg(*sums())):
        rows = rows.transform(left_join_lookup, known, OF_DAY)
    return (
        rows.withColumns({c: F.coalesce(F.col(c), F.lit(0)).cast("bigint") for c in (*EVENTS, *SUMS)})
        .withColumns({rate: percent(*map(F.col, of)) for rate, of in RATES.items()})
        .withColumn("speed_kmh", hundredths(F.col("metres") * 36, F.col("run_s") * 10))
        .transform(with_measures)
        .transform(on_the_day, with_end(line), "name", "line_class")
        .select(*BUS_LINE_DAY)
    )
