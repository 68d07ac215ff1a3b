"""How a cleansed table and its quarantine relate to each other, as their commits record it.

Here: which version of the quarantine belongs to the published table, and by which rules the rows of both were judged. Not here: judging.

The quarantine is committed before the table. Both commits carry the number of the merge they belong to, that of the quarantine also the
version before it: when the quarantine is one merge ahead, the run ended between the two, and the version before it belongs to the
table. All this is kept as Delta transactions, as the batches are: they outlive compaction and checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from contracts import SourceContract
from pipelines.fingerprint import rules_digest
from pipelines.runtime import Runtime
from resources.lake import Lake

if TYPE_CHECKING:
    from deltalake import DeltaTable

MERGE, BEFORE, RULES, RULES_OF_ALL, GATED = "fold", "version_before", "rules", "rules_of_all", "gated"
"""Transactions of the commits; the names are those in the logs of existing lakes."""


@dataclass(frozen=True)
class TableState:
    """merges: how often the table was published. quarantine: version of the quarantine that belongs to it; newest_quarantine: its newest
    version; None when there is none. rules: fingerprint of the rules by which quarantined rows were judged, rules_of_all: by which every
    row was, None when not all by the same. gated: by which the last merge was."""

    merges: int = 0
    quarantine: int | None = None
    newest_quarantine: int | None = None
    rules: int | None = None
    rules_of_all: int | None = None
    gated: int | None = None

    @property
    def unfinished(self) -> bool:
        """A run has published the quarantine and not the table."""
        return self.quarantine != self.newest_quarantine


def table_state(lake: Lake, contract: SourceContract) -> TableState:
    """What the newest commits of a cleansed table and of its quarantine record."""
    table, quarantine = lake.open(contract.name), lake.open(contract.sibling("quarantine"))
    merges = _transaction(table, MERGE) or 0
    newest = None if quarantine is None else quarantine.version()
    ahead = (_transaction(quarantine, MERGE) or 0) > merges
    return TableState(
        merges=merges,
        quarantine=_transaction(quarantine, BEFORE) if ahead else newest,
        newest_quarantine=newest,
        rules=_transaction(table, RULES),
        rules_of_all=_transaction(table, RULES_OF_ALL) or None,
        gated=_transaction(table, GATED),
    )


def quarantine_transactions(state: TableState) -> dict[str, int]:
    """The transactions of the quarantine's commit, which comes first."""
    return {MERGE: state.merges + 1} | ({} if state.quarantine is None else {BEFORE: state.quarantine})


def state_transactions(state: TableState, rules: int, *, judges_all: bool) -> dict[str, int]:
    """The transactions of the table's commit. judges_all: this run has judged every row that was ever delivered."""
    of_all = rules if judges_all or state.rules_of_all == rules else 0
    return {MERGE: state.merges + 1, RULES: rules, RULES_OF_ALL: of_all, GATED: rules}


def rule_fingerprint(runtime: Runtime, contract: SourceContract) -> int:
    """A digest of all that decides about a row of the table: its contract, the code and data of its rules, the known divisions."""
    parts = [repr(replace(contract, path=Path())), rules_digest(contract), runtime.test_divisions]
    return int(sha256(repr(parts).encode()).hexdigest()[:15], 16)  # transactions are whole numbers of 64 bits


def _transaction(table: DeltaTable | None, name: str) -> int | None:
    return None if table is None else table.transaction_version(name)
