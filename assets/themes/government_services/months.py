"""Months: what was accepted, finished and left open by item and by department (domain rules E1).

Here: `item_month`, `department_month`. Not here: which rows count (`counting`), rates of the city (`indicator`).
"""

from __future__ import annotations

from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.indicators.table import county_and_city
from assets.joins import left_join_lookup
from assets.themes.government_services.case import ON_TIME
from assets.themes.government_services.counting import accepted, delivered, finished, left_open
from assets.themes.government_services.item import PROMISED
from assets.touch import own, units
from standards.rounding import mean

ALL = "ALL"
"""In place of a department: all of them."""
NOBODY = "UNKNOWN"
"""In place of a department that is not known."""
COUNTS = ("accepted", "finished", "on_time", "left_open", "promised_finished", "early", "no_meeting", "workdays_total", "workdays_known")
ITEM_MONTH = ("item_code", "county6", "month", *COUNTS, "mean_workdays")
OF_COMMENTS = ("comments", "good_comments", "bad_comments", "rectified_comments")
DEPARTMENT_MONTH = (
    "department", "div_code", "month", *COUNTS, "mean_workdays", "median_workdays", "p90_workdays", *OF_COMMENTS, "letters",
    "letter_hours_p50", "letter_hours_p90",
)  # fmt: skip


def _month() -> Column:
    return F.date_format("day", "yyyy-MM").alias("month")


def case_counts(case: DataFrame, key: list[str], as_of: date) -> DataFrame:
    """COUNTS by some columns of cases and month."""
    done = {
        "finished": F.count(F.lit(1)),
        "on_time": F.count_if(F.col("timeliness") == ON_TIME),
        "promised_finished": F.count_if((F.col("project_type") == PROMISED) & F.col("early").isNotNull()),
        "early": F.count_if("early"),
        "no_meeting": F.count_if("no_meeting"),
        "workdays_total": F.sum("workdays"),
        "workdays_known": F.count("workdays"),
    }
    parts = [
        (accepted(case), {"accepted": F.count(F.lit(1))}),
        (finished(case), done),
        (left_open(case.where("counts"), "month", as_of), {"left_open": F.count(F.lit(1))}),
    ]
    sums = [_filled(rows.groupBy(*key, _month()).agg(*[c.alias(n) for n, c in made.items()]), COUNTS) for rows, made in parts]
    return reduce(DataFrame.unionByName, sums).groupBy(*key, "month").agg(*[F.sum(c).cast("bigint").alias(c) for c in COUNTS])


def _filled(rows: DataFrame, columns: tuple[str, ...]) -> DataFrame:
    """The rows with all of the columns; 0 where they have none."""
    return rows.withColumns(
        {c: F.coalesce(F.col(c), F.lit(0)).cast("bigint") if c in rows.columns else F.lit(0).cast("bigint") for c in columns}
    )


def mean_workdays() -> Column:
    return mean(F.col("workdays_total").cast("decimal(18,0)"), F.col("workdays_known"), 2)


def nearest_rank(values: Column, percent: int) -> Column:
    """The least value up to which at least so many percent of an array's values lie; NULL of none."""
    place = F.floor((F.size(values) * percent + 99) / 100).cast("int") - 1
    return F.when(F.size(values) > 0, F.get(F.sort_array(values), place))


@lake_asset(
    "themes/government_services/item_month",
    unit=units(item="item_code"),
    touch={"case": own(item="item_code")},
)
def item_month(case: DataFrame = table("themes/government_services/case"), as_of: date = AS_OF) -> DataFrame:
    """One row per item, county and month in which anything happened, key (item_code, county6, month), columns ITEM_MONTH.

    The date needs no turn: a case that is open when it is due changes with every date (late_days).
    """
    return case_counts(case, ["item_code", "county6"], as_of).withColumn("mean_workdays", mean_workdays()).select(*ITEM_MONTH)


def in_each(rows: DataFrame) -> DataFrame:
    """Every row four times: for its department and for ALL, in its county and in the city; columns `department` and `div_code`."""
    own_ = F.coalesce("department", F.lit(NOBODY))
    of = rows.withColumn("department", F.explode(F.array(own_, F.lit(ALL))))
    return of.withColumn("div_code", county_and_city("county6"))


@lake_asset("themes/government_services/department_month")
def department_month(
    case: DataFrame = table("themes/government_services/case"),
    comment: DataFrame = table("themes/government_services/comment"),
    letter: DataFrame = cleansed("government_services/ems_dispatch"),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per department, division and month, key (department, div_code, month), columns DEPARTMENT_MONTH.

    Rows of ALL departments and of the city are made of the same rows as the others, so that their medians are medians of cases. Such a row
    follows from every input row, so the table declares no touched units and is made whole.
    """
    key = ["department", "div_code"]
    cases = in_each(case)
    days = F.sort_array(F.collect_list("workdays"))
    taken = (
        finished(cases)
        .groupBy(*key, _month())
        .agg(nearest_rank(days, 50).alias("median_workdays"), nearest_rank(days, 90).alias("p90_workdays"))
    )
    said = in_each(comment.where("counts").withColumn("day", F.col("comment_date"))).groupBy(*key, _month()).agg(
        F.count(F.lit(1)).alias("comments"), F.count_if("good").alias("good_comments"), F.count_if("bad").alias("bad_comments"),
        F.count_if("rectified").alias("rectified_comments"),
    )  # fmt: skip
    whose = case.select("case_no", "department")
    sent = in_each(delivered(letter).withColumn("county6", F.col("division_county")).transform(left_join_lookup, whose, "case_no"))
    minutes = F.sort_array(F.collect_list("minutes"))
    letters = sent.groupBy(*key, _month()).agg(
        F.count(F.lit(1)).alias("letters"), nearest_rank(minutes, 50).alias("_p50"), nearest_rank(minutes, 90).alias("_p90")
    )
    hours = {f"letter_hours_p{p}": mean(F.col(f"_p{p}").cast("decimal(18,0)"), F.lit(60), 1) for p in (50, 90)}
    parts = [case_counts(cases, key, as_of), taken, said, letters]
    keys = reduce(DataFrame.unionByName, [p.select(*key, "month") for p in parts]).distinct()
    joined = reduce(lambda rows, part: left_join_lookup(rows, part, [*key, "month"]), parts, keys)
    return (
        _filled(joined, (*COUNTS, *OF_COMMENTS, "letters"))
        .withColumn("mean_workdays", mean_workdays())
        .withColumns(hours)
        .select(*DEPARTMENT_MONTH)
    )
