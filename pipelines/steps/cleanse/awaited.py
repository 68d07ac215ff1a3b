"""A table that nobody has delivered yet: it is published empty, so that what depends on it can be made."""

from __future__ import annotations

from assets.cleansed.merge import TYPES
from contracts import SourceContract
from pipelines.runtime import Runtime
from pipelines.steps.outcome import Outcome
from resources.table_writer import TableWriter


def publish_empty(runtime: Runtime, contract: SourceContract, base: int | None, run_id: str) -> Outcome:
    """Publish the table without rows, once."""
    if base is None:
        columns = [f"`{c.name}` {c.physical_type}" for c in contract.columns] + [f"`{c}` {t}" for c, t in TYPES.items()]
        writer = TableWriter(runtime.lake, contract.name, None, run_id)
        candidate = writer.overwrite(runtime.spark.createDataFrame([], ", ".join(columns)))
        published = writer.publish(candidate, metadata={"run_id": run_id})
        runtime.step.wrote(published)
        base = published.version
    return Outcome(contract.name, base, changed=False, rows=0, problems=["no delivery has ever arrived; the table is empty"])
