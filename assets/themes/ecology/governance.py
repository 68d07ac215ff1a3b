"""Governance of waters: for each water body and month what all departments know of it, what is over its limit, and who answers for that.

Here: `water_governance`, the table that a river chief reads. Not here: what is summed up (`water`, `black_odorous`, `networks`).
"""

from __future__ import annotations

from decimal import Decimal
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import first_day, month_of
from assets.declare import cleansed, lake_asset, table
from assets.joins import left_join_lookup
from assets.themes.ecology.black_odorous import quarter
from standards.rounding import mean
from standards.tables import rows

SEWAGE = {row["item"]: Decimal(row["most"]) for row in rows("ecology/sewage_limit")}
KEY = ["water_body", "month"]
COUNTS = (
    "sections", "missed_sections", "outlets", "outlet_over_hours", "plants", "plant_over_days", "pump_hours", "over_warning_hours",
    "black_odorous_points", "scenes", "petitions", "open_petitions",
)  # fmt: skip
OVER = {
    "SECTIONS": ("environment", lambda: F.col("missed_sections") > 0),
    "OUTLETS": ("environment", lambda: F.col("outlet_over_hours") > 0),
    "PLANTS": ("housing", lambda: F.col("plant_over_days") > 0),
    "BLACK_ODOROUS": ("housing", lambda: F.col("black_odorous_grade").isin("LIGHT", "HEAVY")),
    "LEVELS": ("water_resources", lambda: F.col("over_warning_hours") > 0),
}
"""What can be over its limit -> the department that answers for it, and when it is."""
WATER_GOVERNANCE = (
    *KEY, "name", "kind", "county6", "river_chief", "worst_class", "pollutants", "rain_mm", "plant_outflow", "black_odorous_grade",
    *COUNTS, "over_limit", "responsible",
)  # fmt: skip


def _month(day: str) -> Column:
    return month_of(day).alias("month")


def of_sections(section: DataFrame) -> DataFrame:
    """Sections with a class, those that miss their target, the worst class, and all main pollutants."""
    return section.groupBy(*KEY).agg(
        F.count("water_class").alias("sections"), F.count_if(~F.col("target_met")).alias("missed_sections"),
        F.max("water_class").alias("worst_class"),
        F.sort_array(F.array_distinct(F.flatten(F.collect_list("main_pollutants")))).alias("pollutants"),
    )  # fmt: skip


def of_outlets(outlet: DataFrame, emission: DataFrame) -> DataFrame:
    """Outlets that discharged, and hours in which a factor was over its limit."""
    water = emission.where(F.col("medium") == "WATER").select("outlet_code", _month("day"), "over_hours")
    joined = water.transform(left_join_lookup, outlet.select("outlet_code", "water_body"), "outlet_code")
    return joined.groupBy(*KEY).agg(F.count_distinct("outlet_code").alias("outlets"), F.sum("over_hours").alias("outlet_over_hours"))


def of_plants(plant: DataFrame, day: DataFrame) -> DataFrame:
    """Sewage plants that reported, their outflow, and days on which the outflow was over the limit of an item."""
    over = reduce(Column.__or__, [F.coalesce(F.col(i) > F.lit(most), F.lit(False)) for i, most in SEWAGE.items()])
    reported = day.select("plant_code", _month("day"), "outflow", over.alias("over"))
    joined = reported.transform(left_join_lookup, plant.select("plant_code", "water_body"), "plant_code")
    return joined.groupBy(*KEY).agg(
        F.count_distinct("plant_code").alias("plants"), F.sum("outflow").alias("plant_outflow"), F.count_if("over").alias("plant_over_days")
    )


def of_stations(hydrology: DataFrame) -> DataFrame:
    """Hours over the warning level, and rain: the mean of what the stations of the water body measured in the month."""
    sums = hydrology.groupBy("water_body", _month("measured_at"), "station_code").agg(
        F.sum("rain_mm").alias("rain"), F.count_if("over_warning").alias("over")
    )
    return sums.groupBy(*KEY).agg(mean(F.sum("rain"), F.count("rain"), 1).alias("rain_mm"), F.sum("over").alias("over_warning_hours"))


def of_black_odorous(grade: DataFrame, months: DataFrame) -> DataFrame:
    """Of the months that are there: the grade of the body in their quarter, and how many of its points are black and odorous."""
    bodies = grade.where(F.col("place_level") == "BODY").select(
        "water_body", "quarter", F.col("grade").alias("black_odorous_grade"), F.col("light_points").alias("black_odorous_points")
    )
    first = first_day()
    return months.withColumn("quarter", quarter(first)).join(bodies, ["water_body", "quarter"]).drop("quarter")


def of_petitions(petition: DataFrame) -> DataFrame:
    """Petitions about the water body, and those without a reply."""
    return petition.groupBy("water_body", _month("received_at")).agg(
        F.count(F.lit(1)).alias("petitions"), F.count_if(F.col("replied_at").isNull()).alias("open_petitions")
    )


@lake_asset("themes/ecology/water_governance")
def water_governance(
    body: DataFrame = cleansed("water_resources/water_body"),
    section: DataFrame = table("themes/ecology/section_month", optional=True),
    outlet: DataFrame = cleansed("environment/outlet", optional=True),
    emission: DataFrame = table("themes/ecology/emission_day", optional=True),
    plant: DataFrame = cleansed("housing/sewage_plant", optional=True),
    plant_day: DataFrame = cleansed("housing/sewage_plant_day", optional=True),
    pump: DataFrame = cleansed("housing/drain_pump_hour", optional=True),
    hydrology: DataFrame = table("themes/ecology/hydrology_hour", optional=True),
    black: DataFrame = table("themes/ecology/black_odorous_grade", optional=True),
    remote: DataFrame = table("themes/ecology/remote_water", optional=True),
    petition: DataFrame = cleansed("environment/petition", optional=True),
) -> DataFrame:
    """One row per water body and month of which anything is known, key (water_body, month), columns WATER_GOVERNANCE.

    A count of nothing is 0. It has a row for each body and month only, so it declares no touched units and is made whole.
    """
    pumped = pump.where(F.col("running") > 0).groupBy("water_body", _month("measured_at")).agg(F.count(F.lit(1)).alias("pump_hours"))
    seen = remote.groupBy(*KEY).agg(F.sum("scenes").alias("scenes"))
    parts = [
        of_sections(section), of_outlets(outlet, emission), of_plants(plant, plant_day), pumped, of_stations(hydrology), seen,
        of_petitions(petition),
    ]  # fmt: skip
    months = reduce(DataFrame.unionByName, [p.select(*KEY) for p in parts]).dropna().distinct()
    known = body.select("water_body", "name", "kind", "county6", "river_chief")
    joined = months.transform(left_join_lookup, known, "water_body")
    for part in (*parts, of_black_odorous(black, months)):
        joined = joined.transform(left_join_lookup, part, KEY)
    over = [F.when(F.coalesce(condition(), F.lit(False)), cause) for cause, (_, condition) in OVER.items()]
    answering = [F.when(F.coalesce(condition(), F.lit(False)), department) for department, condition in OVER.values()]
    return (
        joined.withColumns({c: F.coalesce(F.col(c), F.lit(0)).cast("int") for c in COUNTS})
        .withColumn("pollutants", F.coalesce("pollutants", F.array().cast("array<string>")))
        .withColumn("over_limit", F.array_compact(F.array(*over)))
        .withColumn("responsible", F.array_distinct(F.array_compact(F.array(*answering))))
        .select(*WATER_GOVERNANCE)
    )
