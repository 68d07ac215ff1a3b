"""Base and themes: run a declared function on published tables, gate its result, publish it.

Here: reading inputs at one version each, staging, gates, the commit, the account. Not here: the functions (`assets`).
"""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from time import perf_counter
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from assets.declare import TableAsset
from contracts import Contract
from pipelines.books.ledger import told_by_commit
from pipelines.runtime import Runtime
from pipelines.steps.checkpoints import checkpoints
from pipelines.steps.outcome import GateFailed, Outcome
from pipelines.steps.standing import code_digest
from quality import gates
from quality.balance import Account
from resources.errors import CitylakeError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MADE_FROM = "made_from"
DECIDING = ("assets", "quality", "standards")
"""The packages whose code and tables decide what a table contains."""


def derive(runtime: Runtime, asset: TableAsset, as_of: date, run_id: str) -> Outcome:
    """Make one base or thematic table whole, as of a date; nothing to do when it is there from the same inputs, date and code.

    Raises GateFailed when a blocking gate fails; nothing is published then.
    """
    started = perf_counter()
    contract = runtime.contracts[asset.name]
    base = runtime.lake.version(asset.name)
    versions = {table: _existing(runtime, table) for table in asset.inputs.values()}
    made_from = _fingerprint(runtime, contract, {t: runtime.lake.content(t) for t in versions}, as_of)
    if base is not None and runtime.lake.notes(asset.name).get(MADE_FROM) == made_from:
        return Outcome(asset.name, base, changed=False, read=versions)
    with checkpoints(runtime, asset.name, run_id) as checkpoint:
        with runtime.step.clock("plan"):
            frames = {argument: _live(runtime, table, versions[table]) for argument, table in asset.inputs.items()}
            values = {argument: runtime.parameter(name, as_of=as_of, checkpoint=checkpoint) for argument, name in asset.parameters.items()}
            made = _conform(contract, asset.function(**frames, **values))
        stage = runtime.lake.stage(asset.name, run_id)
        with runtime.step.clock("stage"):
            stage.write(made)

    rows = stage.rows()
    account = Account(asset.name, run_id, as_of, rows, rows, kind="derived")
    outcome = Outcome(asset.name, base, changed=True, rows=rows, accounts=[account], read=versions)
    with runtime.step.clock("gates"):
        outcome.checks = gates.check(contract, stage.frame(runtime.spark), runtime.valid_codes)
    if any(c.blocking and not c.passed for c in outcome.checks):
        raise GateFailed(asset.name, outcome.checks, outcome.accounts, stage.uri)
    with runtime.step.clock("publish"):
        published = runtime.lake.publish(
            stage,
            base_version=base,
            metadata={**told_by_commit(contract, [account], run_id=run_id, as_of=as_of), MADE_FROM: made_from},
            statistics=contract.statistics,
        )
    runtime.step.wrote(published)
    outcome.version, outcome.seconds = published.version, perf_counter() - started
    with runtime.step.clock("ledger"):
        runtime.ledger.record(outcome.accounts, run_id=run_id, as_of=as_of, version=published.version, seconds=outcome.seconds)
    return outcome


def _fingerprint(runtime: Runtime, contract: Contract, versions: dict[str, int | None], as_of: date) -> str:
    """All that the content of a table follows from: its inputs, the date, the contract, the code and its data, the key."""
    told = [
        sorted(versions.items()),
        as_of.isoformat(),
        contract.digest,
        code_digest(*DECIDING),
        runtime.key_digest,
    ]
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
    frame = runtime.lake.read(runtime.spark, table, version)
    return frame.where(F.col("_op") != "D") if table.startswith("cleansed/") else frame


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
