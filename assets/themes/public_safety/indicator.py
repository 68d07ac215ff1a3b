"""What the indicators of public safety are made of. Which count over which: indicators.yaml; the table: assets/indicators."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import lake_asset, table
from assets.indicators import Counts, counted, read_indicators, residents_in

INDICATORS = read_indicators(Path(__file__).with_name("indicators.yaml"))
PROPERTY = ("THEFT", "ROBBERY", "FRAUD")
PERIOD = "month"


def _of_months(rows: DataFrame, of: dict[str, Column]) -> Counts:
    """Sums over a table with a row per month and county."""
    first = F.concat(F.col("month"), F.lit("-01")).cast("date")
    return counted(rows, {"clean": of}, division=F.col("county6"), period_kind=PERIOD, day=first)


@lake_asset("themes/public_safety/indicator")
def indicator(
    day: DataFrame = table("themes/public_safety/alarm_day"),
    case: DataFrame = table("themes/public_safety/case_month"),
    event: DataFrame = table("themes/public_safety/event_month"),
    hazard: DataFrame = table("themes/public_safety/hazard_month"),
    accident: DataFrame = table("themes/public_safety/accident_month"),
    correction: DataFrame = table("themes/public_safety/correction_month"),
    person: DataFrame = table("base/population/person"),
) -> DataFrame:
    """One row per indicator, month, division and basis, columns INDICATOR of assets.indicators. It is made whole."""

    def total(column: str, where: Column | None = None) -> Column:
        return F.sum(F.col(column) if where is None else F.when(where, F.col(column)).otherwise(0))

    calls = day.withColumn("month", F.date_format("day", "yyyy-MM")).withColumn("county6", F.nullif("county6", F.lit("*")))
    dispute, major = F.col("kind") == "DISPUTE", F.col("level") == "MAJOR"
    return INDICATORS.rows(
        _of_months(calls, {"events": total("events"), "arrivals": total("arrivals"), "in_time": total("in_time")}),
        _of_months(
            case,
            {
                **{name: total(name) for name in ("filed", "filed_and_solved", "solved")},
                "property_crimes": total("filed", F.col("kind").isin(*PROPERTY)),
            },
        ),
        _of_months(
            event,
            {
                "disputes": total("accepted", dispute),
                "disputes_resolved": total("resolved", dispute),
                "grid_due": total("due"),
                "grid_in_time": total("in_time"),
            },
        ),
        _of_months(
            hazard,
            {
                "hazards_due": total("due"),
                "hazards_fixed": total("fixed"),
                "major_due": total("due", major),
                "major_fixed": total("fixed", major),
            },
        ),
        _of_months(accident, {"fire_dead": total("dead", F.col("kind") == "FIRE")}),
        _of_months(correction, {"in_correction": total("in_correction"), "reoffended": total("reoffended")}),
        _of_months(residents_in(person, calls), {"residents": total("n")}),
        _of_months(residents_in(person, case), {"crime_residents": total("n")}),
        _of_months(residents_in(person, accident), {"fire_residents": total("n")}),
    )
