"""Merge deliveries into the current state of a table: versions by the source's own sequence, never by arrival.

Here: the fate of each row. Not here: reading single values (`quality.rows`), files and commits.

The rule, per business key, over all rows ever delivered:
- a row held back by its own codes is QUARANTINED;
- of the others, those with the greatest sequence stand; lower ones are superseded (DUPLICATE);
- if those that stand differ, nobody can say which is right: one of each is QUARANTINED with key:E_KEY_CONFLICT;
- if they are equal, the one delivered first is PUBLISHED and the rest are DUPLICATE.
A full snapshot repeats what has not changed: of the versions, one of each snapshot, that end in the one that stands and are all equal to
it, the first is PUBLISHED. So a row says since when it has been so, and does not change while it is delivered unchanged.
A full snapshot closes the keys it no longer has: they stay as tombstones, with `_op` D and `_closed_on`.
Every step is a maximum, a minimum or an equality, so the order in which deliveries arrive does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from assets.joins import Checkpoint, hash_bucket, repeated_digests, split_by_digest, union_materialized, with_digest
from contracts import SourceContract
from quality.lineage import LINEAGE
from quality.rows import snapshot


class Fate(StrEnum):
    """What becomes of a delivered row."""

    PUBLISHED = "PUBLISHED"
    QUARANTINED = "QUARANTINED"
    DUPLICATE = "DUPLICATE"


FATE, NEW = "_fate", "_new"
BOOKKEEPING = ("_codes", *LINEAGE, "_op", "_order", "_extract_ts", "_row_hash", "_seq", "_seen", "_closed_on")
"""The columns a cleansed table has in addition to those of its contract."""
BOOKKEEPING_JUDGED = ("_codes", "_op", "_seen", "_closed_on")
"""Those that a merge may change on a row that it has published before."""
ROWS_PER_BUCKET = 3_000_000
"""More rows than these, of keys of several, are ranked in parts: the sort holds every version of every key in memory."""
TYPES = {
    "_codes": "array<string>", "_batch_id": "string", "_business_date": "date", "_source_file": "string", "_row_no": "bigint",
    "_op": "string", "_order": "string", "_extract_ts": "string", "_row_hash": "string", "_seq": "string", "_seen": "string",
    "_closed_on": "date",
}  # fmt: skip


def competing(contract: SourceContract, rows: DataFrame, state: DataFrame | None, known_until: str | None) -> DataFrame:
    """Put typed rows and published ones together.

    Args:
        contract: of the cleansed table.
        rows: typed rows (`quality.rows.typed`) to be merged. A column `_new` may say that some were counted before.
        state: the published rows that compete with them or are closed by a snapshot, None when there are none.
        known_until: the newest snapshot that the state contains.

    Returns:
        The columns of the contract and BOOKKEEPING without `_closed_on`, `_bad` (held back by its own codes) and `_new`.
    """
    columns = [c.name for c in contract.columns]
    new = F.col(NEW) if NEW in rows.columns else F.lit(True)
    fresh = rows.select(*columns, *[c for c in BOOKKEEPING if c not in ("_seen", "_closed_on")], "_bad",
                        snapshot().alias("_seen"), new.alias(NEW))  # fmt: skip
    if state is None:
        return fresh
    until = F.coalesce("_seen", F.lit(known_until))
    return fresh.unionByName(state.drop("_closed_on").withColumns({"_seen": until, "_bad": F.lit(False), NEW: F.lit(False)}))


def merge(contract: SourceContract, known: DataFrame, snapshots: Sequence[str], checkpoint: Checkpoint) -> DataFrame:
    """Say what becomes of each row.

    Args:
        contract: of the cleansed table.
        known: every row that competes (`competing`).
        snapshots: every full snapshot of the table so far, as `quality.rows.snapshot` writes it, oldest first.
        checkpoint: writes rows down. Most rows are alone under their key and pass through the plan; only what the others are
            compared by is written.

    Returns:
        The columns of the contract and BOOKKEEPING, `_fate` and `_new` (false: the row was in the state, or counted before). Rows of
        the state that no longer stand are left out: they were counted when they were published.
    """
    marked = with_digest(known, contract.key)
    several = checkpoint(repeated_digests(marked))
    rows = several.agg(F.coalesce(F.sum("_rows"), F.lit(0)).alias("n")).collect()[0]["n"]
    ranked = _alone(known)
    if rows:
        alone, contenders = split_by_digest(marked, several)
        buckets = 1 + rows // ROWS_PER_BUCKET
        parts = [_ranked(contract, hash_bucket(contenders, contract.key, n, buckets)) for n in range(buckets)]
        ranked = _alone(alone).unionByName(checkpoint(union_materialized(parts, checkpoint)))
    stands = ~F.col("_bad") & (F.col("_rank") == 1)
    fate = (
        F.when(F.col("_bad"), Fate.QUARANTINED)
        .when(F.col("_contested"), F.when(stands & (F.col("_copy") == 1), Fate.QUARANTINED).otherwise(Fate.DUPLICATE))
        .when(F.col("_place") == 1, Fate.PUBLISHED)
        .otherwise(Fate.DUPLICATE)
    )
    conflict = F.array(F.lit("key:E_KEY_CONFLICT"))
    judged = ranked.withColumns(
        {
            "_fate": fate,
            "_codes": F.when(stands & F.col("_contested"), F.array_union(F.col("_codes"), conflict)).otherwise(F.col("_codes")),
        }
    ).where(F.col("_new") | (F.col("_fate") != Fate.DUPLICATE))
    closed, columns = _closing(contract, judged, snapshots), [c.name for c in contract.columns]
    return closed.select(*columns, *[F.col(c).cast(TYPES[c]).alias(c) for c in BOOKKEEPING], "_fate", "_new")


def _alone(rows: DataFrame) -> DataFrame:
    """The only row of its key, which is most of them, stands without a comparison; one without a key is held back in any case."""
    return rows.select(
        "*",
        *[F.lit(1).alias(c) for c in ("_rank", "_place", "_copy")],
        F.lit(False).alias("_contested"),
        F.col("_seen").alias("_last_seen"),
    )


def _ranked(contract: SourceContract, rows: DataFrame) -> DataFrame:
    """The rows of keys of several, put in order: with _rank, _contested, _copy, _place and _last_seen.

    Sorted are only the columns that the order follows from; a row is known by where it was delivered.
    """
    lean = rows.select(*dict.fromkeys([*contract.key, *LINEAGE, "_extract_ts", "_row_hash", "_seq", "_seen", "_bad"]))
    places = _places(contract, lean).select(*LINEAGE, "_rank", "_contested", "_copy", "_place", "_last_seen")
    return places.join(rows, list(LINEAGE)).select(*rows.columns, "_rank", "_place", "_copy", "_contested", "_last_seen")


def _places(contract: SourceContract, rows: DataFrame) -> DataFrame:
    """The rows of keys of several, put in order.

    _rank: 1 for those with the greatest sequence; _contested: of their key, that they differ; _copy: number among equal ones;
    _place: 1 for the one that is published when they do not differ.
    """
    key = Window.partitionBy(*contract.key, "_bad")
    earliest = [F.col(c) for c in ("_business_date", "_extract_ts", "_batch_id", "_source_file", "_row_no")]
    ordered = rows.select(
        "*",
        F.rank().over(key.orderBy(F.col("_seq").desc())).alias("_rank"),
        F.row_number().over(Window.partitionBy(*contract.key, "_bad", "_seq", "_row_hash").orderBy(*earliest)).alias("_copy"),
        F.max("_seen").over(Window.partitionBy(*contract.key)).alias("_last_seen"),
    )
    standing = F.when(F.col("_rank") == 1, F.col("_row_hash"))
    judged = ordered.select(
        "*", F.max(standing).over(key).alias("_stands"), (F.min(standing).over(key) != F.max(standing).over(key)).alias("_contested")
    )
    if contract.delivery.mode != "full":
        return judged.select("*", F.row_number().over(key.orderBy(F.col("_seq").desc(), *earliest)).alias("_place")).drop("_stands")
    differs, of_list = F.col("_row_hash") != F.col("_stands"), [F.split_part("_seq", F.lit("|"), F.lit(n)) for n in (1, 2)]
    stood = F.rank().over(Window.partitionBy(*contract.key, "_bad", *of_list).orderBy(F.col("_seq").desc())) == 1
    judged = judged.select("*", stood.alias("_stood"))
    judged = judged.select("*", F.max(F.when(F.col("_stood") & differs, F.col("_seq"))).over(key).alias("_changed"))
    unchanged = ~differs & F.coalesce(F.col("_seq") > F.col("_changed"), F.lit(True))
    first = key.orderBy(F.when(unchanged, 0).otherwise(1), "_seq", *earliest)
    return judged.select("*", F.row_number().over(first).alias("_place")).drop("_stands", "_stood", "_changed")


def _closing(contract: SourceContract, judged: DataFrame, snapshots: Sequence[str]) -> DataFrame:
    """For full snapshots, of a key that is gone: when it was last delivered, and the date of the first snapshot without it."""
    if contract.delivery.mode != "full":
        return judged.withColumns({"_seen": F.lit(None).cast("string"), "_closed_on": F.lit(None).cast("date")})
    later = F.filter(F.array(*[F.lit(s) for s in snapshots]), lambda s: s > F.col("_last_seen"))
    gone = F.col("_last_seen") < F.lit(snapshots[-1])
    return judged.withColumns(
        {
            "_seen": F.when(gone, F.col("_last_seen")),
            "_closed_on": F.when(gone, F.substring(F.get(later, F.lit(0)), 1, 10).cast("date")),
            "_op": F.when(gone, F.lit("D")).otherwise(F.lit("I")),
        }
    )
