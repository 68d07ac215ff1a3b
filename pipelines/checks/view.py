"""The tables of one release as the checks see them.

Here: reading a table at its version, SQL over several tables, the ledger up to the release. Not here: the invariants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from assets.invariants import PLACE
from contracts import Contract
from pipelines.control.ledger import Release
from pipelines.control.maintenance import Task
from pipelines.control.remarks import RemarkKind
from pipelines.runtime import Runtime

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from pyspark.sql import DataFrame, Row


@dataclass
class View:
    """One release. thorough: also run the checks that take as long as a night."""

    runtime: Runtime
    release: Release
    thorough: bool = False
    kept: dict[str, Any] = field(default_factory=dict)
    """Results that several checks share."""

    @property
    def as_of(self) -> date:
        return self.release.as_of

    @property
    def test_divisions(self) -> bool:
        """Whether the division of the demo city counts as valid."""
        return self.runtime.test_divisions

    @property
    def tables(self) -> list[str]:
        return sorted(self.release.versions)

    @property
    def sources(self) -> list[Contract]:
        """The contracts of the delivered tables that have data in this release."""
        return [c for c in self.runtime.sources.values() if c.sibling("raw") in self.release.versions]

    def has(self, table: str) -> bool:
        return table in self.release.versions

    def awaits(self, table: str) -> bool:
        """Whether a table has no rows because nobody has delivered what it needs."""
        remark = self.release.remarks.get(table)
        return remark is not None and remark.kind is RemarkKind.AWAITED

    def handle(self, table: str) -> DeltaTable:
        handle = self.runtime.lake.open(table, self.release.versions[table])
        assert handle is not None
        return handle

    def frame(self, table: str, version: int | None = None) -> DataFrame:
        """Read a table of the release, or another version of it."""
        return self.runtime.lake.read(self.runtime.spark, table, self.release.versions[table] if version is None else version)

    def versions(self, table: str) -> list[int]:
        """Return the versions of a table in all readable releases up to this one, oldest first."""
        readable = [r for r in self.releases if r.number <= self.release.number and r.number not in self.gone_releases]
        return sorted({r.versions[table] for r in readable if table in r.versions})

    def sql(self, query: str) -> list[Row]:
        """Run a query that names its tables as `{base/population/person}`."""
        for table in set(PLACE.findall(query)):
            self.frame(table).createOrReplaceTempView(_view(table))
        return self.runtime.spark.sql(PLACE.sub(lambda m: _view(m[1]), query)).collect()

    @cached_property
    def ledger(self) -> list[dict[str, Any]]:
        """The ledger rows up to the versions of the release."""
        return [r for r in self.runtime.ledger.rows() if r["version"] is None or r["version"] <= self.release.versions.get(r["table"], -1)]

    @cached_property
    def releases(self) -> list[Release]:
        return self.runtime.ledger.releases()

    @cached_property
    def gone_batches(self) -> set[tuple[str, str]]:
        """Table and batch of the rows that are no longer kept, from the maintenance log."""
        return {(r.table, r.batch_id) for r in self.runtime.maintenance_log.rows() if r.task is Task.BATCH and r.batch_id is not None}

    @cached_property
    def gone_releases(self) -> set[int]:
        """The releases that are no longer readable."""
        return self.runtime.maintenance_log.gone_releases()


def _view(table: str) -> str:
    return f"checked_{table.replace('/', '_')}"
