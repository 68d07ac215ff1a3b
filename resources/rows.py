"""The rows of a table as Arrow, without an engine.

Here: how Arrow opens a table's files. Not here: which table, which version, whether its files are sound (`lake`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from pyarrow.dataset import Dataset


def dataset(table: DeltaTable, partitions: Sequence[tuple[str, str, str | list[str]]] | None = None) -> Dataset:
    """All rows of a table, or those of some partitions.

    Files of a folder are opened by Arrow itself: what delta-rs' handler hands it belongs to the interpreter, and a thread of
    Arrow's that lets go of it while the interpreter ends aborts the process.
    """
    from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

    place = urlsplit(table.table_uri)
    files = SubTreeFileSystem(url2pathname(place.path), LocalFileSystem()) if place.scheme == "file" else None
    return table.to_pyarrow_dataset(list(partitions) if partitions else None, filesystem=files)
