"""What the indicators of public safety are made of. Which count over which: indicators.yaml; the table: assets/indicators."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset, table
from assets.indicators import Counts, by_county, read_indicators, residents_in
from assets.joins import semi_join

INDICATORS = read_indicators(Path(__file__).with_name("indicators.yaml"))
PROPERTY = ("THEFT", "ROBBERY", "FRAUD")
WORKPLACES = ("WORK", "BUILDING")
"""Accidents of industry, mining, trade and construction (工矿商贸)."""
SECTIONS = ("B", "C", "D", "E", "F", "H")
"""Their sections of GB/T 4754: mining, manufacturing, energy and water, construction, wholesale and retail, hotels and catering."""
MONTH, YEAR = "month", "year"
MILLION_YUAN = 100
"""In 100 million yuan."""


def _of_months(rows: DataFrame, of: dict[str, Column], *period_kinds: str) -> list[Counts]:
    """Sums over a table with a row per month and county."""
    first = F.concat(F.col("month"), F.lit("-01")).cast("date")
    return by_county(rows, of, first, *(period_kinds or (MONTH,)))


def products(product: DataFrame, accident: DataFrame) -> list[Counts]:
    """The gross product of the years of which accidents are known."""
    of_year = F.make_date("year", F.lit(1), F.lit(1))
    years = accident.select(F.substring("month", 1, 4).cast("int").alias("year")).distinct()
    amount = {"product": F.sum((F.col("amount") * MILLION_YUAN).cast("bigint"))}
    return by_county(semi_join(product, years, ["year"]), amount, of_year, YEAR)


def employees(industry: DataFrame, accident: DataFrame) -> list[Counts]:
    """Insured employees of the sections with such accidents, summed over the months of which accidents are known."""
    whole = F.concat_ws("-", F.substring("month", 1, 4), F.substring("month", 5, 2)).alias("month")
    insured = industry.where(F.col("section").isin(*SECTIONS)).select(whole, "county6", "insured")
    known = semi_join(insured, accident.select("month").distinct(), ["month"])
    return _of_months(known, {"employee_months": F.sum("insured")}, YEAR)


@lake_asset("themes/public_safety/indicator")
def indicator(
    day: DataFrame = table("themes/public_safety/alarm_day"),
    case: DataFrame = table("themes/public_safety/case_month"),
    event: DataFrame = table("themes/public_safety/event_month"),
    hazard: DataFrame = table("themes/public_safety/hazard_month"),
    accident: DataFrame = table("themes/public_safety/accident_month"),
    correction: DataFrame = table("themes/public_safety/correction_month"),
    person: DataFrame = table("base/population/person"),
    product: DataFrame = cleansed("statistics/gross_product_year", optional=True),
    industry: DataFrame = table("themes/industry/industry_month", optional=True),
) -> DataFrame:
    """One row per indicator, period, division and basis, columns INDICATOR of assets.indicators. It is made whole."""

    def total(column: str, where: Column | None = None) -> Column:
        return F.sum(F.col(column) if where is None else F.when(where, F.col(column)).otherwise(0))

    calls = day.withColumn("month", F.date_format("day", "yyyy-MM")).withColumn("county6", F.nullif("county6", F.lit("*")))
    dispute, major = F.col("kind") == "DISPUTE", F.col("level") == "MAJOR"
    of_calls = {"events": total("events") - total("invalid"), "arrivals": total("arrivals"), "in_time": total("in_time")}
    of_cases = {name: total(name) for name in ("filed", "filed_and_solved", "solved")}
    of_cases["property_crimes"] = total("filed", F.col("kind").isin(*PROPERTY))
    of_events = {"disputes": total("accepted", dispute), "disputes_resolved": total("resolved", dispute)}
    of_events |= {"grid_due": total("due"), "grid_in_time": total("in_time")}
    of_hazards = {"hazards_due": total("due"), "hazards_fixed": total("fixed")}
    of_hazards |= {"major_due": total("due", major), "major_fixed": total("fixed", major)}
    at_work = F.col("kind").isin(*WORKPLACES)
    return INDICATORS.rows(
        *_of_months(calls, of_calls, MONTH, YEAR),
        *_of_months(case, of_cases),
        *_of_months(event, of_events),
        *_of_months(hazard, of_hazards),
        *_of_months(accident, {"fire_dead": total("dead", F.col("kind") == "FIRE")}),
        *_of_months(accident, {"dead": total("dead"), "work_dead": total("dead", at_work)}, YEAR),
        *_of_months(correction, {"in_correction": total("in_correction"), "reoffended": total("reoffended")}),
        *_of_months(residents_in(person, calls), {"residents": total("n")}, MONTH, YEAR),
        *_of_months(residents_in(person, case), {"crime_residents": total("n")}),
        *_of_months(residents_in(person, accident), {"fire_residents": total("n")}),
        *products(product, accident),
        *employees(industry, accident),
    )
