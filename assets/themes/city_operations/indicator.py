"""What the indicators of city operations are made of. Which count over which: indicators.yaml; the table: assets/indicators."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import first_day, month_of
from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.indicators import Counts, counted, read_indicators

INDICATORS = read_indicators(Path(__file__).with_name("indicators.yaml"))
SQUARE_DECIMETRES = 100


def _of_month(rows: DataFrame, of: Mapping[str, Column], day: Column) -> Counts:
    return counted(rows, {"clean": of}, division=F.col("county6"), period_kind="month", day=day)


def _residents(person: DataFrame, months: DataFrame) -> DataFrame:
    """The residents of every county in every month of some rows: a month without data has no rate of 0."""
    of_county = person.where("resident_flag").groupBy("county6").agg(F.count(F.lit(1)).alias("n"))
    return of_county.crossJoin(months.select("month").distinct())


@lake_asset("themes/city_operations/indicator")
def indicator(
    report: DataFrame = table("themes/city_operations/city_report"),
    event: DataFrame = table("themes/city_operations/city_event"),
    shelter: DataFrame = table("themes/city_operations/shelter"),
    stock: DataFrame = table("themes/city_operations/stock"),
    duty: DataFrame = table("themes/city_operations/duty_month"),
    enterprise: DataFrame = cleansed("emergency/enterprise"),
    person: DataFrame = table("base/population/person"),
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
    area = F.sum((F.col("area_m2") * SQUARE_DECIMETRES).cast("bigint"))
    return INDICATORS.rows(
        _of_month(report, {"reports": one, "again": F.count_if(F.col("told") == "AGAIN")}, day),
        _of_month(event, of_events, day),
        _of_month(_residents(person, months), {"residents": F.sum("n")}, first_day()),
        _of_month(in_use, {"shelter_places": F.sum("capacity"), "shelter_dm2": area}, now),
        _of_month(person.where("resident_flag"), {"shelter_residents": one}, now),
        _of_month(stock.where(F.col("state") != "UNKNOWN"), of_stocks, now),
        _of_month(duty, of_duty, first_day()),
        _of_month(
            enterprise.where(F.col("permit_to").isNotNull()), {"permits": one, "expired_permits": F.count_if(F.col("permit_to") < now)}, now
        ),
    )
