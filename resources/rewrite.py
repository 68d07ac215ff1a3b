"""Rows taken out of a published table by their keys: only files that hold one of them are written anew.

Here: finding those files, and what stays of them as a stage. Not here: committing it (`lake`), which rows those are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from resources.rows import dataset

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake.transaction import RemoveAction

    from resources.lake import Lake
    from resources.stage import Stage

BETWEEN = "\x1f"
"""Stands between the parts of a key; in no text of the lake."""


@dataclass(frozen=True)
class Rewritten:
    """stage: the rows that stay of `files`, None when none does. files: those in which a row goes, path -> bytes.
    taken: rows that go; standing: rows that the table keeps, in these files and in all others."""

    stage: Stage | None
    files: dict[str, int]
    taken: int
    standing: int


def without(lake: Lake, table: str, version: int, run_id: str, keys: pa.Table) -> Rewritten:
    """A version of a table, which has no partitions, less the rows that have one of these keys.

    keys: its columns are those of the key. A row whose key is not known in whole has none of them.
    """
    import pyarrow as pa

    handle = lake.open(table, version)
    assert handle is not None
    data, key, gone = dataset(handle), keys.column_names, as_texts(keys).unique()
    files = {unquote(f["path"]): f for f in pa.table(handle.get_add_actions(flatten=True)).to_pylist()}
    hits = {f: _count(as_texts(f.to_table(columns=key)), gone) for f in data.get_fragments()} if len(gone) else {}
    touched = {f: files[f.path] for f, n in hits.items() if n}
    replaced = {file["path"]: file["size_bytes"] for file in touched.values()}
    taken, total = sum(hits.values()), sum(f["num_records"] for f in files.values())
    if taken == sum(f["num_records"] for f in touched.values()):
        return Rewritten(None, replaced, taken, total - taken)
    stage = lake.stage(table, run_id)
    stage.write_arrow(pa.RecordBatchReader.from_batches(data.schema, _staying(list(touched), data.schema, key, gone)))
    return Rewritten(stage, replaced, taken, total - taken)


def as_texts(rows: pa.Table | pa.RecordBatch, key: Sequence[str] | None = None) -> pa.Array:
    """The keys of rows, each as one text; NULL where not all of it is known."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = [pc.cast(rows[c], pa.string()) for c in key or rows.schema.names]
    texts = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, BETWEEN)
    return texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts


def _staying(fragments: list[pa.dataset.Fragment], schema: pa.Schema, key: list[str], gone: pa.Array) -> Iterator[pa.RecordBatch]:
    import pyarrow.compute as pc

    for fragment in fragments:
        for rows in fragment.to_batches(schema=schema):
            yield rows.filter(pc.invert(pc.is_in(as_texts(rows, key), value_set=gone, skip_nulls=True)))


def _count(texts: pa.Array, gone: pa.Array) -> int:
    import pyarrow.compute as pc

    return int(pc.sum(pc.is_in(texts, value_set=gone, skip_nulls=True)).as_py() or 0)


def removals(rewritten: Rewritten) -> list[RemoveAction]:
    """The actions that take the files out of the table."""
    from deltalake.transaction import RemoveAction

    now = int(datetime.now(UTC).timestamp() * 1000)
    return [RemoveAction(path, True, now, size, {}) for path, size in rewritten.files.items()]
