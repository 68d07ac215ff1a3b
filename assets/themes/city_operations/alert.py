"""Alerts: from when until when something was at or beyond its threshold, by rules that are data.

Here: `alert`. Not here: the rules (`standards/city_operations/alert_rule.csv`), what is made of answers (`acknowledgement`). Readings that
follow each other without a pause are one alert, when they last as long as the rule wants. Source: domain rules E9.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from assets.dates import EXTRACT, happened
from assets.declare import CHECKPOINT, cleansed, lake_asset, table
from assets.joins import left_join_lookup
from assets.themes.city_operations.acknowledgement import ALERT_KEY, first_answers
from assets.themes.city_operations.report import LEVEL_OF
from assets.themes.city_operations.vital_sign import with_thresholds
from assets.touch import own, units, via
from standards.moments import seconds, whole_minutes
from standards.public_safety import accident_level, accident_measure
from standards.tables import looked_up
from standards.vital_signs import AlertRule, alert_rules

ALERT = (
    "rule", "place", "began_at", "ended_at", "raised_at", "readings", "level", "value", "threshold", "unit", "county6", "lon", "lat",
    "answer", "acknowledgement_no", "acknowledged_at", "minutes_to_acknowledge",
)  # fmt: skip
MEASURED = "decimal(12,3)"
IN_TIME, LATE, NONE = "IN_TIME", "LATE", "NONE"
ANSWER_SECONDS = 15 * 60
"""An alert is acknowledged in time within so many seconds (a figure of the city's own)."""


def _readings(rule: AlertRule, rows: DataFrame) -> DataFrame:
    """The rows for which the condition of a rule holds; _enough: an alert that has begun then lasts long enough."""
    named = {
        "place": rule.place, "moment": rule.moment, "until": rule.until, "known": rule.known, "value": rule.value,
        "threshold": rule.threshold, "unit": rule.unit, "_enough": f"({rule.until}) - INTERVAL {rule.minutes} MINUTES",
    }  # fmt: skip
    types = {"value": MEASURED, "threshold": MEASURED, "place": "string", "unit": "string"}
    said = [F.expr(text).cast(types.get(name, "timestamp_ntz")).alias(name) for name, text in named.items()]
    return rows.where(rule.condition).select(
        F.lit(rule.rule).alias("rule"), *said, F.lit(rule.level).alias("level"), "county6", "lon", "lat"
    )


def _runs(readings: DataFrame) -> DataFrame:
    """One row per run of readings without a pause that lasts as long as its rule wants; raised_at: when that was known."""
    line = Window.partitionBy("rule", "place").orderBy("moment")
    begins = F.coalesce(F.col("moment") > F.lag("until").over(line), F.lit(True))
    runs = readings.withColumn("_begins", begins.cast("int")).withColumn("_run", F.sum("_begins").over(line))
    run = ("rule", "place", "_run")
    since = runs.withColumn("_since", F.min("moment").over(Window.partitionBy(*run)))
    first = {c: F.max(c).alias(c) for c in ("level", "county6", "lon", "lat")}
    of_run = since.groupBy(*run).agg(
        F.min("moment").alias("began_at"),
        F.max("until").alias("ended_at"),
        F.min(F.when(F.col("_enough") >= F.col("_since"), F.col("known"))).alias("raised_at"),
        F.count(F.lit(1)).cast("int").alias("readings"),
        F.max(F.struct("value", "threshold", "unit")).alias("_worst"),
        *first.values(),
    )
    return of_run.where(F.col("raised_at").isNotNull()).withColumns({c: F.col("_worst")[c] for c in ("value", "threshold", "unit")})


@lake_asset(
    "themes/city_operations/alert",
    unit=units(place="place"),
    touch={
        "water": own(place="station_code"),
        "station": via("water", on=("station_code",), to=("station_code",), place="station_code"),
        "air": own(place="place_code"),
        "accident": own(place="accident_no"),
        "road": own(place="place_code"),
        "said": own(place="place"),
    },
)
def alert(
    water: DataFrame = table("themes/ecology/hydrology_hour", optional=True),
    station: DataFrame = cleansed("water_resources/hydro_station", optional=True),
    air: DataFrame = table("themes/ecology/air_index_hour", optional=True),
    accident: DataFrame = cleansed("emergency/accident", optional=True),
    road: DataFrame = table("themes/traffic/congestion_interval", optional=True),
    said: DataFrame = cleansed("emergency/alert_acknowledgement", optional=True),
    checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT,
) -> DataFrame:
    """One row per alert, key (rule, place, began_at), columns ALERT; value: the worst of its readings, with the threshold of that reading;
    of an accident what makes its level, the dead, the injured or the loss. An accident that lies after its own delivery is none.

    ended_at: the moment until which the last of them counts. answer: whether it is known that a desk has acknowledged it within 15
    minutes; what was acknowledged before it could be raised counts as 0 minutes.
    """
    county = F.when(F.col("place_level") == "COUNTY", F.col("place_code"))
    nowhere = {c: F.lit(None).cast("decimal(18,8)") for c in ("lon", "lat")}
    harm = [F.col(c) for c in ("dead", "injured", "loss")]
    level, measure = looked_up(LEVEL_OF, accident_level(*harm)), accident_measure(*harm)
    inputs = {
        "water": with_thresholds(water, station),
        "air": air.withColumns(nowhere | {"county6": county}),
        "accident": accident.where(happened("occurred_at", EXTRACT))
        .withColumn("level", level)
        .select("*", measure.alias("_of"))
        .select("*", "_of.*"),
        "road": road.withColumns(nowhere),
    }
    runs = checkpoint(_runs(reduce(DataFrame.unionByName, [_readings(rule, inputs[rule.argument]) for rule in alert_rules()])))
    waited = F.greatest(seconds(F.col("acknowledged_at")) - seconds(F.col("raised_at")), F.lit(0))
    answer = F.when(F.col("_waited") <= ANSWER_SECONDS, IN_TIME).when(F.col("_waited").isNotNull(), LATE).otherwise(NONE)
    return (
        runs.transform(left_join_lookup, first_answers(said, runs), ALERT_KEY)
        .withColumn("_waited", F.when(F.col("acknowledged_at").isNotNull(), waited))
        .withColumn("answer", answer)
        .withColumn("minutes_to_acknowledge", whole_minutes(F.col("_waited")))
        .select(*ALERT)
    )
