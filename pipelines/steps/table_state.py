"""How a cleansed table and its quarantine stand to each other, as their commits tell.

Here: which version of the quarantine belongs to the state, and by which rules their rows were judged. Not here: judging.

The quarantine is committed before the state. Both commits carry the number of the fold they belong to, that of the
quarantine also the version before it: when it is a fold ahead, the run ended between the two, and the version before it is
what belongs to the state. All this is kept as transactions, as the batches are: they outlive compaction and checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from contracts import Contract
from pipelines.runtime import Runtime
from resources.lake import Lake

if TYPE_CHECKING:
    from deltalake import DeltaTable

PROJECT = Path(__file__).resolve().parents[2]
DECIDING = ("quality", "standards", "assets/cleansed")
"""The packages that decide what becomes of a row."""
FOLD, BEFORE, RULES, RULES_OF_ALL, GATED = "fold", "version_before", "rules", "rules_of_all", "gated"


@dataclass(frozen=True)
class TableState:
    """folds: how often the state was published. held: the version of the quarantine that belongs to it, newest: the one that
    is there; None when there is none. rules: by which the rows held back were judged, rules_of_all: by which every row was,
    None when not by the same ones."""

    folds: int
    held: int | None
    newest: int | None
    rules: int | None
    rules_of_all: int | None
    gated: int | None

    @property
    def unfinished(self) -> bool:
        """A run has published the quarantine and not the state."""
        return self.held != self.newest


def table_state(lake: Lake, contract: Contract) -> TableState:
    """What the newest commits of a cleansed table and of its quarantine tell of each other."""
    state, quarantine = lake.open(contract.name), lake.open(contract.sibling("quarantine"))
    folds = _transaction(state, FOLD) or 0
    newest = None if quarantine is None else quarantine.version()
    held = _transaction(quarantine, BEFORE) if (_transaction(quarantine, FOLD) or 0) > folds else newest
    return TableState(
        folds, held, newest, _transaction(state, RULES), _transaction(state, RULES_OF_ALL) or None, _transaction(state, GATED)
    )


def quarantine_transactions(was: TableState) -> dict[str, int]:
    """The transactions of the quarantine's commit, which comes first."""
    return {FOLD: was.folds + 1} | ({} if was.held is None else {BEFORE: was.held})


def state_transactions(was: TableState, rules: int, *, of_all: bool) -> dict[str, int]:
    """The transactions of the state's commit. of_all: this run has judged every row that was ever delivered."""
    return {FOLD: was.folds + 1, RULES: rules, RULES_OF_ALL: rules if of_all or was.rules_of_all == rules else 0, GATED: rules}


def rule_fingerprint(runtime: Runtime, contract: Contract) -> int:
    """A digest of all that decides about a row of the table: its contract, the code and its tables, the known divisions."""
    told = [repr(replace(contract, path=Path())), code_digest(*DECIDING), runtime.test_divisions]
    return int(sha256(repr(told).encode()).hexdigest()[:15], 16)  # transactions are whole numbers of 64 bits


@cache
def code_digest(*packages: str) -> str:
    """A digest of the code and the tables of some packages."""
    digest = sha256()
    for package in packages:
        for file in sorted(f for f in (PROJECT / package).rglob("*") if f.suffix in (".py", ".yaml", ".csv")):
            digest.update(file.relative_to(PROJECT).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()


def _transaction(table: DeltaTable | None, name: str) -> int | None:
    return None if table is None else table.transaction_version(name)
