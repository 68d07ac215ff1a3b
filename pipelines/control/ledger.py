"""The ledger and the releases: the account of every batch, and the table versions that belong together.

Here: the tables `operations/ledger` and `operations/release`, the names of all control tables. Not here: the arithmetic
(`quality.balance`), held deliveries (`pipelines.control.holds`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from contracts import Contract
from pipelines.control.append_only import AppendOnlyTable, Row
from pipelines.control.remarks import Remark, from_json, to_json
from quality.balance import Account
from resources.errors import CitylakeError
from resources.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

LEDGER = "operations/ledger"
RELEASE = "operations/release"
HOLD = "operations/hold"
QUARANTINE = "operations/quarantine"
MAINTENANCE = "operations/maintenance"
NOTICE = "operations/notice"
"""Who was notified of what: `pipelines.control.notices`."""
PROFILE = "operations/profile"
"""Time and resources of every step: `pipelines.control.profile`."""
SITE = "operations/site"
"""The sites that were made, and the root of each seal: `pipelines.control.sites`."""
CONTROL_TABLES = (LEDGER, RELEASE, HOLD, QUARANTINE, MAINTENANCE, NOTICE, PROFILE, SITE)
"""The lake's own tables. They are part of no release."""
UNREACHABLE, UNFINISHED, REPEATED, MISDATED, SETTLED = NOTES = "unreachable", "unfinished", "repeated", "misdated", "settled"
"""Kinds of accounts without rows, of what a night could not read: the source did not answer; a folder had no manifest yet; it has that of
another date, whose batch is in the lake; it is dated so that no night comes to it; none is so any more. Their batch is `no-batch-DATE`."""
ACCOUNTS = "accounts"
"""The key in a commit's metadata under which it carries its ledger accounts."""


Identity = tuple[str, str, str, str]
"""Table, batch, kind, run."""


def commit_metadata(contract: Contract, accounts: Iterable[Account], *, run_id: str, as_of: date) -> dict[str, str]:
    """Return the metadata of a commit: run, business date, contract version, and the accounts of its rows.

    When the run ends before the ledger has the accounts, `Ledger.complete` reads them from the commit.

    Args:
        contract: of the table that is committed to.
        accounts: one per batch.
        run_id: the Dagster run.
        as_of: the business date of the night.

    Returns:
        Texts by key, for the Delta commit.
    """
    found = json.dumps([asdict(a) for a in accounts], default=str, sort_keys=True)
    return {"run_id": run_id, "as_of": as_of.isoformat(), "contract_version": contract.version, ACCOUNTS: found}


@dataclass(frozen=True)
class Release:
    """The table versions that readers get together after one night.

    Attributes:
        versions: Delta version by table.
        remarks: of every table that has not the whole state of the night, or that is not there yet.
    """

    number: int
    as_of: date
    run_id: str
    versions: dict[str, int]
    released_at: datetime
    remarks: dict[str, Remark] = field(default_factory=dict)

    def origin(self, table: str) -> tuple[int, date]:
        """Return the release and the night whose state a table has: tables of one origin belong together."""
        remark = self.remarks.get(table)
        if remark is None or remark.release is None or remark.as_of is None:
            return self.number, self.as_of
        return remark.release, remark.as_of

    @property
    def held_back(self) -> list[str]:
        """The tables that keep the state of an earlier release."""
        return sorted(t for t in self.versions if self.origin(t)[0] != self.number)


class Ledger:
    """Reads and appends `operations/ledger` and `operations/release`."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._ledger = AppendOnlyTable(lake, LEDGER, _ledger_schema, _order, group="table")
        self._releases = AppendOnlyTable(lake, RELEASE, _release_schema, itemgetter("release"))

    def record(self, accounts: Iterable[Account], *, run_id: str, as_of: date, version: int | None, seconds: float) -> None:
        """Append one row per account; accounts that are already recorded are left out.

        Args:
            accounts: one per batch and kind.
            run_id: the Dagster run.
            as_of: the business date of the night.
            version: Delta version that the commit made; None when nothing was published.
            seconds: duration of the step.

        Raises:
            CitylakeError: an account does not balance, which is a fault of the lake itself.
        """
        accounts = list(accounts)
        for a in accounts:
            if not a.balanced:
                raise CitylakeError(
                    "BALANCE",
                    f"the ledger does not balance: {a.sentence()}",
                    a.table,
                    "Do not use this batch; report the fault to the lake's engineers",
                )
        now = datetime.now(UTC)

        def unknown(_: list[Row]) -> list[Row]:
            """Leave out what another run has recorded meanwhile."""
            known = {_identity(r) for table in {a.table for a in accounts} for r in self.rows_of(table)}
            return [
                {
                    "table": a.table, "batch_id": a.batch_id, "business_date": a.business_date, "as_of": as_of, "kind": a.kind,
                    "rows_in": a.rows_in, "published": a.published, "quarantined": a.quarantined, "duplicates": a.duplicates,
                    "rejected": a.rejected, "reason": a.reason, "codes": json.dumps(a.codes, sort_keys=True), "version": version,
                    "run_id": run_id, "seconds": seconds, "recorded_at": now,
                }
                for a in accounts
                if (a.table, a.batch_id, a.kind, run_id) not in known
            ]  # fmt: skip

        if accounts:
            self._ledger.add(unknown)

    def complete(self, table: str) -> None:
        """Append the accounts that commits of a table carry and the ledger lacks, because a run ended in between.

        Commits older than the newest one whose accounts are complete are not read: every publication completes the earlier ones.
        """
        known = {_identity(r) for r in self.rows_of(table)}
        newest = self._unrecorded(self._lake.history(table, 1), known)
        for commit, accounts in reversed(self._unrecorded(self._lake.history(table), known) if newest else []):
            if accounts:
                as_of = date.fromisoformat(commit["as_of"])
                self.record(accounts, run_id=commit["run_id"], as_of=as_of, version=int(commit["version"]), seconds=0.0)

    @staticmethod
    def _unrecorded(commits: list[dict[str, Any]], known: set[Identity]) -> list[tuple[dict[str, Any], list[Account]]]:
        """Return the commits, newest first, down to one whose accounts are all known, each with its unknown accounts."""
        found = []
        for commit in commits:
            accounts = _accounts(commit)
            unknown = [a for a in accounts if (a.table, a.batch_id, a.kind, commit["run_id"]) not in known]
            if accounts and not unknown:
                break
            found.append((commit, unknown))
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Return all ledger rows, oldest first."""
        return self._ledger.rows()

    def rows_of(self, table: str) -> list[dict[str, Any]]:
        """Return the ledger rows of a table, oldest first."""
        return self._ledger.rows_of(table)

    def first_night(self) -> date | None:
        """Return the first night in which tables were made."""
        return next((r["business_date"] for r in self.rows() if r["kind"] == "derived"), None)

    def refused(self) -> list[dict[str, Any]]:
        """Return the newest row of every refused delivery, unless it or another one for its date has been ingested since.

        `rejected` counts the rows of all attempts.
        """
        newest: dict[tuple[str, date], dict[str, Any]] = {}
        rejected: Counter[tuple[str, str]] = Counter()
        for row in self.rows():
            if row["table"].startswith("raw/") and row["kind"] not in NOTES:
                newest[row["table"], row["business_date"]] = row
                rejected[row["table"], row["batch_id"]] += row["rejected"]
        return [{**r, "rejected": rejected[r["table"], r["batch_id"]]} for r in newest.values() if r["kind"] in ("rejected", "held")]

    def unread(self, table: str | None = None) -> list[dict[str, Any]]:
        """Return the newest row of every date of which nothing could be read, unless that has ended. table: a raw table; None: all."""
        return unread(self.rows() if table is None else self.rows_of(table))

    def release(self, *, as_of: date, run_id: str, versions: dict[str, int], remarks: Mapping[str, Remark] | None = None) -> Release:
        """Append the release of a finished night.

        Args:
            as_of: the business date of the night.
            run_id: the Dagster run; it makes at most one release.
            versions: Delta version by table.
            remarks: by table that has not the whole state of the night.

        Returns:
            The release with its number.
        """
        night = {
            "as_of": as_of, "run_id": run_id, "versions": json.dumps(versions, sort_keys=True), "remarks": to_json(remarks or {}),
            "released_at": datetime.now(UTC),
        }  # fmt: skip
        (row,) = self._releases.add(lambda known: [{"release": len(known) + 1, **night}], {f"release:{run_id}": 1})
        return _release(row)

    def releases(self) -> list[Release]:
        """Return all releases, oldest first."""
        return [_release(r) for r in self._releases.rows()]


def unread(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the ledger rows of what no night could read that no later row of their table and date has ended."""
    newest = {(r["table"], r["business_date"]): dict(r) for r in rows if r["table"].startswith("raw/")}
    return [r for r in newest.values() if r["kind"] in NOTES and r["kind"] != SETTLED]


def _identity(row: dict[str, Any]) -> Identity:
    """Return what identifies an account: a run accounts for a batch once per table and kind."""
    return row["table"], row["batch_id"], row["kind"], row["run_id"]


def _accounts(commit: dict[str, Any]) -> list[Account]:
    """Return the accounts in the metadata of a commit; maintenance and schema changes have none."""
    found = json.loads(commit.get(ACCOUNTS, "[]"))
    return [Account(**{**a, "business_date": date.fromisoformat(a["business_date"])}) for a in found]


def _release(row: Row) -> Release:
    versions, remarks = json.loads(row["versions"]), from_json(row.get("remarks"))
    return Release(row["release"], row["as_of"], row["run_id"], versions, row["released_at"], remarks)


def _order(row: dict[str, Any]) -> tuple[datetime, str, date]:
    return row["recorded_at"], row["table"], row["business_date"]


def _ledger_schema() -> pa.Schema:
    import pyarrow as pa

    text, whole = pa.string(), pa.int64()
    return pa.schema(
        [
            ("table", text), ("batch_id", text), ("business_date", pa.date32()), ("as_of", pa.date32()), ("kind", text),
            ("rows_in", whole), ("published", whole), ("quarantined", whole), ("duplicates", whole), ("rejected", whole),
            ("reason", text), ("codes", text), ("version", whole), ("run_id", text), ("seconds", pa.float64()),
            ("recorded_at", pa.timestamp("us", tz="UTC")),
        ]
    )  # fmt: skip


def _release_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [("release", pa.int64()), ("as_of", pa.date32()), ("run_id", pa.string()), ("versions", pa.string()),
         ("remarks", pa.string()), ("released_at", pa.timestamp("us", tz="UTC"))]
    )  # fmt: skip
