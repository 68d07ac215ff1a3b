"""Names for people to compare: records that no rule could match, and the entities of the same name (domain rules D4: names alone only
for review).

Here: the pairs. Not here: the judgement, which comes back as market_regulation/entity_judgement.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.base.legal_entity.source_link import BY_NUMBER, NONE, OWN
from assets.declare import lake_asset, table
from assets.touch import own, units
from quality.lineage import LINEAGE

MOST = 20
"""Above this many entities of one name the name says nothing."""
REVIEW = (
    "source_table", "source_key", "candidate_uid", "reason", "name", "candidate_name", "county6", "candidate_county6", "short_key", *LINEAGE
)  # fmt: skip


@lake_asset("base/legal_entity/review", unit=units(name="short_key"), touch={"link": own(name="short_key")})
def review(link: DataFrame = table("base/legal_entity/source_link")) -> DataFrame:
    """One row per record without a number that counts and entity of the same short name, key (source_table, source_key, candidate_uid).

    reason: SAME_NAME, or SHORT_NAME when only one has the province or city in front.
    """
    unsure = link.where(F.col("match").isin(OWN, NONE) & F.col("short_key").isNotNull())
    unsure = unsure.withColumn("own_uid", F.coalesce("entity_uid", F.lit("")))
    known = (
        link.where(F.col("match").isin(*BY_NUMBER) & F.col("short_key").isNotNull())
        .groupBy("short_key", F.col("entity_uid").alias("candidate_uid"))
        .agg(
            F.collect_set("name_key").alias("candidate_keys"),
            F.min("name").alias("candidate_name"),
            F.min("county6").alias("candidate_county6"),
        )
    )
    few = known.groupBy("short_key").agg(F.count(F.lit(1)).alias("n")).where(F.col("n") <= MOST).select("short_key")
    pairs = known.join(few, "short_key").join(unsure, "short_key").where(F.col("candidate_uid") != F.col("own_uid"))
    reason = F.when(F.array_contains("candidate_keys", F.col("name_key")), "SAME_NAME").otherwise("SHORT_NAME")
    return pairs.withColumn("reason", reason).select(*REVIEW)
