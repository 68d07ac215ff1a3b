"""How many licences there are, and how good they are: one row per type and issuer.

Here: counts. Not here: the licences (licence).
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.licence.holder import NUMBER
from assets.declare import lake_asset, table
from assets.touch import own, units

PAIR = ("type_code", "issuer_no")


def _in_state(*states: str) -> Column:
    return F.count_if(F.col("state").isin(*states))


@lake_asset("base/licence/coverage", unit=units(pair=PAIR), touch={"licence": own(pair=PAIR)})
def coverage(licence: DataFrame = table("base/licence/licence")) -> DataFrame:
    """One row per type and issuer, key PAIR: licences, those linked with a holder, by state, those that a rule hits, and their use."""
    return licence.groupBy(*PAIR).agg(
        F.max("type_name").alias("type_name"),
        F.max("issuer_name").alias("issuer_name"),
        F.count(F.lit(1)).alias("licences"),
        F.count_if(F.col("match") == NUMBER).alias("linked"),
        _in_state("VALID").alias("valid"),
        _in_state("DOUBTFUL").alias("doubtful"),
        _in_state("LAPSED").alias("lapsed"),
        _in_state("EXPIRED", "REPLACED", "ENDED").alias("over"),
        F.count_if(F.size("rules") > 0).alias("with_problems"),
        F.sum(F.coalesce("use_count", F.lit(0))).cast("bigint").alias("uses"),
    )
