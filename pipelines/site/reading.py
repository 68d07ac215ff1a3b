"""What the site is made of: the tables of one release, the release before it, and the control tables up to it, all as Arrow.

Here: reading. The same release gives the same rows whenever it is read: what was recorded after it is left out. Not here: what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from assets.declare import upstream
from contracts import Contract, SourceContract, sources
from pipelines.control.ledger import Ledger, Release
from pipelines.control.maintenance import MaintenanceLog
from pipelines.control.remarks import RemarkKind
from pipelines.serving.tables import released
from pipelines.taking_part import contracts_of
from resources.lake import Lake
from resources.rows import dataset
from resources.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

DELETED = "D"
"""`_op` of a cleansed row whose key was deleted."""


@dataclass
class Reading:
    """One release of an installation, as the site reads it.

    Attributes:
        earlier: the readable releases before it, oldest first.
        unwritten: rows of the profile that a run at work has not written down yet (`pipelines.control.profile.rows_of`).
    """

    lake: Lake
    release: Release
    earlier: list[Release]
    contracts: Mapping[str, Contract]
    settings: Settings
    unwritten: Sequence[Mapping[str, Any]] = ()
    _read: dict[tuple[Any, ...], pa.Table | None] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, number: int | None, unwritten: Sequence[Mapping[str, Any]] = ()) -> Reading:
        """Read a release, the newest by default. Raises CitylakeError when it does not exist or is no longer kept."""
        lake = Lake(settings.lake, settings.s3)
        release = released(lake, number)
        gone = MaintenanceLog(lake).gone_releases()
        earlier = [r for r in Ledger(lake).releases() if r.number < release.number and r.number not in gone]
        return cls(lake, release, earlier, contracts_of(settings.departments), settings, unwritten)

    @property
    def before(self) -> Release | None:
        """The readable release before this one."""
        return self.earlier[-1] if self.earlier else None

    @cached_property
    def sources(self) -> dict[str, SourceContract]:
        """The contracts of the tables that departments deliver."""
        return sources(self.contracts)

    @cached_property
    def ledger(self) -> list[dict[str, Any]]:
        """The accounts up to the release, oldest first."""
        return [r for r in Ledger(self.lake).rows() if r["recorded_at"] <= self.release.released_at]

    def has(self, table: str) -> bool:
        """Whether the release has a table that is not awaited: that nobody has delivered it is no count of 0."""
        remark = self.release.remarks.get(table)
        return table in self.release.versions and (remark is None or remark.kind is not RemarkKind.AWAITED)

    def rows(self, table: str, columns: Sequence[str] | None = None, release: Release | None = None) -> pa.Table | None:
        """Return the live rows of a table as of this release or another one; None when that has no such table, or not these columns.

        A release may be older than a column of today's contract.

        Args:
            table: its name.
            columns: those to read; None: all.
            release: default: this one.
        """
        import pyarrow.compute as pc

        version = (release or self.release).versions.get(table)
        if version is None:
            return None
        key = (table, version, None if columns is None else tuple(columns))
        if key not in self._read:
            tombstones = table.startswith("cleansed/")
            read = None if columns is None else list(dict.fromkeys((*columns, *(["_op"] if tombstones else []))))
            found = self.lake.arrow(table, version, read) if self._has(table, version, read) else None
            if found is not None and tombstones:
                found = found.filter(pc.not_equal(pc.fill_null(found["_op"], ""), DELETED))
            self._read[key] = found if found is None or columns is None else found.select(list(dict.fromkeys(columns)))
        return self._read[key]

    def _has(self, table: str, version: int, columns: Sequence[str] | None) -> bool:
        handle = self.lake.open(table, version)
        return handle is not None and set(columns or ()) <= {field.name for field in handle.schema().fields}

    def count(self, table: str) -> int:
        """Return the number of rows of a table of the release, tombstones included, from its log alone."""
        import pyarrow as pa

        handle = self.lake.open(table, self.release.versions[table])
        assert handle is not None
        return int(sum(pa.table(handle.get_add_actions(flatten=True))["num_records"].to_pylist()))

    def batches(self, table: str, batches: Sequence[str], columns: Sequence[str]) -> pa.Table | None:
        """Return columns of the rows of some batches of a raw or quarantine table, without reading the others."""
        version = self.release.versions.get(table)
        if version is None or not batches:
            return None
        handle = self.lake.open(table, version)
        assert handle is not None
        return dataset(handle, [("_batch_id", "in", list(batches))]).to_table(columns=list(columns))

    def delivered(self, table: str) -> list[SourceContract]:
        """Return the contracts of the deliveries that a table follows from, directly or through others."""
        return [self.sources[name] for name in (table, *upstream(table)) if name in self.sources]

    @cached_property
    def batch_tables(self) -> dict[str, str]:
        """Batch -> the cleansed table that it was delivered for."""
        return {r["batch_id"]: f"cleansed/{r['table'].removeprefix('raw/')}" for r in self.ledger if r["table"].startswith("raw/")}
