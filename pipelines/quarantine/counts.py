"""Counts of quarantined rows by reason, with Arrow on a few columns: quick on a large quarantine, and no value but keys is read.

Here: selecting and counting. Not here: the nightly overview (`overview`), showing it (`pipelines.cli.quarantine`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from contracts import load_all
from contracts.model import Mode
from pipelines.wrong_use import WrongUse
from resources.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

ROW = ("_batch_id", "_source_file", "_row_no")
"""The columns that identify a delivered row."""
READ = ("_business_date", *ROW, "key", "codes")


@dataclass(frozen=True)
class Wanted:
    """A selection of quarantined rows.

    Attributes:
        table: such as `health/archive`, with or without its layer.
        department: the department that delivered them.
        code: `status:E_CODE`, or `E_CODE` in any column.
        day: the business date of the delivery.
    """

    table: str | None = None
    department: str | None = None
    code: str | None = None
    day: date | None = None

    @classmethod
    def of(cls, table: str | None, department: str | None, code: str | None, day: str | None) -> Wanted:
        """Read the selection from the options of the command line.

        Args:
            table: `--table`.
            department: `--department`.
            code: `--code`.
            day: `--date`, YYYY-MM-DD.

        Raises:
            WrongUse: the date is not a date.
        """
        try:
            return cls(table, department, code, None if day is None else date.fromisoformat(day))
        except ValueError as e:
            raise WrongUse("DATE", f"{day!r} is not a date", "--date", "Write it as YYYY-MM-DD") from e

    def tables(self, lake: Lake) -> list[str]:
        """Return the matching tables as `department/table`. Raises WrongUse when none has quarantined rows."""
        known = [t.removeprefix("quarantine/") for t in lake.tables() if t.startswith("quarantine/")]
        found = [t for t in known if self.of_table(*t.split("/"))]
        if not found and (self.table or self.department):
            named = self.table or self.department
            raise WrongUse(
                "TABLE_MISSING",
                f"no row was ever quarantined for {named}",
                lake.root,
                f"Tables with quarantined rows: {', '.join(known) or 'none yet'}",
            )
        return found

    def of_table(self, department: str, table: str) -> bool:
        """Whether a table is selected."""
        named = None if self.table is None else self.table.split("/")[-2:]
        return self.department in (None, department) and named in (None, [department, table], [table])

    def of_code(self, code: str) -> bool:
        """Whether a code `column:CODE` is selected."""
        return self.code is None or code == self.code or code.endswith(f":{self.code}")


def standing(lake: Lake, table: str, wanted: Wanted, up_to: date | None = None) -> Wanted:
    """The selection without what has been delivered anew: of a table that is delivered as full snapshots only the newest one counts.

    Args:
        lake: the lake.
        table: such as `health/archive`.
        wanted: a selection; one that names a day stays as it is.
        up_to: the newest snapshot of this date or before; None: of all.
    """
    if wanted.day is not None or not is_snapshot(table):
        return wanted
    dates = [date.fromisoformat(p["_business_date"]) for p in lake.partitions(f"raw/{table}")]
    return replace(wanted, day=max((d for d in dates if up_to is None or d <= up_to), default=None))


def is_snapshot(table: str) -> bool:
    """Whether a table, such as `health/archive`, is delivered as full snapshots."""
    contract = load_all().get(f"cleansed/{table}")
    return contract is not None and contract.delivery is not None and contract.delivery.mode == Mode.FULL


def reasons(lake: Lake, table: str, version: int | None = None, wanted: Wanted | None = None) -> pa.Table:
    """Return one row for each quarantined row and error code.

    Args:
        lake: the lake.
        table: such as `health/archive`.
        version: Delta version of the quarantine; default the newest.
        wanted: only rows of this day and code.

    Returns:
        Columns `_business_date`, those of ROW, `key` (of the row; its line where that could not be read), and `code` (`column:CODE`).
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    found = lake.arrow(f"quarantine/{table}", version, columns=list(READ))
    if found is None:
        found = pa.table({c: pa.array([], pa.list_(pa.string()) if c == "codes" else pa.string()) for c in READ})
    if wanted is not None and wanted.day is not None:
        found = found.filter(pc.equal(found["_business_date"], pa.scalar(wanted.day)))
    found = found.set_column(found.schema.get_field_index("key"), "key", pc.coalesce(found["key"], found["_row_no"].cast(pa.string())))
    codes = found["codes"]
    each = found.drop_columns(["codes"]).take(pc.list_parent_indices(codes)).append_column("code", pc.list_flatten(codes))
    each = each.filter(pc.match_substring(each["code"], ":E_"))
    if wanted is not None and wanted.code is not None:
        each = each.filter(pc.is_in(each["code"], pa.array(filter(wanted.of_code, pc.unique(each["code"]).to_pylist()), pa.string())))
    return each


def by_code(each: pa.Table) -> dict[str, int]:
    """Count the result of `reasons` by code."""
    return {r["values"]: r["counts"] for r in each["code"].value_counts().to_pylist()}


def rows_in(each: pa.Table) -> int:
    """Count the rows in the result of `reasons`; a row with three codes counts once."""
    return int(each.group_by(list(ROW)).aggregate([]).num_rows)


def by_code_and_day(each: pa.Table) -> list[dict[str, Any]]:
    """Count the result of `reasons` by day and code: `business_date`, `code`, `rows`."""
    counted = each.group_by(["_business_date", "code"]).aggregate([([], "count_all")]).to_pylist()
    return [{"business_date": r["_business_date"], "code": r["code"], "rows": r["count_all"]} for r in counted]


def only_in(one: pa.Table, other: pa.Table, row: Sequence[str] = ROW) -> pa.Table:
    """Return the rows of `one` that are not in `other`; both are results of `reasons`. row: the columns by which they are the same."""
    names = [*row, "code"]
    return one.join(other.select(names), keys=names, join_type="left anti")
