"""Keys under which entities were, or would have been, known by a lesser identifier (domain rules D1: a merge keeps the other key as alias).

Here: which key stands for which entity now. As every key follows from an identifier, a key that a merge has given up means the same
entity again after a split, and then is no alias. Not here: the keys themselves (source_link).
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.legal_entity.source_link import TRIPLE
from assets.declare import PSEUDONYM, lake_asset, table
from assets.linkage import with_uid
from assets.touch import Units, named, own, units


def identifiers() -> Column:
    """The identifiers of a link that its entity could be known by: array of owners as source_link names them."""
    code, registration = (F.concat(F.lit(f"{kind}:"), F.col(c)) for kind, c in (("ORG", "org_code"), ("REG", "reg_no")))
    return F.array_compact(F.array(code, registration, F.concat(F.lit("NAME:"), F.concat(*_apart()))))


def _apart() -> list[Column]:
    """The columns of the triple with separators; the whole is NULL when one of them is."""
    first, *others = [F.col(c) for c in TRIPLE]
    return [first, *[part for c in others for part in (F.lit("|"), c)]]


def _units() -> Column:
    return named(*[F.concat(F.lit("identifier:"), F.get(identifiers(), n)) for n in range(3)])


UNITS: Units = _units


@lake_asset("base/legal_entity/alias", unit=units(identifier="identifier"), touch={"link": own(UNITS)})
def alias(link: DataFrame = table("base/legal_entity/source_link"), pseudonym: Callable[[Column], Column] = PSEUDONYM) -> DataFrame:
    """One row per key that is not the key of an entity: alias_uid, identifier, entity_uid. Identifiers of two entities are left out."""
    linked = link.where(F.col("entity_uid").isNotNull()).select("entity_uid", F.explode(identifiers()).alias("identifier"))
    one = linked.groupBy("identifier").agg(F.min("entity_uid").alias("entity_uid"), F.max("entity_uid").alias("other"))
    keyed = one.where(F.col("entity_uid") == F.col("other")).withColumn("owner", F.col("identifier"))
    known = with_uid(keyed, "alias_uid", pseudonym)
    return known.where(F.col("alias_uid") != F.col("entity_uid")).select("alias_uid", "identifier", "entity_uid")
