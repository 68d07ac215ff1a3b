"""From when to when a legal entity exists, where it belongs, and what months are.

Here: small functions that the tables of the theme share. Not here: any table.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.joins import left_join_lookup
from standards.industries import division, section

NOT_REGISTERED, ENDED = "9", ("2", "3", "4", "5")
"""Status of an entity that no register knows; of one that is revoked, cancelled, moved out, withdrawn."""
MARKET = ("ENTERPRISE", "SOLE_TRADER", "COOPERATIVE")
"""Kinds of market entities (市场主体)."""
UNKNOWN_COUNTY, UNKNOWN_SECTION, UNKNOWN_DIVISION = "321000", "Z", "00"
PLACE = ("county6", "entity_kind", "section", "division")
DATES = ("est_date", "revoke_date", "end_date", "last_seen")
"""Dates between which an entity exists."""
READS = ("uscc", "status", *DATES, "county6", "entity_kind", "industry_code")
"""Columns of an entity that the theme reads."""


def lives(entity: DataFrame) -> DataFrame:
    """One row per entity of a register: entity_uid, PLACE, born (NULL: always), gone (the day of its end, NULL while it exists).

    gone: when it was revoked or cancelled, whichever came first; without a date, the last day on which a register knew it.
    """
    end = F.coalesce(F.least("revoke_date", "end_date"), F.col("last_seen"))
    gone = F.when(F.col("status").isin(*ENDED), end)
    known = entity.where(F.col("status") != NOT_REGISTERED)
    return known.select("entity_uid", *places(), F.col("est_date").alias("born"), gone.alias("gone"))


def places() -> tuple[Column, ...]:
    """Over rows of base/legal_entity/entity: PLACE, with the codes of the unknown."""
    code = F.col("industry_code")
    return (
        F.coalesce("county6", F.lit(UNKNOWN_COUNTY)).alias("county6"),
        F.col("entity_kind"),
        F.coalesce(section(code), F.lit(UNKNOWN_SECTION)).alias("section"),
        F.coalesce(division(code), F.lit(UNKNOWN_DIVISION)).alias("division"),
    )


def with_entity(rows: DataFrame, entity: DataFrame) -> DataFrame:
    """The rows with the entity of their credit code: `entity_uid`, NULL where nobody has it."""
    known = entity.where(F.col("uscc").isNotNull()).select("uscc", "entity_uid")
    return rows.transform(left_join_lookup, known, "uscc")


def with_place(rows: DataFrame, entity: DataFrame) -> DataFrame:
    """The rows with county6, section and division of their entity_uid; those of no entity have the codes of the unknown."""
    county, _, *industry = places()
    known = entity.select("entity_uid", county, *industry)
    unknown = {"county6": UNKNOWN_COUNTY, "section": UNKNOWN_SECTION, "division": UNKNOWN_DIVISION}
    joined = rows.transform(left_join_lookup, known, "entity_uid")
    return joined.withColumns({c: F.coalesce(F.col(c), F.lit(code)) for c, code in unknown.items()})


def months_until(as_of: date, years: int) -> list[date]:
    """The first days of the months of this year up to that of the date, and of so many years before."""
    return [date(y, m, 1) for y in range(as_of.year - years, as_of.year + 1) for m in range(1, 13) if (y, m) <= (as_of.year, as_of.month)]
