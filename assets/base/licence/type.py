"""The types of licences: those of the catalogue, and those that licences have and the catalogue does not.

Here: one row per type. Not here: the licences of a type (licence), how many there are (coverage).
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset
from assets.joins import left_join_lookup
from assets.touch import own, units

DEFINER_LENGTH = 18
YES = "1"


@lake_asset("base/licence/type", unit=units(type="type_code"), touch={"catalogue": own(type="type_code"), "issued": own(type="type_code")})
def type_(
    catalogue: DataFrame = cleansed("big_data/licence_type"), issued: DataFrame = cleansed("big_data/licence", optional=True)
) -> DataFrame:
    """One row per type, key type_code; `listed`: the catalogue has it."""
    stated = catalogue.select(
        "type_code", "type_name", "holder_kind", (F.col("unique_type") == YES).alias("unique_type"), "issuer_department", "validity_years",
        "valid_from", "valid_to", F.lit(True).alias("listed"),
    )  # fmt: skip
    every = catalogue.select("type_code").unionByName(issued.select("type_code")).distinct()
    flags = {c: F.coalesce(c, F.lit(False)) for c in ("unique_type", "listed")}
    definer = F.substring("type_code", 1, DEFINER_LENGTH)
    return left_join_lookup(every, stated, "type_code").withColumns(flags).withColumn("definer_uscc", definer)
