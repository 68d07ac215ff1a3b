"""Release: name the versions of all tables that belong together after a night in which every table is in order."""

from __future__ import annotations

from datetime import date

from pipelines.control.ledger import Release
from pipelines.runtime import Runtime


def release(runtime: Runtime, as_of: date, run_id: str) -> Release:
    """Append one row with the current version of every table but the lake's own bookkeeping; the same rows twice are one release."""
    names = [t for t in runtime.lake.tables() if not t.startswith("operations/")]
    versions = {t: v for t in names if (v := runtime.lake.version(t)) is not None}
    newest = runtime.ledger.releases()[-1:]
    if newest and newest[0].as_of == as_of and _same_rows(runtime, newest[0].versions, versions):
        return newest[0]
    return runtime.ledger.release(as_of=as_of, run_id=run_id, versions=versions)


def _same_rows(runtime: Runtime, released: dict[str, int], now: dict[str, int]) -> bool:
    """Whether nothing but maintenance has come to the tables since they were released."""
    return released.keys() == now.keys() and all(
        released[t] == v or (runtime.lake.content(t) or 0) <= released[t] <= v for t, v in now.items()
    )
