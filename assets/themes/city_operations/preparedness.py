"""What is there for a disaster: shelters, stocks of the warehouses, desks on duty (domain rules B12).

Here: `shelter`, `stock`, `duty_month`. Not here: rates (`indicator`).
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.base.geography.points import towns
from assets.dates import happened, month_of
from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.flags import flags
from assets.indicators import known_county
from assets.places import within
from assets.touch import Turn, own, units
from standards.rounding import mean

LINEAGE = ("_source_file", "_row_no", "_batch_id")
SHELTER = (
    "shelter_no", "name", "kind", "state", "capacity", "area_m2", "m2_per_person", "county6", "town", "lon", "lat", "opened_on",
    "closed_on", "flags", *LINEAGE,
)  # fmt: skip
STOCK = (
    "warehouse_no", "kind", "warehouse", "quantity", "quota", "state", "expired", "usable_to", "county6", *LINEAGE,
)  # fmt: skip


@lake_asset(
    "themes/city_operations/shelter",
    unit=units(shelter="shelter_no"),
    touch={"shelter": own(shelter="shelter_no", turns=(Turn("opened_on"), Turn("closed_on")))},
)
def shelter(
    shelter: DataFrame = cleansed("emergency/shelter"),
    division: DataFrame = table("base/geography/division", optional=True),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per shelter, key shelter_no, columns SHELTER; a shelter whose day of opening is not known is in use."""
    still_to_open = F.coalesce(F.col("opened_on") > F.lit(as_of), F.lit(False))
    state = F.when(happened("closed_on", as_of), "CLOSED").when(still_to_open, "PLANNED").otherwise("IN_USE")
    conditions = {
        "NO_POSITION": F.col("lon").isNull(),
        "OUTSIDE_CITY": F.col("lon").isNotNull() & F.col("town").isNull(),
        "OTHER_COUNTY": F.substring("town", 1, 6) != F.col("_stated"),
    }
    return (
        within(shelter.withColumnRenamed("county6", "_stated"), towns(division), "town")
        .withColumn("state", state)
        .withColumn("county6", F.coalesce(F.substring("town", 1, 6), "_stated"))
        .withColumn("m2_per_person", mean(F.col("area_m2"), F.col("capacity"), 2))
        .withColumn("flags", flags(conditions))
        .select(*SHELTER)
    )


@lake_asset(
    "themes/city_operations/stock",
    unit=units(stock=("warehouse_no", "kind")),
    touch={"material": own(stock=("warehouse_no", "kind"), turns=(Turn("usable_to", days=1),))},
)
def stock(material: DataFrame = cleansed("emergency/material"), as_of: date = AS_OF) -> DataFrame:
    """One row per warehouse and kind, key (warehouse_no, kind), columns STOCK; what has expired does not count towards the quota."""
    expired = F.coalesce(F.col("usable_to") < F.lit(as_of), F.lit(False))
    short = (F.col("quantity") < F.col("quota")) | expired
    return (
        material.withColumn("expired", expired)
        .withColumn("state", F.when(short, "SHORT").when(~short, "SUFFICIENT").otherwise("UNKNOWN"))
        .select(*STOCK)
    )


@lake_asset(
    "themes/city_operations/duty_month",
    unit=units(month="month"),
    touch={"duty": own(month=lambda: month_of("day"), turns=(Turn("day"), Turn("came_at")))},
)
def duty_month(duty: DataFrame = cleansed("emergency/duty"), as_of: date = AS_OF) -> DataFrame:
    """One row per month and county, key (month, county6): shifts up to the night, those to which somebody came, and came in time."""
    came = happened("came_at", as_of)
    return (
        duty.where(happened("day", as_of))
        .groupBy(month_of("day").alias("month"), known_county())
        .agg(
            F.count(F.lit(1)).cast("int").alias("shifts"),
            F.count_if(came).cast("int").alias("attended"),
            F.count_if(came & (F.col("came_at") <= F.col("planned_from"))).cast("int").alias("in_time"),
        )
    )
