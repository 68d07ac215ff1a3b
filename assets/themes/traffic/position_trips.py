"""Buses on their lines by their positions: whether a trip kept to its line, and when its bus came to each stop (domain rules E3).

The positions of a trip are those of its bus from shortly before the reported departure until five minutes after the reported arrival, on
its day of service. They are put on the line where that is within 50 m, and a bus has come to a stop with the first of them that is inside
30 m of it. No source delivers the course of a line: it is taken to go straight from stop to stop. Here: `position_trip`,
`position_arrival`. Not here: which positions cannot be right (`positions`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import lake_asset, table
from assets.flags import flags
from assets.joins import left_join_lookup
from assets.themes.traffic.lines import LINE, in_force_on, legs
from assets.themes.traffic.positions import MORNING, metres
from assets.themes.traffic.service_day import DAY
from assets.themes.traffic.trips import TRIP
from assets.touch import by_day, own, units
from standards import coordinates, positions
from standards.moments import day_number, seconds

EARLIER, LATER = 30, 300
"""Seconds before the reported departure and after the reported arrival in which positions belong to a trip (figures of the city's own)."""
BUS = "BUS"
AGREES = 60
"""Seconds by which a reported arrival may differ from the positions, either way (a figure of the city's own)."""
CONFIRMED, DIFFERS, REPORTED_ONLY, SEEN_ONLY, NEITHER = "CONFIRMED", "DIFFERS", "REPORTED_ONLY", "SEEN_ONLY", "NEITHER"
POSITION_TRIP = (*TRIP, "trip_id", "vehicle_no", "positions", "on_line", "off_line", "first_at", "last_at", "flags")
POSITION_ARRIVAL = (
    *TRIP, "seq", "stop_no", "county6", "trip_id", "vehicle_no", "reported_s", "seen_s", "arrive_time", "seen_time", "difference_s",
    "state",
)  # fmt: skip


def _of_trips(position: DataFrame, trip: DataFrame) -> DataFrame:
    """The positions that are kept of buses on a trip that ran and whose clocks are sound, with TRIP and trip_id."""
    ran = trip.where(F.col("run_s").isNotNull()).select(
        *TRIP, "trip_id", "vehicle_no", (seconds(F.col("depart_time")) - EARLIER).alias("_from"),
        (seconds(F.col("arrive_time")) + LATER).alias("_to"),
    )  # fmt: skip
    place = metres("east_cm").alias("_x"), metres("north_cm").alias("_y"), seconds(F.col("located_at")).alias("_t")
    kept = position.where((F.col("kind") == BUS) & F.col("reason").isNull()).select("vehicle_no", "service_date", "located_at", *place)
    return ran.join(kept, ["vehicle_no", "service_date"]).where(F.col("_t").between(F.col("_from"), F.col("_to"))).drop("_from", "_to")


def _legs(trip: DataFrame, stop: DataFrame) -> DataFrame:
    """The legs of the line of every trip on its day: TRIP, seq and next_seq, metres of both ends, and the box in which a leg is near."""
    x, y = (side / coordinates.CENTIMETRES for side in coordinates.to_centimetres(F.col("lon"), F.col("lat")))
    placed = stop.select(*LINE, "valid_from", "valid_to", "seq", x.alias("_x0"), y.alias("_y0"))
    of_lines = legs(placed, {"next_seq": "seq", "_x1": "_x0", "_y1": "_y0"})
    return in_force_on(trip.where(F.col("run_s").isNotNull()).select(*TRIP), of_lines)


def _near(low: str, high: str, at: str) -> Column:
    """Whether a position can be near a leg, by one coordinate."""
    ends = F.col(low), F.col(high)
    return F.col(at).between(F.least(*ends) - positions.NEAR_LINE, F.greatest(*ends) + positions.NEAR_LINE)


def _near_legs(sent: DataFrame, legs: DataFrame) -> DataFrame:
    """The positions of trips with every leg of their line that they are near: TRIP, located_at, the leg, `_off`, whole centimetres from
    it, and the place on it, `_fx` and `_fy`."""
    box = legs.join(sent, list(TRIP)).where(_near("_x0", "_x1", "_x") & _near("_y0", "_y1", "_y"))
    here, begin, end = ((F.col(f"_x{n}"), F.col(f"_y{n}")) for n in ("", "0", "1"))
    foot = positions.foot(here, begin, end)
    off = F.round(positions.apart(here, (F.col("_fx"), F.col("_fy"))) * coordinates.CENTIMETRES).cast("bigint")
    put = box.withColumns({"_fx": foot[0], "_fy": foot[1]}).withColumn("_off", off)
    return put.where(F.col("_off") <= positions.NEAR_LINE * coordinates.CENTIMETRES)


def _on_line(near: DataFrame) -> DataFrame:
    """Of each position the nearest leg; of two as near the first."""
    place = F.row_number().over(Window.partitionBy(*TRIP, "located_at").orderBy("_off", "seq"))
    return near.withColumn("_place", place).where(F.col("_place") == 1)


@lake_asset(
    "themes/traffic/position_trip",
    unit=units(day="service_date"),
    touch={"position": by_day("located_at", begins=MORNING), "trip": own(day="service_date")},
    whole_above=0.5,
)
def position_trip(
    position: DataFrame = table("themes/traffic/position"),
    trip: DataFrame = table("themes/traffic/bus_trip"),
    stop: DataFrame = table("themes/traffic/bus_stop"),
) -> DataFrame:
    """One row per trip whose bus sent positions, key (line_no, direction, service_date, trip_no), columns POSITION_TRIP."""
    sent = _of_trips(position, trip)
    on_line = _near_legs(sent, _legs(trip, stop)).select(*TRIP, "located_at").distinct()
    near = on_line.groupBy(*TRIP).agg(F.count(F.lit(1)).alias("on_line"))
    of_trip = sent.groupBy(*TRIP, "trip_id", "vehicle_no").agg(
        F.count(F.lit(1)).alias("positions"), F.min("located_at").alias("first_at"), F.max("located_at").alias("last_at")
    )
    return (
        left_join_lookup(of_trip, near, TRIP)
        .withColumn("on_line", F.coalesce("on_line", F.lit(0)).cast("bigint"))
        .withColumn("off_line", F.col("positions") - F.col("on_line"))
        .withColumn("flags", flags({"OFF_LINE": F.col("off_line") * 2 > F.col("positions")}))
        .select(*POSITION_TRIP)
    )


def _seen(on_line: DataFrame) -> DataFrame:
    """The first position of every trip at each of its stops: TRIP, seq, seen_time."""
    place = F.col("_fx"), F.col("_fy")
    ends = (("seq", "0"), ("next_seq", "1"))
    reached = [F.when(positions.apart(place, (F.col(f"_x{n}"), F.col(f"_y{n}"))) <= positions.AT_STOP, F.col(of)) for of, n in ends]
    each = on_line.select(*TRIP, "located_at", F.explode(F.array_compact(F.array(*reached))).alias("seq"))
    return each.groupBy(*TRIP, "seq").agg(F.min("located_at").alias("seen_time"))


@lake_asset(
    "themes/traffic/position_arrival",
    unit=units(day="service_date"),
    touch={
        "position": by_day("located_at", begins=MORNING),
        "trip": own(day="service_date"),
        "event": own(day="service_date"),
    },
    whole_above=0.5,
)
def position_arrival(
    position: DataFrame = table("themes/traffic/position"),
    trip: DataFrame = table("themes/traffic/bus_trip"),
    event: DataFrame = table("themes/traffic/stop_event"),
    stop: DataFrame = table("themes/traffic/bus_stop"),
) -> DataFrame:
    """One row per stop of a trip whose bus sent positions, key (line_no, direction, service_date, trip_no, seq).

    Columns POSITION_ARRIVAL. A trip without a position has no row: nothing was to be seen of it.
    """
    sent = _of_trips(position, trip)
    tracked = sent.select(*TRIP, "trip_id", "vehicle_no").distinct()
    stops = in_force_on(tracked, stop.select(*LINE, "valid_from", "valid_to", "seq", "stop_no", "county6"))
    seen = _seen(_on_line(_near_legs(sent, _legs(trip, stop))))
    reported = event.select(*TRIP, "seq", F.col("arrive_s").alias("reported_s"), "arrive_time")
    midnight = day_number(F.col("service_date")).cast("bigint") * DAY
    rows = stops
    for known in (reported, seen):
        rows = rows.transform(left_join_lookup, known, (*TRIP, "seq"))
    return (
        rows.withColumn("seen_s", seconds(F.col("seen_time")) - midnight)
        .withColumn("arrive_time", F.when(F.col("reported_s").isNotNull(), F.col("arrive_time")))
        .withColumn("difference_s", F.col("seen_s") - F.col("reported_s"))
        .withColumn("state", _state())
        .select(*POSITION_ARRIVAL)
    )


def _state() -> Column:
    reported, seen = F.col("reported_s").isNotNull(), F.col("seen_s").isNotNull()
    agrees = F.abs("difference_s") <= AGREES
    return (
        F.when(reported & seen & agrees, CONFIRMED).when(reported & seen, DIFFERS)
        .when(reported, REPORTED_ONLY).when(seen, SEEN_ONLY).otherwise(NEITHER)
    )  # fmt: skip
