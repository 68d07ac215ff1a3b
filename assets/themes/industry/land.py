"""What enterprises make of their land: taxes and revenue per mu, three further metrics, their weighted rank and class A to D by year.

Here: `land_efficiency_year`. Not here: weights and classes (`standards.land_efficiency`), areas (`measured`). Source: domain rules E6.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import lake_asset, table
from assets.indicators import half_up
from assets.joins import left_join_lookup
from assets.themes.industry.lives import with_place
from standards.land_efficiency import WEIGHTS, land_class, score
from standards.rounding import shifted

HUNDREDTHS, MU_HUNDREDTHS = 100, 66_667
"""A mu is 666.67 m²."""
DECIMALS = 4
EMPLOYEE_MONTHS = 12
KEY = ("entity_uid", "year")
SUMS = ("tax_yuan", "kwh", "revenue_yuan", "value_added_yuan", "research_yuan", "energy_tce", "employee_months")
LAND_EFFICIENCY_YEAR = (
    *KEY, "county6", "section", "division", "parcels", "area_m2", "land_mu", "reports", *SUMS, *WEIGHTS, *(f"{m}_rank" for m in WEIGHTS),
    "score", "place", "evaluated", "land_class",
)  # fmt: skip


def ratio(above: Column, below: Column) -> Column:
    """One whole number over another in ten-thousandths, decimal(18,4); NULL without one above 0 below."""
    return shifted(half_up(above, F.when(below > 0, below)), DECIMALS)


def in_mu(area_m2: Column) -> Column:
    """An area, decimal with two decimals, in mu, decimal(18,4)."""
    return ratio((area_m2 * HUNDREDTHS).cast("bigint") * 10_000, F.lit(MU_HUNDREDTHS).cast("bigint"))


def tax_per_mu(tax_yuan: Column, area_m2: Column) -> Column:
    """10,000 yuan per mu, decimal(18,4), of decimals with two decimals; NULL without land."""
    return ratio((tax_yuan * HUNDREDTHS).cast("bigint") * MU_HUNDREDTHS, (area_m2 * HUNDREDTHS).cast("bigint") * HUNDREDTHS)


def revenue_per_mu(revenue_yuan: Column, area_m2: Column) -> Column:
    """10,000 yuan per mu, decimal(18,4), of whole yuan; NULL without land."""
    return ratio(revenue_yuan * MU_HUNDREDTHS, (area_m2 * HUNDREDTHS).cast("bigint"))


def metrics() -> dict[str, Column]:
    """The five metrics out of the sums of a year and the area, in whole numbers up to the last division.

    tax_per_mu and revenue_per_mu: 10,000 yuan per mu. tax_per_tce: 10,000 yuan per tonne of standard coal. productivity: value added,
    10,000 yuan per employee and year. research_intensity: percent of the revenue.
    """
    tax, tce = ((F.col(c) * HUNDREDTHS).cast("bigint") for c in ("tax_yuan", "energy_tce"))
    return {
        "tax_per_mu": tax_per_mu(F.col("tax_yuan"), F.col("area_m2")),
        "revenue_per_mu": revenue_per_mu(F.col("revenue_yuan"), F.col("area_m2")),
        "tax_per_tce": ratio(tax, tce),
        "productivity": ratio(F.col("value_added_yuan") * EMPLOYEE_MONTHS, F.col("employee_months")),
        "research_intensity": ratio(F.col("research_yuan") * 1_000_000, F.col("revenue_yuan")),
    }


@lake_asset("themes/industry/land_efficiency_year")
def land_efficiency_year(
    parcel: DataFrame = table("themes/industry/parcel"),
    report: DataFrame = table("themes/industry/report_month"),
    entities: DataFrame = table("themes/industry/entity_month"),
    entity: DataFrame = table("base/legal_entity/entity"),
) -> DataFrame:
    """One row per entity with industrial land and year in which it exists or of which there is a figure, columns LAND_EFFICIENCY_YEAR.

    Evaluated are those with an area and reports of the year: they are ranked by each metric, what is missing last; score is the weighted
    rank, place its order, land_class its class by domain rules E6. Every rank depends on all others, so the table is made whole.
    """
    year = F.substring("month", 1, 4).cast("int").alias("year")
    users = parcel.where(F.col("entity_uid").isNotNull() & F.col("area_m2").isNotNull())
    land = users.groupBy("entity_uid").agg(F.count(F.lit(1)).cast("int").alias("parcels"), F.sum("area_m2").alias("area_m2"))
    known = entities.groupBy("entity_uid", year).agg(F.sum("tax_yuan").alias("tax_yuan"), F.sum("kwh").alias("kwh"))
    reported = report.groupBy("entity_uid", year).agg(
        F.count(F.lit(1)).cast("int").alias("reports"), F.sum("employees").alias("employee_months"),
        *[F.sum(c).alias(c) for c in ("revenue_yuan", "value_added_yuan", "research_yuan", "energy_tce")],
    )  # fmt: skip
    rows = (
        land.join(known, "entity_uid")
        .transform(left_join_lookup, reported, KEY)
        .withColumn("reports", F.coalesce("reports", F.lit(0)))
        .withColumns(metrics())
        .withColumn("land_mu", in_mu(F.col("area_m2")))
    )
    evaluated = rows.where(F.col("reports") > 0).transform(_classed)
    return (
        rows.transform(left_join_lookup, evaluated.select(*KEY, *LAND_EFFICIENCY_YEAR[-(len(WEIGHTS) + 4) :]), KEY)
        .transform(with_place, entity)
        .select(*LAND_EFFICIENCY_YEAR)
    )


def _classed(rows: DataFrame) -> DataFrame:
    of_year = Window.partitionBy("year")
    ranks = {f"{m}_rank": F.rank().over(of_year.orderBy(F.col(m).desc_nulls_last())).cast("int") for m in WEIGHTS}
    order = of_year.orderBy("score", F.col("tax_per_mu").desc_nulls_last(), "entity_uid")
    return (
        rows.withColumns(ranks)
        .withColumn("score", score({m: F.col(f"{m}_rank") for m in WEIGHTS}))
        .withColumns({"place": F.row_number().over(order).cast("int"), "evaluated": F.count(F.lit(1)).over(of_year).cast("int")})
        .withColumn("land_class", land_class(F.col("place"), F.col("evaluated")))
    )
