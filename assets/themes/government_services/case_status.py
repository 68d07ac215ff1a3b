"""Where is my case? One row answers by case number: guide, progress, complaint, delivery (the plan of 2017: one query for all four)."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset, table
from assets.joins import distinct_keys, left_join_lookup
from assets.themes.government_services.case import FINISHED
from assets.touch import own, units, via

NOT_DELIVERED = "NOT_DELIVERED"
"""State of a case of which steps are known and the case itself is not yet."""
GUIDE = ("name", "level", "law_days", "promise_days", "online_depth", "max_visits", "charged")
PROGRESS = (
    "item_code", "item_version", "department", "county6", "state", "timeliness", "accept_date", "day_unit", "limit_days", "suspended_days",
    "due_date", "due_provisional", "finish_date", "result",
)  # fmt: skip
CASE_STATUS = (
    "case_no", "item_name", *GUIDE[1:], *PROGRESS, "steps", "last_step", "last_step_time", "comment_no", "comment_score",
    "comment_rectified", "orders", "order_no", "order_type", "order_timeliness", "deliver_type", "ems_no", "send_time", "deliver_time",
    "delivery_state",
)  # fmt: skip


def _last(column: str, order: Column) -> Column:
    return F.max_by(column, order)


def _text(*columns: str) -> Column:
    """An order that no two rows share: the columns as one text, the last of them a number of the row's own."""
    return F.concat_ws("|", *[F.col(c).cast("string") for c in columns])


def last_step(step: DataFrame) -> DataFrame:
    """Per case: how many steps, the last, and when it ended or, while it lasts, began."""
    moment = F.coalesce("end_time", "begin_time")
    return step.withColumn("_moment", moment).groupBy("case_no").agg(
        F.count(F.lit(1)).cast("int").alias("steps"), _last("step", F.col("step_no")).alias("last_step"),
        _last("_moment", F.col("step_no")).alias("last_step_time"),
    )  # fmt: skip


def last_comment(comment: DataFrame) -> DataFrame:
    """Per case: the last comment that counts."""
    order = _text("comment_date", "comment_no")
    return comment.where("counts").groupBy("case_no").agg(
        _last("comment_no", order).alias("comment_no"), _last("score", order).alias("comment_score"),
        _last("rectified", order).alias("comment_rectified"),
    )  # fmt: skip


def last_order(order: DataFrame) -> DataFrame:
    """Per case: how many orders of the hotline name it, and the last of them."""
    by = _text("call_date", "order_no")
    return order.where(F.col("case_no").isNotNull()).groupBy("case_no").agg(
        F.count(F.lit(1)).cast("int").alias("orders"), _last("order_no", by).alias("order_no"), _last("type", by).alias("order_type"),
        _last("timeliness", by).alias("order_timeliness"),
    )  # fmt: skip


def last_letter(letter: DataFrame) -> DataFrame:
    """Per case: the last letter."""
    by = _text("send_time", "ems_no")
    columns = {"_letter": "ems_no", "send_time": "send_time", "deliver_time": "deliver_time", "_letter_state": "state"}
    return letter.where(F.col("case_no").isNotNull()).groupBy("case_no").agg(*[_last(c, by).alias(n) for n, c in columns.items()])


def delivery_state() -> Column:
    """Where the result is: NOT_READY while the case is not finished; then PICKUP, ELECTRONIC, TO_SEND, SENT, DELIVERED, RETURNED."""
    by_letter = F.coalesce("_letter_state", F.when(F.col("deliver_time").isNotNull(), "DELIVERED"), F.lit("SENT"))
    return (
        F.when(F.col("_letter").isNotNull(), by_letter)
        .when(F.coalesce(F.col("state") != FINISHED, F.lit(True)), "NOT_READY")
        .when(F.col("deliver_type") == "EMS", "TO_SEND")
        .otherwise(F.col("deliver_type"))
    )


@lake_asset(
    "themes/government_services/case_status",
    unit=units(case="case_no"),
    touch={
        "case": own(case="case_no"),
        "item": via("case", on=("item_code", "item_version"), to=("item_code", "item_version"), reads=GUIDE, narrows=False, case="case_no"),
        "step": own(case="case_no"),
        "comment": own(case="case_no"),
        "order": own(case="case_no"),
        "letter": own(case="case_no"),
    },
)
def case_status(
    case: DataFrame = table("themes/government_services/case"),
    item: DataFrame = table("themes/government_services/item"),
    step: DataFrame = cleansed("government_services/case_step"),
    comment: DataFrame = table("themes/government_services/comment"),
    order: DataFrame = table("themes/government_services/hotline"),
    letter: DataFrame = cleansed("government_services/ems_dispatch"),
) -> DataFrame:
    """One row per case that is known, be it by its steps alone, key case_no, columns CASE_STATUS."""
    guide = item.select("item_code", "item_version", *GUIDE).withColumnRenamed("name", "item_name")
    known = case.select("case_no", *PROGRESS, "deliver_type", F.col("ems_no").alias("_ems_no"))
    joined = distinct_keys(case.select("case_no"), step.select("case_no")).transform(left_join_lookup, known, "case_no")
    for part in (last_step(step), last_comment(comment), last_order(order), last_letter(letter)):
        joined = joined.transform(left_join_lookup, part, "case_no")
    return (
        joined.transform(left_join_lookup, guide, ["item_code", "item_version"])
        .withColumns({c: F.coalesce(c, F.lit(0)) for c in ("steps", "orders")})
        .withColumn("delivery_state", delivery_state())
        .withColumn("ems_no", F.coalesce("_letter", "_ems_no"))
        .withColumn("state", F.coalesce("state", F.lit(NOT_DELIVERED)))
        .select(*CASE_STATUS)
    )
