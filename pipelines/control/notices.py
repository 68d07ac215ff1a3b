"""The notices that were sent, `operations/notice`: one row per run, so that no problem is reported twice as new.

Here: this table. Not here: which notices a run has (`pipelines.notifications.gather`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from pipelines.control.ledger import NOTICE
from pipelines.notifications.gather import Notice, Reported
from resources.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa


def _transaction(run_id: str) -> str:
    return f"told:{run_id}"


def open_problems(lake: Lake) -> dict[str, Reported]:
    """Return the problems that were open at the last notification, by key: a whole night replaces the list, a partial run adds to it."""
    found = lake.arrow(NOTICE)
    still_open: dict[str, Reported] = {}
    for row in [] if found is None else sorted(found.to_pylist(), key=lambda r: r["told_at"]):
        if row["whole"]:
            still_open = {}
        for n in json.loads(row["notices"]):
            still_open[n["key"]] = Reported(date.fromisoformat(n["since"]), date.fromisoformat(n["told"]))
    return still_open


def claim(lake: Lake, run_id: str, as_of: date, notices: Sequence[Notice], *, whole: bool) -> bool:
    """Record that the notices of a run are being sent, so that they are sent once.

    Args:
        lake: where the table is.
        run_id: the Dagster run.
        as_of: the business date of the night.
        notices: all notices of the run.
        whole: whether the run was a whole night.

    Returns:
        False when another process has recorded the run before: that process sends them.
    """
    import pyarrow as pa
    from deltalake.exceptions import DeltaError

    if _claimed(lake, run_id):
        return False
    recorded = [{"key": n.key, "owner": n.owner, "since": n.since, "told": n.reported, "what": n.what} for n in notices]
    row = {
        "run_id": run_id, "as_of": as_of, "whole": whole, "told_at": datetime.now(UTC),
        "notices": json.dumps(recorded, ensure_ascii=False, default=str),
    }  # fmt: skip
    try:
        lake.append(NOTICE, pa.Table.from_pylist([row], schema=_schema()), {_transaction(run_id): 1})
    except DeltaError:
        if _claimed(lake, run_id):
            return False
        raise
    return True


def _claimed(lake: Lake, run_id: str) -> bool:
    table = lake.open(NOTICE)
    return table is not None and table.transaction_version(_transaction(run_id)) is not None


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [("run_id", pa.string()), ("as_of", pa.date32()), ("whole", pa.bool_()), ("told_at", pa.timestamp("us", tz="UTC")),
         ("notices", pa.string())]
    )  # fmt: skip
