"""The rows that a table would have once a candidate were published: those staged, and those that stay as they are.

For gates that look at all rows. Not here: the candidate itself (`resources.table_writer`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assets.joins import anti_join
from contracts import Contract
from pipelines.runtime import Runtime
from pipelines.steps.input_changes import live
from resources.table_writer import Candidate

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def rows_to_publish(runtime: Runtime, contract: Contract, candidate: Candidate, base: int | None) -> DataFrame:
    """The live rows of the table after the publication of a candidate.

    Args:
        runtime: the installation.
        contract: of the table.
        candidate: what is staged.
        base: the version that the candidate was staged on.

    Returns:
        The rows in the columns that are staged.
    """
    rows = candidate.frame(runtime.spark)
    if candidate.replaced is not None:
        assert candidate.deleted is not None
        gone = rows.select(*contract.key).unionByName(candidate.deleted)
        published = runtime.lake.read(runtime.spark, contract.name, base)
        rows = rows.unionByName(anti_join(published, gone, contract.key).select(*rows.columns))
    return live(contract.name, rows)
