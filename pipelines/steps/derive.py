"""Base and themes: run a declared function on published tables, gate its result, publish it.

Here: reading inputs at one version each, staging, gates, the commit, the account. Not here: the functions (`assets`), what has
changed since a table was made (`changed`).
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from hashlib import sha256
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from assets.declare import TableAsset
from contracts import Contract
from pipelines.control.ledger import commit_metadata
from pipelines.runtime import Runtime
from pipelines.steps import changed
from pipelines.steps.checkpoints import checkpoints
from pipelines.steps.outcome import GateFailed, Outcome
from pipelines.steps.table_state import code_digest
from quality import gates
from quality.balance import Account
from resources.change_set import record_deleted_keys
from resources.errors import CitylakeError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MADE_FROM, MADE_BY = "made_from", "made_by"
DECIDING = ("assets", "quality", "standards")
"""The packages whose code and tables decide what a table contains."""


def derive(runtime: Runtime, asset: TableAsset, as_of: date, run_id: str, *, rebuild: bool = False) -> Outcome:
    """Make one base or thematic table, as of a date; nothing to do when it is there from the same inputs, date and code.

    Of a large table that knows how (`assets.declare.update_of`), only rows that the changes of its inputs touch are made anew;
    `rebuild`: all, whatever has changed.
    Raises GateFailed when a blocking gate fails; nothing is published then.
    """
    started = perf_counter()
    contract = runtime.contracts[asset.name]
    base, notes = runtime.lake.version(asset.name), runtime.lake.notes(asset.name)
    versions = {table: _existing(runtime, table) for table in asset.inputs.values()}
    made_by = _digest(contract.digest, code_digest(*DECIDING), runtime.key_digest)
    made_from = _digest(sorted((t, runtime.lake.content(t)) for t in versions), as_of.isoformat(), made_by)
    if base is not None and notes.get(MADE_FROM) == made_from:
        return Outcome(asset.name, base, changed=False, read=versions)
    with checkpoints(runtime, asset.name, run_id) as checkpoint:
        with runtime.step.clock("plan"):
            frames = {argument: _live(runtime, table, versions[table]) for argument, table in asset.inputs.items()}
            values = {argument: runtime.parameter(name, as_of=as_of, checkpoint=checkpoint) for argument, name in asset.parameters.items()}
            found, gone, changes = None, dict[str, str](), None
            if base is not None and asset.update is not None and notes.get(MADE_BY) == made_by and not rebuild:
                changes = changed.since(runtime, asset, base, notes, versions, checkpoint)
            if changes is not None and asset.update is not None and base is not None:
                update = asset.update(changes, **frames, **values)
                update = replace(update, rows=checkpoint(_conform(contract, update.rows)))
                made, no_more, found = changed.unlike_before(runtime, contract, base, changes, update, checkpoint)
                gone = record_deleted_keys(runtime.lake, asset.name, run_id, no_more)
            else:
                made = _conform(contract, asset.function(**frames, **values))
        stage = runtime.lake.stage(asset.name, run_id)
        with runtime.step.clock("stage"):
            stage.write(made)

    beside = found.total - found.rows if found else 0
    rows = stage.rows() + beside
    account = Account(asset.name, run_id, as_of, rows, rows, kind="derived")
    outcome = Outcome(asset.name, base, changed=True, rows=rows, accounts=[account], read=versions)
    with runtime.step.clock("gates"):
        outcome.checks = gates.check(contract, stage.frame(runtime.spark), runtime.valid_codes, beside)
    if any(c.blocking and not c.passed for c in outcome.checks):
        raise GateFailed(asset.name, outcome.checks, outcome.accounts, stage.uri)
    with runtime.step.clock("stage"):
        stays = None if found is None else found.rewritten(runtime.lake.stage(asset.name, run_id))
    with runtime.step.clock("publish"):
        published = runtime.lake.publish(
            stage,
            base_version=base,
            mode="overwrite" if stays is None else "append",
            beside=stays,
            metadata={
                **commit_metadata(contract, [account], run_id=run_id, as_of=as_of), MADE_FROM: made_from, MADE_BY: made_by,
                changed.READ: json.dumps(versions), **gone,
            },
            statistics=contract.statistics,
        )  # fmt: skip
    runtime.step.wrote(published)
    outcome.version, outcome.seconds = published.version, perf_counter() - started
    with runtime.step.clock("ledger"):
        runtime.ledger.record(outcome.accounts, run_id=run_id, as_of=as_of, version=published.version, seconds=outcome.seconds)
    return outcome


def _digest(*told: Any) -> str:
    """Of all that the content of a table follows from: its inputs, the date, the contract, the code and its data, the key."""
    return sha256(repr(told).encode()).hexdigest()[:32]


def _existing(runtime: Runtime, table: str) -> int:
    version = runtime.lake.version(table)
    if version is None:
        raise CitylakeError(
            "TABLE_MISSING", f"input {table} has never been published", runtime.lake.root, "Deliver its source and run again"
        )
    return version


def _live(runtime: Runtime, table: str, version: int) -> DataFrame:
    """The rows of an input that hold today: tombstones of a cleansed table are left out."""
    return changed.live(table, runtime.lake.read(runtime.spark, table, version))


def _conform(contract: Contract, frame: DataFrame) -> DataFrame:
    """Exactly the contract's columns, in its order and types. Raises CitylakeError when the function does not deliver one."""
    missing = [c.name for c in contract.columns if c.name not in frame.columns]
    surplus = [c for c in frame.columns if c not in {x.name for x in contract.columns}]
    if missing or surplus:
        raise CitylakeError(
            "CONTRACT_COLUMNS",
            f"the function of {contract.name} lacks columns {missing} and has {surplus} too many",
            str(contract.path.name),
            "Make the function and the contract agree",
        )
    return frame.select(*[F.col(c.name).cast(c.physical_type).alias(c.name) for c in contract.columns])
