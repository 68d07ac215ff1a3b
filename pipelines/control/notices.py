"""What was told when: one row per run that was told of, in `operations/notice`. So nothing is told twice, and old news is no news.

Here: this table. Not here: what is told (`gather`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from pipelines.control.ledger import NOTICE
from pipelines.notifications.gather import Notice, Told
from resources.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa


def _transaction(run_id: str) -> str:
    return f"told:{run_id}"


def told_before(lake: Lake) -> dict[str, Told]:
    """The problems that stand as of the last telling, by their keys: a whole night says what stands, a part of one adds to it."""
    found = lake.arrow(NOTICE)
    standing: dict[str, Told] = {}
    for row in [] if found is None else sorted(found.to_pylist(), key=lambda r: r["told_at"]):
        if row["whole"]:
            standing = {}
        for n in json.loads(row["notices"]):
            standing[n["key"]] = Told(date.fromisoformat(n["since"]), date.fromisoformat(n["told"]))
    return standing


def claim(lake: Lake, run_id: str, as_of: date, notices: Sequence[Notice], *, whole: bool) -> bool:
    """Note that a run is being told of. False when somebody else has noted it before: then it is theirs to tell."""
    import pyarrow as pa
    from deltalake.exceptions import DeltaError

    if _claimed(lake, run_id):
        return False
    noted = [{"key": n.key, "owner": n.owner, "since": n.since, "told": n.told, "what": n.what} for n in notices]
    row = {
        "run_id": run_id, "as_of": as_of, "whole": whole, "told_at": datetime.now(UTC),
        "notices": json.dumps(noted, ensure_ascii=False, default=str),
    }  # fmt: skip
    try:
        lake.append(NOTICE, pa.Table.from_pylist([row], schema=_schema()), {_transaction(run_id): 1})
    except DeltaError:
        if _claimed(lake, run_id):
            return False
        raise
    return True


def _claimed(lake: Lake, run_id: str) -> bool:
    book = lake.open(NOTICE)
    return book is not None and book.transaction_version(_transaction(run_id)) is not None


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [("run_id", pa.string()), ("as_of", pa.date32()), ("whole", pa.bool_()), ("told_at", pa.timestamp("us", tz="UTC")),
         ("notices", pa.string())]
    )  # fmt: skip
