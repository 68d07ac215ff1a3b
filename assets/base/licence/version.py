"""The versions of a licence: which licence came before, which comes after, and how long each was in effect (domain rules D6).

Here: the order, by the licence that one says it replaces, else by the version inside the identifier. Not here: whether the last is valid.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.declare import cleansed, lake_asset
from assets.joins import left_join_lookup
from assets.linkage import of_first, value_of
from assets.touch import named, own, units

STATED, COUNTED = "STATED", "COUNTED"
"""How a licence is known to replace another: it says so, or it is the next version of the same series."""
VERSION = (
    "licence_id", "series", "version", "previous_licence_id", "next_licence_id", "replaced_by", "effective_from", "effective_to",
)  # fmt: skip


def _units() -> Column:
    """The units of a licence: itself, its series, and the licence that it says it replaces."""
    names = {"series:": "licence_id_series", "licence:": "licence_id"}
    return named(*[F.concat(F.lit(kind), c) for kind, c in names.items()], F.concat(F.lit("licence:"), "previous_licence_id"))


def begins() -> Column:
    """The day on which a licence begins: as it says, else that of its issue."""
    return F.coalesce("valid_from", "issue_date")


def links(issued: DataFrame) -> DataFrame:
    """Which licence replaces which: previous, next, replaced_by; what a licence says itself goes before its number in the series."""
    series = Window.partitionBy("licence_id_series").orderBy("licence_id_version", "licence_id")
    counted = issued.select(F.lag("licence_id").over(series).alias("previous"), F.col("licence_id").alias("next"), begins().alias("since"))
    stated = issued.where(F.col("previous_licence_id") != F.col("licence_id")).select(
        F.col("previous_licence_id").alias("previous"), F.col("licence_id").alias("next"), begins().alias("since")
    )
    both = stated.withColumn("how", F.lit(STATED)).unionByName(counted.withColumn("how", F.lit(COUNTED)))
    return both.where(F.col("previous").isNotNull())


def first_after(links: DataFrame) -> DataFrame:
    """Per licence the first that replaces it: licence_id, next_licence_id, next_from, replaced_by."""
    rank = F.concat_ws(
        "|", F.when(F.col("how") == STATED, "0").otherwise("1"), F.coalesce(F.col("since").cast("string"), F.lit("~")), "next"
    )
    found = links.groupBy(F.col("previous").alias("licence_id")).agg(
        of_first(rank, F.col("next"), F.col("since"), F.col("how")).alias("first")
    )
    places = {"next_licence_id": 0, "next_from": 1, "replaced_by": 2}
    named = {name: value_of("first", place, len(places)) for name, place in places.items()}
    return found.select("licence_id", *[v.alias(name) for name, v in named.items()]).withColumn(
        "next_from", F.col("next_from").cast("date")
    )


@lake_asset("base/licence/version", unit=units(licence="licence_id"), touch={"issued": own(_units)})
def version(issued: DataFrame = cleansed("big_data/licence")) -> DataFrame:
    """One row per licence, key licence_id, columns VERSION: its place among the versions, and the days on which it was the one in effect.

    previous_licence_id: also when nobody has delivered that licence. effective_to: the day before the next begins, if that is earlier than
    the licence's own last day.
    """
    found = links(issued)
    before = found.groupBy(F.col("next").alias("licence_id")).agg(
        F.max(F.when(F.col("how") == COUNTED, F.col("previous"))).alias("counted")
    )
    rows = issued.select(
        "licence_id", F.col("licence_id_series").alias("series"), F.col("licence_id_version").alias("version"), "previous_licence_id",
        begins().alias("effective_from"), "valid_to",
    )  # fmt: skip
    joined = left_join_lookup(left_join_lookup(rows, before, "licence_id"), first_after(found), "licence_id")
    until = F.least("valid_to", F.date_sub("next_from", 1))
    return (
        joined.withColumn("previous_licence_id", F.coalesce("previous_licence_id", "counted"))
        .withColumn("effective_to", F.when(F.col("next_licence_id").isNull(), F.col("valid_to")).otherwise(until))
        .select(*VERSION)
    )
