"""What was known when: reports and events as their own night knew them, against what is known now.

Here: `hindsight`. A service that sends its rows once says by the date of the delivery when a report was known. A service that sends a row
again when it has changed says only when it was sent last: what was sent again after the night of its day may have been known to it or not,
so of these services the night knew at least `reports_then` and at most `reports_unclear` more.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.declare import lake_asset, table
from assets.touch import own, units

SENT_AGAIN = ("HOTLINE", "URBAN")
"""Services whose contracts deliver a row again when it has changed (mode inc); the others deliver each once (append)."""


@lake_asset("themes/city_operations/hindsight", unit=units(day="day"), touch={"report": own(day="day")})
def hindsight(report: DataFrame = table("themes/city_operations/city_report")) -> DataFrame:
    """One row per day and service, key (day, source): its reports of the day, those known in the night of the day, and when all were."""
    then, again = F.col("known_on") <= F.col("day"), F.col("source").isin(*SENT_AGAIN)
    return report.groupBy("day", "source").agg(
        F.count_if(then).cast("int").alias("reports_then"),
        F.count_if(again & ~then).cast("int").alias("reports_unclear"),
        F.count(F.lit(1)).cast("int").alias("reports_now"),
        F.count_distinct(F.when(then, F.col("event_uid"))).cast("int").alias("events_then"),
        F.count_distinct("event_uid").cast("int").alias("events_now"),
        F.max("known_on").alias("last_known_on"),
        F.max(F.when(~again, F.datediff("known_on", "day"))).alias("longest_days"),
    )
