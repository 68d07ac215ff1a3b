"""What has changed in the inputs of a table since it was made, and which of its rows are other ones by that.

Here: the versions it was made from held against those of today, what an update says held against the table. Not here: what the changes
mean (`assets`), which rows a commit brought (`resources.changes`), publishing (`derive`).
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from assets.declare import Changes, TableAsset, Update
from assets.lookup import only, unlike, without
from contracts import Contract
from pipelines.runtime import Runtime
from pipelines.steps.checkpoints import Checkpoint
from resources import changes, rewrite
from resources.rewrite import Found

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

READ = "read"
"""Under this name a commit says which version of each input its rows were made from."""
WORTH_UPDATING = 100_000
"""A table of fewer rows is made anew as a whole."""


def since(
    runtime: Runtime, asset: TableAsset, base: int, notes: dict[str, Any], versions: dict[str, int], checkpoint: Checkpoint
) -> Changes | None:
    """The changes since the table was made; None when they are not known, or when the table is better made as a whole.

    notes: what the table's newest commit says. versions: of the inputs, today.
    """
    was = json.loads(notes.get(READ, "{}"))
    promised = timedelta(days=runtime.settings.keep_days)
    if was.keys() != versions.keys() or _age(notes) >= promised or runtime.lake.rows(asset.name) < WORTH_UPDATING:
        return None
    came: dict[str, DataFrame] = {}
    gone: dict[str, DataFrame] = {}
    for argument, table in asset.inputs.items():
        found = _came_and_gone(runtime, table, was[table], versions[table], checkpoint)
        if found is None:
            return None
        came[argument], gone[argument] = found
    return Changes(runtime.lake.read(runtime.spark, asset.name, base), date.fromisoformat(notes["as_of"]), came, gone)


def _age(notes: dict[str, Any]) -> timedelta:
    """Of a commit. The versions that it was made from are kept for some days after."""
    return datetime.now(UTC) - datetime.fromtimestamp(notes["timestamp"] / 1000, UTC)


def _came_and_gone(runtime: Runtime, table: str, was: int, now: int, checkpoint: Checkpoint) -> tuple[DataFrame, DataFrame] | None:
    """The rows of a table that are new or changed since a version, and those that they take the place of; None: nobody knows.

    The log tells them of a table of which only some rows were written; a small one is compared.
    """
    key, before = list(runtime.contracts[table].key), live(table, runtime.lake.read(runtime.spark, table, was))
    if was in (now, runtime.lake.content(table)):
        return before.where(F.lit(False)), before.where(F.lit(False))
    if (found := changes.came(runtime.lake, table, was, now)) is not None:
        new = checkpoint(found)
        keys = new.select(*key) if found.gone is None else new.select(*key).unionByName(found.gone.frame(runtime.spark))
        return live(table, new), only(before, keys.distinct(), key)
    if runtime.lake.rows(table) >= WORTH_UPDATING:
        return None
    today = live(table, runtime.lake.read(runtime.spark, table, now))
    return checkpoint(unlike(today, before, key)), checkpoint(unlike(before, today, key))


def unlike_before(
    runtime: Runtime, contract: Contract, base: int, changes: Changes, update: Update, checkpoint: Checkpoint
) -> tuple[DataFrame, DataFrame, Found]:
    """What an update really changes: the rows that are new or others than before, the keys that are gone, and the rows of the
    table that all of these take the place of."""
    key = contract.key
    keys = checkpoint(update.rows.select(*key).unionByName(update.keys.select(*key)).distinct())
    before = checkpoint(only(changes.before, keys, key))
    rows = checkpoint(unlike(update.rows, before, key))
    gone = checkpoint(without(before, update.rows, key).select(*key))
    found = rewrite.find(runtime.lake, contract.name, base, rows.select(*key).unionByName(gone).toArrow())
    return rows, gone, found


def live(table: str, rows: DataFrame) -> DataFrame:
    """The rows that hold today: tombstones of a cleansed table are left out."""
    return rows.where(F.col("_op") != "D") if table.startswith("cleansed/") else rows
