"""Deliveries as departments make them, for tests: a few rows in, a drop with its manifest out."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes

from contracts import Contract
from pipelines.runtime import Runtime


def sm3(data: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def csv_text(contract: Contract, rows: list[dict[str, Any]]) -> str:
    """Rows under the delivered names; a column a row does not name is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([c.source for c in contract.delivered])
    for row in rows:
        unknown = set(row) - {c.name for c in contract.delivered}
        assert not unknown, f"{contract.name} has no {unknown}"
        writer.writerow([row.get(c.name, "") for c in contract.delivered])
    return text.getvalue()


def write_drop(folder: Path, contract: Contract, day: str, data: bytes, rows: int, **manifest: Any) -> Path:
    """A drop of one file as it lies in the landing zone. Keyword arguments override fields of the manifest."""
    d = contract.delivery
    suffix = {"fixed_width": ".txt"}.get(d.format, f".{d.format}") + (".gz" if d.compression else "")
    drop = folder / contract.domain / contract.table / day
    drop.mkdir(parents=True, exist_ok=True)
    file = drop / f"{contract.table}{suffix}"
    file.write_bytes(data)
    facts = {
        "table": f"{contract.domain}/{contract.table}", "dept_org_code": contract.domain, "extract_ts": f"{day}T22:00:00+08:00",
        "period_from": day, "period_to": day, "mode": d.mode, "encoding": d.encoding, "format": d.format, "delimiter": d.delimiter,
        "row_count": rows, "files": [{"name": file.name, "sm3": sm3(data), "bytes": len(data)}], "schema_version": "1.0.0",
    }  # fmt: skip
    (drop / "manifest.json").write_text(json.dumps({**facts, **manifest}, ensure_ascii=False), encoding="utf-8")
    return drop


def deliver(
    runtime: Runtime, table: str, day: str, rows: list[dict[str, Any]], *, extra_lines: tuple[str, ...] = (), **manifest: Any
) -> Path:
    """Deliver rows of a CSV table; `extra_lines` are appended as they are."""
    contract = runtime.contracts[f"cleansed/{table}"]
    text = csv_text(contract, rows) + "".join(line + "\n" for line in extra_lines)
    data = text.encode(contract.delivery.encoding)
    if contract.delivery.compression == "gzip":
        data = gzip.compress(data, mtime=0)
    return write_drop(Path(runtime.settings.landing), contract, day, data, len(rows) + len(extra_lines), **manifest)


def exchange(runtime: Runtime, table: str, day: str, rows: list[dict[str, Any]]) -> None:
    """Write rows into the exchange database's table as one batch; `_op` (default I) is the operation, `_id` the row's number."""
    import sqlalchemy as sa

    contract = runtime.contracts[f"cleansed/{table}"]
    assert contract.delivery.table is not None
    assert runtime.settings.exchange_url is not None
    d = contract.delivery
    engine = sa.create_engine(runtime.settings.exchange_url.get_secret_value())
    meta = sa.MetaData()
    target = sa.Table(
        d.table, meta,
        sa.Column(d.row_column, sa.Integer, primary_key=True), sa.Column(d.operation_column, sa.String(1)),
        sa.Column(d.time_column, sa.DateTime), sa.Column(d.batch_column, sa.String(8)),
        *[sa.Column(c.source, sa.Text) for c in contract.delivered],
    )  # fmt: skip
    meta.create_all(engine)
    start = datetime.combine(date.fromisoformat(day), datetime.min.time()) + timedelta(hours=20)
    with engine.begin() as connection:
        for i, row in enumerate(rows):
            values = {c.source: row.get(c.name) for c in contract.delivered}
            bookkeeping = {
                d.operation_column: row.get("_op", "I"),
                d.time_column: start + timedelta(seconds=i),
                d.batch_column: day.replace("-", ""),
                **({d.row_column: row["_id"]} if "_id" in row else {}),
            }
            connection.execute(target.insert().values({**values, **bookkeeping}))
    engine.dispose()
