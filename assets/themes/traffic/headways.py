"""Headways: the time from one bus of a line and direction to the next at a stop, planned and real (domain rules E3).

They are counted at stops with a timetable, within a day of service, in the hour of the bus that ends them; sums of hours are those of a
day. Somebody who comes at any moment waits Σh² / 2Σh; what that is more than by the timetable is the excess waiting time.
Here: `bus_headway_hour`, and what follows from its sums. Not here: when buses came (`trips`).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import lake_asset, table
from assets.indicators import hundredths
from assets.themes.traffic.lines import LINE
from assets.themes.traffic.service_day import HOUR, MINUTE
from assets.touch import own, units
from standards.rounding import half_even

FINE = 1000
"""Parts of a second in which a deviation is rounded once, so that what follows is computed in whole numbers."""
CLOSE = 60
"""Seconds; a bus that follows closer than that, or than a quarter of the planned headway, is bunched."""
SUMS = (
    "headways", "headway_s", "headway_s2", "planned_headways", "planned_headway_s", "planned_headway_s2", "bunched", "gaps",
)  # fmt: skip
MEASURES = ("mean_min", "sd_min", "cv", "wait_min", "planned_wait_min", "excess_wait_min")
BUS_HEADWAY_HOUR = (*LINE, "service_date", "seq", "hour", "stop_no", "county6", *SUMS, *MEASURES)


def bunched() -> Column:
    """Whether a bus came too close behind the one before."""
    return F.coalesce((F.col("headway") < CLOSE) | (F.col("headway") * 4 < F.col("of_plan")), F.lit(False))


def gap() -> Column:
    """Whether a bus came after more than twice the planned headway; not where two trips are planned for one moment, which is no headway."""
    return F.coalesce((F.col("of_plan") > 0) & (F.col("headway") > F.col("of_plan") * 2), F.lit(False))


def with_measures(rows: DataFrame) -> DataFrame:
    """Rows with SUMS, and MEASURES: mean and standard deviation, their ratio, mean waiting times; minutes."""
    n, s, s2 = (F.col(c) for c in ("headways", "headway_s", "headway_s2"))
    p, p2 = F.col("planned_headway_s"), F.col("planned_headway_s2")
    spread = F.round(F.sqrt((n * s2 - s * s).cast("double")) * FINE).cast("bigint")  # whole: engines cast halves of doubles differently
    return rows.withColumns(
        {
            "mean_min": hundredths(s, n * MINUTE),
            "sd_min": hundredths(spread, n * MINUTE * FINE),
            "cv": hundredths(spread, s * FINE),
            "wait_min": hundredths(s2, s * 2 * MINUTE),
            "planned_wait_min": hundredths(p2, p * 2 * MINUTE),
            "excess_wait_min": hundredths(s2 * p - p2 * s, s * p * 2 * MINUTE),
        }
    )


def excess(headway: DataFrame) -> DataFrame:
    """What those who wait at each stop on each day wait in excess, as sums that add up over stops, lines and days.

    Somebody who comes at any moment waits Σh² / 2Σh, by the timetable ΣH² / 2ΣH. The mean of the difference over all who come, who are as
    many as the seconds of headways, is Σ(Σh² - Σh ΣH² / ΣH) / 2ΣΣh. Of longer lines than a stop and a day neither is a mean: lines that run
    seldom would count by their plan above and by their buses below.

    Args:
        headway: rows of bus_headway_hour.

    Returns:
        One row per line, direction, stop and day with real and planned headways: service_date, county6; excess_s2, square seconds,
        below 0 where buses came more evenly than planned; excess_headway_s.
    """
    stops = headway.groupBy(*LINE, "service_date", "seq", "county6").agg(*sums())
    s, p = F.col("headway_s"), F.col("planned_headway_s")
    by_plan = half_even(F.col("planned_headway_s2") * s, F.when(p > 0, p))
    known = stops.where((s > 0) & (p > 0))
    return known.select("service_date", "county6", (F.col("headway_s2") - by_plan).alias("excess_s2"), s.alias("excess_headway_s"))


def sums() -> list[Column]:
    """SUMS of rows that have them."""
    return [F.coalesce(F.sum(c), F.lit(0)).alias(c) for c in SUMS]


@lake_asset(
    "themes/traffic/bus_headway_hour",
    unit=units(day="service_date"),
    touch={"event": own(day="service_date")},
    whole_above=0.5,
)
def bus_headway_hour(event: DataFrame = table("themes/traffic/stop_event")) -> DataFrame:
    """One row per line, direction, day, stop and hour, key (line_no, direction, service_date, seq, hour), columns BUS_HEADWAY_HOUR.

    hour: of the day of service, 24 and more after midnight. sd_min: of all headways, divided by their number.
    """
    stop = (*LINE, "service_date", "seq")
    since = {of: F.col(of) - F.lag(of).over(Window.partitionBy(*stop).orderBy(of, "trip_no")) for of in ("timetable_s", "arrive_s")}
    timed = event.where("timing_point").withColumns({"planned": since["timetable_s"], "headway": since["arrive_s"]})
    none = F.lit(None).cast("bigint")
    ends = F.array(
        _ended("timetable_s", planned=F.col("planned"), headway=none, of_plan=none),
        _ended("arrive_s", planned=none, headway=F.col("headway"), of_plan=F.col("planned")),
    )
    each = timed.select(*stop, "stop_no", "county6", F.explode(ends).alias("of")).select("*", "of.*").drop("of")
    counts = {
        "headways": F.count("headway"), "headway_s": _sum("headway"), "headway_s2": _sum("headway", square=True),
        "planned_headways": F.count("planned"), "planned_headway_s": _sum("planned"), "planned_headway_s2": _sum("planned", square=True),
        "bunched": F.count_if(bunched()), "gaps": F.count_if(gap()), "stop_no": F.max("stop_no"), "county6": F.max("county6"),
    }  # fmt: skip
    hours = each.where(F.coalesce("headway", "planned").isNotNull()).groupBy(*stop, "hour")
    return hours.agg(*[made.alias(name) for name, made in counts.items()]).transform(with_measures).select(*BUS_HEADWAY_HOUR)


def _ended(at: str, **of: Column) -> Column:
    """A headway with the hour of its end."""
    return F.struct(F.floor(F.col(at) / HOUR).cast("int").alias("hour"), *[value.alias(name) for name, value in of.items()])


def _sum(of: str, square: bool = False) -> Column:
    return F.coalesce(F.sum(F.col(of) * F.col(of) if square else F.col(of)), F.lit(0))
