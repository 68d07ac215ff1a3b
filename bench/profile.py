"""`python -m bench.profile INPUTS [TABLE]`: where ours, bare, spends its time on Sail, step by step.

Here: each step of a cleansed table written out on its own, first for no rows (what planning alone takes), then for all. The
difference between a step and the one before it is what the step costs. `staged` writes its rows in between in either case.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter
from typing import TYPE_CHECKING

from bench.job import SOURCES
from resources import memory

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from contracts import SourceContract


def steps(spark: SparkSession, contract: SourceContract, raw: DataFrame, stage: str) -> dict[str, Callable[[], DataFrame]]:
    """Name -> the frame up to that step. stage: a folder for rows in between."""
    from pyspark.sql import functions as F

    from assets.cleansed.merge import Fate, competing, merge
    from quality.rows import typed
    from quality.table_rules import flagged

    snapshots = [r[0] for r in raw.select(F.max(F.concat_ws("|", "_business_date", "_extract_ts"))).collect()]
    live = (F.col("_fate") == Fate.PUBLISHED) & (F.col("_op") != "D")

    def read() -> DataFrame:
        return typed(contract, raw, test_divisions=True)

    def staged() -> DataFrame:
        """The typed rows written and read back: what the engine then sorts is a table, not a plan of hundreds of columns."""
        shutil.rmtree(stage, ignore_errors=True)
        read().write.format("delta").save(stage)
        return spark.read.format("delta").load(stage)

    def folded() -> DataFrame:
        return merge(contract, competing(contract, staged(), None, None), snapshots, lambda rows: rows)

    return {
        "copy": lambda: raw,
        "typed, only the values": lambda: read().select(*[c.name for c in contract.columns if not c.name.endswith("_error")]),
        "typed": read,
        "typed, staged": staged,
        "typed, staged, folded": folded,
        "typed, staged, folded, flagged": lambda: flagged(folded(), contract, live).where(live),
    }


def main(inputs: Path, only: str = "") -> None:
    from pyspark.sql import functions as F

    from contracts import load_all, sources
    from resources.engine import Sail

    engine = Sail()
    spark, contracts = engine.session, sources(load_all())
    print(f"{'table':36}{'step':26}{'plan s':>8}{'wall s':>8}{'user s':>8}{'system s':>9}{'peak MiB':>10}{'rows':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for source in [s for s in SOURCES if only in s]:
            raw = spark.read.format("delta").load(str(inputs / "raw" / source))
            raw = raw.withColumn("_business_date", F.col("_business_date").cast("date"))
            rows = raw.count()
            for name, made in steps(spark, contracts[f"cleansed/{source}"], raw, f"{folder}/stage").items():
                planned = _seconds(partial(_write, partial(_nothing, made), folder))
                took = _seconds(partial(_write, made, folder))
                figures = f"{planned[0]:8.2f}{took[0]:8.2f}{took[1]:8.2f}{took[2]:9.2f}{took[3]:10,.0f}{rows:10,}"
                print(f"{source:36}{name:26}{figures}", flush=True)
    engine.stop()


def _nothing(made: Callable[[], DataFrame]) -> DataFrame:
    """No row of a frame: what remains is the planning."""
    return made().where("false")


def _write(made: Callable[[], DataFrame], folder: str) -> None:
    made().write.format("delta").save(f"{folder}/made")
    shutil.rmtree(f"{folder}/made")


def _seconds(work: Callable[[], None]) -> tuple[float, float, float, float]:
    """Wall, user and system seconds, and the peak memory in MiB meanwhile."""
    memory.forget_peak()
    before, started = getrusage(RUSAGE_SELF), perf_counter()
    work()
    after = getrusage(RUSAGE_SELF)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return perf_counter() - started, user, system, memory.peak() or 0.0


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
