"""Write a table: stage candidate rows, and publish them in one commit that also records what it changed.

Strategies: *overwrite* replaces every row; *replace keys* writes only rows that are new or different and rewrites the files in which
they, or deleted keys, had a row (`copy_on_write`), so that everything else stays as it is; *replace partitions* does the same for the
partitions of the quarantine, and for compactions, which change no row.

Here: the choreography of stage, copy on write, change set and commit. Not here: gates and ledgers (the steps decide between staging and
publishing), reading a change set (`change_set`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resources.change_set import CHANGE_SET, ChangeCounts
from resources.copy_on_write import FoundRows, find_rows

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from resources.lake import Lake, Published
    from resources.stage import Stage


@dataclass(frozen=True)
class Partitions:
    """Some partitions of a table. by: the partition columns. where: the filter that selects them, as delta-rs takes it; None: all."""

    by: Sequence[str]
    where: list[tuple[str, str, Any]] | None = None


@dataclass(frozen=True)
class Candidate:
    """Staged rows of a table that nobody sees yet.

    replaced: the published rows whose place they take, or whose keys are deleted; None: all of them. deleted: keys without a successor.
    partitions: whose rows they are, None: not of partitions.
    """

    stage: Stage
    replaced: FoundRows | None = None
    deleted: DataFrame | None = None
    partitions: Partitions | None = None

    def frame(self, spark: SparkSession) -> DataFrame:
        """Exactly the staged rows."""
        return self.stage.frame(spark)

    @property
    def uri(self) -> str:
        return self.stage.uri

    @property
    def staged_rows(self) -> int:
        return self.stage.rows()

    @property
    def retained_rows(self) -> int:
        """Published rows that stay as they are."""
        return 0 if self.replaced is None else self.replaced.total - self.replaced.rows

    def retained_rows_other_than(self, column: str, value: str) -> int:
        """The same, of the rows whose value in `column` is not `value`."""
        return 0 if self.replaced is None else self.replaced.count_others(column, value)


class TableWriter:
    """Writes one table for one attempt of a run, on top of the version that the run has read."""

    def __init__(self, lake: Lake, table: str, base_version: int | None, run_id: str) -> None:
        self._lake, self._table, self._base, self._run_id = lake, table, base_version, run_id

    def find(self, keys: pa.Table) -> FoundRows:
        """The rows of the base version whose key is among `keys`, which has exactly the key columns."""
        handle = self._lake.open(self._table, self._base)
        assert handle is not None
        return find_rows(handle, keys)

    def overwrite(self, rows: DataFrame) -> Candidate:
        """Stage all rows of the table."""
        return Candidate(self._staged(rows))

    def replace_keys(self, rows: DataFrame, replaced: FoundRows, deleted: DataFrame) -> Candidate:
        """Stage only what changes.

        Args:
            rows: the new and the changed rows.
            replaced: the published rows of their keys and of the deleted ones, from `find`.
            deleted: the deleted keys, key columns only.

        Returns:
            A candidate whose publication replaces these keys and keeps every other row.
        """
        return Candidate(self._staged(rows), replaced, deleted)

    def replace_partitions(self, rows: DataFrame | pa.RecordBatchReader, partitions: Partitions) -> Candidate:
        """Stage all rows of some partitions."""
        return Candidate(self._staged(rows, partitions.by), partitions=partitions)

    def publish(
        self, candidate: Candidate, *, metadata: Mapping[str, str], transactions: Mapping[str, int] | None = None, statistics: bool = False
    ) -> Published:
        """Make a candidate the table's newest version, in one commit that records its change set.

        Args:
            candidate: what `overwrite` or `replace_keys` staged.
            metadata: properties of the commit.
            transactions: application ids of the commit, such as the batches it contains.
            statistics: whether minimum and maximum of the columns may stand in the log; never with personal columns.

        Returns:
            The published version. Raises Conflict when somebody published since the base version.
        """
        replaced, retained, partitions = candidate.replaced, None, candidate.partitions
        changes = None if partitions else ChangeCounts.of_overwrite(candidate.staged_rows)
        if replaced is not None:
            retained = replaced.retain_others(self._lake.stage(self._table, self._run_id))
            deleted, stage = self._deleted_keys(candidate.deleted)
            changed = replaced.rows - deleted
            changes = ChangeCounts(False, candidate.staged_rows - changed, changed, deleted, stage)
        return self._lake.publish(
            candidate.stage,
            base_version=self._base,
            mode="overwrite" if retained is None else "append",
            retained=retained,
            replace_partitions=partitions.where if partitions else None,
            partition_by=partitions.by if partitions else (),
            transactions=transactions,
            metadata={**metadata, **({CHANGE_SET: json.dumps(vars(changes))} if changes else {})},
            statistics=statistics,
        )

    def _staged(self, rows: DataFrame | pa.RecordBatchReader, partition_by: Sequence[str] = ()) -> Stage:
        import pyarrow as pa

        stage = self._lake.stage(self._table, self._run_id)
        if isinstance(rows, pa.RecordBatchReader):
            stage.write_arrow(rows, partition_by)
        else:
            stage.write(rows, partition_by)
        return stage

    def _deleted_keys(self, keys: DataFrame | None) -> tuple[int, str]:
        """Write the deleted keys to a stage of their own: their number and the stage's name, empty when there are none."""
        if keys is None:
            return 0, ""
        stage = self._staged(keys)
        if count := stage.rows():
            return count, stage.name
        stage.discard()
        return 0, ""
