"""Calls to 110: which tell of one event, where it was, and whether somebody came in time.

Here: `alarm` and the days of the grid. Source: domain rules E5: the same caller within 30 minutes, or the same kind within 300 m and
20 minutes, is one event; in the streets of a town somebody comes within 5 minutes, elsewhere within 10. A call that lies after its own
delivery is none, and nobody came before the call: D16. A call that turned out to be about nothing (a false alarm, a prank) is not valid.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.base.geography.points import towns
from assets.dates import EXTRACT, happened
from assets.declare import CHECKPOINT, cleansed, lake_asset, table
from assets.joins import Checkpoint, left_join_lookup
from assets.nearby import EARLIER, LATER, SINCE, chains, pairs
from assets.places import within
from assets.touch import named, own, units
from standards.moments import seconds

SAME_CALLER, SAME_KIND, METRES = 30 * 60, 20 * 60, 300.0
INVALID = "INVALID"
IN_TIME = {True: 5 * 60, False: 10 * 60}
"""Seconds until somebody arrives: in the streets of a town, elsewhere."""
STREET = "0"
"""The seventh digit of the code of a town that is a street office (statistical divisions)."""
LINEAGE = ("_source_file", "_row_no", "_batch_id")
ALARM = (
    "alarm_no", "event_no", "reported", "call_time", "day", "arrive_time", "finish_time", "kind", "county6", "town", "grid_no", "lon",
    "lat", "response_s", "in_time", "valid", *LINEAGE,
)  # fmt: skip


def _days() -> Column:
    """The units of a call: its day, and the days beside it, whose calls may tell of the same event."""
    return named(*[F.concat(F.lit("day:"), F.date_add(F.col("call_time").cast("date"), n).cast("string")) for n in (-1, 0, 1)])


def is_valid() -> Column:
    """Whether a call is about something; what came of it is not always known, and then it counts."""
    return F.coalesce(F.col("result") != INVALID, F.lit(True))


def same_caller(alarm: DataFrame) -> DataFrame:
    """Of every call the one before by the same telephone, at most SAME_CALLER seconds earlier: columns later, earlier, since."""
    calls = alarm.where(F.col("caller_phone").isNotNull()).select("alarm_no", "caller_phone", seconds(F.col("call_time")).alias("_t"))
    line = Window.partitionBy("caller_phone").orderBy("_t", "alarm_no")
    before = calls.select(
        F.col("alarm_no").alias(LATER), F.lag("alarm_no").over(line).alias(EARLIER), F.lag("_t").over(line).alias(SINCE), "_t"
    )
    return before.where(F.col("_t") - F.col(SINCE) <= SAME_CALLER).drop("_t")


@lake_asset("themes/public_safety/alarm", unit=units(day=("day",)), touch={"alarm": own(_days, connects=False)})
def alarm(
    alarm: DataFrame = cleansed("public_security/alarm"),
    division: DataFrame = table("base/geography/division", optional=True),
    grid: DataFrame = table("base/geography/grid", optional=True),
    checkpoint: Checkpoint = CHECKPOINT,
) -> DataFrame:
    """One row per call, key alarm_no, columns ALARM; event_no: the call that has told of the event first, its own of a first one."""
    alarm = alarm.where(happened("call_time", EXTRACT))
    near = pairs(alarm, "alarm_no", "call_time", metres=METRES, within_seconds=SAME_KIND, same=("kind",))
    first = chains(checkpoint(near.unionByName(same_caller(alarm))), checkpoint)
    calls = alarm.select("alarm_no", "call_time", "arrive_time", "finish_time", "kind", "county6", "lon", "lat", "result", *LINEAGE)
    placed = within(within(calls, towns(division), "town"), grid, "grid_no")
    told = placed.transform(left_join_lookup, first.withColumnsRenamed({LATER: "alarm_no", EARLIER: "_event"}), "alarm_no")
    response = seconds(F.col("arrive_time")) - seconds(F.col("call_time"))
    later = {c: F.when(F.col(c) >= F.col("call_time"), F.col(c)) for c in ("arrive_time", "finish_time")}
    street = F.coalesce(F.substring("town", 7, 1) == STREET, F.lit(False))
    return (
        told.withColumns(later)
        .withColumn("event_no", F.coalesce("_event", "alarm_no"))
        .withColumn("reported", F.when(F.col("_event").isNull(), "FIRST").otherwise("AGAIN"))
        .withColumn("day", F.col("call_time").cast("date"))
        .withColumn("county6", F.coalesce(F.substring("town", 1, 6), "county6"))
        .withColumn("response_s", response)
        .withColumn("in_time", F.col("response_s") <= F.when(street, IN_TIME[True]).otherwise(IN_TIME[False]))
        .withColumn("valid", is_valid())
        .select(*ALARM)
    )


@lake_asset("themes/public_safety/alarm_day", unit=units(day=("day",)), touch={"alarm": own(day="day")})
def alarm_day(alarm: DataFrame = table("themes/public_safety/alarm")) -> DataFrame:
    """One row per day, county, town, area of the grid and kind; `*` where a call lies in none that is known."""
    places = [F.coalesce(c, F.lit("*")).alias(c) for c in ("county6", "town", "grid_no")]
    return alarm.groupBy("day", *places, "kind").agg(
        F.count(F.lit(1)).cast("int").alias("calls"),
        F.count_if(F.col("reported") == "FIRST").cast("int").alias("events"),
        F.count_if((F.col("reported") == "FIRST") & ~F.col("valid")).cast("int").alias("invalid"),
        F.count("in_time").cast("int").alias("arrivals"),
        F.count_if("in_time").cast("int").alias("in_time"),
    )


def month(day: Column) -> Column:
    """`2019-12` of a date."""
    return F.date_format(day, "yyyy-MM")
