"""What the indicators of the industrial economy are made of. Which count over which: indicators.yaml; the table: assets/indicators."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.dates import first_day, month_of
from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.indicators import Counts, counted, read_indicators
from assets.joins import semi_join
from assets.themes.industry.lives import MARKET, lives, with_place
from assets.themes.industry.money import YUAN_PER_UNIT
from standards.divisions import CITY
from standards.industries import ABOVE_SCALE

INDICATORS = read_indicators(Path(__file__).with_name("indicators.yaml"))
SURVIVAL_YEARS = (1, 3, 5)
HUNDREDTHS, YEAR = 100, 12
CENTS_PER_UNIT = 100 * YUAN_PER_UNIT


def new_year(year: Column) -> Column:
    """The first day of a year, an integer."""
    return F.concat_ws("-", year.cast("string"), F.lit("01"), F.lit("01")).cast("date")


def density_counts(entity: DataFrame, person: DataFrame, as_of: date) -> list[Counts]:
    """Enterprises and residents on the date."""
    county, today = F.col("county6"), F.lit(as_of)
    there = (F.col("born").isNull() | (F.col("born") <= F.lit(as_of))) & (F.col("gone").isNull() | (F.col("gone") > F.lit(as_of)))
    enterprises = lives(entity).where((F.col("entity_kind") == "ENTERPRISE") & there)
    return [
        counted(enterprises, {"clean": {"enterprises": F.count(F.lit(1))}}, division=county, period_kind="year", day=today),
        counted(person, {"clean": {"residents": F.count_if("resident_flag")}}, division=county, period_kind="year", day=today),
    ]


def activity_counts(months: DataFrame) -> Counts:
    """Market entities of every month: those there are, the active ones, the new ones."""
    of = {
        "entities": F.sum("alive"), "active_entities": F.sum("active"), "new_entities": F.sum("births"),
    }  # fmt: skip
    rows = months.where(F.col("entity_kind").isin(*MARKET))
    return counted(rows, {"clean": of}, division=F.col("county6"), period_kind="month", day=first_day())


def survival_counts(survival: DataFrame) -> Counts:
    """Cohorts and their survivors, in the year in which the cohort had the anniversary."""
    of = {}
    for n in SURVIVAL_YEARS:
        for count, column in ((f"cohort_{n}", "entities"), (f"survived_{n}", "survived")):
            of[count] = F.coalesce(F.sum(F.when(F.col("years") == n, F.col(column))), F.lit(0))
    first = new_year(F.col("cohort") + F.col("years"))
    rows = survival.where(F.col("years").isin(*SURVIVAL_YEARS))
    return counted(rows, {"clean": of}, division=F.col("county6"), period_kind="year", day=first)


def report_counts(report: DataFrame, entity: DataFrame) -> list[Counts]:
    """Sums of what reporting enterprises make, by month and year, and how many are above the designated size."""
    rows = report.transform(with_place, entity)
    rates = {c: F.sum(c) for c in ("output_yuan", "value_added_yuan")}
    sums = {**rates, **{c: F.sum(c) for c in ("revenue_yuan", "research_yuan")}, "employee_months": F.sum("employees")}
    place = {"division": F.col("county6"), "day": first_day()}
    years = rows.groupBy("uscc", "county6", F.substring("month", 1, 4).alias("_year")).agg(
        F.max("month").alias("month"), F.sum("revenue_yuan").alias("revenue")
    )
    size = {"reporting": F.count(F.lit(1)), "above_scale": F.count_if(F.col("revenue") >= ABOVE_SCALE)}
    return [
        counted(rows, {"clean": rates}, period_kind="month", **place),
        counted(rows, {"clean": sums}, period_kind="year", **place),
        counted(years, {"clean": size}, period_kind="year", **place),
    ]


def power_counts(months: DataFrame) -> Counts:
    """Output and electricity of the months of entities of which both are known."""
    rows = months.where((F.col("output_yuan") > 0) & (F.col("kwh") > 0))
    of = {"power_output_yuan": F.sum("output_yuan"), "power_kwh": F.sum((F.col("kwh") * HUNDREDTHS).cast("bigint"))}
    return counted(rows, {"clean": of}, division=F.col("county6"), period_kind="year", day=first_day())


def land_counts(land: DataFrame) -> Counts:
    """Taxes, revenue, land and energy of evaluated enterprises by year."""
    hundredths = {"evaluated_tax": "tax_yuan", "evaluated_land": "area_m2", "evaluated_coal": "energy_tce"}
    of = {count: F.coalesce(F.sum((F.col(c) * HUNDREDTHS).cast("bigint")), F.lit(0)) for count, c in hundredths.items()}
    first = new_year(F.col("year"))
    rows = land.where(F.col("land_class").isNotNull())
    of["evaluated_revenue"] = F.sum("revenue_yuan")
    return counted(rows, {"clean": of}, division=F.col("county6"), period_kind="year", day=first)


def investment_counts(project: DataFrame) -> Counts:
    """Investment of the year: done in its months, and planned for the projects of its last month."""
    year = F.substring("month", 1, 4)
    last = project.groupBy(year.alias("_year")).agg(F.max("month").alias("_last"))
    rows = last.join(project.withColumn("_year", year), "_year")
    planned = F.when(F.col("month") == F.col("_last"), F.col("year_plan"))
    of = {
        count: F.coalesce(F.sum((value * HUNDREDTHS).cast("bigint")), F.lit(0))
        for count, value in {"investment_done": F.col("done"), "investment_plan": planned}.items()
    }
    return counted(rows, {"clean": of}, division=F.col("county6"), period_kind="year", day=first_day())


def park_counts(park: DataFrame) -> list[Counts]:
    """Of parks: taxes and revenue of the year over the land of its last month; and how far the lists agree with the addresses."""
    place = {"division": F.col("county6"), "day": first_day()}
    last = F.max("month").over(Window.partitionBy("park_code", F.substring("month", 1, 4)))
    rows = park.where(F.col("industrial_m2").isNotNull()).withColumn("land", F.when(F.col("month") == last, F.col("industrial_m2")))
    of_year = {
        "park_tax": F.sum((F.col("tax_yuan") * HUNDREDTHS).cast("bigint")), "park_revenue": F.sum("revenue_yuan"),
        "park_land": F.coalesce(F.sum((F.col("land") * HUNDREDTHS).cast("bigint")), F.lit(0)),
    }  # fmt: skip
    lists = {
        "park_agreeing": F.sum(F.col("enterprises") - F.col("elsewhere")), "park_firms": F.sum(F.col("enterprises") + F.col("unlisted")),
    }  # fmt: skip
    return [counted(rows, {"clean": of_year}, period_kind="year", **place), counted(park, {"clean": lists}, period_kind="month", **place)]


def trade_counts(trade: DataFrame, product: DataFrame) -> list[Counts]:
    """Trade in yuan: how much of it is converted, exports against the same months of the year before, and trade over the gross product.

    A month in which a rate is missing is compared with no other, nor is another with it, and its year has no trade over gross product.
    """
    place = {"division": F.col("county6"), "day": first_day()}
    lines = {"trade_rows": F.count(F.lit(1)), "trade_converted": F.count("rate")}
    whole = trade.groupBy("month").agg(F.count_if(F.col("rate").isNull()).alias("missing")).where("missing = 0").select("month")
    a_year_on = month_of(lambda: F.add_months(first_day(), YEAR))
    comparable = semi_join(whole, whole.select(a_year_on.alias("month")), ["month"])
    nothing, cents = F.lit(0), [(F.col(c) * HUNDREDTHS).cast("bigint") for c in ("exports_yuan", "imports_yuan")]
    now = trade.select("month", "county6", cents[0].alias("now"), nothing.cast("bigint").alias("before"))
    before = trade.select(a_year_on.alias("month"), "county6", nothing.cast("bigint").alias("now"), cents[0].alias("before"))
    compared = now.unionByName(before).transform(semi_join, comparable, ["month"])
    exports = {"exports": F.sum("now"), "exports_before": F.sum("before")}
    year = F.substring("month", 1, 4).cast("int").alias("year")
    years = whole.groupBy(year).agg(F.count(F.lit(1)).alias("months")).where(F.col("months") == YEAR).select("year")
    traded = trade.select(year, "county6", (cents[0] + cents[1]).alias("trade"), nothing.cast("bigint").alias("product"))
    made = product.where(F.col("county6") != CITY).select(
        "year", "county6", nothing.cast("bigint").alias("trade"), (F.col("amount") * CENTS_PER_UNIT).cast("bigint").alias("product")
    )
    of_year = traded.unionByName(made).transform(semi_join, years, ["year"])
    shares = {"trade_yuan": F.sum("trade"), "gross_product": F.sum("product")}
    return [
        counted(trade, {"clean": lines}, period_kind="month", **place),
        *[counted(compared, {"clean": exports}, period_kind=kind, **place) for kind in ("month", "year")],
        counted(of_year, {"clean": shares}, division=F.col("county6"), period_kind="year", day=new_year(F.col("year"))),
    ]


@lake_asset("themes/industry/indicator")
def indicator(
    entity: DataFrame = table("base/legal_entity/entity"),
    person: DataFrame = table("base/population/person", optional=True),
    division_month: DataFrame = table("themes/industry/entity_division_month"),
    survival: DataFrame = table("themes/industry/entity_survival"),
    report: DataFrame = table("themes/industry/report_month", optional=True),
    entities: DataFrame = table("themes/industry/entity_month"),
    land: DataFrame = table("themes/industry/land_efficiency_year", optional=True),
    project: DataFrame = table("themes/industry/project_month", optional=True),
    park: DataFrame = table("themes/industry/park_month", optional=True),
    trade: DataFrame = table("themes/industry/trade_month", optional=True),
    product: DataFrame = cleansed("statistics/gross_product_year", optional=True),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per indicator, period, division and basis, columns INDICATOR of assets.indicators."""
    counts = [
        *density_counts(entity, person, as_of), activity_counts(division_month), survival_counts(survival), *report_counts(report, entity),
        power_counts(entities), land_counts(land), investment_counts(project), *park_counts(park), *trade_counts(trade, product),
    ]  # fmt: skip
    return INDICATORS.rows(*counts)
