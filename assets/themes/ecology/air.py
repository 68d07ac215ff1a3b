"""The air: hours that count, days of stations, counties and the city with their index, months and years (domain rules E4.1).

Here: `air_hour`, `air_day`, `air_month`. Not here: the index of an hour (`air_index_hour`), indices, limits and validity
(`standards.air_quality`), flags of readings (`quality_control`). A county or the city is the mean of its stations' rounded days, never a
mean of indices: the city of the national stations, a county of its national and provincial ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import CHECKPOINT, cleansed, lake_asset, table
from assets.flags import refused
from assets.joins import Checkpoint, left_join_lookup
from assets.themes.ecology import quality_control
from assets.touch import by_day, named, own, units, via
from standards import air_quality as air
from standards.divisions import CITY
from standards.rounding import half_even, mean, percentile, scaled, shifted

LINEAGE = ("_source_file", "_row_no", "_batch_id")
AIR_HOUR = (
    "station_code", "measured_at", "item", "day", "hour", "value", "device", "flags", "valid", "sent_time", *LINEAGE,
)  # fmt: skip
SERIES = ("so2", "no2", "pm10", "pm25", "co", "o3_1h", "o3_8h")
"""Concentrations of a day: means of 24 hours; of ozone the greatest hour and the greatest mean over eight hours."""
AVERAGED = {s: s for s in SERIES if not s.startswith("o3")}
INDEX_OF = {**{s: (s, "24H") for s in AVERAGED}, "o3_1h": ("o3", "1H"), "o3_8h": ("o3", "8H")}
KEPT = {s: air.DECIMALS[item] for s, (item, _) in INDEX_OF.items()}
PLACES = {"CITY": ("NATIONAL",), "COUNTY": ("NATIONAL", "PROVINCIAL")}
"""Level of a place -> the levels of the stations that it is the mean of."""
OF_STATION = ("station_code", "level", "county6", "start_date", "end_date")
PERIODS = {"month": "yyyy-MM", "year": "yyyy"}


@lake_asset(
    "themes/ecology/air_hour",
    unit=units(day="day"),
    touch={"hour": by_day("measured_at", around=1)},
    whole_above=0.5,
)
def air_hour(hour: DataFrame = cleansed("environment/air_hour")) -> DataFrame:
    """One row per station, moment and item, key (station_code, measured_at, item), columns AIR_HOUR: which values count."""
    return quality_control.checked(by_item(hour), "station_code", quality_control.HOUR).select(*AIR_HOUR)


def by_item(readings: DataFrame) -> DataFrame:
    """One row per reading and item, as `quality_control.checked` wants them, with the lineage of the reading."""
    parts = [
        F.struct(
            F.lit(i).alias("item"), F.col(i).cast("decimal(9,3)").alias("value"), F.col(f"{i}_flag").alias("device"),
            refused(i).alias("refused"),
        )
        for i in air.ITEMS
    ]  # fmt: skip
    kept = readings.select("station_code", "measured_at", "sent_time", *LINEAGE, F.explode(F.array(*parts)).alias("of"))
    return kept.select("*", "of.*").drop("of")


def counting(item: str) -> Column:
    """The value of an hour of an item where it counts."""
    return F.when(F.col("valid") & (F.col("item") == item), F.col("value"))


def station_days(hours: DataFrame) -> DataFrame:
    """Per station and day: SERIES, rounded, NULL where too few hours count; and the hours that count of each, `<series>_n`."""

    def of(item: str, also: Column | None = None) -> Column:
        return counting(item) if also is None else F.when(also, counting(item))

    windows = [F.col("hour").between(last - air.WINDOW + 1, last) for last in air.WINDOWS]
    sums = [F.sum(of(i)).alias(f"{i}_sum") for i in AVERAGED]
    numbers = [F.count(of(i)).alias(f"{i}_n") for i in (*AVERAGED, "o3")]
    ozone = [a(of("o3", w)).alias(f"o3_{name}_{n}") for n, w in enumerate(windows) for name, a in (("sum", F.sum), ("count", F.count))]
    grouped = hours.groupBy("station_code", "day").agg(*sums, *numbers, F.max(of("o3")).alias("o3_max"), *ozone)
    enough = air.VALIDITY["24H"]
    means = {i: F.when(F.col(f"{i}_n") >= enough, mean(F.col(f"{i}_sum"), F.col(f"{i}_n"), KEPT[i])) for i in AVERAGED}
    every = range(len(windows))
    greatest = air.daily_max_8h([F.col(f"o3_sum_{n}") for n in every], [F.col(f"o3_count_{n}") for n in every], F.col("day"))
    hourly = F.when(F.col("o3_n") >= enough, mean(F.col("o3_max"), F.lit(1), KEPT["o3_1h"]))
    return grouped.select(
        "station_code", "day", *[c.alias(i) for i, c in means.items()], hourly.alias("o3_1h"), greatest.alias("o3_8h"),
        *[F.col(f"{i}_n") for i in AVERAGED], F.col("o3_n").alias("o3_1h_n"), F.col("o3_n").alias("o3_8h_n"),
    )  # fmt: skip


def of_places(stations: DataFrame, of: Sequence[str], kept: Mapping[str, int]) -> DataFrame:
    """Per county, city and day, or hour: means of the rounded values of the stations in service that count there, and how many of each.

    Args:
        stations: columns level, county6, start_date, end_date, day, `of`, and the concentrations.
        of: columns that say when, the day among them.
        kept: concentration -> decimals of its mean.
    """
    serves = F.coalesce(F.col("start_date") <= F.col("day"), F.lit(True)) & F.coalesce(F.col("end_date") >= F.col("day"), F.lit(True))
    places = [
        F.when(serves & F.col("level").isin(*levels), F.struct(F.lit(name).alias("place_level"), code.alias("place_code")))
        for (name, levels), code in zip(PLACES.items(), (F.lit(CITY), F.col("county6")), strict=True)
    ]
    placed = (
        stations.withColumn("place", F.explode(F.array_compact(F.array(*places))))
        .select("*", "place.*")
        .where(F.col("place_code").isNotNull())
    )
    grouped = placed.groupBy("place_level", "place_code", *of).agg(
        *[a(s).alias(f"{s}_{name}") for s in kept for name, a in (("sum", F.sum), ("n", F.count))]
    )
    means = [mean(F.col(f"{s}_sum"), F.col(f"{s}_n"), decimals).alias(s) for s, decimals in kept.items()]
    return grouped.select("place_level", "place_code", *of, *means, *[f"{s}_n" for s in kept])


def with_index(rows: DataFrame, made: Mapping[str, Column], checkpoint: Checkpoint) -> DataFrame:
    """The individual indices `iaqi_<name>`, the index, its grade, its primary pollutants, and the edition of the column day.

    Each step names the columns of the one before many times, and Sail puts expressions in place of names: so they are written down.

    Args:
        rows: with the column day and what `made` reads.
        made: name, of an item or of one of its series -> its individual index.
        checkpoint: writes rows down and reads them back.
    """
    indices = {name: F.col(f"iaqi_{name}") for name in made}
    nothing = F.array().cast("array<string>")
    return (
        checkpoint(checkpoint(rows).withColumns({f"iaqi_{name}": index for name, index in made.items()}))
        .withColumn("aqi", air.aqi(indices))
        .withColumn("grade", air.grade(F.col("aqi")))
        .withColumn("primary_pollutants", F.when(F.col("aqi").isNotNull(), air.primary(indices)).otherwise(nothing))
        .withColumn("edition", air.edition(F.col("day")))
    )


AIR_DAY = (
    "place_level", "place_code", "day", *SERIES, *[f"iaqi_{s}" for s in SERIES], "aqi", "grade", "primary_pollutants",
    *[f"{s}_n" for s in SERIES], "edition",
)  # fmt: skip


@lake_asset(
    "themes/ecology/air_day",
    unit=units(day="day"),
    touch={
        "hour": by_day("day"),
        "station": via("hour", on=("station_code",), to=("station_code",), day="day", narrows=False),
    },
    whole_above=0.5,
)
def air_day(
    hour: DataFrame = table("themes/ecology/air_hour"),
    station: DataFrame = cleansed("environment/air_station"),
    checkpoint: Checkpoint = CHECKPOINT,
) -> DataFrame:
    """One row per place and day, key (place_level, place_code, day), columns AIR_DAY; µg/m³, CO mg/m³.

    aqi is NULL when an item is missing, unless it is above 100 all the same. `<series>_n`: valid hours of a station, stations of a place.
    """
    days = checkpoint(station_days(hour))
    known = station.select(*OF_STATION)
    stations = days.withColumn("place_level", F.lit("STATION")).withColumnRenamed("station_code", "place_code")
    places = of_places(left_join_lookup(days, known, "station_code"), ("day",), KEPT)
    indices = {s: air.iaqi(*INDEX_OF[s], F.col(s), F.col("day"), daily=True) for s in SERIES}
    return stations.unionByName(places).transform(with_index, indices, checkpoint).select(*AIR_DAY)


AIR_MONTH = (
    "period_kind", "period", "place_level", "place_code", "days", "good_days", "good_rate", *air.ITEMS, *[f"{i}_days" for i in air.ITEMS],
    "composite_index",
)  # fmt: skip


def _periods() -> Column:
    """The units of a day: its month and its year."""
    return named(*[F.concat(F.lit("period:"), F.date_format("day", form)) for form in PERIODS.values()])


@lake_asset("themes/ecology/air_month", unit=units(period="period"), touch={"day": own(_periods, connects=False)})
def air_month(day: DataFrame = table("themes/ecology/air_day"), checkpoint: Checkpoint = CHECKPOINT) -> DataFrame:
    """One row per place and month or year, key (period_kind, period, place_level, place_code), columns AIR_MONTH.

    Means of the days; of CO the 95th, of ozone (8 hours) the 90th percentile; NULL where too few days are valid.
    """
    kinds = [
        F.struct(F.lit(kind).alias("period_kind"), F.date_format("day", form).alias("period"), _first(form).alias("first"))
        for kind, form in PERIODS.items()
    ]
    value = {i: F.col(f"{i}_8h" if i == "o3" else i) for i in air.ITEMS}
    long = day.withColumn("of", F.explode(F.array(*kinds))).select("*", "of.*")
    grouped = long.groupBy("period_kind", "period", "first", "place_level", "place_code").agg(
        F.count("aqi").alias("days"), F.count_if(F.col("aqi") <= air.GOOD_AQI).alias("good_days"),
        *[F.count(value[i]).alias(f"{i}_days") for i in air.ITEMS],
        *[F.sum(value[i]).alias(f"{i}_sum") for i in air.ITEMS if i not in air.PERCENTILES],
        *[F.sort_array(F.collect_list(scaled(value[i], air.DECIMALS[i]))).alias(f"{i}_sorted") for i in air.PERCENTILES],
    )  # fmt: skip
    needed = F.when(F.col("period_kind") == "month", air.days_needed("month", F.col("first"))).otherwise(
        air.days_needed("year", F.col("first"))
    )
    figures = {i: F.when(F.col(f"{i}_days") >= needed, _figure(i)).cast("decimal(9,1)") for i in air.ITEMS}
    last = F.date_sub(F.when(F.col("period_kind") == "month", F.add_months("first", 1)).otherwise(F.add_months("first", 12)), 1)
    rate = shifted(half_even(F.col("good_days") * 1000, F.when(F.col("days") > 0, F.col("days"))), 1)
    return (
        checkpoint(checkpoint(grouped).withColumns(figures))
        .withColumn("composite_index", air.composite_index({i: F.col(i) for i in air.ITEMS}, last))
        .withColumn("good_rate", rate)
        .select(*AIR_MONTH)
    )


def _first(form: str) -> Column:
    """The first day of the period of a day."""
    parts = {"yyyy-MM": "-01", "yyyy": "-01-01"}
    return F.concat(F.date_format("day", form), F.lit(parts[form])).cast("date")


def _figure(item: str) -> Column:
    if item in air.PERCENTILES:
        return shifted(percentile(F.col(f"{item}_sorted"), air.PERCENTILES[item]), air.DECIMALS[item])
    return mean(F.col(f"{item}_sum"), F.col(f"{item}_days"), air.DECIMALS[item])
