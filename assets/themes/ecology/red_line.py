"""How the areas change in which building is not permitted: what each designation, adjustment and withdrawal gains and loses.

Here: two periods of one red line held against each other. Not here: the periods themselves (`assets.base.geography.layers`).
Source: domain rules D5, E4; areas are those of EPSG:4549.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.base.geography.shapes import shared_m2
from assets.declare import lake_asset, table

M2_OF_HA = 10_000
DIGITS = 4
STATED = ("name", "kind", "county6", "_source_file", "_row_no")


def _ha(m2: Column) -> Column:
    return F.round(m2 / M2_OF_HA, DIGITS).cast("decimal(14,4)")


def periods(red_line: DataFrame) -> DataFrame:
    """Each period beside the one before it: what it states, its geometry and area, those before (`_before`, `_before_m2`)."""
    line = Window.partitionBy("red_line_code").orderBy("valid_from")
    return red_line.select(
        "red_line_code",
        F.col("valid_from").alias("changed_on"),
        *STATED,
        F.lag("geometry").over(line).alias("_before"),
        F.coalesce(F.lag("area_m2").over(line), F.lit(0.0)).alias("_before_m2"),
        F.col("geometry").alias("_after"),
        F.col("area_m2").alias("_after_m2"),
    )


def withdrawals(red_line: DataFrame) -> DataFrame:
    """The last period of each red line that is no longer in force, in the columns of `periods`, as a change to nothing."""
    latest = F.row_number().over(Window.partitionBy("red_line_code").orderBy(F.col("valid_from").desc())) == 1
    ended = red_line.withColumn("_latest", latest).where(F.col("_latest") & F.col("valid_to").isNotNull())
    return ended.select(
        "red_line_code",
        F.date_add("valid_to", 1).alias("changed_on"),
        *STATED,
        F.col("geometry").alias("_before"),
        F.col("area_m2").alias("_before_m2"),
        F.lit(None).cast("binary").alias("_after"),
        F.lit(0.0).alias("_after_m2"),
    )


@lake_asset("themes/ecology/red_line_change")
def red_line_change(red_line: DataFrame = table("base/geography/red_line")) -> DataFrame:
    """One row per red line and day on which it changed, key red_line_code and changed_on; a few per line, so it is made whole."""
    change = (
        F.when(F.col("_before").isNull(), "DESIGNATED").when(F.col("_after").isNull(), "WITHDRAWN").otherwise("ADJUSTED").alias("change")
    )
    both = F.col("_before").isNotNull() & F.col("_after").isNotNull()
    kept = F.when(both, shared_m2(F.col("_before"), F.col("_after"))).otherwise(0.0)
    compared = periods(red_line).unionByName(withdrawals(red_line)).withColumn("_kept_m2", kept)
    return compared.select(
        "red_line_code",
        "changed_on",
        "name",
        "kind",
        "county6",
        change,
        _ha(F.col("_before_m2")).alias("area_before_ha"),
        _ha(F.col("_after_m2")).alias("area_after_ha"),
        _ha(F.col("_before_m2") - F.col("_kept_m2")).alias("lost_ha"),
        _ha(F.col("_after_m2") - F.col("_kept_m2")).alias("gained_ha"),
        "_source_file",
        "_row_no",
    )
