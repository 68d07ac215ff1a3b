"""Writes small deliveries the way departments do. Not here: what is expected of them."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from contracts.model import DeliverySpec, Field, SourceContract
from resources.landing import LandingZone
from resources.readers.streams import sm3_bytes

DAY = date(2019, 12, 31)
NAMES = {"visit_no": "就诊号", "name": "姓名", "visit_date": "就诊日期"}
ROWS = [["A1", "王小明", "2019-12-30"], ["A2", "", "2019-12-31"]]


def contract(format: str = "csv", **delivery: Any) -> SourceContract:
    """A table of three delivered columns (one with an alias) and one the lake derives."""
    widths = {"visit_no": 4, "name": 8, "visit_date": 10}
    columns = [
        Field(name, source, "", "string", "string", rule="text", source=source, width=widths[name], classification="L3")
        for name, source in NAMES.items()
    ]
    columns[0] = Field("visit_no", "就诊号", "", "string", "string", rule="text", source="就诊号", aliases=("流水号",), width=4)
    derived = Field("name_key", "", "for comparison", "string", "string")
    settings = {"encoding": "gb18030", "mode": "append", "format": format, **delivery}
    return SourceContract(
        "cleansed/health/visit", "1.0.0", "", "", "health", "", (*columns, derived), Path("visit.yaml"), delivery=DeliverySpec(**settings)
    )


def folder_of(landing: Path, day: date = DAY) -> Path:
    return landing / "health" / "visit" / day.isoformat()


def manifest_of(agreed: SourceContract, data: dict[str, bytes], row_count: int, **changed: Any) -> dict[str, Any]:
    delivery = agreed.delivery
    return {
        "table": "health/visit",
        "dept_org_code": "000000000",
        "extract_ts": "2019-12-31T22:00:00+08:00",
        "period_from": "2019-12-31",
        "period_to": "2019-12-31",
        "mode": delivery.mode,
        "encoding": delivery.encoding,
        "format": delivery.format,
        "delimiter": delivery.delimiter,
        "row_count": row_count,
        "files": [{"name": n, "sm3": sm3_bytes(b), "bytes": len(b)} for n, b in data.items()],
        "schema_version": "1.0.0",
        **changed,
    }


def drop(landing: Path, agreed: SourceContract, data: dict[str, bytes], row_count: int, day: date = DAY, **changed: Any) -> Path:
    """Write files and manifest; a field changed to `...` is left out of the manifest."""
    folder = folder_of(landing, day)
    folder.mkdir(parents=True, exist_ok=True)
    for name, octets in data.items():
        (folder / name).write_bytes(octets)
    manifest = {k: v for k, v in manifest_of(agreed, data, row_count, **changed).items() if v is not ...}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def csv_bytes(rows: list[list[str]], header: list[str] | None = None, encoding: str = "gb18030", newline: str = "\n") -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=newline).writerows([header or list(NAMES.values()), *rows])
    return text.getvalue().encode(encoding)


def read_all(landing: Path, agreed: SourceContract, exchange_url: str | None = None) -> pa.Table:
    """Read the only drop there is."""
    zone = LandingZone(str(landing), exchange_url)
    (found,) = zone.drops(agreed)
    with zone.read(agreed, found) as delivery:
        table = pa.Table.from_batches(delivery.batches(), delivery.schema)
        assert delivery.rows_read == found.declared_rows == len(table)
    return table.sort_by("_order")


def business(table: pa.Table) -> list[list[str | None]]:
    return [list(row.values()) for row in table.select(list(NAMES)).to_pylist()]
