"""Orders of the hotline 12345: whether they were handled in time, and which demands were made again (domain rules E1)."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.dates import EXTRACT, happened
from assets.declare import AS_OF, cleansed, lake_asset
from assets.flags import flags
from assets.themes.government_services.case import FUTURE, timeliness
from assets.themes.government_services.item import LINEAGE
from assets.touch import Turn, own, units

REPEAT_DAYS = 30
REPEATED, FINISH_BEFORE_CALL, NO_CALLER = "REPEATED", "FINISH_BEFORE_CALL", "NO_CALLER"
HOTLINE = (
    "order_no", "demand", "type", "county6", "department", "case_no", "call_date", "due_date", "finish_date", "timeliness", "return_count",
    "satisfaction", "satisfied", "solved_at_once", "repeat_of", "flags", *LINEAGE,
)  # fmt: skip


def demand() -> Column:
    """What orders of one demand share: a digest of caller, type and address; an order of which one is not known is a demand of its own.

    A caller's number that is masked or a stand-in is not known (rule `phone`).
    """
    whole = F.concat("caller_phone", F.lit("|"), "type", F.lit("|"), "address_key")
    return F.coalesce(F.md5(whole), F.concat(F.lit("order:"), "order_no"))


@lake_asset(
    "themes/government_services/hotline",
    unit=units(demand="demand"),
    touch={"order": own(demand=demand, turns=(Turn("call_time"), Turn("due_time"), Turn("finish_time")))},
)
def hotline(order: DataFrame = cleansed("government_services/hotline"), as_of: date = AS_OF) -> DataFrame:
    """One row per order, key order_no, columns HOTLINE, as it stands at the end of the date.

    repeat_of: the order that the hotline says this one repeats, else the one before it of the same demand, at most REPEAT_DAYS earlier.
    """
    of_demand = Window.partitionBy("demand").orderBy("call_time", "order_no")
    near = F.datediff(F.col("call_time").cast("date"), F.lag(F.col("call_time").cast("date")).over(of_demand)) <= REPEAT_DAYS
    before = F.when(near, F.lag("order_no").over(of_demand))
    stated = F.when(F.col("dup_of") != F.col("order_no"), F.col("dup_of"))
    finish, call = F.col("finish_date"), F.col("call_date")
    contradicts = F.coalesce(finish < call, F.lit(False))
    conditions = {
        REPEATED: F.col("repeat_of").isNotNull(),
        FINISH_BEFORE_CALL: contradicts,
        FUTURE: ~happened("call_time", as_of, EXTRACT),
        NO_CALLER: F.col("demand").startswith("order:"),
    }
    solved = (F.col("solved") == "1") & (F.coalesce("return_count", F.lit(0)) == 0)
    return (
        order.withColumn("demand", demand())
        .withColumn("repeat_of", F.coalesce(stated, before))
        .withColumn("call_date", F.col("call_time").cast("date"))
        .withColumn("due_date", F.col("due_time").cast("date"))
        .withColumn("finish_date", F.when(happened("finish_time", as_of, EXTRACT), F.col("finish_time").cast("date")))
        .withColumn("flags", flags(conditions))
        .withColumn("timeliness", timeliness(finish, F.when(~contradicts, F.col("due_date")), as_of))
        .withColumn("satisfied", F.col("satisfaction").isin("4", "5"))
        .withColumn("solved_at_once", F.when(finish.isNotNull(), F.coalesce(solved, F.lit(False))))
        .withColumn("county6", F.col("division_county"))
        .withColumn("_row_no", F.col("_row_no").cast("bigint"))
        .select(*HOTLINE)
    )
