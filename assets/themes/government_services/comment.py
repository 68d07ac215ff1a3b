"""Comments on cases: which of them count, and what became of the bad ones (domain rules E1)."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from assets.dates import EXTRACT, happened
from assets.declare import cleansed, lake_asset, table
from assets.flags import flags
from assets.joins import left_join_lookup
from assets.themes.government_services.case import FUTURE, TEST
from assets.themes.government_services.item import LINEAGE
from assets.touch import own, units
from assets.workdays import add_workdays

GOOD, BAD = ("5", "4", "3"), ("2", "1")
"""Very satisfied, satisfied, about satisfied; dissatisfied, very dissatisfied."""
RECTIFY_DAYS = 15
"""Workdays within which a bad comment has to lead to something."""
AUTOMATIC, NO_SCORE, REPEATED, NO_CASE = "AUTOMATIC", "NO_SCORE", "REPEATED", "NO_CASE"
NOT_COUNTED = (AUTOMATIC, NO_SCORE, REPEATED, TEST, FUTURE)
COMMENT = (
    "comment_no", "case_no", "county6", "department", "stage", "channel", "comment_date", "score", "good", "bad", "rectify_due",
    "rectify_due_provisional", "rectify_date", "rectified", "called_back", "counts", "flags", *LINEAGE,
)  # fmt: skip


@lake_asset(
    "themes/government_services/comment",
    unit=units(case="case_no"),
    touch={"comment": own(case="case_no"), "case": own(case="case_no", reads=("county6", "department", "flags"))},
)
def comment(
    comment: DataFrame = cleansed("government_services/comment"),
    case: DataFrame = table("themes/government_services/case"),
    calendar: DataFrame = table("reference/calendar/workday"),
) -> DataFrame:
    """One row per comment, key comment_no, columns COMMENT.

    Of a case each event is evaluated once, by the first comment that somebody gave. Praise that the system entered counts nowhere. What is
    said of a case that is not there counts, in no known county.
    """
    cases = case.select("case_no", "county6", "department", F.array_contains("flags", TEST).alias("_test"), F.lit(True).alias("_known"))
    automatic = F.coalesce(F.col("automatic") == "1", F.lit(False))
    given = ~automatic & F.col("score").isNotNull()
    of_event = Window.partitionBy("case_no", F.coalesce("stage", F.lit("")), "_given").orderBy("comment_time", "comment_no")
    conditions = {
        AUTOMATIC: automatic,
        NO_SCORE: F.col("score").isNull(),
        REPEATED: F.col("_given") & (F.col("_place") > 1),
        NO_CASE: F.col("_known").isNull(),
        TEST: F.coalesce("_test", F.lit(False)),
        FUTURE: ~happened("comment_time", EXTRACT),
    }
    bad = F.col("score").isin(*BAD)
    rectified = F.coalesce(F.col("rectify_date") <= F.col("rectify_due"), F.lit(False))
    return (
        comment.withColumn("_given", given)
        .withColumn("_place", F.row_number().over(of_event))
        .withColumn("comment_date", F.col("comment_time").cast("date"))
        .withColumn("rectify_date", F.when(happened("rectify_time", EXTRACT), F.col("rectify_time").cast("date")))
        .transform(left_join_lookup, cases, "case_no")
        .transform(add_workdays, calendar, "comment_date", F.when(bad, RECTIFY_DAYS), "rectify_due")
        .withColumn("flags", flags(conditions))
        .withColumn("counts", ~F.arrays_overlap("flags", F.array(*map(F.lit, NOT_COUNTED))))
        .withColumn("good", F.coalesce(F.col("score").isin(*GOOD), F.lit(False)))
        .withColumn("bad", F.coalesce(bad, F.lit(False)))
        .withColumn("rectified", F.when(bad, rectified))
        .withColumn("called_back", F.when(bad, F.coalesce(F.col("called_back") == "1", F.lit(False))))
        .withColumn("_row_no", F.col("_row_no").cast("bigint"))
        .select(*COMMENT)
    )
