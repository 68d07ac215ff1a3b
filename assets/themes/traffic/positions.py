"""Positions of vehicles: each judged once, those that cannot be right, and the days of vehicles by the others (domain rules E3).

Positions come by millions a day. What is dear about them, their place in the plane and whether they follow from their neighbours, is found
once, in `position`; all that is made of positions reads it. A day of service is judged as a whole, so that a bus that is on its way at
midnight keeps its neighbours. A vehicle is online between two positions that are at most five minutes apart. Here: `position`,
`position_dropped`, `position_day`. Not here: the limits (`standards.positions`), trips and stops of buses (`position_trips`), days of all
vehicles (`key_vehicles`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset, table
from assets.flags import flags
from assets.joins import left_join_lookup
from assets.themes.traffic.passes import day_of, hour_of
from assets.themes.traffic.service_day import BEGINS, HOUR
from assets.touch import by_day, day_from, units
from standards import coordinates, positions
from standards.moments import seconds
from standards.rounding import half_even

OUTSIDE = "lon:E_BBOX"
"""Code of coordinates outside the city, which then are empty."""
PAUSE = 300
"""Seconds; a longer one between two positions is a gap in which the vehicle was not online (a figure of the city's own)."""
FROZEN = 6
"""Positions at exactly the place of the one before, of a vehicle that says it moves, from which on its device is frozen."""
AT_NIGHT = ("COACH", "TOUR")
"""Kinds of vehicles that carry passengers far."""
DROPPED = {"no_position": positions.NO_POSITION, "outside": positions.OUTSIDE, "too_fast": positions.TOO_FAST, "jumps": positions.JUMP}
"""Count of a day -> reason for which the positions were dropped."""
MORNING = BEGINS // HOUR
"""The hour at which a day of service begins."""
POSITION = (
    "vehicle_no", "located_at", "kind", "day", "service_date", "reason", "lon", "lat", "speed_kmh", "jump_m", "east_cm", "north_cm",
    "_source_file", "_row_no", "_batch_id",
)  # fmt: skip
POSITION_DROPPED = (
    "vehicle_no", "located_at", "kind", "day", "reason", "lon", "lat", "speed_kmh", "jump_m", "_source_file", "_row_no", "_batch_id",
)  # fmt: skip
POSITION_DAY = (
    "day", "vehicle_no", "kind", "delivered", "kept", *DROPPED, "frozen", "first_at", "last_at", "metres", "online_s", "gaps", "gap_s",
    "speeding_s", "night_s", "flags",
)  # fmt: skip


def metres(column: str) -> Column:
    """A column of centimetres in metres, double."""
    return F.col(column) / coordinates.CENTIMETRES


@lake_asset(
    "themes/traffic/position",
    unit=units(day="service_date"),
    touch={"sent": by_day("located_at", begins=MORNING)},
    whole_above=0.9,
)
def position(sent: DataFrame = cleansed("transport/vehicle_position")) -> DataFrame:
    """One row per delivered position with why it is dropped, key (vehicle_no, located_at), columns POSITION.

    reason: NULL of those that are kept. jump_m: how far a jump went. east_cm, north_cm: in the plane of EPSG:4549.
    """
    outside = F.coalesce(F.array_contains("_codes", OUTSIDE), F.lit(False))
    placed = F.col("lon").isNotNull() & F.col("lat").isNotNull()
    east, north = coordinates.to_centimetres(F.col("lon"), F.col("lat"))
    days = {"day": day_of("located_at"), "service_date": day_from("located_at", MORNING)}
    judged = sent.withColumns({**days, "east_cm": east, "north_cm": north, "_unfit": positions.unfit(placed, outside, F.col("speed_kmh"))})
    jump = F.when(F.col("jump_m").isNotNull(), positions.JUMP)
    return (
        left_join_lookup(judged, _jumps(judged), ("vehicle_no", "located_at"))
        .withColumn("reason", F.coalesce("_unfit", jump))
        .select(*POSITION)
    )


def _jumps(judged: DataFrame) -> DataFrame:
    """The positions off the way of their vehicle: vehicle_no, located_at, and jump_m, how far they went.

    They are few. A window sorts all that it carries, so that only what says where a vehicle was when goes through it.
    """
    lean = judged.where(F.col("_unfit").isNull()).select(
        "vehicle_no", "service_date", "located_at", metres("east_cm").alias("_x"), metres("north_cm").alias("_y"),
        seconds(F.col("located_at")).alias("_t"),
    )  # fmt: skip
    line = Window.partitionBy("vehicle_no", "service_date").orderBy("located_at")
    sides = {f"{n}{side}": of(n).over(line) for side, of in (("0", F.lag), ("1", F.lead)) for n in ("_x", "_y", "_t")}
    here, before, after = ((F.col(f"_x{side}"), F.col(f"_y{side}")) for side in ("", "0", "1"))
    jump_m, until = positions.apart(here, before), F.col("_t1") - F.col("_t")
    is_jump = positions.is_jump(jump_m, F.col("_t") - F.col("_t0"))
    goes_on_m = F.when(until <= positions.JUMP_SECONDS, positions.apart(here, after))
    return (
        lean.withColumns(sides)
        .where(positions.jumped(is_jump, goes_on_m, positions.apart(before, after)))
        .select("vehicle_no", "located_at", F.round(jump_m).cast("int").alias("jump_m"))
    )


@lake_asset(
    "themes/traffic/position_dropped",
    unit=units(day="day"),
    touch={"position": by_day("located_at")},
    whole_above=0.9,
)
def position_dropped(position: DataFrame = table("themes/traffic/position")) -> DataFrame:
    """One row per position that cannot be right, key (vehicle_no, located_at), columns POSITION_DROPPED."""
    return position.where(F.col("reason").isNotNull()).select(*POSITION_DROPPED)


@lake_asset(
    "themes/traffic/position_day",
    unit=units(day="day"),
    touch={"position": by_day("located_at")},
    whole_above=0.9,
)
def position_day(position: DataFrame = table("themes/traffic/position")) -> DataFrame:
    """One row per day and vehicle, key (day, vehicle_no), columns POSITION_DAY."""
    counts = {name: F.count_if(F.col("reason") == reason) for name, reason in DROPPED.items()}
    kept = F.col("reason").isNull()
    totals = {name: F.coalesce(F.sum(F.when(kept, of)), F.lit(0)).cast("bigint") for name, of in _of_legs().items()}
    return (
        position.withColumns({"_small": positions.in_small_hours(hour_of("located_at")), "_t": seconds(F.col("located_at"))})
        .withColumns(_before())
        .groupBy("day", "vehicle_no")
        .agg(
            F.max("kind").alias("kind"), F.count(F.lit(1)).alias("delivered"), F.count_if(kept).alias("kept"),
            F.min(F.when(kept, F.col("located_at"))).alias("first_at"), F.max(F.when(kept, F.col("located_at"))).alias("last_at"),
            *[made.alias(name) for name, made in {**counts, **totals}.items()],
        )
        .withColumn("metres", half_even(F.col("_driven"), F.lit(coordinates.CENTIMETRES)))
        .withColumn("flags", _flags())
        .select(*POSITION_DAY)
    )  # fmt: skip


def _before() -> dict[str, Column]:
    """Of a position that is kept: seconds and centimetres since the one before it that is kept, its speed, and whether
    both are of the small hours."""
    line = Window.partitionBy("vehicle_no", "day", F.col("reason").isNull()).orderBy("located_at")
    then = {name: F.lag(name).over(line) for name in ("_t", "speed_kmh", "_small")}
    here = metres("east_cm"), metres("north_cm")
    way = positions.apart(here, (F.lag(here[0]).over(line), F.lag(here[1]).over(line))) * coordinates.CENTIMETRES
    return {
        "_since": F.col("_t") - then["_t"],
        "_way": F.round(way).cast("bigint"),
        "_speed0": then["speed_kmh"],
        "_night": F.col("_small") & then["_small"],
    }


def _of_legs() -> dict[str, Column]:
    """What a leg, from one position that is kept to the next, adds to its day."""
    since, here, before = F.col("_since"), F.col("speed_kmh"), F.col("_speed0")
    online = since <= PAUSE
    moves = (here > 0) & (before > 0)
    limit = positions.speed_limit(F.col("kind"))
    return {
        "online_s": F.when(online, since),
        "_driven": F.when(online & ((here > 0) | (before > 0)), F.col("_way")),
        "frozen": F.when(moves & (F.col("_way") == 0), 1),
        "gaps": F.when(since > PAUSE, 1),
        "gap_s": F.when(since > PAUSE, since),
        "speeding_s": F.when(online & (here > limit) & (before > limit), since),
        "night_s": F.when(online & moves & F.col("kind").isin(*AT_NIGHT) & F.col("_night"), since),
    }


def _flags() -> Column:
    """What is odd about a day of a vehicle."""
    return flags(
        {
            "FROZEN": F.col("frozen") >= FROZEN,
            "GAP": F.col("gaps") > 0,
            "SPEEDING": F.col("speeding_s") > 0,
            "NIGHT_DRIVING": F.col("night_s") > 0,
            "DROPPED": F.col("kept") * 2 < F.col("delivered"),
        }
    )
