"""What other networks of the theme measure: water levels and rain, discharges, the eastern route, scenes from above.

Here: `hydrology_hour`, `emission_day`, `eastern_route_day`, `remote_water`. Not here: what they mean for a water body (`governance`).
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import month_of
from assets.declare import cleansed, lake_asset, table
from assets.flags import flags
from assets.joins import left_join_lookup
from assets.themes.ecology.water import BELOW, VALUE, counted, judged, with_class
from assets.touch import Path, own, units, via
from standards.rounding import mean, rounded

CITY_DATUM = "CNHD85"
NO_STATION, NO_DATUM, OTHER_DATUM = "NO_STATION", "NO_DATUM", "OTHER_DATUM"
HYDROLOGY_HOUR = (
    "station_code", "measured_at", "water_body", "level", "datum", "level_85", "over_warning", "over_guarantee", "flow", "rain_mm", "flags",
)  # fmt: skip


def _day() -> Column:
    return F.col("measured_at").cast("date")


def _of_station(argument: str) -> Path:
    """The path from a station to the days of its measurements."""
    return via(argument, on=("station_code",), to=("station_code",), station=("station_code", _day), narrows=False)


@lake_asset(
    "themes/ecology/hydrology_hour",
    unit=units(station=("station_code", _day)),
    touch={
        "level": own(station=("station_code", _day)),
        "rain": own(station=("station_code", _day)),
        "station": (_of_station("level"), _of_station("rain")),
    },
)
def hydrology_hour(
    level: DataFrame = cleansed("water_resources/water_level"),
    rain: DataFrame = cleansed("water_resources/rain_hour", optional=True),
    station: DataFrame = cleansed("water_resources/hydro_station"),
) -> DataFrame:
    """One row per station and moment, key (station_code, measured_at), columns HYDROLOGY_HOUR; metres, m³/s, mm.

    A level is compared with others only in the height datum of the city (CNHD85), to which the offset of its station leads. Without a
    datum, or in another than its station's, it cannot be compared: level_85 and over_… are NULL.
    """
    known = station.select(
        "station_code", "water_body", F.col("datum").alias("_datum"), F.coalesce("datum_offset", F.lit(0)).alias("_offset"),
        "warn_level", "guarantee_level", F.lit(True).alias("_known"),
    )  # fmt: skip
    rows = level.select("station_code", "measured_at", "level", "datum", "flow").join(
        rain.select("station_code", "measured_at", "rain_mm"), ["station_code", "measured_at"], "full"
    )
    measured, same = F.col("level").isNotNull(), F.col("datum") == F.col("_datum")
    conditions = {
        NO_STATION: F.col("_known").isNull(),
        NO_DATUM: measured & F.col("datum").isNull(),
        OTHER_DATUM: measured & ~F.coalesce(same, F.col("datum").isNull()),
    }
    usable = measured & F.coalesce(same, F.lit(False))
    in_city = F.when(F.col("datum") == CITY_DATUM, F.col("level")).otherwise(F.col("level") + F.col("_offset"))
    return (
        rows.transform(left_join_lookup, known, "station_code")
        .withColumn("flags", flags(conditions))
        .withColumn("level_85", F.when(usable, in_city))
        .withColumn("over_warning", F.when(usable, F.col("level") > F.col("warn_level")))
        .withColumn("over_guarantee", F.when(usable, F.col("level") > F.col("guarantee_level")))
        .select(*HYDROLOGY_HOUR)
    )


VALID = "N"
"""The flag of a valid hour of a discharge; an empty one is valid, too."""
PER_KILOGRAM: Mapping[str, int] = {"AIR": 1_000_000, "WATER": 1_000}
"""Medium -> what a concentration times a volume is divided by for kilograms: mg/m³ and mg/L, both with m³."""
EMISSION_DAY = ("medium", "mn", "outlet_code", "factor", "day", "hours", "mean_value", "discharged_kg", "volume_m3", "over_hours")


@lake_asset(
    "themes/ecology/emission_day",
    unit=units(outlet=("mn", "day")),
    touch={"gas": own(outlet=("mn", _day)), "water": own(outlet=("mn", _day))},
)
def emission_day(
    gas: DataFrame = cleansed("environment/emission_hour", optional=True),
    water: DataFrame = cleansed("environment/wastewater_hour", optional=True),
) -> DataFrame:
    """One row per outlet, factor and day, key (medium, mn, outlet_code, factor, day), columns EMISSION_DAY.

    Means and hours over the limit of valid hours; kilograms are the sum of concentration times volume.
    """
    hours = gas.withColumn("medium", F.lit("AIR")).unionByName(water.withColumn("medium", F.lit("WATER")))
    counts = (F.coalesce("flag", F.lit(VALID)) == VALID) & F.col("value").isNotNull()
    load = F.sum(F.when(counts, (F.col("value") * F.col("flow")).cast("decimal(28,6)")))
    divided = F.when(F.col("medium") == "AIR", F.lit(PER_KILOGRAM["AIR"])).otherwise(F.lit(PER_KILOGRAM["WATER"]))
    return (
        hours.withColumn("day", _day())
        .groupBy("medium", "mn", "outlet_code", "factor", "day")
        .agg(
            F.count_if(counts).alias("hours"), F.sum(F.when(counts, F.col("value"))).alias("_sum"), load.alias("_load"),
            F.sum(F.when(counts, F.col("flow"))).alias("volume_m3"),
            F.count_if(counts & (F.col("value") > F.col("limit_value"))).alias("over_hours"),
        )
        .withColumn("mean_value", mean(F.col("_sum"), F.col("hours"), 3))
        .withColumn("discharged_kg", (F.col("_load") / divided).cast("decimal(18,3)"))
        .select(*EMISSION_DAY)
    )  # fmt: skip


EASTERN_ROUTE_DAY = (
    "kind", "code", "day", "hours", "running_hours", "mean_flow", "volume_m3", "water_class", "main_pollutants", "target_met",
)  # fmt: skip
ROUTE_CLASS = 3
"""The class that the water of the eastern route must have."""
ROUTE_ITEMS = ("ph", "do", "codmn", "nh3n", "tp")
_PLACE_DAY = units(place=("code", "day"))


@lake_asset(
    "themes/ecology/eastern_route_day",
    unit=_PLACE_DAY,
    touch={"pump": own(place=("station_code", _day)), "quality": own(place=("section_code", "day"))},
)
def eastern_route_day(
    pump: DataFrame = cleansed("water_resources/eastern_route_pump", optional=True),
    quality: DataFrame = cleansed("water_resources/eastern_route_quality", optional=True),
    limit: DataFrame = table("reference/ecology/surface_water_limit"),
) -> DataFrame:
    """One row per pumping station or section of the eastern route and day, key (kind, code, day), columns EASTERN_ROUTE_DAY.

    Flow m³/s over the hours delivered; volume m³ of these hours; class by the five items that are measured daily.
    """
    flows = pump.groupBy(F.col("station_code").alias("code"), _day().alias("day")).agg(
        F.count("flow").alias("hours"), F.count_if(F.col("units_running") > 0).alias("running_hours"), F.sum("flow").alias("_flow")
    )
    pumped = flows.select(
        F.lit("PUMP").alias("kind"), "code", "day", "hours", "running_hours", mean(F.col("_flow"), F.col("hours"), 3).alias("mean_flow"),
        rounded(F.col("_flow") * 3600, 0).alias("volume_m3"), F.lit(None).cast("int").alias("water_class"),
        F.array().cast("array<string>").alias("main_pollutants"), F.lit(None).cast("boolean").alias("target_met"),
    )  # fmt: skip
    qualified = {i: F.col(f"{i}_qualifier") if f"{i}_qualifier" in quality.columns else F.lit(None).cast("string") for i in ROUTE_ITEMS}
    parts = [F.struct(F.lit(i).alias("item"), F.col(i).cast(VALUE).alias("delivered"), q.alias("qualifier")) for i, q in qualified.items()]
    long = (
        quality.select(F.col("section_code").alias("code"), "day", F.explode(F.array(*parts)).alias("of"))
        .select("code", "day", "of.*", month_of("day").alias("month"), F.lit("RIVER").alias("kind"))
        .withColumn("value", counted(F.col("delivered"), F.col("qualifier")))
        .withColumn("below", F.coalesce(F.col("qualifier").isin(*BELOW), F.lit(False)))
        .where(F.col("value").isNotNull())
        .drop("delivered", "qualifier")
    )
    measured = judged(with_class(long, limit), ("code", "day")).select(
        F.lit("SECTION").alias("kind"), "code", "day", F.lit(None).cast("bigint").alias("hours"),
        F.lit(None).cast("bigint").alias("running_hours"), F.lit(None).cast("decimal(18,3)").alias("mean_flow"),
        F.lit(None).cast("decimal(18,0)").alias("volume_m3"), "water_class", "main_pollutants",
        (F.col("water_class") <= ROUTE_CLASS).alias("target_met"),
    )  # fmt: skip
    return pumped.unionByName(measured).select(*EASTERN_ROUTE_DAY)


REMOTE_WATER = ("water_body", "month", "platform", "product", "unit", "scenes", "value_min", "value_mean", "value_max", "last_scene")
_REMOTE = ("water_body", lambda: month_of("captured_at"))


@lake_asset(
    "themes/ecology/remote_water",
    unit=units(body=("water_body", "month")),
    touch={"scene": own(body=_REMOTE)},
)
def remote_water(scene: DataFrame = cleansed("environment/remote_sensing_scene")) -> DataFrame:
    """One row per water body, month, platform, product and unit, columns REMOTE_WATER: mean of the scenes' means, and their extremes."""
    known = scene.where(F.col("water_body").isNotNull() & F.col("unit").isNotNull())
    month = month_of("captured_at").alias("month")
    platform, product = (F.coalesce(c, F.lit("UNKNOWN")).alias(c) for c in ("platform", "product"))
    return (
        known.groupBy("water_body", month, platform, product, "unit")
        .agg(
            F.count(F.lit(1)).alias("scenes"), F.min("value_min").alias("value_min"), F.max("value_max").alias("value_max"),
            mean(F.sum("value_mean"), F.count("value_mean"), 4).alias("value_mean"), F.max("captured_at").alias("last_scene"),
        )
        .select(*REMOTE_WATER)
    )  # fmt: skip
