"""Bus trips: what was planned and what ran, and what happened at each stop (domain rules E3).

A planned trip is run by the first valid run that names its line, direction, day and number. One without a run was missed, once it is
known of its date what ran at all. Here: `bus_trip`, `stop_event`. Not here: headways (`headways`), days of lines (`line_day`).
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.flags import flags
from assets.indicators import hundredths
from assets.joins import left_join_lookup
from assets.themes.traffic.lines import LINE, LINEAGE, in_force_on, on_the_day
from assets.themes.traffic.service_day import calendar_day, happened_at, moment, planned
from assets.touch import Turn, named, own, units, via

TRIP = (*LINE, "service_date", "trip_no")
RAN, MISSED, PENDING, EXTRA = "RAN", "MISSED", "PENDING", "EXTRA"
EARLY, LATE = -60, 180
"""Seconds between which a departure may differ from the plan, both included: at most a minute early, three late."""
STOP_WINDOW = 180
"""Seconds by which an arrival may differ from the timetable, either way."""
FASTEST = 120
"""km/h; a run that was faster on the whole has a wrong clock or distance."""
METRES = 1000
BUS_TRIP = (
    *TRIP, "state", "plan_depart", "plan_arrive", "plan_vehicle_no", "first", "last", "trip_id", "vehicle_no", "depart_time", "arrive_time",
    "depart_delay_s", "arrive_delay_s", "departed_on_time", "km", "run_s", "speed_kmh", "runs", "county6", "plan_depart_s", "flags",
    *LINEAGE,
)  # fmt: skip


def is_valid() -> Column:
    """Whether the source says that a run counts; one of which it does not say does not."""
    return F.coalesce(F.col("valid") == "1", F.lit(False))


def first_runs(run: DataFrame) -> DataFrame:
    """Of each trip the first valid run, by its departure and number: one row per TRIP; runs: how many name the trip, valid or not."""
    of_trip = Window.partitionBy(*TRIP)
    order = is_valid().desc(), F.col("depart_s").isNull(), F.col("depart_s"), F.col("trip_id")
    placed = run.withColumns({"runs": F.count(F.lit(1)).over(of_trip), "_place": F.row_number().over(of_trip.orderBy(*order))})
    return placed.where((F.col("_place") == 1) & is_valid()).drop("_place")


def in_seconds(plan: DataFrame) -> DataFrame:
    """The plan in seconds of the day of service, with the first and the last departures of each line, direction and day."""
    of_day = Window.partitionBy(*LINE, "service_date")
    ends = {name: F.col("plan_depart_s") == of("plan_depart_s").over(of_day) for name, of in (("first", F.min), ("last", F.max))}
    clocks = {f"{clock}_s": planned(clock) for clock in ("plan_depart", "plan_arrive")}
    own_columns = {"plan_vehicle_no": "vehicle_no", **{f"plan{c}": c for c in LINEAGE}}
    named_so = plan.select(
        *TRIP, *[made.alias(name) for name, made in clocks.items()], *[F.col(c).alias(n) for n, c in own_columns.items()]
    )
    return named_so.withColumns(ends)


def _days_known() -> Column:
    """The units of a run: its day of service, and the one before, whose trips after midnight are on the date of this one."""
    return named(*[F.concat(F.lit("day:"), F.date_sub("service_date", n).cast("string")) for n in range(2)])


@lake_asset(
    "themes/traffic/bus_trip",
    unit=units(day="service_date"),
    touch={
        "plan": own(day="service_date", turns=(Turn("service_date"), Turn("service_date", days=1))),
        "run": own(_days_known, connects=False, turns=(Turn("service_date"),)),
    },
    whole_above=0.5,
)
def bus_trip(
    plan: DataFrame = cleansed("transport/bus_plan"),
    run: DataFrame = cleansed("transport/bus_trip"),
    stop: DataFrame = table("themes/traffic/bus_stop"),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per trip that was planned or ran, key (line_no, direction, service_date, trip_no), columns BUS_TRIP."""
    clocks = {f"{c}_s": happened_at(f"{c}_time") for c in ("depart", "arrive")}
    known = run.where(F.col("service_date") <= F.lit(as_of)).withColumns(clocks)
    reported = known.where(is_valid()).select(F.col("service_date").alias("_day")).distinct().withColumn("_reported", F.lit(True))
    both = in_seconds(plan).join(first_runs(known), list(TRIP), "full").withColumn("_day", calendar_day("plan_depart_s"))
    counts = F.col("state").isin(RAN, MISSED)
    on_time = F.coalesce(F.col("depart_delay_s").between(EARLY, LATE), F.lit(False))
    return (
        both.transform(left_join_lookup, reported, "_day")
        .withColumn("state", _state(as_of))
        .transform(on_the_day, stop.where(F.col("seq") == 1), "county6")
        .withColumns(_measures())
        .withColumn("departed_on_time", F.when(counts, on_time))
        .withColumns({c: moment(f"{c}_s") for c in ("plan_depart", "plan_arrive")})
        .withColumn("flags", _flags())
        .withColumns({c: F.coalesce(F.col(c), F.col(f"plan{c}")) for c in LINEAGE})
        .withColumn("runs", F.coalesce("runs", F.lit(0)))
        .select(*BUS_TRIP)
    )


def _state(as_of: date) -> Column:
    over = F.col("_reported").isNotNull() & (F.col("_day") <= F.lit(as_of))
    ran, is_planned = F.col("trip_id").isNotNull(), F.col("plan_depart_s").isNotNull()
    return F.when(ran & is_planned, RAN).when(ran, EXTRA).when(over, MISSED).otherwise(PENDING)


def _took() -> Column:
    return F.col("arrive_s") - F.col("depart_s")


def _metres() -> Column:
    return (F.col("km") * METRES).cast("bigint")


def _measures() -> dict[str, Column]:
    """Delays, and the time and speed of a run."""
    sound = (_took() > 0) & (_metres() > 0) & ~_too_fast()
    return {
        "depart_delay_s": F.col("depart_s") - F.col("plan_depart_s"),
        "arrive_delay_s": F.col("arrive_s") - F.col("plan_arrive_s"),
        "run_s": F.when(sound, _took()),
        "speed_kmh": F.when(sound, hundredths(_metres() * 36, _took() * 10)),
    }


def _too_fast() -> Column:
    return (_took() > 0) & (_metres() * 36 > _took() * 10 * FASTEST)


def _flags() -> Column:
    """What is odd about a run."""
    lost = [F.col(f"{c}_time").isNotNull() & F.col(f"{c}_s").isNull() for c in ("depart", "arrive")]
    return flags(
        {
            "NO_DEPARTURE": F.col("trip_id").isNotNull() & F.col("depart_time").isNull(),
            "OTHER_DAY": lost[0] | lost[1],
            "BACKWARDS": _took() < 0,
            "TOO_FAST": _too_fast(),
            "OTHER_VEHICLE": F.col("vehicle_no") != F.col("plan_vehicle_no"),
            "SEVERAL_RUNS": F.col("runs") > 1,
        }
    )


STOP_EVENT = (
    *TRIP, "seq", "trip_id", "stop_no", "county6", "timing_point", "timetable_s", "arrive_s", "timetable", "arrive_time", "leave_time",
    "delay_s", "on_time", "flags", *LINEAGE,
)  # fmt: skip


@lake_asset(
    "themes/traffic/stop_event",
    unit=units(day="service_date"),
    touch={
        "trip": own(day="service_date"),
        "arrival": via("trip", on=("trip_id",), to=("trip_id",), day="service_date"),
    },
    whole_above=0.5,
)
def stop_event(
    trip: DataFrame = table("themes/traffic/bus_trip"),
    arrival: DataFrame = cleansed("transport/bus_arrival"),
    stop: DataFrame = table("themes/traffic/bus_stop"),
) -> DataFrame:
    """One row per trip and stop where a bus was due or came, key (line_no, direction, service_date, trip_no, seq), columns STOP_EVENT.

    The trips are those that ran or were missed; a stop is due by its timetable, when it has one, after the planned departure.
    """
    known = trip.where(F.col("state") != PENDING).select(*TRIP, "trip_id", "plan_depart_s")
    due = in_force_on(known.drop("trip_id"), stop.select(*LINE, "valid_from", "valid_to", "seq", "stop_no", "county6", "run_s"))
    came = known.select(*TRIP, "trip_id").join(arrival.withColumnRenamed("stop_no", "_stop_no"), ["trip_id"])
    here = F.coalesce(F.col("_stop_no") == F.col("stop_no"), F.lit(True))
    timed = F.col("timetable_s").isNotNull()
    return (
        due.withColumn("timetable_s", F.col("plan_depart_s") + F.col("run_s"))
        .join(came, [*TRIP, "seq"], "full")
        .withColumn("timing_point", F.col("run_s").isNotNull())
        .withColumn("arrive_s", F.when(here, happened_at("arrive_time")))
        .withColumn("delay_s", F.col("arrive_s") - F.col("timetable_s"))
        .withColumn("on_time", F.when(timed, F.coalesce(F.abs("delay_s") <= STOP_WINDOW, F.lit(False))))
        .withColumn("timetable", moment("timetable_s"))
        .withColumn("flags", _event_flags(here))
        .withColumn("stop_no", F.coalesce("stop_no", "_stop_no"))
        .select(*STOP_EVENT)
    )


def _event_flags(here: Column) -> Column:
    """What is odd about an arrival."""
    return flags(
        {
            "NOT_ON_LINE": F.col("stop_no").isNull(),
            "OTHER_STOP": ~here,
            "OTHER_DAY": F.col("arrive_time").isNotNull() & happened_at("arrive_time").isNull(),
        }
    )
