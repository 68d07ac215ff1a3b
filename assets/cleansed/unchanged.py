"""Rows that were delivered before as they are delivered now: what was read of them then holds, and is not read again.

Here: which rows these are, and their columns as `quality.rows.typed` would give them. Not here: reading a row (`quality.rows`), what
becomes of it (`fold`).

What is read of a row follows from its delivered columns, the rules, and the date that it speaks about. Of the dates only two things
count: what was in the future may be so no more (DATED), and with a new year people grow old (`identity:W_OLD`).
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.lookup import without
from contracts import Contract
from quality.rows import LINEAGE, row_hash, sequence

DATED = ("E_FUTURE", "W_FUTURE")
"""Codes that a row may lose by being delivered again later, without being changed."""
OF_DELIVERY = (*LINEAGE, "_extract_ts", "_op", "_order")
"""The columns that say which delivery a row is of, and where it stands in it."""


def typed_again(contract: Contract, raw: DataFrame, state: DataFrame, year: str, read: Callable[[DataFrame], DataFrame]) -> DataFrame:
    """The rows of `raw` as `read` gives them: of those that stand in `state` as they are, taken from there.

    raw: rows of deliveries later than what stands in `state`, all of dates of one `year` (yyyy).
    state: the published table, of which every row was read by the rules of today; at most one row per `_row_hash`.
    """
    dated = F.arrays_overlap("_codes", F.array(*[F.lit(f"{c.name}:{code}") for c in contract.delivered for code in DATED]))
    holds = state.where((F.year("_business_date") == int(year)) & ~dated)
    delivered = raw.withColumn("_row_hash", F.when(F.col("_defect").isNull(), row_hash(contract)))
    changed = read(without(delivered, holds.select("_row_hash"), ["_row_hash"]).drop("_row_hash"))
    return changed.unionByName(_taken(contract, delivered, holds).select(changed.columns))


def _taken(contract: Contract, delivered: DataFrame, holds: DataFrame) -> DataFrame:
    """The delivered rows that the table has, with its values: the delivered ones are kept narrow and the table passes by."""
    values = holds.select(*[c.name for c in contract.columns], "_codes", "_row_hash")
    again = delivered.select("_row_hash", *OF_DELIVERY).join(values, "_row_hash")
    return again.withColumns({"_bad": F.lit(False), "_seq": sequence(contract)})
