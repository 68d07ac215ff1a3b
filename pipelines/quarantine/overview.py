"""The overview of the rows held back: one line a night for every table and code, so that a trend can be seen and queried.

Here: the table `operations/quarantine`. Not here: counting (`pipelines.quarantine.counts`), Dagster's picture of it (`metadata`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pipelines.control.ledger import HELD_BACK
from pipelines.quarantine.counts import Wanted, by_code, only_in, reasons, rows_in
from pipelines.runtime import Runtime
from resources.errors import CitylakeError, LakeUnreachable
from resources.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

EVERY_CODE = "*"
"""The line of a table as a whole: a row with three codes counts once."""
COLUMNS = {
    "as_of": ("date", "Business date of the night"),
    "department": ("string", "Who delivered the rows"),
    "table": ("string", "Table of the department"),
    "code": ("string", "Why they are held back, column:CODE; * for the rows of all codes together"),
    "standing": ("bigint", "Rows held back when the night ended"),
    "new": ("bigint", "Of these, not held back the night before; NULL when that can no longer be read"),
    "cleared": ("bigint", "Held back the night before and no more; NULL when that can no longer be read"),
    "version": ("bigint", "Version of the table in quarantine that was counted"),
}


@dataclass(frozen=True)
class Overview:
    """Lines of `operations/quarantine`, those of the night and of all nights so far, and the table's version."""

    night: list[dict[str, Any]]
    nights: list[dict[str, Any]]
    version: int


def overview(runtime: Runtime, as_of: date, run_id: str) -> Overview:
    """Write the lines of a night, in place of those it may have. Later nights are not touched: they are known already."""
    import pyarrow as pa

    lake = runtime.lake
    base, known = lake.version(HELD_BACK), lines(lake)
    earlier = [r for r in known if r["as_of"] < as_of]
    if base is not None and any(r["as_of"] > as_of for r in known):
        return Overview([r for r in known if r["as_of"] == as_of], known, base)
    versions = {f"{r['department']}/{r['table']}": r["version"] for r in earlier}  # the last night's, as they are in order
    night = [line for table in Wanted().tables(lake) for line in _lines(lake, table, as_of, versions.get(table))]
    nights = earlier + night
    if base is not None and night == [r for r in known if r["as_of"] == as_of]:
        return Overview(night, nights, base)
    stage = lake.stage(HELD_BACK, run_id)
    stage.write_arrow(pa.Table.from_pylist(nights, schema=_schema()).to_reader())
    done = lake.publish(stage, base_version=base, metadata={"run_id": run_id}, statistics=True)
    return Overview(night, nights, done.version)


def lines(lake: Lake) -> list[dict[str, Any]]:
    """All lines so far, ordered by night, department, table and code."""
    found = lake.arrow(HELD_BACK)
    rows = [] if found is None else found.select(list(COLUMNS)).to_pylist()
    return sorted(rows, key=lambda r: (r["as_of"], r["department"], r["table"], r["code"]))


def _lines(lake: Lake, table: str, as_of: date, version_before: int | None) -> Iterator[dict[str, Any]]:
    version = lake.version(f"quarantine/{table}")
    now = reasons(lake, table, version)
    department, name = table.split("/")
    counts = [("standing", now)]
    before = now if version_before == version else _before(lake, table, version_before, now)
    if before is not None:
        counts += [("new", only_in(now, before)), ("cleared", only_in(before, now))]
    of_code = {figure: by_code(each) for figure, each in counts}
    of_rows = {figure: rows_in(each) for figure, each in counts}
    for code in (EVERY_CODE, *sorted({c for found in of_code.values() for c in found})):
        shown = of_rows if code == EVERY_CODE else {figure: found.get(code, 0) for figure, found in of_code.items()}
        yield {"as_of": as_of, "department": department, "table": name, "code": code, "standing": shown["standing"],
               "new": shown.get("new"), "cleared": shown.get("cleared"), "version": version}  # fmt: skip


def _before(lake: Lake, table: str, version: int | None, now: pa.Table) -> pa.Table | None:
    """What was held the night before; nothing when the table is new; None when maintenance has removed that version."""
    from deltalake.exceptions import DeltaError

    if version is None:
        return now.slice(0, 0)
    try:
        return reasons(lake, table, version)
    except LakeUnreachable:
        raise
    except (CitylakeError, DeltaError, OSError):
        return None


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = {"date": pa.date32(), "string": pa.string(), "bigint": pa.int64()}
    return pa.schema([(name, kinds[kind]) for name, (kind, _) in COLUMNS.items()])
