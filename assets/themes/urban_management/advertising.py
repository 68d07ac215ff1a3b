"""Outdoor advertising: what stands and may not, on the night and at the end of every month (domain rules E8).

Here: `advertising`, `advertising_month`. The months follow from the dates of the permits, so they reach back as far as these.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.geography.points import towns
from assets.dates import happened, month_of
from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.indicators import UNKNOWN, hundredths, known_county
from assets.places import within
from assets.themes.urban_management.evaluation import PERCENT
from assets.touch import EveryMonth, Turn, own, units

ADVERTISING = (
    "permit_no", "holder", "area_m2", "lon", "lat", "county6", "town", "valid_from", "valid_to", "removed_date", "state", "_source_file",
    "_row_no", "_batch_id",
)  # fmt: skip


@lake_asset(
    "themes/urban_management/advertising",
    unit=units(permit="permit_no"),
    touch={"permit": own(permit="permit_no", turns=(Turn("valid_to", days=1), Turn("removed_date")))},
)
def advertising(
    permit: DataFrame = cleansed("urban_management/advertising"),
    division: DataFrame = table("base/geography/division"),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per permit, key permit_no, columns ADVERTISING; valid_to is the last day on which the installation may stand."""
    removed = F.when(happened("removed_date", as_of), F.col("removed_date"))
    state = F.when(F.col("removed_date").isNotNull(), "REMOVED").when(F.col("valid_to") < F.lit(as_of), "EXPIRED").otherwise("VALID")
    return (
        within(permit.withColumnRenamed("county6", "_stated"), towns(division), "town")
        .withColumn("county6", F.coalesce(F.substring("town", 1, 6), "_stated"))
        .withColumn("removed_date", removed)
        .withColumn("state", state)
        .select(*ADVERTISING)
    )


ADVERTISING_MONTH = ("county6", "month", "new", "taken_down", "standing", "expired", "expired_rate")


def set_up() -> Column:
    """Since when an installation is known to stand: the first day of its permit, else the last; not after it was taken down."""
    return F.least(F.coalesce("valid_from", "valid_to", "removed_date"), F.col("removed_date"))


def _county() -> Column:
    return F.coalesce("county6", F.lit(UNKNOWN))


STANDS = Turn(set_up), Turn("valid_to", days=1), EveryMonth(lambda: F.col("removed_date").isNull())


@lake_asset(
    "themes/urban_management/advertising_month",
    unit=units(county="county6"),
    touch={"advertising": own(county=_county, turns=STANDS)},
    whole_above=0.5,
)
def advertising_month(advertising: DataFrame = table("themes/urban_management/advertising"), as_of: date = AS_OF) -> DataFrame:
    """One row per county and month in which advertising stood or was taken down, key (county6, month), columns ADVERTISING_MONTH.

    standing, expired: at the end of the month, of the month of the run on the day of the run. What begins after the night does not stand.
    """
    known = advertising.withColumn("first", set_up()).where(happened("first", as_of))
    last = F.coalesce("removed_date", F.lit(as_of))
    months = F.sequence(F.trunc("first", "month"), F.trunc(last, "month"), F.expr("INTERVAL 1 MONTH"))
    each = known.select("*", F.explode(months).alias("begin")).withColumn("end", F.least(F.last_day("begin"), F.lit(as_of)))
    stands = F.col("removed_date").isNull() | (F.col("removed_date") > F.col("end"))
    in_month = {c: F.coalesce(F.col(c).between(F.col("begin"), F.col("end")), F.lit(False)) for c in ("first", "removed_date")}
    return (
        each.groupBy(known_county(), month_of("begin").alias("month"))
        .agg(
            F.count_if(in_month["first"]).alias("new"), F.count_if(in_month["removed_date"]).alias("taken_down"),
            F.count_if(stands).alias("standing"),
            F.count_if(stands & F.coalesce(F.col("valid_to") < F.col("end"), F.lit(False))).alias("expired"),
        )
        .withColumn("expired_rate", hundredths(F.col("expired") * PERCENT, F.col("standing")))
        .select(*ADVERTISING_MONTH)
    )  # fmt: skip
