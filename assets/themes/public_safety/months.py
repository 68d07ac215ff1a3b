"""Months of public safety: criminal cases, disputes and events of the grid, hazards, accidents, corrections.

Here: a row per month and place of each. Not here: calls (`alarm`), rates (`indicator`). Source: domain rules E5. A month that is not over
is counted up to the date of the run; what is said to lie after it, or after its own delivery, has not happened,
nor has an event ended before it was reported, a hazard been removed before it was found, or a case been solved before it was filed (D16).
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.dates import EXTRACT, happened
from assets.declare import AS_OF, cleansed, lake_asset
from assets.indicators import known_county
from assets.themes.public_safety.alarm import month
from assets.touch import Turn, named, own, units
from standards.public_safety import ACCIDENT_LEVELS, accident_level


def _whole(column: Column) -> Column:
    return column.cast("int")


def _month_number(day: Column) -> Column:
    """The months since the year 0 of a date."""
    return F.year(day) * 12 + F.month(day) - 1


def _not_before(end: str, begin: str) -> Column:
    """Whether an end is not before its begin, as far as both are known."""
    return ~F.coalesce(F.col(end) < F.col(begin), F.lit(False))


def _months_of_case() -> Column:
    """The units of a case: the months in which it was filed and solved."""
    return named(*[F.concat(F.lit("month:"), month(F.col(day))) for day in ("filed_date", "solved_date")])


@lake_asset(
    "themes/public_safety/case_month",
    unit=units(month="month"),
    touch={"case": own(_months_of_case, connects=False, turns=(Turn("filed_date"), Turn("solved_date")))},
)
def case_month(case: DataFrame = cleansed("public_security/criminal_case"), as_of: date = AS_OF) -> DataFrame:
    """One row per month, county and kind: cases filed, those of them that are solved, and cases solved in the month whenever filed.

    A case that is said to have been solved before it was filed is not known to be solved; early counts it.
    """
    filed, ended = happened("filed_date", as_of), happened("solved_date", as_of)
    solved, early = ended & _not_before("solved_date", "filed_date"), ended & ~_not_before("solved_date", "filed_date")
    of_filed = case.where(filed).select(
        month(F.col("filed_date")).alias("month"),
        known_county(),
        "kind",
        F.lit(1).alias("f"),
        F.when(solved, 1).alias("c"),
        F.when(early, 1).alias("e"),
        F.lit(0).alias("s"),
    )
    of_solved = case.where(filed & solved).select(
        month(F.col("solved_date")).alias("month"), known_county(), "kind", *[F.lit(0).alias(c) for c in "fce"], F.lit(1).alias("s")
    )
    sums = {"filed": "f", "filed_and_solved": "c", "early": "e", "solved": "s"}
    grouped = of_filed.unionByName(of_solved).groupBy("month", "county6", "kind")
    return grouped.agg(*[_whole(F.coalesce(F.sum(c), F.lit(0))).alias(n) for n, c in sums.items()])


@lake_asset(
    "themes/public_safety/event_month",
    unit=units(month="month"),
    touch={
        "event": own(
            month=lambda: month(F.col("report_time")),
            turns=(Turn("report_time"), Turn("due_time"), Turn("finish_time")),
        )
    },
)
def event_month(event: DataFrame = cleansed("integrated_governance/event"), as_of: date = AS_OF) -> DataFrame:
    """One row per month of report, county and kind: events accepted, finished, due, finished in time of those due, resolved.

    Due are events with a time limit that are finished, or whose day has come, that of the night included; without a limit nobody can say.
    """
    finished = happened("finish_time", as_of) & _not_before("finish_time", "report_time")
    due = F.col("due_time").isNotNull() & (finished | happened("due_time", as_of))
    in_time = finished & F.coalesce(F.col("finish_time") <= F.col("due_time"), F.lit(False))
    told = event.where(happened("report_time", as_of))
    return told.groupBy(month(F.col("report_time")).alias("month"), known_county(), "kind").agg(
        _whole(F.count(F.lit(1))).alias("accepted"),
        _whole(F.count_if(finished)).alias("finished"),
        _whole(F.count_if(due)).alias("due"),
        _whole(F.count_if(in_time)).alias("in_time"),
        _whole(F.count_if(F.col("resolved") == "1")).alias("resolved"),
    )


@lake_asset(
    "themes/public_safety/hazard_month",
    unit=units(month="month"),
    touch={
        "hazard": own(
            month=lambda: month(F.col("due_date")),
            turns=(Turn("due_date"), Turn("fixed_date")),
        )
    },
)
def hazard_month(hazard: DataFrame = cleansed("emergency/hazard"), as_of: date = AS_OF) -> DataFrame:
    """One row per month, county and level: hazards that were due in the month, removed, removed in time, still there."""
    fixed = happened("fixed_date", as_of) & _not_before("fixed_date", "found_date")
    return (
        hazard.where(happened("due_date", as_of))
        .groupBy(month(F.col("due_date")).alias("month"), known_county(), "level")
        .agg(
            _whole(F.count(F.lit(1))).alias("due"),
            _whole(F.count_if(fixed)).alias("fixed"),
            _whole(F.count_if(fixed & (F.col("fixed_date") <= F.col("due_date")))).alias("in_time"),
            _whole(F.count_if(~fixed)).alias("open"),
        )
    )


@lake_asset(
    "themes/public_safety/accident_month",
    unit=units(month="month"),
    touch={"accident": own(month=lambda: month(F.col("occurred_at")))},
)
def accident_month(accident: DataFrame = cleansed("emergency/accident")) -> DataFrame:
    """One row per month, county and kind: accidents, by level, dead, injured, loss in 10,000 CNY."""
    level = accident_level(F.col("dead"), F.col("injured"), F.col("loss"))
    rows = accident.where(happened("occurred_at", EXTRACT)).select(
        month(F.col("occurred_at")).alias("month"), known_county(), "kind", "dead", "injured", "loss", level.alias("level")
    )
    return rows.groupBy("month", "county6", "kind").agg(
        _whole(F.count(F.lit(1))).alias("accidents"),
        *[_whole(F.count_if(F.col("level") == name)).alias(name.lower()) for name in ACCIDENT_LEVELS],
        _whole(F.coalesce(F.sum("dead"), F.lit(0))).alias("dead"),
        _whole(F.coalesce(F.sum("injured"), F.lit(0))).alias("injured"),
        F.coalesce(F.sum("loss"), F.lit(0)).cast("decimal(18,4)").alias("loss"),
    )


@lake_asset("themes/public_safety/correction_month")
def correction_month(correction: DataFrame = cleansed("justice/community_correction"), as_of: date = AS_OF) -> DataFrame:
    """One row per month and county: persons who served their sentence on a day of it, and those who committed another crime in it.

    A person with several sentences counts once; what somebody did before or after the sentence is no new crime in correction. A person is
    in many months, so it declares no touched units and is made whole.
    """
    last = F.least(F.col("to_date"), F.lit(as_of))
    months = F.sequence(_month_number(F.col("from_date")), _month_number(last))
    day, person = F.col("reoffended_date"), F.coalesce("id_no", "correction_no")
    again = F.when(day.between(F.col("from_date"), last), _month_number(day))
    served = correction.where(F.col("from_date") <= last).select(
        F.explode(months).alias("_month"), known_county(), person.alias("_person"), again.alias("_again")
    )
    in_year = F.pmod(F.col("_month"), F.lit(12))
    year = ((F.col("_month") - in_year) / 12).cast("int").cast("string")
    name = F.concat(year, F.lit("-"), F.lpad((in_year + 1).cast("string"), 2, "0"))
    return served.groupBy(name.alias("month"), "county6").agg(
        _whole(F.count_distinct("_person")).alias("in_correction"),
        _whole(F.count_distinct(F.when(F.col("_again") == F.col("_month"), F.col("_person")))).alias("reoffended"),
    )
