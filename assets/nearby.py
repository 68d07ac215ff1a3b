"""Which rows happened near one another, in place and time: calls that tell of one event, cases that come again at one spot.

Rows are put into cells of the plane and of time as large as the reach, and joined with those of their own and the neighbouring cells, so
that no row is held against all others. Here: `pairs` and `chains`. Not here: in which area a point lies (`assets.places`), what the pairs
mean (themes).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.joins import Checkpoint, left_join_lookup
from standards import coordinates
from standards.moments import seconds

LATER, EARLIER, SINCE = "later", "earlier", "since"
_BESIDE = (-1, 0, 1)
HOPS = 2
"""A chain is followed by so many doublings, which is 2 ** HOPS links: who follows a row further back is another event."""


def pairs(
    rows: DataFrame,
    key: str,
    moment: str,
    *,
    metres: float,
    within_seconds: int,
    same: Sequence[str] = (),
    lon: str = "lon",
    lat: str = "lat",
) -> DataFrame:
    """Every pair of rows that happened near one another, once.

    Args:
        rows: with a unique text `key`, a timestamp, and longitude and latitude in CGCS2000 degrees; rows without one of them have no pair.
        key: column.
        moment: column, timestamp_ntz.
        metres: greatest distance in the plane of EPSG:4549, itself included; positions count in whole centimetres.
        within_seconds: greatest time between them, itself included.
        same: columns in which both must be equal, and not NULL.
        lon: column.
        lat: column.

    Returns:
        Columns later and earlier, the keys of the two, by time and of equal times by key; and since, the seconds of the earlier one.
    """
    x, y = coordinates.to_centimetres(F.col(lon), F.col(lat))
    lean = rows.select(F.col(key).alias("_key"), seconds(F.col(moment)).alias("_t"), x.alias("_x"), y.alias("_y"), *same).dropna()
    reach = round(metres * coordinates.CENTIMETRES)
    sides = {"_x": reach, "_y": reach, "_t": within_seconds}
    cells = {f"{axis}_cell": F.floor(F.col(axis) / side).cast("bigint") for axis, side in sides.items()}
    there = lean.withColumns(cells)
    steps = product(_BESIDE, _BESIDE, (-1, 0))
    beside = F.array(*[F.struct(*[(F.col(c) + n).alias(c) for c, n in zip(cells, step, strict=True)]) for step in steps])
    here = lean.withColumns(cells).withColumn("_at", F.explode(beside)).drop(*cells).select("*", "_at.*").drop("_at")
    both = [*cells, *same]
    found = here.withColumnsRenamed({c: f"{c}2" for c in ("_key", "_t", "_x", "_y")}).join(there, both)
    apart = (F.col("_x2") - F.col("_x")) * (F.col("_x2") - F.col("_x")) + (F.col("_y2") - F.col("_y")) * (F.col("_y2") - F.col("_y"))
    first = (F.col("_t") < F.col("_t2")) | ((F.col("_t") == F.col("_t2")) & (F.col("_key") < F.col("_key2")))
    near = (F.col("_t2") - F.col("_t") <= within_seconds) & (apart <= reach * reach)
    return found.where(first & near).select(F.col("_key2").alias(LATER), F.col("_key").alias(EARLIER), F.col("_t").alias(SINCE))


def chains(links: DataFrame, checkpoint: Checkpoint) -> DataFrame:
    """Follow every row back to the first of its chain.

    Args:
        links: columns later, earlier and since; of several earlier ones the first counts, of equal times the least key.
        checkpoint: writes rows down and reads them back.

    Returns:
        Columns later and earlier, one row per later: its first, at most 2 ** HOPS links back.
    """
    first = links.groupBy(LATER).agg(F.min(F.struct(SINCE, EARLIER)).alias("_first"))
    found = checkpoint(first.select(LATER, F.col("_first")[EARLIER].alias(EARLIER)))
    for _ in range(HOPS):
        further = found.select(F.col(LATER).alias(EARLIER), F.col(EARLIER).alias("_first"))
        found = checkpoint(found.transform(left_join_lookup, further, EARLIER).select(LATER, F.coalesce("_first", EARLIER).alias(EARLIER)))
    return found
