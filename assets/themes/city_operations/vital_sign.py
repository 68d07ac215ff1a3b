"""Vital signs of the city by hour and day, and the index that follows from them.

Here: `city_hour`, `sign_day`, `city_day`. Not here: which signs there are, what is good and what is bad
(`standards/city_operations/vital_sign.csv`, read by `standards.vital_signs`). A sign whose input is here needs one line there; another
input is one more argument of `city_hour`. A day is the sum of its hours, but of the air, whose day has an index of its own by HJ 633.
Source: domain rules E9.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset, table
from assets.joins import left_join_lookup
from assets.touch import own, units
from standards.moments import at, hour_begin
from standards.rounding import mean
from standards.tables import looked_up
from standards.vital_signs import DECIMALS, VitalSign, vital_signs

SUMMED = ("numerator", "denominator")
CITY_HOUR = ("hour", "day", "sign", *SUMMED)
SIGN_DAY = ("day", "sign", *SUMMED, "value", "unit", "score", "weight")
CITY_DAY = ("day", "city_index", "signs", "weight", "weakest_sign", "weakest_score")


def with_thresholds(water: DataFrame, station: DataFrame) -> DataFrame:
    """Readings of water levels with the warning and guarantee levels of their stations in the datum of the city: warn_85, guarantee_85."""
    offset = F.when(F.col("datum") == "CNHD85", F.lit(0)).otherwise(F.coalesce("datum_offset", F.lit(0)))
    known = station.select(
        "station_code", "lon", "lat", "county6",
        *[(F.col(f"{name}_level") + offset).cast("decimal(8,3)").alias(f"{name}_85") for name in ("warn", "guarantee")],
    )  # fmt: skip
    return water.transform(left_join_lookup, known, "station_code")


def with_begin(road: DataFrame) -> DataFrame:
    """Hours of roads with their begin, `begins_at`."""
    return road.withColumn("begins_at", at(F.col("day"), F.col("hour") * 3600))


def _summed(sign: VitalSign) -> list[Column]:
    return [F.expr(text).cast("bigint").alias(name) for name, text in zip(SUMMED, (sign.numerator, sign.denominator), strict=True)]


def _counted(sign: VitalSign, rows: DataFrame) -> DataFrame:
    """What is counted of a sign in every hour, columns CITY_HOUR."""
    return (
        rows.where(sign.counts)
        .groupBy(hour_begin(F.col(sign.moment)).alias("hour"))
        .agg(*_summed(sign))
        .select("hour", F.col("hour").cast("date").alias("day"), F.lit(sign.sign).alias("sign"), "numerator", "denominator")
    )


def _day(column: str) -> Column:
    return F.col(column).cast("date")


@lake_asset(
    "themes/city_operations/city_hour",
    unit=units(day="day"),
    touch={
        "event": own(day="day"),
        "order": own(day=lambda: _day("call_time")),
        "call": own(day="day"),
        "air": own(day="day"),
        "water": own(day=lambda: _day("measured_at")),
        "trip": own(day=lambda: _day("plan_depart")),
        "road": own(day="day"),
    },
)
def city_hour(
    event: DataFrame = table("themes/city_operations/city_event"),
    order: DataFrame = cleansed("government_services/hotline", optional=True),
    call: DataFrame = table("themes/public_safety/alarm", optional=True),
    air: DataFrame = table("themes/ecology/air_index_hour", optional=True),
    water: DataFrame = table("themes/ecology/hydrology_hour", optional=True),
    station: DataFrame = cleansed("water_resources/hydro_station", optional=True),
    trip: DataFrame = table("themes/traffic/bus_trip", optional=True),
    road: DataFrame = table("themes/traffic/congestion_hour", optional=True),
) -> DataFrame:
    """One row per hour and vital sign, key (hour, sign), columns CITY_HOUR."""
    inputs = {"event": event, "order": order, "call": call, "air": air, "water": with_thresholds(water, station)}
    inputs |= {"trip": trip, "road": with_begin(road)}
    return reduce(DataFrame.unionByName, [_counted(sign, inputs[sign.argument]) for sign in vital_signs()])


def with_value(rows: DataFrame) -> DataFrame:
    """value, unit, score and weight of rows with sign, numerator, denominator and residents."""
    value, score = F.lit(None), F.lit(None)
    for sign in vital_signs():
        below = F.col("residents") if sign.per_residents else F.col("denominator")
        is_it = F.col("sign") == sign.sign
        value = F.when(is_it, mean(F.col("numerator") * sign.scale, below, DECIMALS)).otherwise(value)
        score = F.when(is_it, sign.score(F.col("value"))).otherwise(score)
    said = {"unit": looked_up({s.sign: s.unit for s in vital_signs()}, F.col("sign")), "score": score}
    weight = looked_up({s.sign: s.weight for s in vital_signs()}, F.col("sign"))
    return rows.withColumn("value", value).withColumns(said | {"weight": weight.cast("int")})


@lake_asset("themes/city_operations/sign_day")
def sign_day(
    hour: DataFrame = table("themes/city_operations/city_hour"),
    air_day: DataFrame = table("themes/ecology/air_day", optional=True),
    person: DataFrame = table("base/population/person", optional=True),
) -> DataFrame:
    """One row per day and vital sign, key (day, sign), columns SIGN_DAY. Residents change every night, so it is made whole."""
    residents = person.where("resident_flag").agg(F.count(F.lit(1)).alias("residents"))
    inputs, of_days = {"air_day": air_day}, [s for s in vital_signs() if s.of_day]
    parts = [hour.where(~F.col("sign").isin(*[s.sign for s in of_days])).groupBy("day", "sign").agg(*[F.sum(c).alias(c) for c in SUMMED])]
    for sign in of_days:
        counted = inputs[sign.of_day].where(sign.counts).groupBy("day").agg(*_summed(sign))
        parts.append(counted.select("day", F.lit(sign.sign).alias("sign"), *SUMMED))
    days = reduce(DataFrame.unionByName, parts)
    return residents.crossJoin(days).transform(with_value).select(*SIGN_DAY)


@lake_asset("themes/city_operations/city_day", unit=units(day="day"), touch={"sign": own(day="day")})
def city_day(sign: DataFrame = table("themes/city_operations/sign_day")) -> DataFrame:
    """One row per day, key day, columns CITY_DAY; city_index: the mean of the scores by weight, of the signs that are known on the day."""
    known = sign.where(F.col("score").isNotNull())
    return (
        known.groupBy("day")
        .agg(
            F.sum(F.col("score") * F.col("weight")).alias("_sum"),
            F.sum("weight").cast("int").alias("weight"),
            F.count(F.lit(1)).cast("int").alias("signs"),
            F.min(F.struct("score", "sign")).alias("_weakest"),
        )
        .withColumn("city_index", mean(F.col("_sum"), F.col("weight"), DECIMALS))
        .withColumn("weakest_sign", F.col("_weakest")["sign"])
        .withColumn("weakest_score", F.col("_weakest")["score"])
        .select(*CITY_DAY)
    )
