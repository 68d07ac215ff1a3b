"""Release: name the table versions that readers get together after a night, also after one in which some tables failed.

A table is of the night when it did not fail, everything that it is made from is of the night, and it is made from exactly these versions.
Any other is held back: it keeps the version of the release before, and its origin. So the tables of one origin were of its night together,
and belong together: what was made from one version never stands for the same night as another version.
Here: which tables are of the night, and the remarks on those that are not, or that lack something. Not here: making tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from assets.declare import TableAsset, in_order
from contracts import SourceContract
from pipelines.control.batches import batches_of, contains
from pipelines.control.freshness import newest_deliveries, overdue
from pipelines.control.holds import HoldState
from pipelines.control.ledger import Release
from pipelines.control.remarks import Remark, RemarkKind
from pipelines.notifications.gather import open_refusals
from pipelines.runtime import Runtime
from pipelines.steps.awaited import AWAITED, lacking
from pipelines.steps.input_changes import READ
from resources.errors import CitylakeError
from resources.lake import CONTENT

LAYERS = ("raw", "cleansed", "quarantine")
"""The tables of one source: they are held back together."""
KIND_OF_ROW = {"held": RemarkKind.HELD, "rejected": RemarkKind.REFUSED}


def release(runtime: Runtime, as_of: date, run_id: str, failures: Mapping[str, str] | None = None) -> Release:
    """Append one row with a version of every table but the lake's own bookkeeping; the same state twice is one release.

    Args:
        runtime: the installation.
        as_of: the business date of the night.
        run_id: the Dagster run; it makes at most one release.
        failures: why a table failed in the night, by table.

    Returns:
        The release. Raises CitylakeError when tables failed and not one is of the night.
    """
    newest = next(iter(runtime.ledger.releases()[-1:]), None)
    night = _Night(runtime, as_of, newest, failures or {})
    for contract in runtime.sources.values():
        night.source(contract)
    for asset in in_order():
        if asset.name in runtime.contracts:
            night.derived(asset)
    night.others()
    if newest is not None and night.repeats(newest):
        return newest
    if failures and night.empty:
        what = "no table has the state of this night; readers keep the release before"
        raise CitylakeError("RELEASE", what, runtime.lake.root, "Correct the causes and run the same date again")
    return runtime.ledger.release(as_of=as_of, run_id=run_id, versions=night.versions, remarks=night.remarks)


@dataclass
class _Night:
    """The release as it comes together, table by table along the flow of data. made: the tables of the night."""

    runtime: Runtime
    as_of: date
    before: Release | None
    failures: Mapping[str, str]
    versions: dict[str, int] = field(default_factory=dict)
    remarks: dict[str, Remark] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        runtime, contracts = self.runtime, self.runtime.contracts
        rows, settled = runtime.ledger.rows(), {h.batch_id for h in runtime.holds.waiting() if h.state is HoldState.REFUSED}
        open_ones = open_refusals(contracts, [r for r in runtime.ledger.refused() if r["batch_id"] not in settled], rows, self.as_of)
        self.there = {t for t in runtime.lake.tables() if not t.startswith("operations/")}
        self.late = {o.table: o for o in overdue(contracts.values(), runtime.ledger, self.as_of)}
        self.refused = {r["table"]: r for r in sorted(open_ones, key=lambda r: r["business_date"])}
        self.delivered = newest_deliveries(rows, self.as_of)

    def source(self, contract: SourceContract) -> None:
        """Add the tables of one source: raw, cleansed and quarantine of the same batches."""
        layers = [contract.sibling(layer) for layer in LAYERS]
        family = [t for t in layers if t in self.there]
        if failure := next((self.failures[t] for t in layers if t in self.failures), None):
            self._keep([*family, contract.name], RemarkKind.FAILED, failure)
        elif (raw := self._merged(contract)) is None:
            self._keep([*family, contract.name], RemarkKind.WAITING, "a delivery is in raw and not in the cleansed table yet")
        else:
            self._take(family)
            self.versions |= {t: raw for t in family if t == layers[0]}
            if contract.name in family and (remark := self._of_delivery(contract)) is not None:
                self.remarks[contract.name] = remark

    def derived(self, asset: TableAsset) -> None:
        """Add a declared table. Its inputs have been added before."""
        inputs = sorted(set(asset.inputs.values()))
        waits = [t for t in inputs if t not in self.made]
        if asset.name in self.failures:
            self._keep([asset.name], RemarkKind.FAILED, self.failures[asset.name])
        elif waits and (asset.name in self.there or self.there.intersection(inputs)):
            self._keep([asset.name], RemarkKind.WAITING, f"waits for {', '.join(waits)}")
        elif asset.name in self.there:
            notes = self.runtime.lake.notes(asset.name)
            if self._made_from(inputs, notes) and (not asset.dated or notes.get("as_of") == self.as_of.isoformat()):
                self._take([asset.name])
                if sources := lacking(notes):
                    kind, day = (RemarkKind.AWAITED, None) if AWAITED in notes else (RemarkKind.INCOMPLETE, self.as_of)
                    self.remarks[asset.name] = Remark(kind, f"nobody has delivered {', '.join(sources)} yet", day)
            else:
                self._keep([asset.name], RemarkKind.WAITING, "it was not made for this night")

    def others(self) -> None:
        """Add the tables that nothing declares."""
        self._take(sorted(self.there - self.versions.keys() - self.remarks.keys()))

    @property
    def empty(self) -> bool:
        """Whether nothing that follows from deliveries is of the night; a reference table is of every night."""
        return not self.made - {asset.name for asset in in_order() if not asset.inputs}

    def repeats(self, newest: Release) -> bool:
        """Whether nothing but maintenance has come to the tables since a release of the same date, and it says the same of them."""
        return (
            newest.as_of == self.as_of
            and newest.versions.keys() == self.versions.keys()
            and all(self._same_rows(t, newest.versions[t], v) for t, v in self.versions.items())
            and _states(newest.remarks) == _states(self.remarks)
        )

    def _take(self, tables: Iterable[str]) -> None:
        found = {t: v for t in tables if (v := self.runtime.lake.version(t)) is not None}
        self.versions |= found
        self.made |= found.keys()

    def _keep(self, tables: Iterable[str], kind: RemarkKind, why: str) -> None:
        """Hold tables back: each keeps what the release before says of it."""
        for table in dict.fromkeys(tables):
            if self.before is None or table not in self.before.versions:
                self.remarks[table] = Remark(kind, why)
                continue
            earlier = self.before.remarks.get(table)
            number, day = self.before.origin(table)
            awaited = earlier is not None and earlier.kind is RemarkKind.AWAITED
            self.versions[table] = self.before.versions[table]
            self.remarks[table] = Remark(RemarkKind.AWAITED if awaited else kind, why, day, number)

    def _merged(self, contract: SourceContract) -> int | None:
        """The newest version of raw of which the cleansed table contains every batch: the last ones may have come since it was made.

        -1 when there is no raw table; None when there is no such version.
        """
        lake, raw = self.runtime.lake, contract.sibling("raw")
        handle, cleansed = lake.open(raw), lake.open(contract.name)
        if handle is None:
            return -1
        unknown = {b.batch_id for b in batches_of(handle.partitions()) if not contains(cleansed, b.batch_id)}
        if not unknown:
            return handle.version()
        for notes in (n for n in lake.history(raw) if CONTENT not in n):
            if not unknown:
                return int(notes["version"])
            if notes.get("batch_id") not in unknown:
                return None
            unknown.remove(notes["batch_id"])
        return None

    def _of_delivery(self, contract: SourceContract) -> Remark | None:
        """The remark on a cleansed table of the night whose department has delivered nothing, too late, or what was not accepted."""
        raw = contract.sibling("raw")
        day, refused = self.delivered.get(raw), self.refused.get(raw)
        if raw not in self.there:
            return Remark(RemarkKind.AWAITED, refused["reason"] if refused else "nobody has delivered it yet")
        if refused:
            return Remark(KIND_OF_ROW[refused["kind"]], refused["reason"], day)
        if late := self.late.get(contract.name):
            return Remark(RemarkKind.LATE, late.sentence(), day)
        return None

    def _made_from(self, inputs: Iterable[str], notes: Mapping[str, Any]) -> bool:
        """Whether a table is made from exactly the released versions of its inputs."""
        read = json.loads(notes.get(READ, "{}"))
        return all(t in read and self._same_rows(t, read[t], self.versions[t]) for t in inputs)

    def _same_rows(self, table: str, one: int, other: int) -> bool:
        """Whether two versions differ by maintenance at most."""
        return one == other or (table in self.made and (self.runtime.lake.content(table) or 0) <= min(one, other))


def _states(remarks: Mapping[str, Remark]) -> dict[str, tuple[Any, ...]]:
    """The remarks with the code of an error, and without its words, which name stages and runs."""
    return {t: (r.kind, r.as_of, r.release, r.why.partition(":")[0]) for t, r in remarks.items()}
