"""Who was given personal values, when and why: the table `operations/audit`, each line chained to the one before it.

Here: adding a line, verifying the chain, who may be given values at all. Not here: what is given (`pipelines.quarantine.workbook`).
Source: domain rules F7. hash = SM3(hash of the line before ‖ canonical JSON of the line), so a line that was changed, put in
or taken out of the middle is found. Lines cut off at the end are not: keep the last hash elsewhere too.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pipelines.control.append_only import ATTEMPTS
from resources.errors import CitylakeError
from resources.lake import Conflict, Lake
from resources.settings import Settings
from standards.pseudonym import sm3_hex

AUDIT = "operations/audit"
FIRST = "0" * 64
"""Stands for the hash before the first line."""
CHAIN = ("previous", "hash")


@dataclass(frozen=True)
class Entry:
    """What was given: `rows` of `table` to `who`, who acts as `role`, because of `why`."""

    who: str
    role: str
    action: str
    table: str
    rows: int
    why: str


def permitted(settings: Settings, departments: set[str], who: str | None, why: str | None) -> tuple[str, str, str]:
    """Who, role and why, when values of these departments may be given. Raises CitylakeError: without a grant nobody gets them."""
    role, _, department = (settings.role or "").partition("@")
    if role not in settings.values_for or departments != {department}:
        asked = ", ".join(sorted(departments))
        raise CitylakeError(
            "VALUES_DENIED",
            f"role {settings.role or 'none'} may not be given delivered values of {asked}",
            "CITYLAKE_ROLE",
            f"Leave --values out, or act as {' or '.join(f'{r}@DEPARTMENT' for r in settings.values_for)} and name that one department",
        )
    if not (who or "").strip() or not (why or "").strip():
        raise CitylakeError("VALUES_UNEXPLAINED", "values are only given to somebody and for a reason", "--who, --why", "Give both")
    return str(who), role, str(why)


def record(lake: Lake, entries: list[Entry]) -> None:
    """Add lines; when this returns, they are there. Raises CitylakeError when the chain is broken."""
    import pyarrow as pa

    for attempt in range(ATTEMPTS):
        base = lake.version(AUDIT)
        known = lines(lake, base)
        if (fault := verify(known)) is not None:
            raise CitylakeError("AUDIT_BROKEN", fault, AUDIT, "No values are given until somebody has found out why: see `citylake audit`")
        last, added = known[-1]["hash"] if known else FIRST, []
        for number, entry in enumerate(entries, len(known) + 1):
            line = {"number": number, "at": datetime.now(UTC).isoformat(timespec="seconds"), **asdict(entry)}
            added.append({**line, "previous": last, "hash": (last := _hash(last, line))})
        stage = lake.stage(AUDIT, "audit")
        stage.write_arrow(pa.Table.from_pylist(added).to_reader())
        try:
            lake.publish(stage, base_version=base, mode="append")
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return


def lines(lake: Lake, version: int | None = None) -> list[dict[str, Any]]:
    """All lines in their order."""
    found = lake.arrow(AUDIT, version)
    return [] if found is None else sorted(found.to_pylist(), key=lambda r: r["number"])


def verify(known: list[dict[str, Any]]) -> str | None:
    """What is wrong with the first line that does not fit, None when the chain is whole."""
    last = FIRST
    for number, line in enumerate(known, 1):
        told = {k: v for k, v in line.items() if k not in CHAIN}
        if line["number"] != number or line["previous"] != last:
            return f"line {number} of the audit does not follow the one before it"
        if line["hash"] != _hash(last, told):
            return f"line {number} of the audit is not what was written"
        last = line["hash"]
    return None


def _hash(previous: str, line: dict[str, Any]) -> str:
    return sm3_hex((previous + json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))).encode())
