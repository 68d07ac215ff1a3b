"""The figures that the city has published for 2023, made by the same functions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from assets.themes.industry.entities import entity_division_month
from assets.themes.industry.indicator import INDICATORS, activity_counts, density_counts
from assets.themes.industry.money import economy_year
from tests.frames import frame
from tests.touch.economy import ENTITY

YEAR_END = date(2023, 12, 31)
ENTITIES = {"ENTERPRISE": 229_100, "SOLE_TRADER": 469_700, "COOPERATIVE": 2_275}
RESIDENTS = 4_559_797


def test_enterprises_per_thousand_residents(spark: SparkSession) -> None:
    """229,100 enterprises of 4,559,797 residents are 50.24 for each thousand."""
    entity = spark.range(ENTITIES["ENTERPRISE"]).select(
        F.lit("321002").alias("county6"), F.lit("ENTERPRISE").alias("entity_kind"), F.lit("1").alias("status"),
        *[F.lit(None).cast("date").alias(c) for c in ("est_date", "revoke_date", "end_date", "last_seen")],
        F.lit("1712").alias("industry_code"), F.col("id").cast("string").alias("entity_uid"),
    )  # fmt: skip
    person = spark.range(RESIDENTS).select(F.lit("321002").alias("county6"), F.lit(True).alias("resident_flag"))
    name = "enterprises_per_thousand"
    table = replace(INDICATORS, indicators={name: INDICATORS.indicators[name]})
    found = {r.div_code: r for r in table.rows(*density_counts(entity, person, YEAR_END)).collect()}
    assert {(place, r.numerator, r.denominator) for place, r in found.items()} == {
        ("321002", 229_100, 4_559_797), ("321000", 229_100, 4_559_797),
    }  # fmt: skip
    assert {r.value for r in found.values()} == {Decimal("50.24")}


def test_kinds_add_up_to_all_market_entities(spark: SparkSession) -> None:
    """22.91 and 46.97 ten thousand and 2,275 are 70.1075 ten thousand; what is no market entity does not count."""
    kinds = [*ENTITIES, "ASSOCIATION"]
    starts = [sum(ENTITIES.get(k, 5) for k in kinds[:at]) for at in range(len(kinds))]
    kind = F.lit(kinds[0])
    for at in range(1, len(kinds)):
        kind = F.when(F.col("id") >= starts[at], kinds[at]).otherwise(kind)
    rows = spark.range(sum(ENTITIES.values()) + 5).select(
        F.lit("202312").alias("month"), F.lit("321002").alias("county6"), kind.alias("entity_kind"), F.lit(True).alias("alive"),
        *[F.lit(False).alias(c) for c in ("born", "gone", "active")],
        *[F.lit(0).alias(c) for c in ("insured", "tax_yuan", "invoiced_yuan", "kwh")],
    )  # fmt: skip
    months = entity_division_month(rows)
    assert {r.entity_kind: r.alive for r in months.collect()} == {**ENTITIES, "ASSOCIATION": 5}
    counts = {r["count"]: r.amount for r in activity_counts(months).frame.collect()}
    assert Decimal(counts["entities"]) / 10_000 == Decimal("70.1075")


def test_sectors_add_up_to_the_gross_product(spark: SparkSession) -> None:
    """337.09, 3,509.6 and 3,576.57 are 7,423.26 hundred million yuan."""
    amounts = {"1": "337.09", "2": "3509.6", "3": "3576.57"}
    product = [{"year": 2023, "county6": "321002", "sector": s, "amount": a} for s, a in amounts.items()]
    product += [{"year": 2023, "county6": "321000", "sector": s, "amount": a} for s, a in amounts.items()]
    inputs = {
        "cleansed/statistics/gross_product_year": product, "themes/industry/taxpayer_month": [], ENTITY: [],
    }  # fmt: skip
    found = {r.div_code: r.gross_product for r in economy_year(*[frame(spark, t, rows) for t, rows in inputs.items()]).collect()}
    assert found == {"321002": Decimal("7423.26"), "321000": Decimal("7423.26")}
