"""Whose land and houses are, and whether they are mortgaged or seized (domain rules B10, D1, D4).

Here: the golden person or legal entity of each party, by the same rules as of licences (holder), and what burdens the unit on the night.
Not here: splitting cells (right_party).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.base.licence.holder import HOLDERS, numbered, with_holder
from assets.base.licence.right_party import RIGHT
from assets.declare import AS_OF, CHECKPOINT, cleansed, lake_asset, table
from assets.joins import left_join_lookup
from assets.touch import Turn, own, via

KEY = (*RIGHT, "party_no")
UNIT_LENGTH, COUNTY_LENGTH = 28, 6
RELEASED = "4"
"""Kind of an entry that ends a seizure."""
HOLDER = (
    *KEY, "parties", "holder_name", "holder_id_no", "number_kind", "person_uid", "entity_uid", "match", "match_reason", "right_type",
    "share_kind", "right_state", "area_m2", "county6", "mortgaged", "seized", "register_time", "_source_file", "_row_no",
)  # fmt: skip
OF_PARTY = numbered("holder_id_no", alone=KEY)


def mortgaged(mortgage: DataFrame, as_of: date) -> DataFrame:
    """The units with a mortgage that stands on a date: unit_no, mortgaged."""
    night = F.lit(as_of)
    stands = (F.col("register_date") <= night) & (F.col("released_date").isNull() | (F.col("released_date") > night))
    return mortgage.where(stands).select("unit_no", F.lit(True).alias("mortgaged")).distinct()


def seized(seizure: DataFrame, as_of: date) -> DataFrame:
    """The units with a seizure that stands on a date: unit_no, seized. An entry of release ends the seizure of its number."""
    night, kind = F.lit(as_of), F.col("entry_kind")
    known = seizure.where(F.col("entry_date") <= night).groupBy("unit_no", "seizure_no")
    found = known.agg(
        F.max(F.when(kind != RELEASED, F.coalesce("to_date", F.lit(date.max)))).alias("until"),
        F.min(F.when(kind != RELEASED, F.coalesce("from_date", "entry_date"))).alias("since"),
        F.count_if(kind == RELEASED).alias("releases"),
    )
    stands = (F.col("releases") == 0) & (F.col("since") <= night) & (F.col("until") >= night)
    return found.where(stands).select("unit_no", F.lit(True).alias("seized")).distinct()


@lake_asset(
    "base/licence/right_holder",
    unit=OF_PARTY,
    touch={
        "party": own(OF_PARTY),
        "right": via("party", on=RIGHT, to=RIGHT, made=OF_PARTY),
        "mortgage": via("party", on=("unit_no",), to=("unit_no",), made=OF_PARTY, turns=(Turn("register_date"), Turn("released_date"))),
        "seizure": via(
            "party", on=("unit_no",), to=("unit_no",), made=OF_PARTY, turns=(Turn("entry_date"), Turn("from_date"), Turn("to_date"))
        ),
        **HOLDERS,
    },
)
def right_holder(
    party: DataFrame = table("base/licence/right_party"),
    right: DataFrame = cleansed("natural_resources/real_right"),
    mortgage: DataFrame = cleansed("natural_resources/mortgage", optional=True),
    seizure: DataFrame = cleansed("natural_resources/seizure", optional=True),
    person: DataFrame = table("base/population/person", optional=True),
    entity: DataFrame = table("base/legal_entity/entity", optional=True),
    history: DataFrame = table("base/legal_entity/entity_history", optional=True),
    as_of: date = AS_OF,
    checkpoint: Callable[[DataFrame], DataFrame] = CHECKPOINT,
) -> DataFrame:
    """One row per party of a right, key KEY, columns HOLDER. match, match_reason: as in base/licence/holder."""
    said = right.select(
        *RIGHT,
        "right_type",
        "share_kind",
        "right_state",
        "area_m2",
        "register_time",
        "_source_file",
        F.col("_row_no").cast("bigint").alias("_row_no"),
    )
    county = F.when(F.length("unit_no") == UNIT_LENGTH, F.substring("unit_no", 1, COUNTY_LENGTH))
    parties = party.select(*KEY, "parties", "holder_name", "holder_id_no", "holder_id_no_kind")
    linked = with_holder(parties, person, entity, history, checkpoint)
    return (
        linked.transform(left_join_lookup, said, RIGHT)
        .transform(left_join_lookup, mortgaged(mortgage, as_of), "unit_no")
        .transform(left_join_lookup, seized(seizure, as_of), "unit_no")
        .withColumns({c: F.coalesce(c, F.lit(False)) for c in ("mortgaged", "seized")})
        .withColumn("county6", county)
        .select(*HOLDER)
    )
