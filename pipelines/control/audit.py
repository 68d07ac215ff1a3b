"""The audit trail `operations/audit`: who received personal values, when and why, as a hash chain.

Here: adding lines, verifying the chain, who may receive values. Not here: the values (`pipelines.quarantine.workbook`).
Source: domain rules F7. hash = SM3(hash of the previous line ‖ canonical JSON of the line), so a line that was changed, inserted
or removed in the middle is found. Lines cut off at the end are not: keep the last hash in another place too.
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
"""The previous hash of the first line."""
CHAIN = ("previous", "hash")


@dataclass(frozen=True)
class Entry:
    """One export: `who`, acting as `role`, received `rows` rows of `table` for the reason `why`."""

    who: str
    role: str
    action: str
    table: str
    rows: int
    why: str


def permitted(settings: Settings, departments: set[str], who: str | None, why: str | None) -> tuple[str, str, str]:
    """Check that personal values of these departments may be exported.

    Args:
        settings: `role` is the caller's role, `values_for` the roles with a grant.
        departments: the departments that delivered the values.
        who: the person who receives them.
        why: the reason.

    Returns:
        Person, role and reason, for the audit.

    Raises:
        CitylakeError: the role has no grant for exactly these departments, or person or reason is missing.
    """
    role, _, department = (settings.role or "").partition("@")
    if role not in settings.values_for or departments != {department}:
        asked = ", ".join(sorted(departments))
        raise CitylakeError(
            "VALUES_DENIED",
            f"role {settings.role or 'none'} may not receive delivered values of {asked}",
            "CITYLAKE_ROLE",
            f"Leave --values out, or act as {' or '.join(f'{r}@DEPARTMENT' for r in settings.values_for)} and name that one department",
        )
    if not (who or "").strip() or not (why or "").strip():
        raise CitylakeError(
            "VALUES_UNEXPLAINED", "values are exported only for a named person and a reason", "--who, --why", "Give both options"
        )
    return str(who), role, str(why)


def record(lake: Lake, entries: list[Entry]) -> None:
    """Append lines durably before the values leave the lake. Raises CitylakeError when the chain is broken."""
    import pyarrow as pa

    for attempt in range(ATTEMPTS):
        base = lake.version(AUDIT)
        known = lines(lake, base)
        if (fault := verify(known)) is not None:
            raise CitylakeError("AUDIT_BROKEN", fault, AUDIT, "Export no values; find the cause with `citylake audit` first")
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
    """Return all lines by number."""
    found = lake.arrow(AUDIT, version)
    return [] if found is None else sorted(found.to_pylist(), key=lambda r: r["number"])


def verify(known: list[dict[str, Any]]) -> str | None:
    """Describe the first line that breaks the chain; None when the chain is intact."""
    last = FIRST
    for number, line in enumerate(known, 1):
        content = {k: v for k, v in line.items() if k not in CHAIN}
        if line["number"] != number or line["previous"] != last:
            return f"line {number} of the audit does not continue the previous line"
        if line["hash"] != _hash(last, content):
            return f"line {number} of the audit was changed after it was written"
        last = line["hash"]
    return None


def _hash(previous: str, line: dict[str, Any]) -> str:
    return sm3_hex((previous + json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))).encode())
