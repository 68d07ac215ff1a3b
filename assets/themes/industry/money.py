"""Taxes, trade, projects and the gross product: sums by month or year, in yuan unless a column says otherwise.

Here: `tax_month`, `trade_month`, `project_month`, `economy_year`. Not here: which taxpayer is which entity (`measured`).
Source: domain rules E6; of trade in yuan 海关进出口货物征税管理办法, article 16.
"""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset, table
from assets.indicators import half_up
from assets.joins import left_join_lookup
from assets.themes.industry.lives import UNKNOWN_COUNTY, with_entity, with_place
from assets.touch import own, units, via
from standards.divisions import CITY

PERCENT_HUNDREDTHS, HUNDRED = 10_000, 100
SECTORS = {"1": "primary", "2": "secondary", "3": "tertiary"}
ECONOMY_YEAR = (
    "year", "div_code", "gross_product", *SECTORS.values(), "tax_yuan", "gross_product_growth", "tax_growth", "tax_elasticity", "tax_share",
)  # fmt: skip
TRADE_MONTH = (
    "month", "county6", "currency", "exporters", "importers", "exports", "imports", "balance", "rate", "exports_yuan", "imports_yuan",
    "balance_yuan",
)  # fmt: skip
YUAN_PER_UNIT = 100_000_000
"""Yuan of 100 million yuan."""
YUAN = "CNY"


@lake_asset(
    "themes/industry/tax_month",
    unit=units(month="month"),
    touch={
        "tax": own(month="month"),
        "entity": via(
            "tax", on=("entity_uid",), to=("entity_uid",), reads=("county6", "industry_code"), month="month", narrows=False
        ),
    },
)  # fmt: skip
def tax_month(tax: DataFrame = table("themes/industry/taxpayer_month"), entity: DataFrame = table("base/legal_entity/entity")) -> DataFrame:
    """One row per month of payment, county, section of GB/T 4754 and tax, key of these four: taxpayers, vouchers, and yuan.

    Of taxpayers that are no known entity county 321000, section Z: nothing paid is left out.
    """
    key = ("month", "county6", "section", "tax_kind")
    sums = [F.sum(c).alias(c) for c in ("paid", "taken_back", "amount")]
    counts = [F.count(F.lit(1)).cast("int").alias("taxpayers"), F.sum("vouchers").cast("int").alias("vouchers")]
    return tax.transform(with_place, entity).groupBy(*key).agg(*counts, *sums)


@lake_asset(
    "themes/industry/trade_month",
    unit=units(month="month"),
    touch={
        "trade": own(month="month"),
        "entity": via("trade", on=("uscc",), to=("uscc",), reads=("uscc", "county6"), month="month", narrows=False),
        "rate": own(month="month", reads=("month", "currency", "rate")),
    },
)
def trade_month(
    trade: DataFrame = cleansed("commerce/trade_month"),
    entity: DataFrame = table("base/legal_entity/entity"),
    rate: DataFrame = cleansed("commerce/exchange_rate", optional=True),
) -> DataFrame:
    """One row per month, county and currency, key of these three: who exports and imports, and how much in that currency and in yuan.

    rate: yuan for 100 units, by which customs convert the trade of the month, of no other month: in yuan nothing is known without it.
    """
    rows = trade.transform(with_entity, entity).transform(with_place, entity)
    sums = rows.groupBy("month", "county6", "currency").agg(
        F.count_if(F.col("exports") > 0).cast("int").alias("exporters"),
        F.count_if(F.col("imports") > 0).cast("int").alias("importers"),
        F.sum("exports").cast("decimal(20,2)").alias("exports"),
        F.sum("imports").cast("decimal(20,2)").alias("imports"),
    )
    known = sums.transform(left_join_lookup, rate.select("month", "currency", F.col("rate").alias("_rate")), ("month", "currency"))
    of_month = F.when(F.col("currency") == YUAN, F.lit(Decimal(HUNDRED))).otherwise(F.col("_rate")).cast("decimal(12,4)")
    return (
        known.withColumns({"balance": F.col("exports") - F.col("imports"), "rate": of_month})
        .withColumns({f"{c}_yuan": in_yuan(F.col(c), F.col("rate")) for c in ("exports", "imports")})
        .withColumn("balance_yuan", F.col("exports_yuan") - F.col("imports_yuan"))
        .select(*TRADE_MONTH)
    )


def in_yuan(amount: Column, rate: Column) -> Column:
    """An amount of a currency in yuan, decimal(20,2), half up; NULL without a rate.

    Args:
        amount: decimal(20,2).
        rate: yuan for 100 units, decimal(12,4).
    """
    return (amount * rate * F.lit(Decimal("0.01"))).cast("decimal(20,2)")


@lake_asset(
    "themes/industry/project_month",
    unit=units(year=lambda: F.substring("month", 1, 4)),
    touch={"project": own(year=lambda: F.substring("month", 1, 4))},
)
def project_month(project: DataFrame = cleansed("development_reform/project")) -> DataFrame:
    """One row per month and county, key (month, county6): projects, their plan of the year, and what is done; 10,000 yuan.

    done_since_january: of this month and those of the year before it.
    """
    county = F.coalesce("county6", F.lit(UNKNOWN_COUNTY)).alias("county6")
    sums = project.groupBy("month", county).agg(
        F.count(F.lit(1)).cast("int").alias("projects"),
        F.count_if(F.col("state") == "BUILDING").cast("int").alias("building"),
        F.sum("total").alias("total"),
        F.sum("year_plan").alias("year_plan"),
        F.sum("done").alias("done"),
    )
    so_far = Window.partitionBy("county6", F.substring("month", 1, 4)).orderBy("month")
    return sums.withColumn("done_since_january", F.sum("done").over(so_far))


def growth(now: Column, before: Column) -> Column:
    """How much a whole number has grown, in hundredths of a percent; NULL without a number above 0 before."""
    return half_up((now - before) * PERCENT_HUNDREDTHS, F.when(before > 0, before)).cast("decimal(18,0)").cast("bigint")


@lake_asset("themes/industry/economy_year")
def economy_year(
    product: DataFrame = cleansed("statistics/gross_product_year"),
    tax: DataFrame = table("themes/industry/taxpayer_month", optional=True),
    entity: DataFrame = table("base/legal_entity/entity", optional=True),
) -> DataFrame:
    """One row per year and division (a county, or the city as the sum of all), key (year, div_code), columns ECONOMY_YEAR.

    gross_product and its sectors in 100 million yuan, tax_yuan in yuan, growth in percent. tax_elasticity: growth of taxes over that of the
    gross product, of the rounded percentages. tax_share: taxes over gross product, percent. What is delivered for the city itself is left
    out: the city is the sum of its counties. Taxes of no known county count for the city only.
    """
    year = F.substring("month", 1, 4).cast("int")
    paid = tax.transform(with_place, entity).groupBy(year.alias("year"), "county6").agg(F.sum("amount").alias("tax_yuan"))
    sums = {name: F.sum(F.when(F.col("sector") == s, F.col("amount"))).alias(name) for s, name in SECTORS.items()}
    counties = product.where(F.col("county6") != CITY).groupBy("year", "county6").agg(*sums.values())
    years = counties.select("year").distinct()
    known = counties.join(years.join(paid, "year"), ["year", "county6"], "full")
    rows = (
        known.withColumn("div_code", F.explode(F.array_distinct(F.array("county6", F.lit(CITY)))))
        .groupBy("year", "div_code")
        .agg(*[F.sum(c).alias(c) for c in (*SECTORS.values(), "tax_yuan")])
        .withColumn("gross_product", F.col("primary") + F.col("secondary") + F.col("tertiary"))
        .withColumns({"_product": (F.col("gross_product") * HUNDRED).cast("bigint"), "_tax": F.col("tax_yuan").cast("bigint")})
    )
    before = rows.select((F.col("year") + 1).alias("year"), "div_code", *[F.col(c).alias(f"{c}_before") for c in ("_product", "_tax")])
    grown = rows.transform(left_join_lookup, before, ("year", "div_code")).withColumns(
        {"_product_growth": growth(F.col("_product"), F.col("_product_before")), "_tax_growth": growth(F.col("_tax"), F.col("_tax_before"))}
    )
    signed = F.when(F.col("_product_growth") < 0, -F.col("_tax_growth")).otherwise(F.col("_tax_growth"))
    steps = F.abs("_product_growth")
    elasticity = half_up(signed * HUNDRED, F.when(steps > 0, steps))
    share = half_up(F.col("_tax") * PERCENT_HUNDREDTHS, F.when(F.col("_product") > 0, F.col("_product") * (YUAN_PER_UNIT // HUNDRED)))
    in_hundredths = {
        "gross_product_growth": F.col("_product_growth"), "tax_growth": F.col("_tax_growth"),
        "tax_elasticity": elasticity, "tax_share": share,
    }  # fmt: skip
    return grown.withColumns({c: (v / HUNDRED).cast("decimal(18,2)") for c, v in in_hundredths.items()}).select(*ECONOMY_YEAR)
