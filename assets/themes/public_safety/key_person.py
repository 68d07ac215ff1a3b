"""Key persons, for those who look after or watch them: who they are by the population, and whom the list still has though they are dead.

Here: one table of level L4. Source: domain rules B12, E5.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.declare import AS_OF, cleansed, lake_asset, table
from assets.joins import left_join_lookup
from assets.touch import Turn, own, units, via

KEY_PERSON = (
    "record_no", "person_uid", "kind", "risk_level", "valid_from", "valid_to", "grid_no", "county6", "problem", "_source_file", "_row_no",
)  # fmt: skip


@lake_asset(
    "themes/public_safety/key_person",
    unit=units(record="record_no"),
    touch={
        "listed": own(record="record_no", turns=(Turn("valid_to", days=1),)),
        "person": via("listed", on=("id_no",), to=("id_no",), record="record_no", reads=("id_no", "death_date", "person_uid")),
    },
)
def key_person(
    listed: DataFrame = cleansed("integrated_governance/key_person"),
    person: DataFrame = table("base/population/person"),
    as_of: date = AS_OF,
) -> DataFrame:
    """One row per record, key record_no; problem: NO_NUMBER, UNKNOWN (no such person) or DEAD while the record is in force, else NULL.

    A record is in force up to valid_to, that day included, and without it.
    """
    in_force = F.coalesce(F.col("valid_to") >= F.lit(as_of), F.lit(True))
    known = person.where(F.col("id_no").isNotNull()).select("id_no", "person_uid", "death_date")
    linked = listed.transform(left_join_lookup, known, "id_no")
    problem = (
        F.when(F.col("id_no").isNull(), "NO_NUMBER")
        .when(F.col("person_uid").isNull(), "UNKNOWN")
        .when(F.col("death_date").isNotNull() & in_force, "DEAD")
    )
    return linked.withColumn("problem", problem).select(*KEY_PERSON)
