"""The lake's own guarantees: releases, ledger, Delta logs and files agree with each other.

Here: the control tables and the tables' logs, without reading rows. Not here: the checksums of files (`resources.seal`).
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from assets.invariants import Violations
from pipelines.checks.checks import Check, DoesNotApply
from pipelines.checks.view import View
from pipelines.control.batches import contains
from pipelines.control.ledger import ACCOUNTS
from pipelines.serving.tables import made_anew
from resources.errors import CitylakeError, Unreachable

COMMIT = re.compile(r"^(\d{20})\.json$")
CHECKPOINT = re.compile(r"^(\d{20})\.checkpoint\.")


def checks() -> list[Check]:
    """Return the checks of this module."""
    return [
        Check(
            "releases_are_readable",
            "LAKE",
            "every table version that a release names can be read, and is older than the release",
            _releases,
        ),
        Check("versions_have_accounts", "LAKE", "the accounts that commits carry are recorded in the ledger", _accounts),
        Check("accounts_have_versions", "LAKE", "every table version that the ledger names has been published", _versions),
        Check("batches_are_folded", "LAKE", "the batches in raw are those that the cleansed table contains", _batches),
        Check("logs_are_contiguous", "LAKE", "no commit is missing in the middle of a table's log", _contiguous),
        Check("files_are_there", "LAKE", "every file that a table's log names exists with the recorded size", _files),
        Check("files_are_sound", "LAKE", "every file has the bytes that were published", _sound),
    ]


def _log(view: View, table: str) -> tuple[set[int], int]:
    """Return the versions that have a commit file, and the newest checkpoint (-1: none)."""
    names = [c.name for c in view.runtime.lake.store.children(f"{table}/_delta_log")]
    commits = {int(m[1]) for name in names if (m := COMMIT.match(name))}
    return commits, max((int(m[1]) for name in names if (m := CHECKPOINT.match(name))), default=-1)


def _releases(view: View) -> Violations:
    wrong = []
    logs = {t: _log(view, t)[0] for t in view.tables}
    histories = {t: view.runtime.lake.history(t) for t in view.tables}
    for release in [r for r in view.releases if r.number not in view.gone_releases]:
        for table, version in release.versions.items():
            if version not in logs.get(table, set()) and not _opens(view, table, version):
                wrong.append(f"release {release.number}: {table} version {version}")
            elif made_anew(histories.get(table, ()), version, release):
                wrong.append(f"release {release.number}: {table} version {version} was made after the release")
    return Violations.of(wrong)


def _opens(view: View, table: str, version: int) -> bool:
    from deltalake.exceptions import DeltaError

    try:
        return view.runtime.lake.open(table, version) is not None
    except Unreachable:
        raise
    except (DeltaError, CitylakeError):
        return False


def _accounts(view: View) -> Violations:
    """A commit that publishes rows without an account is foreign; the rows of quarantine are in the accounts of cleansed."""
    known = {(r["table"], r["batch_id"], r["kind"], r["run_id"]) for r in view.runtime.ledger.rows()}
    wrong = []
    for table in view.tables:
        for commit in view.runtime.lake.history(table):
            carried = json.loads(commit.get(ACCOUNTS, "[]"))
            wrong += [
                f"{table} version {commit['version']}: batch {a['batch_id'][:8]}"
                for a in carried
                if (a["table"], a["batch_id"], a["kind"], commit["run_id"]) not in known
            ]
            if not table.startswith("quarantine/") and _brings_rows(commit) and "run_id" not in commit:
                wrong.append(f"{table} version {commit['version']}: no run accounts for it")
    return Violations.of(wrong)


def _brings_rows(commit: dict[str, Any]) -> bool:
    return commit["operation"] in ("WRITE", "CREATE TABLE", "MERGE", "UPDATE", "DELETE")


def _versions(view: View) -> Violations:
    return Violations.of(
        f"{r['table']} version {r['version']}, batch {r['batch_id'][:8]}"
        for r in view.runtime.ledger.rows()
        if r["version"] is not None and view.has(r["table"]) and r["version"] > (view.runtime.lake.version(r["table"]) or 0)
    )


def _batches(view: View) -> Violations:
    wrong = []
    for contract in view.sources:
        raw = view.handle(contract.sibling("raw"))
        state = view.handle(contract.name) if view.has(contract.name) else None
        ingested = {p["_batch_id"] for p in raw.partitions()}
        recorded = {r["batch_id"] for r in view.ledger if r["table"] == contract.sibling("raw") and r["published"]}
        gone = {batch for table, batch in view.gone_batches if table == contract.sibling("raw")}
        for batch in sorted(ingested | recorded):
            if not (batch in ingested | gone and contains(raw, batch) and contains(state, batch)):
                wrong.append(f"{contract.name} batch {batch[:8]}")
    if not view.sources:
        raise DoesNotApply("no delivery has been ingested yet")
    return Violations.of(wrong)


def _contiguous(view: View) -> Violations:
    wrong = []
    for table in view.tables:
        commits, checkpoint = _log(view, table)
        first = min(commits, default=0)
        wrong += [f"{table} version {v}" for v in range(first, max(commits, default=-1)) if v not in commits]
        if first > checkpoint + 1:
            wrong.append(f"{table}: its log begins at version {first}")
    return Violations.of(wrong)


def _files(view: View) -> Violations:
    import pyarrow as pa

    wrong = []
    for table in view.tables:
        there = {f.path.removeprefix(f"{table}/"): f.size for f in view.runtime.lake.store.files(table)}
        for file in pa.table(view.handle(table).get_add_actions(flatten=True)).to_pylist():
            size = there.get(file["path"], there.get(unquote(file["path"])))
            if size != file["size_bytes"]:
                wrong.append(f"{table}: {file['path']} {'is missing' if size is None else f'has {size} bytes'}")
    return Violations.of(wrong)


def _sound(view: View) -> Violations:
    if not view.thorough:
        raise DoesNotApply("it reads every byte: run it with --thorough")
    lake, versions = view.runtime.lake, view.release.versions
    return Violations.of(f"{table}: {fault.file} {fault.what}" for table in view.tables for fault in lake.verify(table, versions[table]))
