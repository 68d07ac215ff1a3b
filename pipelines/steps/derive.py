"""Base and themes: run a declared function on published tables, gate its result, publish it.

    inputs → input_changes → touched → function → changed rows → gate → write

Of a large table that declares what its inputs touch, only touched units are made again; the outcome says so, and why when it was made
whole. A table that needs a source which nobody has delivered yet is awaited: published without rows. Here: the line from the inputs
to the published table. Not here: the functions (`assets`), following declarations (`touched`), what is awaited (`awaited`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from hashlib import sha256
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from assets.declare import TableAsset
from assets.joins import anti_join, changed_rows
from assets.touch import SELF
from contracts import Contract
from contracts.queries import TABLE
from pipelines.control.ledger import commit_metadata
from pipelines.fingerprint import module_digest
from pipelines.runtime import Runtime
from pipelines.steps import awaited, input_changes
from pipelines.steps.checkpoints import Checkpoint, checkpoints
from pipelines.steps.input_changes import READ, Inputs, Whole
from pipelines.steps.outcome import GateFailed, Outcome
from pipelines.steps.to_publish import rows_to_publish
from pipelines.steps.touched import InputChanges, rows_of_units, touched
from quality import gates
from quality.balance import Account
from resources.errors import CitylakeError
from resources.lake import content_of
from resources.table_writer import Candidate, TableWriter

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MADE_FROM, MADE_BY = "made_from", "made_by"
"""Commit properties: digests of all that the content follows from, and of the part of it that is not data."""


@dataclass(frozen=True)
class _Making:
    """One table being made in one run. base: its version before, None when it has never been published."""

    runtime: Runtime
    asset: TableAsset
    contract: Contract
    inputs: Inputs
    as_of: date
    base: int | None
    writer: TableWriter
    checkpoint: Checkpoint

    def rows(self, frames: Mapping[str, DataFrame]) -> DataFrame:
        """What the function makes of some inputs, in the contract's columns."""
        run = {"as_of": self.as_of, "checkpoint": self.checkpoint}
        values = {argument: self.runtime.parameter(name, **run) for argument, name in self.asset.parameters.items()}
        return conform(self.contract, self.asset.function(**frames, **values))


def derive(runtime: Runtime, asset: TableAsset, as_of: date, run_id: str, *, rebuild: bool = False) -> Outcome:
    """Make one base or thematic table, as of a date; nothing to do when it is there from the same inputs, date and code.

    Args:
        runtime: the installation.
        asset: the declared table.
        as_of: the business date it is made for.
        run_id: of the run, for the stages and the ledger.
        rebuild: make all of it, whatever has changed.

    Returns:
        What was published. Raises GateFailed when a blocking gate fails, CitylakeError when the table was made for a later date; nothing is
        published then.
    """
    started, lake, contract = perf_counter(), runtime.lake, runtime.contracts[asset.name]
    base, commit = lake.version(asset.name), lake.notes(asset.name)
    if base is not None and not rebuild:
        _refuse_earlier(asset.name, commit.get("as_of", ""), as_of)
    commits = {table: _existing(runtime, table) for table in asset.inputs.values()}
    inputs = Inputs(asset, {table: int(notes["version"]) for table, notes in commits.items()}, commit)
    missing = awaited.missing(asset, commits)
    made_by = _made_by(runtime, asset, contract)
    made_from = _made_from(commits, asset, as_of, made_by)
    if base is not None and commit.get(MADE_FROM) == made_from:
        return Outcome(asset.name, base, changed=False, read=dict(inputs.versions), problems=missing.sentences)
    with checkpoints(runtime, asset.name, run_id) as checkpoint:
        making = _Making(runtime, asset, contract, inputs, as_of, base, TableWriter(lake, asset.name, base, run_id), checkpoint)
        if missing.needed:
            candidate, scope = making.writer.overwrite(awaited.no_rows(runtime, contract)), awaited.SCOPE
        elif base is None:
            candidate, scope = _whole(making), "whole: first time"
        elif rebuild:
            candidate, scope = _whole(making), "whole: rebuild"
        elif commit.get(MADE_BY) != made_by:
            candidate, scope = _whole(making), "whole: its code, contract or key, or which tables are delivered, changed"
        else:
            candidate, scope = _changed_part(making)
        rows = candidate.staged_rows + candidate.retained_rows
        not_applied = "; ".join(asset.not_applied(runtime.delivered()) if asset.not_applied else [])
        account = Account(asset.name, run_id, as_of, rows, rows, kind="derived", reason=not_applied)
        outcome = Outcome(asset.name, base, changed=True, rows=rows, accounts=[account], read=dict(inputs.versions), scope=scope)
        outcome.problems = missing.sentences
        with runtime.step.clock("gates"):
            staged, read = candidate.frame(runtime.spark), partial(_read, making, candidate)
            outcome.checks = gates.check(contract, staged, runtime.valid_codes, candidate.retained_rows, read)
        if failed := [c for c in outcome.checks if c.blocking and not c.passed]:
            if rows or not missing.sources:
                raise GateFailed(asset.name, outcome.checks, outcome.accounts, candidate.uri)
            outcome.checks, outcome.scope = [], awaited.SCOPE
        properties = {MADE_FROM: made_from, MADE_BY: made_by, READ: json.dumps(inputs.versions)}
        properties |= missing.properties(awaited=bool(missing.needed or failed))
        with runtime.step.clock("publish"):
            published = making.writer.publish(
                candidate,
                metadata=commit_metadata(contract, [account], run_id=run_id, as_of=as_of) | properties,
                statistics=contract.statistics,
            )
    runtime.step.wrote(published)
    outcome.version, outcome.seconds = published.version, perf_counter() - started
    with runtime.step.clock("ledger"):
        runtime.ledger.record(outcome.accounts, run_id=run_id, as_of=as_of, version=published.version, seconds=outcome.seconds)
    return outcome


def _read(making: _Making, candidate: Candidate, table: str) -> DataFrame:
    """The tables that gates name: the one to be published as it would be, and its inputs."""
    if table == TABLE:
        return rows_to_publish(making.runtime, making.contract, candidate, making.base)
    return input_changes.live_rows(making.runtime, table, making.inputs.versions[table])


def _refuse_earlier(table: str, made_for: str, as_of: date) -> None:
    """A table of a later date already holds what was delivered since; made again for an earlier one it would tell neither's story."""
    if made_for > as_of.isoformat():
        raise CitylakeError(
            "AS_OF_EARLIER",
            f"{table} has been made for {made_for}, and cannot be made for {as_of} from what was delivered later",
            table,
            f"Run {made_for} or a later date: it takes in late drops of {as_of}, too",
        )


def _whole(making: _Making) -> Candidate:
    """Stage all rows of the table."""
    with making.runtime.step.clock("plan"):
        rows = making.rows(making.inputs.frames(making.runtime))
    with making.runtime.step.clock("stage"):
        return making.writer.overwrite(rows)


def _changed_part(making: _Making) -> tuple[Candidate, str]:
    """Stage the rows that the changes of the inputs make different, or all of them when that is quicker; and which of it was done."""
    with making.runtime.step.clock("plan"):
        changes = input_changes.since_last_made(making.runtime, making.inputs, making.as_of, making.checkpoint)
    if isinstance(changes, Whole):
        return _whole(making), f"whole: {changes.reason}"
    with making.runtime.step.clock("plan"):
        found = _touched_part(making, changes)
    if isinstance(found, Whole):
        return _whole(making), f"whole: {found.reason}"
    before, made = found
    key = making.contract.key
    with making.runtime.step.clock("stage"):
        rows = making.checkpoint(changed_rows(made, before, key))
        deleted = making.checkpoint(anti_join(before, made, key).select(*key))
        replaced = making.writer.find(rows.select(*key).unionByName(deleted).toArrow())
        candidate = making.writer.replace_keys(rows, replaced, deleted)
    return candidate, f"part: {before.count():,} of {replaced.total:,} rows touched, {candidate.staged_rows:,} written"


def _touched_part(making: _Making, changes: InputChanges) -> tuple[DataFrame, DataFrame] | Whole:
    """The rows of the touched units, as they were and as they are now."""
    touch, runtime, asset = making.asset.touch, making.runtime, making.asset
    assert touch is not None
    published = runtime.lake.read(runtime.spark, asset.name, making.inputs.commit["version"])
    keys = {argument: runtime.contracts[table].key for argument, table in asset.inputs.items()}
    found = touched(touch, making.inputs.frames(runtime) | {SELF: published}, keys, changes, making.checkpoint)
    if found is None:
        return Whole("the touched units are connected with too many others")
    before = making.checkpoint(rows_of_units(published, touch.unit, found.units))
    if input_changes.too_much(touch, share := before.count() / runtime.lake.rows(asset.name)):
        return Whole(f"{share:.1%} of its rows are touched")
    return before, making.checkpoint(rows_of_units(making.rows(found.inputs), touch.unit, found.units))


def _made_by(runtime: Runtime, asset: TableAsset, contract: Contract) -> str:
    """A digest of what decides about the content apart from data and date: contract, code with its data files; if they are used, the key
    and which tables are delivered at all."""
    used = asset.parameters.values()
    key = runtime.key_digest if "pseudonym" in used else ""
    sources = sorted(runtime.delivered()) if "sources" in used else []
    return _digest(contract.digest, module_digest(asset.function.__module__), key, sources)


def _made_from(commits: Mapping[str, Mapping[str, Any]], asset: TableAsset, as_of: date, made_by: str) -> str:
    """A digest of all that the content follows from; the date only where the function asks for it."""
    return _digest(sorted((t, content_of(notes)) for t, notes in commits.items()), as_of.isoformat() if asset.dated else "", made_by)


def _digest(*parts: Any) -> str:
    return sha256(repr(parts).encode()).hexdigest()[:32]


def _existing(runtime: Runtime, table: str) -> Mapping[str, Any]:
    """What the newest commit of an input says."""
    notes = runtime.lake.notes(table)
    if not notes:
        raise CitylakeError(
            "TABLE_MISSING", f"input {table} has never been published", runtime.lake.root, "Deliver its source and run again"
        )
    return notes


def conform(contract: Contract, frame: DataFrame) -> DataFrame:
    """Exactly the contract's columns, in its order and types. Raises CitylakeError when the function returns others."""
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
