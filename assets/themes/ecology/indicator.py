"""What the indicators of the environment are made of. Which count over which: indicators.yaml; the table: assets/indicators."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import first_day
from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.indicators import Counts, counted, read_indicators
from assets.joins import left_join_lookup
from standards.air_quality import GOOD_AQI
from standards.surface_water import GOOD, WORSE

INDICATORS = read_indicators(Path(__file__).with_name("indicators.yaml"))
PERIODS = ("month", "year")
REPLY_DAYS, LAST_QUARTERS = 60, 2


def air_counts(day: DataFrame) -> list[Counts]:
    """Days with an index of the city and of counties."""
    found = []
    for name, level in (("city", "CITY"), ("county", "COUNTY")):
        rows = day.where((F.col("place_level") == level) & F.col("aqi").isNotNull())
        of = {"clean": {f"{name}_days": F.count(F.lit(1)), f"{name}_good_days": F.count_if(F.col("aqi") <= GOOD_AQI)}}
        found += [counted(rows, of, division=F.col("place_code"), period_kind=kind, day=F.col("day")) for kind in PERIODS]
    return found


def section_counts(section: DataFrame) -> list[Counts]:
    """Months of sections by class and target."""
    first = first_day()
    rows = section.where(F.col("water_class").isNotNull()).withColumn("_first", first)
    of = {
        "clean": {
            "sections": F.count(F.lit(1)),
            "good_sections": F.count_if(F.col("water_class") <= GOOD),
            "worse_sections": F.count_if(F.col("water_class") == WORSE),
            "targeted_sections": F.count("target_met"),
            "met_sections": F.count_if("target_met"),
        }
    }
    return [counted(rows, of, division=F.col("county6"), period_kind=kind, day=F.col("_first")) for kind in PERIODS]


def last_quarters(as_of: date) -> list[str]:
    """The last two quarters that were over on a date, as 2019-Q4."""
    found, day = [], as_of + timedelta(days=1)
    for _ in range(LAST_QUARTERS):
        day = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1) - timedelta(days=1)
        found.append(f"{day.year}-Q{(day.month + 2) // 3}")
    return found


def black_odorous_counts(ledger: DataFrame, grade: DataFrame, as_of: date) -> Counts:
    """Bodies of the ledger, and those that had the grade NONE in both of the last quarters."""
    clear = (F.col("place_level") == "BODY") & (F.col("grade") == "NONE") & F.col("quarter").isin(*last_quarters(as_of))
    quarters = grade.where(clear).groupBy("water_body").agg(F.count(F.lit(1)).alias("clear"))
    rows = ledger.select("water_body", "county6").transform(left_join_lookup, quarters, "water_body")
    of = {"clean": {"black_odorous_bodies": F.count(F.lit(1)), "eliminated_bodies": F.count_if(F.col("clear") == LAST_QUARTERS)}}
    return counted(rows, of, division=F.col("county6"), period_kind="year", day=F.lit(as_of))


def petition_counts(petition: DataFrame, as_of: date) -> list[Counts]:
    """Petitions that are answered or overdue, and those answered within REPLY_DAYS, by the day on which they were received."""
    received = F.col("received_at").cast("date")
    due = F.date_add(received, REPLY_DAYS)
    ended = F.col("replied_at").isNotNull() | (due < F.lit(as_of))
    in_time: Column = F.coalesce(F.col("replied_at").cast("date") <= due, F.lit(False))
    rows = petition.where(ended & (received <= F.lit(as_of)))
    of = {"clean": {"petitions": F.count(F.lit(1)), "answered_petitions": F.count_if(in_time)}}
    return [counted(rows, of, division=F.col("county6"), period_kind=kind, day=received) for kind in PERIODS]


@lake_asset("themes/ecology/indicator")
def indicator(
    day: DataFrame = table("themes/ecology/air_day"),
    section: DataFrame = table("themes/ecology/section_month"),
    ledger: DataFrame = cleansed("housing/black_odorous_body"),
    grade: DataFrame = table("themes/ecology/black_odorous_grade"),
    petition: DataFrame = cleansed("environment/petition"),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per indicator, period, division and basis, columns INDICATOR of assets.indicators; values in percent."""
    counts = [*air_counts(day), *section_counts(section), black_odorous_counts(ledger, grade, as_of), *petition_counts(petition, as_of)]
    return INDICATORS.rows(*counts)
