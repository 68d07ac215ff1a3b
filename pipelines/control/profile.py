"""The profile `operations/profile`: time and resources of every table in every run.

Here: this table. Not here: measuring (`pipelines.measure`).
It is written once, when a run ends: a commit per table would cost more than most of the figures it records.
A run that is killed leaves no rows; the figures of its finished steps are in Dagster. Rows are appended without being read.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipelines.control.ledger import PROFILE
from pipelines.measure import FAILED, MADE, PARTS, Measured
from resources.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

SECONDS = ("total", "cpu", *PARTS, "other")
log = logging.getLogger(__name__)


def note(lake: Lake, measured: list[Measured]) -> bool:
    """Append the figures of a run's steps; True when that is done. Never raises: a night does not fail for it.

    A run that made no table, such as a repeated date, has no figures.
    """
    if not (rows := rows_of(measured)):
        return False
    try:
        lake.append(PROFILE, _table(rows))
    except BaseException as e:
        if isinstance(e, KeyboardInterrupt | SystemExit):
            raise
        log.warning("the profile of the run could not be written: %s", e)  # a panic in a native library is not an Exception
        return False
    return True


def costs(lake: Lake, job: str | None = None, last: int | None = None) -> list[dict[str, Any]]:
    """Read the profile, oldest row first.

    Args:
        lake: where the table is.
        job: only the runs of this Dagster job.
        last: only this many of the newest runs.

    Returns:
        Rows with run_id, job, as_of, table, outcome, `Measured.figures`, started_at, recorded_at. A part that an older version
        did not measure has 0 seconds; they are counted in `other`.
    """
    import pyarrow.compute as pc

    found = lake.arrow(PROFILE)
    if found is None:
        return []
    if job is not None:
        found = found.filter(pc.equal(found["job"], job))
    if last is not None:
        runs = found.group_by("run_id").aggregate([("started_at", "max")]).sort_by("started_at_max")["run_id"]
        found = found.filter(pc.is_in(found["run_id"], runs.slice(max(0, len(runs) - last)).combine_chunks()))
    rows = found.sort_by([("started_at", "ascending"), ("table", "ascending")]).to_pylist()
    return [{**r, **{name: r.get(name) or 0.0 for name in (f"seconds_{s}" for s in SECONDS)}} for r in rows]


def rows_of(measured: list[Measured]) -> list[dict[str, Any]]:
    """The rows of a run's steps, as they are or will be in the table: none of a run that made no table."""
    if not any(m.outcome in (MADE, FAILED) for m in measured):
        return []
    now = datetime.now(UTC)
    return [
        {"run_id": m.run_id, "job": m.job, "as_of": m.as_of, "table": m.table, "outcome": m.outcome, "scope": m.scope, **m.figures(),
         "started_at": m.started_at, "recorded_at": now}
        for m in measured
    ]  # fmt: skip


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=_schema())


def _schema() -> pa.Schema:
    import pyarrow as pa

    text, whole, number, instant = pa.string(), pa.int64(), pa.float64(), pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            ("run_id", text), ("job", text), ("as_of", pa.date32()), ("table", text), ("outcome", text), ("scope", text),
            *((f"seconds_{name}", number) for name in SECONDS),
            ("rows", whole), ("bytes_written", whole), ("files_written", whole), ("engine_jobs", whole),
            ("peak_memory_mb", number), ("bytes_spilled", whole), ("started_at", instant), ("recorded_at", instant),
        ]
    )  # fmt: skip
