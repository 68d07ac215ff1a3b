"""The air of counties and the city by hour, with the index of the hour (domain rules E4.1).

HJ 633-2012 reports every hour the means of the hour of SO2, NO2, CO and ozone, and of the particles, for which it has no limits of an hour,
the moving mean of the 24 hours that end with it. SO2 has the index of its 24 hours when the hour is above the last of its break points.
Here: `air_index_hour`. Not here: which hours count and what a county is the mean of (`air`), indices (`standards.air_quality`).
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import CHECKPOINT, cleansed, lake_asset, table
from assets.joins import Checkpoint, left_join_lookup
from assets.themes.ecology.air import OF_STATION, counting, of_places, with_index
from assets.touch import by_day, units, via
from standards import air_quality as air
from standards.moments import at, day_number
from standards.rounding import mean

OF_HOUR, MOVING, DAY = ("so2", "no2", "co", "o3"), ("so2", "pm10", "pm25"), 24
SERIES = {**{f"{i}_1h": i for i in OF_HOUR}, **{f"{i}_24h": i for i in MOVING}}
"""Concentration -> item: means of the hour, and moving means of 24 hours."""
KEPT = {s: air.DECIMALS[item] for s, item in SERIES.items()}
AIR_INDEX_HOUR = (
    "place_level", "place_code", "hour", "day", *SERIES, *[f"iaqi_{i}" for i in air.ITEMS], "aqi", "grade", "primary_pollutants",
    *[f"{s}_n" for s in SERIES], "edition",
)  # fmt: skip


def station_hours(hours: DataFrame) -> DataFrame:
    """Per station and hour in which it delivered: SERIES, rounded, NULL where the hour, or too few of its 24 hours, count."""
    items = [F.max(counting(i)).alias(i) for i in air.ITEMS]
    number = day_number(F.col("day")) * DAY + F.col("hour")
    grouped = hours.groupBy("station_code", "day", "hour").agg(*items).withColumn("n", number)
    moving = Window.partitionBy("station_code").orderBy("n").rangeBetween(1 - DAY, Window.currentRow)
    found = grouped.withColumns({f"{i}_{name}": a(i).over(moving) for i in MOVING for name, a in (("sum", F.sum), ("of", F.count))})
    enough = air.VALIDITY["24H"]
    means = {f"{i}_1h": mean(F.col(i), F.lit(1), KEPT[f"{i}_1h"]) for i in OF_HOUR} | {
        f"{i}_24h": F.when(F.col(f"{i}_of") >= enough, mean(F.col(f"{i}_sum"), F.col(f"{i}_of"), KEPT[f"{i}_24h"])) for i in MOVING
    }
    return found.select("station_code", "day", "hour", *[made.alias(name) for name, made in means.items()])


@lake_asset(
    "themes/ecology/air_index_hour",
    unit=units(day="day"),
    touch={
        "hour": by_day("day", around=1),
        "station": via("hour", on=("station_code",), to=("station_code",), day="day", narrows=False),
    },
    whole_above=0.5,
)
def air_index_hour(
    hour: DataFrame = table("themes/ecology/air_hour"),
    station: DataFrame = cleansed("environment/air_station"),
    checkpoint: Checkpoint = CHECKPOINT,
) -> DataFrame:
    """One row per county, city and hour, key (place_level, place_code, hour), columns AIR_INDEX_HOUR; µg/m³, CO mg/m³.

    aqi is NULL when an item is missing, unless it is above 100 all the same. `<series>_n`: stations of the place.
    """
    stations = left_join_lookup(station_hours(hour), station.select(*OF_STATION), "station_code")
    day = F.col("day")
    indices = {i: air.iaqi(i, "1H", F.col(f"{i}_1h"), day) for i in OF_HOUR} | {
        i: air.iaqi(i, "24H", F.col(f"{i}_24h"), day) for i in MOVING if i not in OF_HOUR
    }
    indices["so2"] = F.coalesce(indices["so2"], F.when(F.col("so2_1h").isNotNull(), air.iaqi("so2", "24H", F.col("so2_24h"), day)))
    return (
        of_places(stations, ("day", "hour"), KEPT)
        .transform(with_index, {i: indices[i] for i in air.ITEMS}, checkpoint)
        .withColumn("hour", at(day, F.col("hour") * 3600))
        .select(*AIR_INDEX_HOUR)
    )
