"""Alerts: from when until when something was at or beyond its threshold, by rules that are data.

Here: `alert`. Not here: the rules (`standards/city_operations/alert_rule.csv`). Readings that follow each other without a pause are one
alert. Source: domain rules E9.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset, table
from assets.themes.city_operations.report import LEVEL_OF
from assets.themes.city_operations.vital_sign import with_thresholds
from assets.touch import own, units, via
from standards.public_safety import accident_level
from standards.tables import looked_up
from standards.vital_signs import AlertRule, alert_rules

ALERT = ("rule", "place", "began_at", "ended_at", "readings", "level", "value", "threshold", "unit", "county6", "lon", "lat")
MEASURED = "decimal(12,3)"


def _readings(rule: AlertRule, rows: DataFrame) -> DataFrame:
    """The rows for which the condition of a rule holds."""
    named = {"place": rule.place, "moment": rule.moment, "until": rule.until, "value": rule.value, "threshold": rule.threshold}
    types = {"moment": "timestamp_ntz", "until": "timestamp_ntz", "value": MEASURED, "threshold": MEASURED, "place": "string"}
    said = [F.expr(text).cast(types[name]).alias(name) for name, text in named.items()]
    return rows.where(rule.condition).select(
        F.lit(rule.rule).alias("rule"), *said, F.lit(rule.level).alias("level"), F.lit(rule.unit).alias("unit"), "county6", "lon", "lat"
    )


@lake_asset(
    "themes/city_operations/alert",
    unit=units(place="place"),
    touch={
        "water": own(place="station_code"),
        "station": via("water", on=("station_code",), to=("station_code",), place="station_code"),
        "air": own(place="place_code"),
        "accident": own(place="accident_no"),
    },
)
def alert(
    water: DataFrame = table("themes/ecology/hydrology_hour", optional=True),
    station: DataFrame = cleansed("water_resources/hydro_station", optional=True),
    air: DataFrame = table("themes/ecology/air_day", optional=True),
    accident: DataFrame = cleansed("emergency/accident", optional=True),
) -> DataFrame:
    """One row per alert, key (rule, place, began_at), columns ALERT; value: the worst of its readings, with the threshold of that reading.

    ended_at: the moment until which the last of them counts.
    """
    midnight = {"day_begin": F.col("day").cast("timestamp_ntz"), "day_end": F.date_add("day", 1).cast("timestamp_ntz")}
    county = F.when(F.col("place_level") == "COUNTY", F.col("place_code"))
    nowhere = {c: F.lit(None).cast("decimal(18,8)") for c in ("lon", "lat")}
    level = looked_up(LEVEL_OF, accident_level(F.col("dead"), F.col("injured"), F.col("loss")))
    inputs = {
        "water": with_thresholds(water, station),
        "air": air.withColumns(midnight | nowhere | {"county6": county}),
        "accident": accident.withColumn("level", level),
    }
    readings = reduce(DataFrame.unionByName, [_readings(rule, inputs[rule.argument]) for rule in alert_rules()])
    line = Window.partitionBy("rule", "place").orderBy("moment")
    begins = F.coalesce(F.col("moment") > F.lag("until").over(line), F.lit(True))
    runs = readings.withColumn("_begins", begins.cast("int")).withColumn("_run", F.sum("_begins").over(line))
    first = {c: F.max(c).alias(c) for c in ("level", "unit", "county6", "lon", "lat")}
    worst = F.max(F.struct("value", "threshold")).alias("_worst")
    of_run = runs.groupBy("rule", "place", "_run").agg(
        F.min("moment").alias("began_at"),
        F.max("until").alias("ended_at"),
        F.count(F.lit(1)).cast("int").alias("readings"),
        worst,
        *first.values(),
    )
    return of_run.withColumns({c: F.col("_worst")[c] for c in ("value", "threshold")}).select(*ALERT)
