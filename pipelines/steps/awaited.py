"""Awaited tables: a source that nobody has delivered yet, and what cannot be made without it.

Both are published without rows, so that what can do without them is made, and their commits say so: empty is not zero. Here: which
sources a table lacks, the empty tables. Not here: a delivery that is late, held or refused (`pipelines.control`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.cleansed.merge import TYPES
from assets.declare import TableAsset
from contracts import Contract, SourceContract
from pipelines.runtime import Runtime
from pipelines.steps.outcome import Outcome
from resources.table_writer import TableWriter

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

AWAITED, LACKS = "awaited", "lacks"
"""Commit properties: that the table has no rows because it is awaited; the sources that nobody had delivered when it was made."""
SCOPE = "awaited: without rows, until its sources are delivered"


@dataclass(frozen=True)
class Missing:
    """What a table lacks. sources: that nobody has delivered yet, of all that it is made from; needed: awaited inputs that it cannot be
    made without."""

    sources: tuple[str, ...]
    needed: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """As problems of an outcome."""
        found = [f"awaited: it cannot be made without {', '.join(self.needed)}"] if self.needed else []
        return found + ([f"nobody has delivered {', '.join(self.sources)} yet"] if self.sources else [])

    def properties(self, *, awaited: bool) -> dict[str, str]:
        """Return the commit properties of the table. awaited: it has no rows because of what it lacks."""
        return ({LACKS: json.dumps(self.sources)} if self.sources else {}) | ({AWAITED: "true"} if awaited else {})


def missing(asset: TableAsset, commits: Mapping[str, Mapping[str, Any]]) -> Missing:
    """Return what a declared table lacks. commits: by input table, the properties of its newest commit."""
    sources = sorted({source for notes in commits.values() for source in lacking(notes)})
    needed = {table for argument, table in asset.inputs.items() if argument not in asset.optional and AWAITED in commits[table]}
    return Missing(tuple(sources), tuple(sorted(needed)))


def lacking(notes: Mapping[str, Any]) -> list[str]:
    """Return the sources that a table lacks, from the properties of its newest commit."""
    return list(json.loads(notes.get(LACKS, "[]")))


def no_rows(runtime: Runtime, contract: Contract) -> DataFrame:
    """Return a contract's columns without rows."""
    return runtime.spark.createDataFrame([], ", ".join(f"`{c.name}` {c.physical_type}" for c in contract.columns))


def publish_empty(runtime: Runtime, contract: SourceContract, base: int | None, run_id: str) -> Outcome:
    """Publish a cleansed table of which no row has ever arrived, once; and once more when the first delivery is one without rows."""
    never = runtime.lake.version(contract.sibling("raw")) is None
    if base is None or (not never and AWAITED in runtime.lake.notes(contract.name)):
        columns = [f"`{c.name}` {c.physical_type}" for c in contract.columns] + [f"`{c}` {t}" for c, t in TYPES.items()]
        writer = TableWriter(runtime.lake, contract.name, base, run_id)
        candidate = writer.overwrite(runtime.spark.createDataFrame([], ", ".join(columns)))
        awaited = {AWAITED: "true", LACKS: json.dumps([contract.name])} if never else {}
        published = writer.publish(candidate, metadata={"run_id": run_id, **awaited})
        runtime.step.wrote(published)
        base = published.version
    return Outcome(contract.name, base, changed=False, rows=0, problems=["no delivery has ever arrived; the table is empty"])
