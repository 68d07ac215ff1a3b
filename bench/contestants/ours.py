"""Our own transformations, bare: the functions of `assets`, `quality` and `standards` between Delta in and Delta out.

Here: reading, calling, writing. Not here: gates, ledger, publishing (`ours_whole`). It does more than the job asks for: the codes
of every repair and warning stand on every cleansed row.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from bench.job import AS_OF, DERIVED, KEY, SOURCES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from contracts import Contract
    from resources.engine import Engine


def run(engine: Engine, inputs: Path, outputs: Path) -> dict[str, float]:
    """Do the job on an engine; seconds by table."""
    from pyspark.sql import functions as F

    from assets.declare import declared
    from contracts import load_all
    from standards.pseudonym import pseudonym_column

    started = perf_counter()
    spark, seconds = engine.session, {}
    values = {"as_of": AS_OF, "pseudonym": pseudonym_column(KEY)}
    contracts, assets = load_all(), declared()
    seconds["start"] = perf_counter() - started

    def read(table: str) -> DataFrame:
        return spark.read.format("delta").load(f"{outputs}/{table}")

    def write(table: str, frame: DataFrame) -> None:
        frame.write.format("delta").save(f"{outputs}/{table}")
        seconds[table] = perf_counter() - at

    for source in SOURCES:
        at, typed_rows = perf_counter(), outputs / "typed" / source
        write(f"cleansed/{source}", cleansed(spark, contracts[f"cleansed/{source}"], inputs / "raw" / source, typed_rows))
        shutil.rmtree(typed_rows)
    for table in DERIVED:
        at = perf_counter()
        asset = assets[table]
        frames = {argument: read(name) for argument, name in asset.inputs.items()}
        made = asset.function(**frames, **{argument: values[name] for argument, name in asset.parameters.items()})
        write(table, made.select(*[F.col(c.name).cast(c.physical_type) for c in contracts[table].columns]))
    engine.stop()
    return seconds


def cleansed(spark: SparkSession, contract: Contract, raw: Path, between: Path) -> DataFrame:
    """The live rows of a cleansed table. between: where the typed rows are written down, as a night does."""
    from pyspark.sql import functions as F

    from assets.cleansed.fold import PUBLISHED, fold
    from quality.among import flagged
    from quality.rows import snapshot, typed

    delivered = spark.read.format("delta").load(str(raw)).withColumn("_business_date", F.col("_business_date").cast("date"))
    assert contract.delivery is not None
    last = delivered.select(snapshot().alias("s")).agg(F.max("s")).collect() if contract.delivery.mode == "full" else []
    live = (F.col("_fate") == PUBLISHED) & (F.col("_op") != "D")
    typed(contract, delivered, test_divisions=True).write.format("delta").save(str(between))
    rows = fold(contract, spark.read.format("delta").load(str(between)), None, [r[0] for r in last])
    return flagged(rows, contract, live).where(live)
