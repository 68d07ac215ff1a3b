"""Shared bikes: where each is, and by day how they are used, lie idle, and stand where they may not (domain rules E8).

Here: `bike_position`, `bike_day`. Not here: geometry (`assets.places`), how full parking areas are (`bike_zones`). A bike stands in a
parking area when it is at most OUTSIDE metres outside it; a bike that is being ridden stands nowhere. What lies after its own delivery has
not happened: D16.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.geography.layers import layer
from assets.base.geography.points import towns
from assets.dates import EXTRACT, happened
from assets.declare import cleansed, lake_asset, table
from assets.indicators import hundredths, known_county
from assets.joins import left_join_lookup
from assets.places import nearest, within
from assets.themes.urban_management.bike_zones import SLOT, begin_of
from assets.themes.urban_management.evaluation import PERCENT
from assets.touch import named, own, units
from standards.moments import minutes

OUTSIDE = 5.0
"""Metres that a position may be outside a parking area and still count as in it."""
RIDDEN, DAMAGED = "IN_USE", "DAMAGED"
IDLE_DAYS = (3, 7)
BIKE_POSITION = (
    "company", "bike_no", "measured_at", "day", "state", "lon", "lat", "county6", "town", "zone_no", "misplaced", "_source_file", "_row_no",
    "_batch_id",
)  # fmt: skip


def _day(moment: str = "measured_at") -> Column:
    return F.col(moment).cast("date")


def zones(zone: DataFrame) -> DataFrame:
    """The parking areas: zone_no, capacity, geometry."""
    return layer(zone, "urban_management/parking_zone", "zone_no", "capacity").select("zone_no", "capacity", "geometry")


@lake_asset(
    "themes/urban_management/bike_position",
    unit=units(bike=("company", "bike_no", "day")),
    touch={"snapshot": own(bike=("company", "bike_no", _day))},
)
def bike_position(
    snapshot: DataFrame = cleansed("urban_management/bike_snapshot"),
    zone: DataFrame = cleansed("urban_management/parking_zone"),
    division: DataFrame = table("base/geography/division"),
) -> DataFrame:
    """One row per bike and moment, key (company, bike_no, measured_at), columns BIKE_POSITION; misplaced is NULL while it is ridden."""
    parked = F.col("lon").isNotNull() & F.col("lat").isNotNull() & ~F.coalesce(F.col("state") == RIDDEN, F.lit(False))
    seen = snapshot.where(happened("measured_at", EXTRACT))
    placed = nearest(within(seen, towns(division), "town"), zones(zone), "zone_no", OUTSIDE)
    return (
        placed.withColumn("day", _day())
        .withColumn("county6", F.substring("town", 1, 6))
        .withColumn("zone_no", F.when(parked, F.col("zone_no")))
        .withColumn("misplaced", F.when(parked, F.col("zone_no").isNull()))
        .select(*BIKE_POSITION)
    )


BIKE_DAY = (
    "company", "day", "county6", "fleet", "active", "damaged", "available", "trips", "turnover", "observed", "misplaced", "misplaced_rate",
    "idle_3d", "idle_7d", "idle_3d_rate", "idle_7d_rate", "quota", "over_quota",
)  # fmt: skip
OF_DAY = ("company", "day", "county6")
COUNTED = ("fleet", "active", "damaged", "trips", "observed", "misplaced", "idle_3d", "idle_7d")


def bikes_of_days(position: DataFrame) -> DataFrame:
    """Per bike and day: county6 of its last position, whether it was damaged at every moment."""
    last = F.max(F.struct("measured_at", known_county()))
    usable = F.max(F.when(F.coalesce(F.col("state") == DAMAGED, F.lit(False)), 0).otherwise(1))
    grouped = position.groupBy("company", "bike_no", "day").agg(last.alias("_last"), usable.alias("_usable"))
    return grouped.select("company", "bike_no", "day", F.col("_last.county6").alias("county6"), (F.col("_usable") == 0).alias("damaged"))


def rides_of_days(trip: DataFrame) -> DataFrame:
    """Every day on which a bike was ridden, once."""
    days = F.explode(F.array_distinct(F.array_compact(F.array(_day("start_time"), _day("end_time"))))).alias("day")
    return trip.select("company", "bike_no", days).distinct()


def with_idle(bikes: DataFrame, trip: DataFrame) -> DataFrame:
    """idle_<n>d: the bike was not ridden on the last n days, on the first of which it was there already."""
    longest = max(IDLE_DAYS)
    events = (
        bikes.select("company", "bike_no", "day", F.lit(False).alias("ridden")),
        rides_of_days(trip).withColumn("ridden", F.lit(True)),
    )
    later = F.explode(F.array(*[F.struct(F.date_add("day", n).alias("day"), F.lit(n).alias("ago")) for n in range(longest)]))
    seen = reduce(DataFrame.unionByName, events).select("company", "bike_no", "ridden", later.alias("of")).select("*", "of.*").drop("of")
    known = seen.groupBy("company", "bike_no", "day").agg(
        *[F.max(F.when(~F.col("ridden") & (F.col("ago") == n - 1), 1)).alias(f"_there_{n}") for n in IDLE_DAYS],
        *[F.max(F.when(F.col("ridden") & (F.col("ago") < n), 1)).alias(f"_ridden_{n}") for n in IDLE_DAYS],
    )
    idle = {f"idle_{n}d": F.col(f"_there_{n}").isNotNull() & F.col(f"_ridden_{n}").isNull() for n in IDLE_DAYS}
    return left_join_lookup(bikes, known, ("company", "bike_no", "day")).withColumns(idle)


def _positions_of_days(position: DataFrame) -> DataFrame:
    """Per company, day and county: observed and misplaced positions, and the mean of available bikes over the company's slots."""
    ready = ~F.coalesce(F.col("state") == DAMAGED, F.lit(False))
    slotted = position.withColumn("slot", begin_of(minutes(F.col("measured_at")), SLOT))
    slots = slotted.select("company", "day", "slot").distinct().groupBy("company", "day").agg(F.count(F.lit(1)).alias("_slots"))
    there = slotted.where(ready).select(*OF_DAY[:2], known_county(), "bike_no", "slot").distinct()
    counts = position.groupBy("company", "day", known_county()).agg(
        F.count("misplaced").alias("observed"), F.count_if("misplaced").alias("misplaced")
    )
    rows = left_join_lookup(counts, there.groupBy(*OF_DAY).agg(F.count(F.lit(1)).alias("_ready")), OF_DAY)
    return left_join_lookup(rows, slots, ("company", "day")).withColumn("available", hundredths(F.col("_ready"), F.col("_slots")))


def _days_ahead(moment: str) -> Column:
    """The units of a position or a trip: the days on which it decides whether its bike is idle."""
    return named(*[F.concat(F.lit("day:"), F.date_add(_day(moment), n).cast("string")) for n in range(max(IDLE_DAYS))])


def _days_of_trip() -> Column:
    return F.array_distinct(F.concat(_days_ahead("start_time"), _days_ahead("end_time")))


@lake_asset(
    "themes/urban_management/bike_day",
    unit=units(day="day"),
    touch={
        "position": own(lambda: _days_ahead("measured_at"), connects=False),
        "trip": own(_days_of_trip, connects=False),
    },
    whole_above=0.5,
)
def bike_day(
    position: DataFrame = table("themes/urban_management/bike_position"),
    trip: DataFrame = cleansed("urban_management/bike_trip"),
    fleet: DataFrame = cleansed("urban_management/bike_fleet"),
    division: DataFrame = table("base/geography/division"),
) -> DataFrame:
    """One row per company, day and county in which it had bikes or trips, key (company, day, county6), columns BIKE_DAY.

    A bike counts in the county of its last position of the day, a position and a trip's start in their own.
    """
    trip = trip.where(happened("start_time", EXTRACT))
    bikes = with_idle(bikes_of_days(position), trip).groupBy(*OF_DAY).agg(
        F.count(F.lit(1)).alias("fleet"), F.count_if(~F.col("damaged")).alias("active"), F.count_if("damaged").alias("damaged"),
        *[F.count_if(f"idle_{n}d").alias(f"idle_{n}d") for n in IDLE_DAYS],
    )  # fmt: skip
    started = within(trip, towns(division), "town", lon="start_lon", lat="start_lat").withColumn("county6", F.substring("town", 1, 6))
    trips = started.groupBy("company", _day("start_time").alias("day"), known_county()).agg(F.count(F.lit(1)).alias("trips"))
    places = _positions_of_days(position)
    parts = (bikes, trips, places)
    rows = reduce(DataFrame.unionByName, [p.select(*OF_DAY) for p in parts]).distinct()
    for part in parts:
        rows = left_join_lookup(rows, part, OF_DAY)
    over = F.greatest(F.col("active") - F.col("quota"), F.lit(0))
    return (
        left_join_lookup(rows, fleet.select("company", "county6", "quota"), ("company", "county6"))
        .withColumns({c: F.coalesce(F.col(c), F.lit(0)).cast("bigint") for c in COUNTED})
        .withColumn("available", F.coalesce("available", F.lit(0)).cast("decimal(12,2)"))
        .withColumn("turnover", hundredths(F.col("trips") * PERCENT, (F.col("available") * PERCENT).cast("bigint")))
        .withColumn("misplaced_rate", hundredths(F.col("misplaced") * PERCENT, F.col("observed")))
        .withColumns({f"idle_{n}d_rate": hundredths(F.col(f"idle_{n}d") * PERCENT, F.col("fleet")) for n in IDLE_DAYS})
        .withColumn("over_quota", F.when(F.col("quota").isNotNull(), over))
        .select(*BIKE_DAY)
    )
