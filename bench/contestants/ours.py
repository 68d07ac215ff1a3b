"""Our own transformations, bare: the functions of `assets`, `quality` and `standards` between Delta in and Delta out.

Here: reading, calling, writing. Not here: gates, ledger, publishing (`ours_whole`). It does more than the job asks for: the codes
of every repair and warning stand on every cleansed row.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bench.job import AS_OF, DERIVED, KEY, SOURCES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from assets.declare import TableAsset
    from contracts import Contract, SourceContract
    from resources.engine import Engine


def run(engine: Engine, inputs: Path, outputs: Path) -> dict[str, float]:
    """Do the job on an engine; seconds by table."""
    from assets.declare import declared
    from contracts import load_all, sources
    from standards.pseudonym import pseudonym_column

    started = perf_counter()
    spark, seconds = engine.session, {}
    between = outputs / "between"

    def checkpoint(frame: DataFrame) -> DataFrame:
        """As a night writes rows down in the middle of a step."""
        where = between / str(uuid4())
        frame.write.format("delta").save(str(where))
        return spark.read.format("delta").load(str(where))

    values = {"as_of": AS_OF, "pseudonym": pseudonym_column(KEY), "checkpoint": checkpoint, "sources": frozenset(SOURCES)}
    contracts, assets = load_all(), declared()
    seconds["start"] = perf_counter() - started

    def read(table: str) -> DataFrame:
        return spark.read.format("delta").load(f"{outputs}/{table}")

    def write(table: str, frame: DataFrame) -> None:
        frame.write.format("delta").save(f"{outputs}/{table}")
        shutil.rmtree(between, ignore_errors=True)
        seconds[table] = perf_counter() - at

    for source in SOURCES:
        at = perf_counter()
        raw = spark.read.format("delta").load(str(inputs / "raw" / source))
        write(f"cleansed/{source}", cleansed(sources(contracts)[f"cleansed/{source}"], raw, checkpoint))
    for table in DERIVED:
        at = perf_counter()
        write(table, derived(assets[table], contracts[table], read, values))
    engine.stop()
    return seconds


def derived(asset: TableAsset, contract: Contract, read: Callable[[str], DataFrame], values: Mapping[str, Any]) -> DataFrame:
    """A table that is made of others, as its contract has it. read: a table by its name; values: those of the run by theirs."""
    from pyspark.sql import functions as F

    frames = {argument: read(name) for argument, name in asset.inputs.items()}
    made = asset.function(**frames, **{argument: values[name] for argument, name in asset.parameters.items()})
    return made.select(*[F.col(c.name).cast(c.physical_type) for c in contract.columns])


def cleansed(contract: SourceContract, raw: DataFrame, checkpoint: Callable[[DataFrame], DataFrame]) -> DataFrame:
    """The live rows of a cleansed table."""
    from pyspark.sql import functions as F

    from assets.cleansed.merge import Fate, competing, merge
    from contracts.model import Mode
    from quality.rows import snapshot, typed
    from quality.table_rules import flagged

    delivered = raw.withColumn("_business_date", F.col("_business_date").cast("date"))
    last = delivered.select(snapshot().alias("s")).agg(F.max("s")).collect() if contract.delivery.mode == Mode.FULL else []
    live = (F.col("_fate") == Fate.PUBLISHED) & (F.col("_op") != "D")
    known = competing(contract, checkpoint(typed(contract, delivered, test_divisions=True)), None, None)
    rows = merge(contract, known, [r[0] for r in last], checkpoint)
    return flagged(rows, contract, live).where(live)
