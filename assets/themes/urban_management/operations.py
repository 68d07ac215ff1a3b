"""What else urban management does: sweeping, cameras that report by themselves, order at markets (domain rules E8).

Here: days and months of sanitation, video patrol and markets. What lies after its own delivery has not
happened: D16.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import EXTRACT, happened, month_of
from assets.declare import cleansed, lake_asset, table
from assets.indicators import hundredths, known_county
from assets.themes.urban_management.evaluation import PERCENT
from assets.touch import by_day, own, units

SWEPT = ("planned_m", "completed_m", "completion_rate")
SANITATION_DAY = ("county6", "day", "sections", "completed", *SWEPT)
SANITATION_MONTH = ("county6", "month", "section_days", "completed_days", *SWEPT)
TENTHS = 10


def with_completion(rows: DataFrame) -> DataFrame:
    """planned_m, completed_m and completion_rate out of _planned and _completed, tenths of a metre."""
    metres = {f"{c}_m": (F.col(f"_{c}") / TENTHS).cast("decimal(18,1)") for c in ("planned", "completed")}
    return rows.withColumns(metres).withColumn("completion_rate", hundredths(F.col("_completed") * PERCENT, F.col("_planned")))


@lake_asset("themes/urban_management/sanitation_day", unit=units(day="day"), touch={"sanitation": own(day="day")}, whole_above=0.5)
def sanitation_day(sanitation: DataFrame = cleansed("urban_management/sanitation")) -> DataFrame:
    """One row per county and day, key (county6, day), columns SANITATION_DAY; metres.

    A section's day is completed when all vehicles together swept it as often as was planned; days without a plan do not count.
    """
    days = sanitation.where(happened("day", EXTRACT)).groupBy("section_no", "day").agg(
        F.max(known_county()).alias("county6"), F.max("length_m").alias("length"), F.max("planned_passes").alias("planned"),
        F.coalesce(F.sum("done_passes"), F.lit(0)).alias("done"),
    )  # fmt: skip
    done = F.col("done") >= F.col("planned")
    metres = (F.coalesce("length", F.lit(0)) * TENTHS).cast("bigint")
    return (
        days.where(F.col("planned") > 0)
        .groupBy("county6", "day")
        .agg(
            F.count(F.lit(1)).alias("sections"), F.count_if(done).alias("completed"),
            F.sum(metres).alias("_planned"), F.coalesce(F.sum(F.when(done, metres)), F.lit(0)).alias("_completed"),
        )
        .transform(with_completion)
        .select(*SANITATION_DAY)
    )  # fmt: skip


@lake_asset(
    "themes/urban_management/sanitation_month",
    unit=units(month="month"),
    touch={"swept": own(month=lambda: month_of("day"))},
    whole_above=0.5,
)
def sanitation_month(swept: DataFrame = table("themes/urban_management/sanitation_day")) -> DataFrame:
    """One row per county and month, key (county6, month), columns SANITATION_MONTH: sums of the days; metres."""
    metres = [F.sum((F.col(f"{c}_m") * TENTHS).cast("bigint")).alias(f"_{c}") for c in ("planned", "completed")]
    counts = [F.sum("sections").alias("section_days"), F.sum("completed").alias("completed_days")]
    months = swept.groupBy("county6", month_of("day").alias("month")).agg(*counts, *metres)
    return months.transform(with_completion).select(*SANITATION_MONTH)


VIDEO_PATROL_DAY = ("county6", "problem_type", "day", "alerts", "judged", "confirmed", "precision")
VIDEO_PATROL_MONTH = ("county6", "problem_type", "month", "alerts", "judged", "confirmed", "precision")
ALERTS = ("alerts", "judged", "confirmed")
NO_TYPE = "UNKNOWN"


def precision() -> Column:
    """Confirmed over all alerts, in percent; one that nobody has judged is not confirmed."""
    return hundredths(F.col("confirmed") * PERCENT, F.col("alerts"))


@lake_asset("themes/urban_management/video_patrol_day", unit=units(day="day"), touch={"alert": by_day("alerted_at")}, whole_above=0.5)
def video_patrol_day(alert: DataFrame = cleansed("urban_management/video_patrol")) -> DataFrame:
    """One row per county, type and day, key (county6, problem_type, day), columns VIDEO_PATROL_DAY."""
    day = F.col("alerted_at").cast("date")
    return (
        alert.where(happened("alerted_at", EXTRACT))
        .groupBy(known_county(), F.coalesce("problem_type", F.lit(NO_TYPE)).alias("problem_type"), day.alias("day"))
        .agg(F.count(F.lit(1)).alias("alerts"), F.count("verdict").alias("judged"),
             F.count_if(F.col("verdict") == "CONFIRMED").alias("confirmed"))
        .withColumn("precision", precision())
        .select(*VIDEO_PATROL_DAY)
    )  # fmt: skip


@lake_asset(
    "themes/urban_management/video_patrol_month",
    unit=units(month="month"),
    touch={"of_day": own(month=lambda: month_of("day"))},
    whole_above=0.5,
)
def video_patrol_month(of_day: DataFrame = table("themes/urban_management/video_patrol_day")) -> DataFrame:
    """One row per county, type and month, key (county6, problem_type, month), columns VIDEO_PATROL_MONTH: sums of the days."""
    months = of_day.groupBy("county6", "problem_type", month_of("day").alias("month")).agg(*[F.sum(c).alias(c) for c in ALERTS])
    return months.withColumn("precision", precision()).select(*VIDEO_PATROL_MONTH)


MARKET_DAY = ("market_no", "day", "name", "kind", "county6", "orderly", "occupied", "stalls", "occupancy_rate", "outside_stalls")
MARKET_MONTH = (
    "market_no", "month", "name", "kind", "county6", "checks", "orderly_checks", "order_rate", "occupied", "stalls", "occupancy_rate",
    "outside_stalls",
)  # fmt: skip


def orderly() -> Column:
    """Whether a check found no stall outside the lines, and no more stalls than there are places."""
    inside = F.coalesce(F.col("outside_stalls") == 0, F.lit(False))
    return inside & F.coalesce(F.col("occupied") <= F.col("stalls"), F.lit(False))


@lake_asset("themes/urban_management/market_day", unit=units(day="day"), touch={"check": by_day("day")}, whole_above=0.5)
def market_day(check: DataFrame = cleansed("urban_management/market")) -> DataFrame:
    """One row per market or vending point and day on which it was checked, key (market_no, day), columns MARKET_DAY."""
    return (
        check.where(happened("day", EXTRACT))
        .withColumn("orderly", orderly())
        .withColumn("occupancy_rate", hundredths(F.col("occupied") * PERCENT, F.col("stalls")))
        .withColumn("county6", known_county())
        .select(*MARKET_DAY)
    )


@lake_asset(
    "themes/urban_management/market_month",
    unit=units(month="month"),
    touch={"of_day": own(month=lambda: month_of("day"))},
    whole_above=0.5,
)
def market_month(of_day: DataFrame = table("themes/urban_management/market_day")) -> DataFrame:
    """One row per market or vending point and month, key (market_no, month), columns MARKET_MONTH: sums of the days."""
    stated = {c: F.max(c) for c in ("name", "kind", "county6")}
    both = F.col("occupied").isNotNull() & F.col("stalls").isNotNull()
    sums = {c: F.coalesce(F.sum(F.when(both, F.col(c))), F.lit(0)) for c in ("occupied", "stalls")}
    outside = F.sum(F.coalesce("outside_stalls", F.lit(0)))
    counts = {"checks": F.count(F.lit(1)), "orderly_checks": F.count_if("orderly"), "outside_stalls": outside}
    return (
        of_day.groupBy("market_no", month_of("day").alias("month"))
        .agg(*[made.alias(name) for name, made in (stated | sums | counts).items()])
        .withColumn("order_rate", hundredths(F.col("orderly_checks") * PERCENT, F.col("checks")))
        .withColumn("occupancy_rate", hundredths(F.col("occupied") * PERCENT, F.col("stalls")))
        .select(*MARKET_MONTH)
    )
