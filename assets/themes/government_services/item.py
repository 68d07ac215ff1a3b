"""Items: what can be applied for, in which version, and how many days it may take (domain rules B9, E1).

Here: `item`. Not here: cases about them (`case`).
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from assets.dates import valid_on
from assets.declare import AS_OF, cleansed, lake_asset
from assets.flags import flags
from assets.touch import Turn, own, units

LINEAGE = ("_source_file", "_row_no", "_batch_id")
IMMEDIATE, PROMISED = "IMMEDIATE", "PROMISED"
WORKDAY, CALENDAR = "WORKDAY", "CALENDAR"
ON_APPLICATION = ("01", "05", "07", "08", "09", "10")
"""Item types of approval nature: what somebody applies for; not penalties, inspections and services."""
NO_PROMISE, ABOVE_LAW, NO_UNIT = "NO_PROMISE", "PROMISE_ABOVE_LAW", "NO_UNIT"
ITEM = (
    "item_code", "item_version", "name", "item_type", "on_application", "department", "level", "county6", "project_type", "law_days",
    "promise_days", "limit_days", "day_unit", "online_depth", "no_meeting", "max_visits", "charged", "kind_3550", "licence_type",
    "valid_from", "valid_to", "in_force", "flags", *LINEAGE,
)  # fmt: skip


@lake_asset(
    "themes/government_services/item",
    unit=units(item="item_code"),
    touch={"item": own(item="item_code", turns=(Turn("valid_from"), Turn("valid_to", days=1)))},
)
def item(item: DataFrame = cleansed("government_services/item"), as_of: date = AS_OF) -> DataFrame:
    """One row per version of an item, key (item_code, item_version), columns ITEM.

    limit_days: an immediate item takes no days; a promised one as many as it promises, and where it says none, as many as the law allows.
    A version ends the day before the next begins. Without a unit days are workdays (行政许可法 article 82).
    """
    versions = Window.partitionBy("item_code").orderBy("valid_from", "item_version")
    promised = F.col("project_type") == PROMISED
    conditions = {
        NO_PROMISE: promised & F.col("promise_days").isNull(),
        ABOVE_LAW: promised & (F.col("promise_days") > F.col("law_days")) & (F.col("law_days") > 0),
        NO_UNIT: F.col("day_unit").isNull(),
    }
    said = {c: F.coalesce(F.col(c) == "1", F.lit(False)) for c in ("no_meeting", "charged")}
    return (
        item.withColumn("valid_to", F.least("valid_to", F.date_sub(F.lead("valid_from").over(versions), 1)))
        .withColumn("in_force", valid_on(as_of))
        .withColumn("flags", flags(conditions))
        .withColumn("limit_days", F.when(promised, F.coalesce("promise_days", "law_days")).otherwise(0))
        .withColumn("day_unit", F.coalesce("day_unit", F.lit(WORKDAY)))
        .withColumn("on_application", F.coalesce(F.col("item_type").isin(*ON_APPLICATION), F.lit(False)))
        .withColumn("county6", F.col("division_county"))
        .withColumn("_row_no", F.col("_row_no").cast("bigint"))
        .withColumns(said)
        .select(*ITEM)
    )
