"""Events of the city: all reports of one event together, and how quickly somebody was sent, came, and was done.

Here: `city_event`. Not here: which reports are about one event (`report`). Source: domain rules E9.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import lake_asset, table
from assets.joins import left_join_lookup
from assets.touch import own, units
from standards.moments import seconds, whole_minutes

ORDINARY = 4
"""The level of an event of which no report says how bad it was."""
NEVER_CLOSED = "EMERGENCY"
"""The service whose reports do not say when it was over."""
CITY_EVENT = (
    "event_uid", "type_std", "first_source", "sources", "reports", "first_time", "last_time", "day", "level", "county6", "town", "grid_no",
    "address_no", "lon", "lat", "department", "state", "closed_at", "minutes_to_assign", "minutes_to_arrive", "minutes_to_close",
)  # fmt: skip


def _minutes(later: str) -> Column:
    """Whole minutes from the first report to a moment; NULL where there is none."""
    return whole_minutes(seconds(F.col(later)) - seconds(F.col("first_time")))


@lake_asset("themes/city_operations/city_event", unit=units(event="event_uid"), touch={"report": own(event="event_uid")})
def city_event(report: DataFrame = table("themes/city_operations/city_report")) -> DataFrame:
    """One row per event, key event_uid, its first report; columns CITY_EVENT.

    The place is that of the first report that has one, the department that of the first report that names one. An event is CLOSED when
    every service that says so is done with it, and UNKNOWN when none says so.
    """
    order = ("reported_at", "report_no")
    first = report.where("reported = 'FIRST'").select(
        "event_uid", "type_std", F.col("source").alias("first_source"), F.col("county6").alias("_county6")
    )
    place = F.when(F.col("lon").isNotNull(), F.struct(*order, "lon", "lat", "county6", "town", "grid_no", "address_no"))
    unit = F.when(F.col("unit").isNotNull(), F.struct(*order, "unit"))
    says = F.col("source") != NEVER_CLOSED
    closing, closed = F.count_if(says), F.count_if(says & F.col("closed_at").isNotNull())
    of_event = report.groupBy("event_uid").agg(
        F.sort_array(F.collect_set("source")).alias("sources"),
        F.count(F.lit(1)).cast("int").alias("reports"),
        F.min("reported_at").alias("first_time"),
        F.max("reported_at").alias("last_time"),
        F.coalesce(F.min("level"), F.lit(ORDINARY)).alias("level"),
        F.min(place).alias("_place"),
        F.min(unit).alias("_unit"),
        F.min("assigned_at").alias("assigned_at"),
        F.min("arrived_at").alias("arrived_at"),
        F.max("closed_at").alias("_closed"),
        F.when(closing == 0, "UNKNOWN").when(closed == closing, "CLOSED").otherwise("OPEN").alias("state"),
    )
    return (
        of_event.transform(left_join_lookup, first, "event_uid")
        .withColumn("closed_at", F.when(F.col("state") == "CLOSED", F.col("_closed")))
        .withColumns({c: F.col("_place")[c] for c in ("lon", "lat", "town", "grid_no", "address_no")})
        .withColumn("county6", F.coalesce(F.col("_place")["county6"], "_county6"))
        .withColumn("department", F.col("_unit")["unit"])
        .withColumn("day", F.col("first_time").cast("date"))
        .withColumns(
            {
                f"minutes_to_{name}": _minutes(at)
                for name, at in (("assign", "assigned_at"), ("arrive", "arrived_at"), ("close", "closed_at"))
            }
        )
        .select(*CITY_EVENT)
    )
