"""What the indicators of government services are made of. Which count over which: indicators.yaml; the table: assets/indicators.

Here: counts by county and period. Not here: which rows count (`counting`). Of items those in force on the last day of a period are counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import reduce
from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.indicators import Counts, counted, read_indicators
from assets.joins import left_join_lookup
from assets.themes.government_services.case import GOALS, ON_TIME
from assets.themes.government_services.counting import PARTS, accepted, delivered, finished, in_force, left_open
from assets.themes.government_services.item import ABOVE_LAW, IMMEDIATE, PROMISED

INDICATORS = read_indicators(Path(__file__).with_name("indicators.yaml"))
ONLINE, WHOLLY_ONLINE = 3, 4
"""Depth from which an item can be done online, and from which nothing of it is done elsewhere."""


def _counts(rows: DataFrame, of: Mapping[str, Column], period_kind: str, division: str = "county6") -> Counts:
    return counted(rows, {"clean": of}, division=F.col(division), period_kind=period_kind, day=F.col("day"))


def case_counts(case: DataFrame, comment: DataFrame, period_kind: str, as_of: date) -> list[Counts]:
    """Cases accepted, finished, and left open although they were due."""
    said = comment.where("counts").select("case_no").distinct().withColumn("_said", F.lit(True))
    done = finished(case).transform(left_join_lookup, said, "case_no")
    goals = {f"{kind.lower()}_{name}": made for kind in GOALS for name, made in _of_goal(F.col("kind_3550") == kind).items()}
    of = {
        "finished": F.count(F.lit(1)),
        "finished_in_time": F.count_if(F.col("timeliness") == ON_TIME),
        "promised_finished": F.count_if((F.col("project_type") == PROMISED) & F.col("early").isNotNull()),
        "early": F.count_if("early"),
        "workdays": F.coalesce(F.sum("workdays"), F.lit(0)),
        "timed": F.count("workdays"),
        "no_meeting": F.count_if("no_meeting"),
        "commented": F.count_if("_said"),
        **goals,
    }
    open_ = left_open(case.where("counts"), period_kind, as_of)
    return [
        _counts(accepted(case), {"accepted": F.count(F.lit(1))}, period_kind),
        _counts(done, of, period_kind),
        _counts(done.unionByName(open_, allowMissingColumns=True), {"due": F.count(F.lit(1))}, period_kind),
    ]


def _of_goal(kind: Column) -> dict[str, Column]:
    return {"finished": F.count_if(kind & F.col("within_goal").isNotNull()), "within": F.count_if(kind & F.col("within_goal"))}


def comment_counts(comment: DataFrame, period_kind: str) -> Counts:
    """Comments that count, by the day on which they were made."""
    of = {
        "comments": F.count(F.lit(1)),
        "good_comments": F.count_if("good"),
        "bad_comments": F.count_if("bad"),
        "rectified_comments": F.count_if("rectified"),
        "called_back": F.count_if("called_back"),
    }
    return _counts(comment.where("counts").withColumn("day", F.col("comment_date")), of, period_kind)


def hotline_counts(order: DataFrame, calls: DataFrame, period_kind: str, as_of: date) -> list[Counts]:
    """Orders by the day of the call, of the end, and of the periods at whose end they were due; calls, which have no county."""
    came = order.where(F.col("call_date") <= F.lit(as_of)).withColumn("day", F.col("call_date"))
    done = order.where(F.col("finish_date").isNotNull()).withColumn("day", F.col("finish_date"))
    due = done.unionByName(left_open(came.drop("day"), period_kind, as_of))
    rings = calls.where(F.col("day") <= F.lit(as_of)).withColumn("county6", F.lit(None).cast("string"))
    ended = {
        "orders_finished": F.count(F.lit(1)),
        "orders_in_time": F.count_if(F.col("timeliness") == ON_TIME),
        "orders_solved": F.count_if("solved_at_once"),
    }
    made = {
        "orders": F.count(F.lit(1)),
        "orders_repeated": F.count_if(F.col("repeat_of").isNotNull()),
        "orders_rated": F.count("satisfaction"),
        "orders_satisfied": F.count_if("satisfied"),
    }
    of_calls = {"calls": F.sum("calls"), "answered_calls": F.sum("answered")}
    return [
        _counts(came, made, period_kind),
        _counts(done, ended, period_kind),
        _counts(due, {"orders_due": F.count(F.lit(1))}, period_kind),
        _counts(rings, of_calls, period_kind),
    ]


def letter_counts(letter: DataFrame, period_kind: str) -> Counts:
    """Letters by the day of their delivery."""
    of = {"letters": F.count(F.lit(1)), "letter_minutes": F.coalesce(F.sum("minutes"), F.lit(0))}
    return _counts(delivered(letter), of, period_kind, "division_county")


def item_counts(item: DataFrame, period_kind: str, as_of: date) -> Counts:
    """Items in force at the end of each period."""
    comparable = (F.col("project_type") == PROMISED) & (F.col("law_days") > 0) & F.col("promise_days").isNotNull()
    comparable &= ~F.array_contains("flags", ABOVE_LAW)
    online = F.col("online_depth").cast("int")
    of = {
        "items": F.count(F.lit(1)),
        "immediate_items": F.count_if(F.col("project_type") == IMMEDIATE),
        "items_on_application": F.count_if("on_application"),
        "no_meeting_items": F.count_if(F.col("on_application") & F.col("no_meeting")),
        "online_items": F.count_if(online >= ONLINE),
        "wholly_online_items": F.count_if(online >= WHOLLY_ONLINE),
        "law_days": F.coalesce(F.sum(F.when(comparable, F.col("law_days"))), F.lit(0)),
        "saved_days": F.coalesce(F.sum(F.when(comparable, F.col("law_days") - F.col("promise_days"))), F.lit(0)),
    }
    return _counts(in_force(item, period_kind, as_of), of, period_kind)


@lake_asset("themes/government_services/indicator")
def indicator(
    case: DataFrame = table("themes/government_services/case"),
    item: DataFrame = table("themes/government_services/item"),
    comment: DataFrame = table("themes/government_services/comment"),
    order: DataFrame = table("themes/government_services/hotline"),
    calls: DataFrame = cleansed("government_services/hotline_day"),
    letter: DataFrame = cleansed("government_services/ems_dispatch"),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per indicator, period, division and basis, columns INDICATOR of assets.indicators."""

    def of(kind: str) -> list[Counts]:
        voices = [comment_counts(comment, kind), *hotline_counts(order, calls, kind, as_of), letter_counts(letter, kind)]
        return [*case_counts(case, comment, kind, as_of), *voices, item_counts(item, kind, as_of)]

    return INDICATORS.rows(*reduce(list.__add__, map(of, PARTS)))
