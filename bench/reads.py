"""What ours reads of its inputs: the columns of every table that stand in the plans of the engine.

Here: planning without carrying out; what is written down in the middle of a step is planned on its own and taken as empty from there
on. Not here: how long reading takes (`limits`).
"""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.job import AS_OF, DERIVED, KEY, SOURCES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Reads = dict[str, list[str]]
"""Folder of a table -> the columns of it that are read."""
SCAN = re.compile(r"DataSourceExec: file_groups=\{.*?\[\[(.*?)\]\]\}(.*?), file_type=parquet", re.DOTALL)
PROJECTION = ", projection=["
USED = re.compile(r"([A-Za-z_]\w*)@\d+")
"""A column within an expression."""


def reads(inputs: Path, outputs: Path) -> dict[str, Reads]:
    """By table that the job makes, what of its inputs is read. outputs: of ours; its tables are inputs of those after them."""
    from assets.declare import declared
    from bench.contestants import ours
    from contracts import load_all, sources
    from resources.engine import Sail
    from standards.pseudonym import pseudonym_column

    engine, contracts, assets = Sail(), load_all(), declared()
    spark, columns, plans = engine.session, dict[str, list[str]](), list[str]()

    def plan(frame: DataFrame) -> None:
        with redirect_stdout(io.StringIO()) as told:
            frame.explain()
        plans.append(told.getvalue())

    def checkpoint(frame: DataFrame) -> DataFrame:
        plan(frame)
        return spark.createDataFrame([], frame.schema)

    def read(table: Path) -> DataFrame:
        frame = spark.read.format("delta").load(str(table))
        columns[str(table)] = frame.columns
        return frame

    def cleansed(source: str) -> DataFrame:
        return ours.cleansed(sources(contracts)[f"cleansed/{source}"], read(inputs.resolve() / "raw" / source), checkpoint)

    def derived(table: str) -> DataFrame:
        return ours.derived(assets[table], contracts[table], lambda name: read(outputs.resolve() / name), values)

    values, found = (
        {"as_of": AS_OF, "pseudonym": pseudonym_column(KEY), "checkpoint": checkpoint, "sources": frozenset(SOURCES)},
        dict[str, Reads](),
    )
    made = {f"cleansed/{source}": partial(cleansed, source) for source in SOURCES} | {table: partial(derived, table) for table in DERIVED}
    for table, make in made.items():
        plans.clear()
        columns.clear()
        plan(make())
        found[table] = _scanned("".join(plans), columns)
    engine.stop()
    return found


def _scanned(plans: str, columns: Reads) -> Reads:
    """columns: all those of the tables that may be scanned."""
    found: dict[str, set[str]] = {table: set() for table in columns}
    for files, how in SCAN.findall(plans):
        if not files:
            continue  # none of them can have what is asked for
        table = next(t for t in columns if f"/{files}".startswith(f"{t}/"))
        _, projected, names = how.partition(PROJECTION)
        found[table] |= {*USED.findall(names), *re.split(r", |\]", names)} if projected else set(columns[table])
    return {table: [c for c in columns[table] if c in used] for table, used in found.items()}
