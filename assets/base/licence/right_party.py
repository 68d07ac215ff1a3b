"""Who stands in the certificates of land and houses: co-owners of one cell, apart (domain rules B10).

Here: splitting names and numbers, each number read by the rule of a party's number. Not here: who they are (right_holder). Nothing is lost:
a cell with fewer numbers than names gives parties without a number, one with more numbers parties without a name.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset
from assets.touch import own, units
from standards.rules import Options, parse

SEPARATORS = "[,、;，；]"
"""Between co-owners in one cell."""
RIGHT = ("certificate_no", "unit_no", "holder_no")
PARTY = (
    *RIGHT, "party_no", "parties", "holder_name", "holder_id_no", "holder_id_no_kind", "holder_id_no_error", "_business_date",
)  # fmt: skip


def _apart(cell: str) -> Column:
    """What stands in a cell, without blanks around; no element when nothing does."""
    parts = F.transform(F.split(F.coalesce(cell, F.lit("")), SEPARATORS), lambda part: F.btrim(part, F.lit(" \t\r\n")))
    return F.filter(parts, lambda part: part != "")


@lake_asset("base/licence/right_party", unit=units(right=RIGHT), touch={"right": own(right=RIGHT)})
def right_party(right: DataFrame = cleansed("natural_resources/real_right")) -> DataFrame:
    """One row per party of a row of real_right, key (RIGHT, party_no), columns PARTY; at least one."""
    cells = right.select(*RIGHT, "_business_date", _apart("holder_name").alias("names"), _apart("holder_id_no_raw").alias("numbers"))
    counted = cells.withColumn("parties", F.greatest(F.size("names"), F.size("numbers"), F.lit(1)))
    each = counted.withColumn("place", F.explode(F.sequence(F.lit(0), F.col("parties") - 1)))
    named = each.select(
        *RIGHT, "parties", "_business_date", (F.col("place") + 1).alias("party_no"),
        F.get("names", F.col("place")).alias("holder_name"), F.get("numbers", F.col("place")).alias("number"),
    )  # fmt: skip
    # a number of the test division links nobody where it counts for nothing: no golden person has it
    rule = {"judged": ("party_no", "number", Options(business_date=F.col("_business_date"), test_divisions=True))}
    judged = parse(named, rule)
    error = F.regexp_extract(F.coalesce("judged.codes", F.lit("")), "(E_[A-Z]+)", 1)
    return judged.select(
        "*",
        F.col("judged.value").alias("holder_id_no"),
        F.col("judged.kind").alias("holder_id_no_kind"),
        F.when(F.col("judged.value").isNull(), F.when(error == "", "E_NULL").otherwise(error)).alias("holder_id_no_error"),
    ).select(*PARTY)
