"""The ledger and the releases: what became of every batch, and which versions of all tables belong together.

Here: these two tables, `operations/ledger` and `operations/release`. Not here: the arithmetic (`quality.balance`), held
deliveries (`pipelines.control.holds`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from contracts import Contract
from pipelines.control.append_only import AppendOnlyTable, Row
from quality.balance import Account
from resources.errors import CitylakeError
from resources.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

LEDGER = "operations/ledger"
RELEASE = "operations/release"
HOLD = "operations/hold"
HELD_BACK = "operations/quarantine"
MAINTENANCE = "operations/maintenance"
NOTICE = "operations/notice"
"""What was told to whom: `pipelines.control.notices`."""
PROFILE = "operations/profile"
"""What nights cost: `pipelines.control.profile`."""
BOOKS = (LEDGER, RELEASE, HOLD, HELD_BACK, MAINTENANCE, NOTICE, PROFILE)
"""Tables of the lake itself. They belong to no release."""
ACCOUNTS = "accounts"
"""Under this name a commit tells what the ledger will say of it."""


Identity = tuple[str, str, str, str]
"""Table, batch, kind, run."""


def commit_metadata(contract: Contract, accounts: Iterable[Account], *, run_id: str, as_of: date) -> dict[str, str]:
    """The metadata of a commit: who made it, for which date, and the accounts of its rows.

    Should the run end before the ledger has the accounts, `Ledger.complete` finds them there.
    """
    told = json.dumps([asdict(a) for a in accounts], default=str, sort_keys=True)
    return {"run_id": run_id, "as_of": as_of.isoformat(), "contract_version": contract.version, ACCOUNTS: told}


@dataclass(frozen=True)
class Release:
    """One night's set of table versions that belong together."""

    number: int
    as_of: date
    run_id: str
    versions: dict[str, int]
    released_at: datetime


class Ledger:
    """Reads and appends the lake's two bookkeeping tables."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._ledger = AppendOnlyTable(lake, LEDGER, _ledger_schema, _order)
        self._releases = AppendOnlyTable(lake, RELEASE, _release_schema, itemgetter("release"))

    def record(self, accounts: Iterable[Account], *, run_id: str, as_of: date, version: int | None, seconds: float) -> None:
        """Append one row per account. Raises CitylakeError when one does not balance: that is a fault of the lake itself."""
        accounts = list(accounts)
        for a in accounts:
            if not a.balanced:
                raise CitylakeError(
                    "BALANCE", f"the ledger does not balance: {a.sentence()}", a.table, "Nothing may rely on this batch; report it"
                )
        now = datetime.now(UTC)

        def unknown(rows: list[Row]) -> list[Row]:
            """Somebody else may have recorded the same."""
            known = {_identity(r) for r in rows}
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
        """Append what the commits of a table tell and the ledger does not: a run ended between the two.

        Older commits than the newest one whose accounts are all there need no look: who publishes completes what was before.
        """
        known = {_identity(r) for r in self.rows()}
        newest = self._untold(self._lake.history(table, 1), known)
        for told, accounts in reversed(self._untold(self._lake.history(table), known) if newest else []):
            if accounts:
                as_of = date.fromisoformat(told["as_of"])
                self.record(accounts, run_id=told["run_id"], as_of=as_of, version=int(told["version"]), seconds=0.0)

    @staticmethod
    def _untold(commits: list[dict[str, Any]], known: set[Identity]) -> list[tuple[dict[str, Any], list[Account]]]:
        """The commits, newest first, down to one whose accounts are all known; and those of their accounts that are not."""
        found = []
        for told in commits:
            accounts = _accounts(told)
            unknown = [a for a in accounts if (a.table, a.batch_id, a.kind, told["run_id"]) not in known]
            if accounts and not unknown:
                break
            found.append((told, unknown))
        return found

    def rows(self) -> list[dict[str, Any]]:
        """All ledger rows, oldest first."""
        return self._ledger.rows()

    def refused(self) -> list[dict[str, Any]]:
        """The newest row of every refused delivery that has not been taken in since, nor another one for its date.

        `rejected` has all its rows, however often it was tried.
        """
        newest: dict[tuple[str, date], dict[str, Any]] = {}
        rejected: Counter[tuple[str, str]] = Counter()
        for row in self.rows():
            if row["table"].startswith("raw/"):
                newest[row["table"], row["business_date"]] = row
                rejected[row["table"], row["batch_id"]] += row["rejected"]
        return [{**r, "rejected": rejected[r["table"], r["batch_id"]]} for r in newest.values() if r["kind"] in ("rejected", "held")]

    def release(self, *, as_of: date, run_id: str, versions: dict[str, int]) -> Release:
        """Append the release of a finished night."""
        told = {"as_of": as_of, "run_id": run_id, "versions": json.dumps(versions, sort_keys=True), "released_at": datetime.now(UTC)}
        (row,) = self._releases.add(lambda known: [{"release": len(known) + 1, **told}], {f"release:{run_id}": 1})
        return _release(row)

    def releases(self) -> list[Release]:
        """All releases, oldest first."""
        return [_release(r) for r in self._releases.rows()]


def _identity(row: dict[str, Any]) -> Identity:
    """What tells one account from another: a run accounts for a batch once."""
    return row["table"], row["batch_id"], row["kind"], row["run_id"]


def _accounts(told: dict[str, Any]) -> list[Account]:
    """The accounts in the metadata of a commit; none in that of one which only tidies up or adds columns."""
    found = json.loads(told.get(ACCOUNTS, "[]"))
    return [Account(**{**a, "business_date": date.fromisoformat(a["business_date"])}) for a in found]


def _release(row: Row) -> Release:
    return Release(row["release"], row["as_of"], row["run_id"], json.loads(row["versions"]), row["released_at"])


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
         ("released_at", pa.timestamp("us", tz="UTC"))]
    )  # fmt: skip
