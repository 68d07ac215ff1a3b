"""What the indicators of urban management are made of. Which count over which: indicators.yaml; the table: assets/indicators."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import first_day
from assets.declare import lake_asset, table
from assets.indicators import Counts, by_county, read_indicators
from assets.themes.urban_management.evaluation import EVENTS, PERCENT, counts_of, event_days

INDICATORS = read_indicators(Path(__file__).with_name("indicators.yaml"))
SAME = ("trips", "damaged", "idle_3d", "idle_7d", "observed", "misplaced", "over_quota")
OF_BIKES = {"bike_days": "fleet", **{c: c for c in SAME}}
"""Count -> column of bike_day."""
TENTHS = 10


def case_counts(case: DataFrame) -> list[Counts]:
    """What is counted of the cases of each event, by its day."""
    found, days = [], event_days()
    for event in EVENTS:
        of = {name: count for name, count in counts_of(event).items() if name in INDICATORS.counts}
        rows = case.where(days[event].isNotNull())
        found += by_county(rows, of, days[event], "month", "year")
    return found


def bike_counts(bike: DataFrame) -> list[Counts]:
    """Sums of the days of bikes; what is available in hundredths."""
    of = {count: F.sum(column) for count, column in OF_BIKES.items()} | {
        "available": F.sum((F.col("available") * PERCENT).cast("bigint")),
        "rationed": F.sum(F.when(F.col("quota").isNotNull(), F.col("active"))),
    }
    return by_county(bike, of, F.col("day"), "day", "month")


def month_counts(rows: DataFrame, of: dict[str, Column]) -> list[Counts]:
    """Sums of a table of counties and months."""
    first = first_day()
    dated = rows.withColumn("_first", first)
    return by_county(dated, of, F.col("_first"), "month", "year")


def advertising_counts(advertising: DataFrame) -> list[Counts]:
    """What stands at the end of a month."""
    dated = advertising.withColumn("_first", first_day())
    return by_county(dated, {c: F.sum(c) for c in ("standing", "expired")}, F.col("_first"), "month")


def penalty_counts(case: DataFrame, penalty: DataFrame) -> list[Counts]:
    """Penalties in the month of the decision, and cases in the month in which they were closed."""
    closings = case.where(F.col("close_time").isNotNull())
    of_county = penalty.where("dimension = 'COUNTY'").withColumn("county6", F.col("code"))
    return [
        *month_counts(of_county, {"penalties": F.sum("penalties")}),
        *by_county(closings, {"closings": F.count(F.lit(1))}, F.col("close_time").cast("date"), "month", "year"),
    ]


@lake_asset("themes/urban_management/indicator")
def indicator(
    case: DataFrame = table("themes/urban_management/case"),
    bike: DataFrame = table("themes/urban_management/bike_day"),
    sanitation: DataFrame = table("themes/urban_management/sanitation_day"),
    advertising: DataFrame = table("themes/urban_management/advertising_month"),
    video: DataFrame = table("themes/urban_management/video_patrol_month"),
    market: DataFrame = table("themes/urban_management/market_month"),
    penalty: DataFrame = table("themes/urban_management/penalty_month"),
) -> DataFrame:
    """One row per indicator, period, division and basis, columns INDICATOR of assets.indicators."""
    swept = {f"{c}_dm": F.sum((F.col(f"{c}_m") * TENTHS).cast("bigint")) for c in ("planned", "completed")}
    counts = [
        *case_counts(case),
        *bike_counts(bike),
        *by_county(sanitation, swept, F.col("day"), "day", "month", "year"),
        *advertising_counts(advertising),
        *month_counts(video, {c: F.sum(c) for c in ("alerts", "confirmed")}),
        *penalty_counts(case, penalty),
        *month_counts(market, {c: F.sum(c) for c in ("checks", "orderly_checks")}),
    ]
    return INDICATORS.rows(*counts)
