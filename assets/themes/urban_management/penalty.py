"""Penalties: how many were decided in a month and for how much, by city, county and the unit that answers for the case (domain rules B14).

Here: `penalty_month`. Not here: the penalties per closed case (`indicator`). A penalty follows from a case; one that names none, or a case
that is not known, is counted without a unit. An amount below 0 takes an earlier one back: it is no penalty, and the sum is less for it.
When an amount was paid is not delivered.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import EXTRACT, happened, month_of
from assets.declare import cleansed, lake_asset, table
from assets.indicators import known_county
from assets.joins import left_join_lookup
from assets.touch import own, units, via
from standards.divisions import CITY

PENALTY_MONTH = ("dimension", "code", "month", "penalties", "without_case", "fines", "reversals", "amount")
KINDS = {"CITY": lambda: F.lit(CITY), "COUNTY": known_county, "UNIT": lambda: F.col("unit")}


def decided(penalty: DataFrame) -> DataFrame:
    """The penalties and reversals that had been decided when they were delivered, with `reversal`."""
    return penalty.where(happened("decision_date", EXTRACT)).withColumn("reversal", F.coalesce(F.col("amount") < 0, F.lit(False)))


@lake_asset(
    "themes/urban_management/penalty_month",
    unit=units(month="month"),
    touch={
        "penalty": own(month=lambda: month_of("decision_date")),
        "case": via(
            "penalty", on=("case_no",), to=("case_no",), reads=("case_no", "unit", "county6"), month=lambda: month_of("decision_date")
        ),
    },
    whole_above=0.5,
)
def penalty_month(
    penalty: DataFrame = cleansed("urban_management/penalty"), case: DataFrame = table("themes/urban_management/case")
) -> DataFrame:
    """One row per city, county or unit, and month of the decision, key (dimension, code, month), columns PENALTY_MONTH.

    The county is that of the penalty, else that of the case. without_case: penalties whose case is not known. fines: penalties with an
    amount. reversals: amounts that take an earlier one back. amount: the sum of both, CNY.
    """
    of_case = case.select("case_no", "unit", F.col("county6").alias("_of_case"), F.lit(True).alias("_known"))
    seen = [F.struct(F.lit(name).alias("dimension"), code().alias("code")) for name, code in KINDS.items()]
    counts: dict[str, Column] = {
        "penalties": ~F.col("reversal"),
        "without_case": ~F.col("reversal") & F.col("_known").isNull(),
        "fines": ~F.col("reversal") & (F.col("amount") > 0),
        "reversals": F.col("reversal"),
    }
    return (
        decided(penalty)
        .transform(left_join_lookup, of_case, "case_no")
        .withColumn("county6", F.coalesce("county6", "_of_case"))
        .withColumn("month", month_of("decision_date"))
        .withColumn("_in", F.explode(F.array(*seen)))
        .select("*", "_in.*")
        .where(F.col("code").isNotNull())
        .groupBy("dimension", "code", "month")
        .agg(
            *[F.count_if(condition).alias(name) for name, condition in counts.items()],
            F.coalesce(F.sum("amount"), F.lit(0)).cast("decimal(18,2)").alias("amount"),
        )
        .select(*PENALTY_MONTH)
    )
