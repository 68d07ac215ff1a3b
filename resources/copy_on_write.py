"""Rows of a published table found by their keys, and taken out of it: only files that hold one of them are written anew.

Here: finding them in one pass over the columns of the key, and what stays of their files as a stage. Not here: committing it (`lake`),
which rows those are.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from resources.rows import dataset

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake.transaction import RemoveAction

    from resources.lake import Lake
    from resources.stage import Stage

FILES_AT_ONCE = 2
"""Are looked through: the keys of as many are in memory."""
BETWEEN = "\x1f"
"""Stands between the parts of a key; in no text of the lake."""


@dataclass(frozen=True)
class RetainedFiles:
    """stage: the rows that stay of `files`, None when none does. files: those in which a row goes, path -> bytes.
    taken: rows that go; standing: rows that the table keeps, in these files and in all others."""

    stage: Stage | None
    files: dict[str, int]
    taken: int
    standing: int


@dataclass(frozen=True)
class FoundRows:
    """The rows of one version of a table that have one of some keys.

    data: all its rows. marks: of each file with such a row, for every row whether it is one, and the keys of those that are.
    files: path -> bytes. total: rows of the table.
    """

    data: pa.dataset.Dataset
    marks: dict[pa.dataset.ParquetFileFragment, tuple[pa.BooleanArray, pa.Array]]
    files: dict[pa.dataset.ParquetFileFragment, tuple[str, int]]
    total: int

    @property
    def rows(self) -> int:
        return sum(len(keys) for _, keys in self.marks.values())

    def less(self, keys: pa.Table) -> FoundRows:
        """The found rows that have none of these keys."""
        import pyarrow.compute as pc

        gone, marks = as_texts(keys), {}
        for fragment, (marked, found) in self.marks.items():
            stays = pc.invert(pc.is_in(found, value_set=gone))
            if stays.true_count:
                marks[fragment] = (pc.replace_with_mask(marked, marked, stays), found.filter(stays))
        return replace(self, marks=marks)

    def others(self, column: str, without: str) -> int:
        """How many rows there are beside the found ones that have another value in a column, which all of them have, than this."""
        import pyarrow.compute as pc

        def count(batches: Iterator[pa.RecordBatch]) -> int:
            return sum(pc.sum(pc.not_equal(rows[column], without)).as_py() or 0 for rows in batches)

        return count(self.data.to_batches(columns=[column])) - count(self._batches(True, [column]))

    def rewritten(self, stage: Stage) -> RetainedFiles:
        """The table without the found rows: what stays of their files is written to the stage."""
        import pyarrow as pa

        stays = any(len(keys) < len(marked) for marked, keys in self.marks.values())
        if stays:
            stage.write_arrow(pa.RecordBatchReader.from_batches(self.data.schema, self._batches(False)))
        return RetainedFiles(stage if stays else None, dict(self.files[f] for f in self.marks), self.rows, self.total - self.rows)

    def _batches(self, these: bool, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        import pyarrow.compute as pc

        for fragment, (marked, _) in self.marks.items():
            wanted, at = marked if these else pc.invert(marked), 0
            for rows in fragment.to_batches(schema=self.data.schema, columns=columns):
                yield rows.filter(wanted.slice(at, len(rows)))
                at += len(rows)


def find_rows(lake: Lake, table: str, version: int, keys: pa.Table) -> FoundRows:
    """The rows with one of these keys, of a version of a table that has no partitions.

    keys: its columns are those of the key. A row whose key is not known in whole has none of them.
    """
    import pyarrow as pa

    handle = lake.open(table, version)
    assert handle is not None
    data, key, wanted = dataset(handle), keys.column_names, as_texts(keys).unique()
    files = {unquote(f["path"]): f for f in pa.table(handle.get_add_actions(flatten=True)).to_pylist()}
    fragments = list(data.get_fragments()) if len(wanted) else []
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        marked = zip(fragments, pool.map(lambda f: _marked(f.to_table(columns=key), wanted), fragments), strict=True)
        marks = {f: (mark, found) for f, (mark, found) in marked if len(found)}
    paths = {f: (files[f.path]["path"], files[f.path]["size_bytes"]) for f in marks}
    return FoundRows(data, marks, paths, sum(f["num_records"] for f in files.values()))


def as_texts(keys: pa.Table) -> pa.Array:
    """The keys, each as one text; NULL where not all of it is known."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = [pc.cast(column, pa.string()) for column in keys.columns]
    texts = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, BETWEEN)
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def _marked(rows: pa.Table, wanted: pa.Array) -> tuple[pa.BooleanArray, pa.Array]:
    """Of every row whether its key is wanted, and the keys of those whose is."""
    import pyarrow.compute as pc

    keys = as_texts(rows)
    marked = pc.is_in(keys, value_set=wanted, skip_nulls=True)
    return marked, keys.filter(marked)


def removals(rewritten: RetainedFiles) -> list[RemoveAction]:
    """The actions that take the files out of the table."""
    from deltalake.transaction import RemoveAction

    now = int(datetime.now(UTC).timestamp() * 1000)
    return [RemoveAction(path, True, now, size, {}) for path, size in rewritten.files.items()]
