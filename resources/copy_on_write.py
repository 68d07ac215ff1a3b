"""Copy on write: find the rows of a published table by their keys, and rewrite only the files that hold one of them.

Here: finding rows in one pass over the key columns, and staging the rows of their files that stay. Not here: which rows those are,
committing (`lake`), the choice between this and an overwrite (`table_writer`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from resources.commit import RetainedRows
from resources.rows import dataset

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

    from resources.stage import Stage

FILES_AT_ONCE = 2
"""Files searched in parallel; the keys of that many files are in memory."""
SEPARATOR = "\x1f"
"""Joins the parts of a composite key; occurs in no text of the lake."""


@dataclass(frozen=True)
class FoundRows:
    """The rows of one table version whose key is among some keys.

    data: all rows of the version. marks: per file with at least one such row, a mask over its rows and the keys that match.
    files: file -> path and bytes. total: rows of the version.
    """

    data: pa.dataset.Dataset
    marks: dict[pa.dataset.ParquetFileFragment, tuple[pa.BooleanArray, pa.Array]]
    files: dict[pa.dataset.ParquetFileFragment, tuple[str, int]]
    total: int

    @property
    def rows(self) -> int:
        """The number of found rows."""
        return sum(len(keys) for _, keys in self.marks.values())

    def without(self, keys: pa.Table) -> FoundRows:
        """The found rows whose key is not among `keys`."""
        import pyarrow.compute as pc

        removed, marks = key_texts(keys), {}
        for fragment, (marked, found) in self.marks.items():
            stays = pc.invert(pc.is_in(found, value_set=removed))
            if stays.true_count:
                marks[fragment] = (pc.replace_with_mask(marked, marked, stays), found.filter(stays))
        return replace(self, marks=marks)

    def count_others(self, column: str, other_than: str) -> int:
        """The number of rows that were not found and whose value in a column without NULLs differs from `other_than`."""
        import pyarrow.compute as pc

        def count(batches: Iterator[pa.RecordBatch]) -> int:
            return sum(pc.sum(pc.not_equal(rows[column], other_than)).as_py() or 0 for rows in batches)

        return count(self.data.to_batches(columns=[column])) - count(self._batches(found=True, columns=[column]))

    def retain_others(self, stage: Stage) -> RetainedRows:
        """Write the rows of the found rows' files that were not found to `stage`; the commit replaces these files by it."""
        import pyarrow as pa

        some_stay = any(len(keys) < len(marked) for marked, keys in self.marks.values())
        if some_stay:
            stage.write_arrow(pa.RecordBatchReader.from_batches(self.data.schema, self._batches(found=False)))
        return RetainedRows(stage if some_stay else None, dict(self.files[f] for f in self.marks), self.total - self.rows)

    def _batches(self, *, found: bool, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        import pyarrow.compute as pc

        for fragment, (marked, _) in self.marks.items():
            wanted, at = marked if found else pc.invert(marked), 0
            for rows in fragment.to_batches(schema=self.data.schema, columns=columns):
                yield rows.filter(wanted.slice(at, len(rows)))
                at += len(rows)


def find_rows(table: DeltaTable, keys: pa.Table) -> FoundRows:
    """Find the rows of an unpartitioned table, at the version of its handle, whose key is among `keys`.

    keys: has exactly the key columns. A row with a NULL in its key is never found.
    """
    import pyarrow as pa

    data, key, wanted = dataset(table), keys.column_names, key_texts(keys).unique()
    files = {unquote(f["path"]): f for f in pa.table(table.get_add_actions(flatten=True)).to_pylist()}
    days, fragments = _days(keys), list(data.get_fragments()) if len(wanted) else []

    def marked(file: pa.dataset.ParquetFileFragment) -> tuple[pa.BooleanArray, pa.Array] | None:
        return _marked(file.to_table(columns=key), wanted) if _may_have(file, days) else None

    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        looked_at = zip(fragments, pool.map(marked, fragments), strict=True)
        marks = {f: mark for f, mark in looked_at if mark is not None and len(mark[1])}
    paths = {f: (files[f.path]["path"], files[f.path]["size_bytes"]) for f in marks}
    return FoundRows(data, marks, paths, sum(f["num_records"] for f in files.values()))


def _days(keys: pa.Table) -> dict[str, list[date]]:
    """The days of the dates and moments among the key columns, sorted, by column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    temporal = [name for name in keys.column_names if pa.types.is_timestamp(t := keys.schema.field(name).type) or pa.types.is_date(t)]
    return {name: sorted(pc.unique(pc.drop_null(pc.cast(keys[name], pa.date32()))).to_pylist()) for name in temporal}


def _may_have(file: pa.dataset.ParquetFileFragment, days: Mapping[str, list[date]]) -> bool:
    """Whether a file may have a row of these days, by what its footer says of each row group: events of other days are not read. Without
    days in the key its footer is not asked."""
    return not days or any(
        all(_meets((group.statistics or {}).get(name), found) for name, found in days.items()) for group in file.row_groups
    )


def _meets(statistics: Mapping[str, Any] | None, days: list[date]) -> bool:
    if statistics is None:
        return True
    least, most = (v.date() if isinstance(v, datetime) else v for v in (statistics["min"], statistics["max"]))
    at = bisect_left(days, least)
    return at < len(days) and days[at] <= most


def key_texts(keys: pa.Table) -> pa.Array:
    """Each key as one text; NULL where a part of it is NULL."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = [pc.cast(column, pa.string()) for column in keys.columns]
    texts = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, SEPARATOR)
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def _marked(rows: pa.Table, wanted: pa.Array) -> tuple[pa.BooleanArray, pa.Array]:
    """A mask of the rows whose key is wanted, and the keys of these."""
    import pyarrow.compute as pc

    keys = key_texts(rows)
    marked = pc.is_in(keys, value_set=wanted, skip_nulls=True)
    return marked, keys.filter(marked)
