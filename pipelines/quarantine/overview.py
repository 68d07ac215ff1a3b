"""The quarantine overview `operations/quarantine`: one line per night, table and code, so that trends can be queried.

Here: this table. Not here: counting (`pipelines.quarantine.counts`), what Dagster shows of it (`pipelines.orchestration.metadata`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pipelines.control.ledger import QUARANTINE
from pipelines.quarantine.counts import ROW, Wanted, by_code, is_snapshot, only_in, reasons, rows_in, standing
from pipelines.runtime import Runtime
from resources.errors import CitylakeError, LakeUnreachable
from resources.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

EVERY_CODE = "*"
"""The code of a table's total, in which a row with three codes counts once."""
COLUMNS = {
    "as_of": ("date", "Business date of the night"),
    "department": ("string", "Who delivered the rows"),
    "table": ("string", "Table of the department"),
    "code": ("string", "Error code as column:CODE; * for the total of the table"),
    "standing": ("bigint", "Quarantined rows at the end of the night; of a list that is delivered whole, those of its newest delivery"),
    "new": ("bigint", "Of these, rows that were not quarantined the night before; NULL when that version is no longer readable"),
    "cleared": ("bigint", "Rows that were quarantined the night before and no longer are; NULL when that version is no longer readable"),
    "version": ("bigint", "Delta version of the quarantine that was counted"),
}


@dataclass(frozen=True)
class Overview:
    """The lines of one night, the lines of all nights so far, and the version of `operations/quarantine`."""

    night: list[dict[str, Any]]
    nights: list[dict[str, Any]]
    version: int


def overview(runtime: Runtime, as_of: date, run_id: str) -> Overview:
    """Write the lines of a night, replacing those of an earlier run; a night before the newest one is left as it is.

    Args:
        runtime: the installation.
        as_of: the business date of the night.
        run_id: the Dagster run.
    """
    import pyarrow as pa

    lake = runtime.lake
    base, known = lake.version(QUARANTINE), lines(lake)
    earlier = [r for r in known if r["as_of"] < as_of]
    if base is not None and any(r["as_of"] > as_of for r in known):
        return Overview([r for r in known if r["as_of"] == as_of], known, base)
    last = {f"{r['department']}/{r['table']}": (r["as_of"], r["version"]) for r in earlier}  # the newest night's
    night = [line for table in Wanted().tables(lake) for line in _lines(lake, table, as_of, last.get(table))]
    nights = earlier + night
    if base is not None and night == [r for r in known if r["as_of"] == as_of]:
        return Overview(night, nights, base)
    stage = lake.stage(QUARANTINE, run_id)
    stage.write_arrow(pa.Table.from_pylist(nights, schema=_schema()).to_reader())
    done = lake.publish(stage, base_version=base, metadata={"run_id": run_id}, statistics=True)
    return Overview(night, nights, done.version)


def lines(lake: Lake) -> list[dict[str, Any]]:
    """Return all lines, sorted by night, department, table and code."""
    found = lake.arrow(QUARANTINE)
    rows = [] if found is None else found.select(list(COLUMNS)).to_pylist()
    return sorted(rows, key=lambda r: (r["as_of"], r["department"], r["table"], r["code"]))


def _lines(lake: Lake, table: str, as_of: date, last: tuple[date, int] | None) -> Iterator[dict[str, Any]]:
    """The lines of a table. last: date and version of the quarantine of the night before. A row of a list that is delivered whole every
    night is the one of the same key and reason in the list before."""
    version = lake.version(f"quarantine/{table}")
    now = reasons(lake, table, version, standing(lake, table, Wanted(), as_of))
    department, name = table.split("/")
    counts, row = [("standing", now)], ("key",) if is_snapshot(table) else ROW
    same = last is not None and last[1] == version and row is ROW
    before = now if same else _before(lake, table, last, now)
    if before is not None:
        counts += [("new", only_in(now, before, row)), ("cleared", only_in(before, now, row))]
    of_code = {figure: by_code(each) for figure, each in counts}
    of_rows = {figure: rows_in(each) for figure, each in counts}
    for code in (EVERY_CODE, *sorted({c for found in of_code.values() for c in found})):
        shown = of_rows if code == EVERY_CODE else {figure: found.get(code, 0) for figure, found in of_code.items()}
        yield {"as_of": as_of, "department": department, "table": name, "code": code, "standing": shown["standing"],
               "new": shown.get("new"), "cleared": shown.get("cleared"), "version": version}  # fmt: skip


def _before(lake: Lake, table: str, last: tuple[date, int] | None, now: pa.Table) -> pa.Table | None:
    """Return the reasons of the night before; empty for a new table, None when maintenance has removed that version."""
    from deltalake.exceptions import DeltaError

    if last is None:
        return now.slice(0, 0)
    as_of, version = last
    try:
        return reasons(lake, table, version, standing(lake, table, Wanted(), as_of))
    except LakeUnreachable:
        raise
    except (CitylakeError, DeltaError, OSError):
        return None


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = {"date": pa.date32(), "string": pa.string(), "bigint": pa.int64()}
    return pa.schema([(name, kinds[kind]) for name, (kind, _) in COLUMNS.items()])
