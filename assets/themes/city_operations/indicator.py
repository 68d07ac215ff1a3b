"""What the indicators of city operations are made of. Which count over which: indicators.yaml; the table: assets/indicators."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.dates import first_day, month_of
from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.indicators import by_county, read_indicators, residents_in
from assets.themes.city_operations.acknowledgement import FIRST
from assets.themes.city_operations.alert import IN_TIME

INDICATORS = read_indicators(Path(__file__).with_name("indicators.yaml"))
SQUARE_DECIMETRES = 100


def answerable(alert: DataFrame, acknowledgement: DataFrame) -> DataFrame:
    """The alerts of the months in which desks have acknowledged any: from the first that they have, to the month of the newest delivery."""
    known = acknowledgement.agg(
        F.min(F.when(F.col("state") == FIRST, month_of("began_at"))).alias("_from"), F.max(month_of("known_on")).alias("_to")
    )
    return alert.crossJoin(known).where(month_of("raised_at").between(F.col("_from"), F.col("_to")))


@lake_asset("themes/city_operations/indicator")
def indicator(
    report: DataFrame = table("themes/city_operations/city_report"),
    event: DataFrame = table("themes/city_operations/city_event"),
    shelter: DataFrame = table("themes/city_operations/shelter"),
    stock: DataFrame = table("themes/city_operations/stock"),
    duty: DataFrame = table("themes/city_operations/duty_month"),
    enterprise: DataFrame = cleansed("emergency/enterprise"),
    person: DataFrame = table("base/population/person"),
    alert: DataFrame = table("themes/city_operations/alert"),
    acknowledgement: DataFrame = table("themes/city_operations/acknowledgement", optional=True),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per indicator, month, division and basis, columns INDICATOR of assets.indicators. It is made whole."""
    now, day, one = F.lit(as_of), F.col("day"), F.count(F.lit(1))
    months = event.select(month_of("day").alias("month"))
    in_use = shelter.where("state = 'IN_USE'")
    of_events = {
        "events": one,
        "several": F.count_if(F.size("sources") > 1),
        "assessable": F.count_if(F.col("state") != "UNKNOWN"),
        "closed": F.count_if(F.col("state") == "CLOSED"),
        "arrivals": F.count("minutes_to_arrive"),
        "arrival_min": F.sum("minutes_to_arrive"),
        "closing_min": F.sum("minutes_to_close"),
    }
    of_stocks = {"stocks": one, "sufficient": F.count_if(F.col("state") == "SUFFICIENT"), "expired_stocks": F.count_if("expired")}
    of_duty = {"shifts": F.sum("shifts"), "attended": F.sum("attended"), "duty_in_time": F.sum("in_time")}
    of_alerts = {"alerts": one, "answered_in_time": F.count_if(F.col("answer") == IN_TIME)}
    area = F.sum((F.col("area_m2") * SQUARE_DECIMETRES).cast("bigint"))
    return INDICATORS.rows(
        *by_county(report, {"reports": one, "again": F.count_if(F.col("reported") == "AGAIN")}, day, "month"),
        *by_county(event, of_events, day, "month"),
        *by_county(residents_in(person, months), {"residents": F.sum("n")}, first_day(), "month"),
        *by_county(in_use, {"shelter_places": F.sum("capacity"), "shelter_dm2": area}, now, "month"),
        *by_county(person.where("resident_flag"), {"shelter_residents": one}, now, "month"),
        *by_county(stock.where(F.col("state") != "UNKNOWN"), of_stocks, now, "month"),
        *by_county(duty, of_duty, first_day(), "month"),
        *by_county(answerable(alert, acknowledgement), of_alerts, F.col("raised_at").cast("date"), "month"),
        *by_county(
            enterprise.where(F.col("permit_to").isNotNull()),
            {"permits": one, "expired_permits": F.count_if(F.col("permit_to") < now)},
            now,
            "month",
        ),
    )
