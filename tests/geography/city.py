"""The ground of a small demo city as the lake has it: delivered rows, judged by their contracts, made into tables, without a night."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache

import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts.model import SourceContract
from quality.rows import typed
from simulator.declare import declared
from simulator.registers import Registers, contract_of
from simulator.world import World

PEOPLE, SEED = 600, 20191231


@cache
def registers() -> Registers:
    """What all departments have written down."""
    departments = declared()
    return Registers(World.of(PEOPLE, SEED, 10), departments, tuple(departments))


Checkpoint = Callable[[DataFrame], DataFrame]
"""Writes rows down (fixture `write`)."""


def judged(spark: SparkSession, write: Checkpoint, contract: SourceContract, rows: pd.DataFrame) -> DataFrame:
    """Delivered texts as the cleansed table has them: each key once, `_codes` beside them.

    Args:
        spark: the session.
        write: writes rows down; a filter on what was judged would be judged again for every condition.
        contract: of the table.
        rows: texts, in the columns of the contract that are delivered; more are left out.
    """
    names = [c.name for c in contract.delivered]
    texts = rows[names].astype(object).where(rows[names].notna(), None).drop_duplicates(list(contract.key))
    texts = texts.assign(_row_no=range(1, len(texts) + 1))
    frame = spark.createDataFrame(texts.values.tolist(), ", ".join([*(f"`{n}` string" for n in names), "_row_no bigint"]))
    lineage = {"_batch_id": "b", "_source_file": "f", "_op": "I", "_order": "7", "_extract_ts": "t"}
    frame = frame.withColumns({name: F.lit(value) for name, value in lineage.items()})
    frame = frame.withColumns(
        {"_business_date": F.lit(date(2019, 12, 31)), "_closed_on": F.lit(None).cast("date"), "_defect": F.lit(None).cast("string")}
    )
    return write(typed(contract, frame, test_divisions=True)).where(~F.col("_bad"))


def cleansed(spark: SparkSession, write: Checkpoint, table: str) -> DataFrame:
    """A table of the demo city after the last night."""
    return judged(spark, write, contract_of(table), registers().delivered(table))
