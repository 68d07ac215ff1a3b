"""Which of a person's several open archives survives a merge (domain rules C5: U1 and U4).

Here: the election, a pure function of archives, links, persons and services. Both `service` (re-keying) and `archive`
(state) call it, so that they always agree. Not here: whether anything is merged at all is a rule (rules.py).
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.base.population.records import source_key
from assets.base.population.source_link import is_sure
from assets.dates import EXTRACT, happened
from assets.joins import left_join_lookup, semi_join, split_unique_keys
from standards.divisions import county_of, town_of

ARCHIVE = "health/archive"
BY_NUMBER = ("M1", "M1B")
UNKNOWN_COUNTY = "321000"
UPGRADED = "id_no:F_UP15"
DELIVERED = ("ehr_no", "empi_id", "status", "cancel_date", "id_no", "village_code12", "create_date", "_codes", EXTRACT)
"""The columns of health/archive that the election looks at."""
SURVIVOR = (
    "ehr_no", "empi_id", "survivor_ehr_no", "survivor_empi_id", "merged_from", "same_form", "other_form", "is_survivor",
)  # fmt: skip


def is_open() -> Column:
    """An archive in use: not closed by its status, nor by a date of closing (domain rules D29: the date wins) then ahead."""
    return (F.col("status") == "0") & ~happened("cancel_date", EXTRACT)


def linked(archive: DataFrame, link: DataFrame) -> DataFrame:
    """The archives with archive_key, person_uid, match, match_reason, is_sure."""
    mine = link.where(F.col("source_table") == ARCHIVE)
    mine = mine.select(F.col("source_key").alias("archive_key"), "person_uid", "match", "match_reason", is_sure().alias("is_sure"))
    return archive.withColumn("archive_key", source_key(ARCHIVE)).transform(left_join_lookup, mine, "archive_key")


def number_unit() -> Column:
    """The name of the unit of a record (source_table, source_key) of an archive, its number, the first part of its key; NULL of others."""
    number = F.split_part("source_key", F.lit("|"), F.lit(1))
    return F.when(F.col("source_table") == ARCHIVE, F.concat(F.lit("number:"), number))


def last_service(service: DataFrame) -> DataFrame:
    """Per archive number the date of its last examination or follow-up."""
    return service.where(F.col("ehr_no").isNotNull()).groupBy("ehr_no").agg(F.max("service_date").alias("last_service_date"))


def _nearness() -> Column:
    """How near the archive is managed to where its person lives: 2 the same town, 1 the same county, 0 elsewhere or not known."""
    town = town_of(F.col("village_code12")) == town_of(F.col("hukou_div"))
    county = county_of(F.col("hukou_div"))
    same_county = (county_of(F.col("village_code12")) == county) & (county != UNKNOWN_COUNTY)
    return F.when(town, 2).when(same_county, 1).otherwise(0)


def elect(archives: DataFrame, person: DataFrame, service: DataFrame, checkpoint: Callable[[DataFrame], DataFrame]) -> DataFrame:
    """Groups of open archives of one person under one valid number, all on sure links; columns SURVIVOR, groups of two and more only.

    service: ehr_no and service_date of examinations and follow-ups that have happened.
    Order: town, then county of the hukou in the police register (an unknown one is none), latest service, earliest creation, smallest
    number. same_form/other_form: how many others of the group were delivered with as many digits (U1) or not (U4).
    """
    electable = archives.where(is_open() & F.col("id_no").isNotNull() & F.col("match").isin(*BY_NUMBER) & F.col("is_sure"))
    group = Window.partitionBy("person_uid")
    together = split_unique_keys(electable, ["person_uid"])[1].withColumn("members", F.count(F.lit(1)).over(group))
    members = checkpoint(together.where(F.col("members") > 1))
    home = semi_join(person, members.select("person_uid").distinct(), ["person_uid"])
    home = home.select("person_uid", "hukou_div")
    theirs = semi_join(service.select("ehr_no", "service_date"), members.select("ehr_no").distinct(), ["ehr_no"])
    members = (
        members.transform(left_join_lookup, home, "person_uid")
        .transform(left_join_lookup, last_service(theirs), "ehr_no")
        .withColumn("upgraded", F.exists("_codes", lambda c: c == UPGRADED).cast("int"))
        .withColumn("near", _nearness())
    )
    order = group.orderBy(
        F.col("near").desc(),
        F.col("last_service_date").desc_nulls_last(),
        F.col("create_date").asc_nulls_last(),
        F.col("ehr_no"),
        F.col("empi_id"),
    )
    upgraded = F.sum("upgraded").over(group)
    alike = F.when(F.col("upgraded") == 1, upgraded).otherwise(F.col("members") - upgraded)
    ranked = members.select(
        "person_uid", "ehr_no", "empi_id", "archive_key", "members", alike.alias("alike"), F.row_number().over(order).alias("place")
    )
    groups = ranked.groupBy("person_uid").agg(
        F.min(F.when(F.col("place") == 1, F.col("ehr_no"))).alias("survivor_ehr_no"),
        F.min(F.when(F.col("place") == 1, F.col("empi_id"))).alias("survivor_empi_id"),
        F.sort_array(F.collect_list(F.when(F.col("place") > 1, F.col("archive_key")))).alias("losers"),
    )
    first = F.col("place") == 1
    return (
        ranked.join(groups, "person_uid")
        .withColumn("is_survivor", first)
        .withColumn("merged_from", F.when(first, F.col("losers")))
        .withColumn("same_form", (F.col("alike") - 1).cast("int"))
        .withColumn("other_form", (F.col("members") - F.col("alike")).cast("int"))
        .select(*SURVIVOR)
    )
