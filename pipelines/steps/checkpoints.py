"""Rows written down in the middle of a step, seen by nobody, and gone with it.

A lazy engine computes a subplan once per mention, and a sort keeps everything in memory that was computed before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pipelines.runtime import Runtime
from resources.change_set import CommitChanges
from resources.errors import LakeUnreachable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from resources.stage import Stage


Checkpoint = Callable[["DataFrame | CommitChanges"], "DataFrame"]


@contextmanager
def checkpoints(runtime: Runtime, table: str, run_id: str) -> Iterator[Checkpoint]:
    """A function that writes rows down and gives them back to be read, for as long as the block lasts."""
    stages: list[Stage] = []

    def checkpoint(rows: DataFrame | CommitChanges) -> DataFrame:
        stage = runtime.lake.stage(table, run_id)
        stages.append(stage)
        with runtime.step.clock("stage"):
            if isinstance(rows, CommitChanges):
                rows.write(stage)
            else:
                stage.write(rows)
        return stage.frame(runtime.spark)

    try:
        yield checkpoint
    finally:
        with suppress(LakeUnreachable):
            for stage in stages:
                stage.discard()
