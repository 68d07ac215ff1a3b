"""The ledger and the releases: what became of every batch, and which versions of all tables belong together.

Here: these two tables, `operations/ledger` and `operations/release`. Not here: the arithmetic (`quality.balance`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from quality.balance import Account
from resources.errors import CitylakeError
from resources.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

LEDGER = "operations/ledger"
RELEASE = "operations/release"
ACCOUNTS = "accounts"
"""Under this name a commit tells what the ledger will say of it."""


def accounts_note(accounts: Iterable[Account], *, run_id: str, as_of: date) -> dict[str, str]:
    """The accounts as metadata of the commit they tell of: should the run end before the ledger has them, `complete` finds them."""
    told = {"run_id": run_id, "as_of": as_of.isoformat(), "accounts": [asdict(a) for a in accounts]}
    return {ACCOUNTS: json.dumps(told, default=str, sort_keys=True)}


@dataclass(frozen=True)
class Release:
    """One night's set of table versions that belong together."""

    number: int
    as_of: date
    run_id: str
    versions: dict[str, int]


class Ledger:
    """Reads and appends the lake's two bookkeeping tables."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def record(self, accounts: Iterable[Account], *, run_id: str, as_of: date, version: int | None, seconds: float) -> None:
        """Append one row per account. Raises CitylakeError when one does not balance: that is a fault of the lake itself."""
        import pyarrow as pa

        accounts = list(accounts)
        for a in accounts:
            if not a.balanced:
                raise CitylakeError(
                    "BALANCE", f"the ledger does not balance: {a.sentence()}", a.table, "Nothing may rely on this batch; report it"
                )
        if not accounts:
            return
        now = datetime.now(UTC)
        rows = [
            {
                "table": a.table, "batch_id": a.batch_id, "business_date": a.business_date, "as_of": as_of, "kind": a.kind,
                "rows_in": a.rows_in, "published": a.published, "quarantined": a.quarantined, "duplicates": a.duplicates,
                "rejected": a.rejected, "reason": a.reason, "codes": json.dumps(a.codes, sort_keys=True), "version": version,
                "run_id": run_id, "seconds": seconds, "recorded_at": now,
            }
            for a in accounts
        ]  # fmt: skip
        self._lake.append(LEDGER, pa.Table.from_pylist(rows, schema=_ledger_schema()))

    def complete(self, table: str) -> None:
        """Append what the newest commit of a table tells and the ledger does not: the run ended between the two."""
        note = self._lake.note(table, ACCOUNTS)
        if note is None:
            return
        told = json.loads(note)
        known = {(r["table"], r["batch_id"], r["kind"], r["run_id"]) for r in self.rows()}
        accounts = [Account(**{**a, "business_date": date.fromisoformat(a["business_date"])}) for a in told["accounts"]]
        missing = [a for a in accounts if (a.table, a.batch_id, a.kind, told["run_id"]) not in known]
        version, as_of = self._lake.version(table), date.fromisoformat(told["as_of"])
        self.record(missing, run_id=told["run_id"], as_of=as_of, version=version, seconds=0.0)

    def rows(self) -> list[dict[str, Any]]:
        """All ledger rows, oldest first."""
        found = self._lake.arrow(LEDGER)
        return [] if found is None else sorted(found.to_pylist(), key=lambda r: (r["recorded_at"], r["table"], r["business_date"]))

    def release(self, *, as_of: date, run_id: str, versions: dict[str, int]) -> Release:
        """Append the release of a finished night."""
        import pyarrow as pa

        earlier = self.releases()
        release = Release(len(earlier) + 1, as_of, run_id, versions)
        row = {
            "release": release.number, "as_of": as_of, "run_id": run_id, "versions": json.dumps(versions, sort_keys=True),
            "released_at": datetime.now(UTC),
        }  # fmt: skip
        self._lake.append(RELEASE, pa.Table.from_pylist([row], schema=_release_schema()), {f"release:{run_id}": 1})
        return release

    def releases(self) -> list[Release]:
        """All releases, oldest first."""
        found = self._lake.arrow(RELEASE)
        rows = [] if found is None else sorted(found.to_pylist(), key=lambda r: r["release"])
        return [Release(r["release"], r["as_of"], r["run_id"], json.loads(r["versions"])) for r in rows]


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
