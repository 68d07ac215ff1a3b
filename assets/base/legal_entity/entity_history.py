"""What an entity was called and in which state it was, since when and until when (SCD2; domain rules D4).

Here: versions made of the dates that registers state, and of changes of the name, mergers and divisions. Not here: what it is now (entity).
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from assets.base.legal_entity.records import ENTITY, of_registration
from assets.base.legal_entity.source_link import NONE
from assets.declare import cleansed, lake_asset, table
from assets.touch import own, units

EXISTS, REVOKED, CANCELLED = "1", "2", "3"
ENDED = ("3", "4", "5")
EVENTS = {"01": "RENAMED", "03": "MERGED", "04": "DIVIDED"}
"""Item of a change -> what begins with it."""
STATES = ("name", "status")


def _event(rows: DataFrame, day: Column, event: str | Column, name: Column, status: Column, other: Column) -> DataFrame:
    what = F.lit(event) if isinstance(event, str) else event
    return rows.select(
        "entity_uid", day.alias("valid_from"), what.alias("event"), name.alias("name"), status.alias("status"), other.alias("other_no")
    )


def named_changes(change: DataFrame, link: DataFrame) -> DataFrame:
    """The dated changes of EVENTS by entity: entity_uid, change_date, item, before_name, after_name, other_no."""
    mine = link.where((F.col("source_table") == ENTITY) & (F.col("match") != NONE)).select(
        F.col("source_key").alias("entity_id"), "entity_uid"
    )
    dated = change.where(F.col("item").isin(*EVENTS) & F.col("change_date").isNotNull())
    return mine.join(dated, "entity_id").select("entity_uid", "change_date", "item", "before_name", "after_name", "other_no", "change_no")


def events(entity: DataFrame, changed: DataFrame) -> DataFrame:
    """What begins on which day: entity_uid, valid_from, event, name and status where they are new, other_no."""
    nothing = F.lit(None).cast("string")
    renamed = changed.where(F.col("item") == "01")
    before = F.struct("change_date", "change_no", "before_name")
    first = renamed.groupBy("entity_uid").agg(F.min(before)["before_name"].alias("first_name"))
    known = first.join(entity, "entity_uid", "right")
    dated = F.coalesce("revoke_date", "end_date").isNotNull()
    begins = F.when(F.col("status").isin(*ENDED, REVOKED) & dated, EXISTS).otherwise(F.col("status"))
    ends = F.when(F.col("status").isin(*ENDED), F.col("status")).otherwise(CANCELLED)
    return reduce(
        DataFrame.unionByName,
        [
            _event(known, F.col("est_date"), "BEGINS", F.coalesce("first_name", "name"), begins, nothing),
            _event(known.where(F.col("revoke_date").isNotNull()), F.col("revoke_date"), "REVOKED", nothing, F.lit(REVOKED), nothing),
            _event(known.where(F.col("end_date").isNotNull()), F.col("end_date"), "ENDED", nothing, ends, nothing),
            *[
                _event(
                    changed.where(F.col("item") == item), F.col("change_date"), event, F.when(F.col("item") == "01", F.col("after_name")),
                    nothing, F.when(F.col("item") != "01", F.col("other_no")),
                )
                for item, event in EVENTS.items()
            ],
        ],
    )  # fmt: skip


@lake_asset(
    "base/legal_entity/entity_history",
    unit=units(entity="entity_uid"),
    touch={"entity": own(entity="entity_uid"), "link": own(entity="entity_uid"), "change": of_registration()},
)
def entity_history(
    entity: DataFrame = table("base/legal_entity/entity"),
    link: DataFrame = table("base/legal_entity/source_link"),
    change: DataFrame = cleansed("market_regulation/change", optional=True),
) -> DataFrame:
    """One row per version of an entity, key (entity_uid, version_no), versions from 1.

    valid_from: NULL in the first when nobody says since when. valid_to: the last day, NULL while the version stands. events: what began
    with it. other_no: number of the entity that absorbed it, or that came out of it.
    """
    days = (
        events(entity, named_changes(change, link))
        .groupBy("entity_uid", "valid_from")
        .agg(
            F.sort_array(F.collect_set("event")).alias("events"),
            *[F.max(c).alias(c) for c in (*STATES, "other_no")],
        )
    )
    place = Window.partitionBy("entity_uid").orderBy(F.col("valid_from").asc_nulls_first())
    return days.select(
        "entity_uid",
        F.row_number().over(place).alias("version_no"),
        "valid_from",
        F.date_sub(F.lead("valid_from").over(place), 1).alias("valid_to"),
        *[F.last(c, ignorenulls=True).over(place).alias(c) for c in STATES],
        "events",
        "other_no",
    )
