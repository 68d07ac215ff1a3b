"""The inputs: raw Delta tables of a demo city with its dirt, `spec.json`, and an empty exchange database.

Here: from the simulator's rows to raw tables, one batch a table, kept for the next time. Not here: the rows themselves
(`simulator`). A large city is built tile by tile, so that memory stays bounded.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa

from bench.job import AS_OF
from bench.spec import spec
from bench.tiles import renumbered, tiles
from contracts import Contract, SourceContract, load_all, sources
from contracts.model import Mode
from pipelines.control.batches import containing, extracted
from resources.lake import Lake
from resources.readers.batch import E_COLUMNS, LINEAGE
from simulator.city import City
from simulator.drops import prepare_exchange
from simulator.rejects import LINE

CITY = 4_600_000
"""People of a city of size 1."""
DONE = "spec.json"
"""Written last."""
PARTITIONS = ["_business_date", "_batch_id"]
EXTRACTED = f"{AS_OF}T22:30:00+08:00"
EMPTY_TEXTS = ("csv", "fixed_width")
"""Formats in which nothing is an empty text, not NULL."""


def inputs(folder: Path, size: float) -> Path:
    """The folder with the inputs of a city of a size, made when it is not there yet."""
    target = folder / f"inputs-{size:g}"
    if (target / DONE).exists():
        return target
    shutil.rmtree(target, ignore_errors=True)
    lake = Lake(str(target))
    for tile, city in tiles(round(size * CITY)):
        for table in city.tables:
            contract = sources(load_all())[f"cleansed/{table}"]
            raw, batch = contract.sibling("raw"), _batch(contract)
            stage = lake.stage(raw, f"tile{tile}")
            stage.write_arrow(_raw(contract, renumbered(_rows(city, contract), tile), tile).to_reader(), PARTITIONS)
            lake.publish(
                stage, base_version=lake.version(raw), mode="append", partition_by=PARTITIONS,
                transactions=containing(batch) | extracted(batch, EXTRACTED) if tile == 0 else {},
            )  # fmt: skip
    prepare_exchange(f"sqlite:///{target}/exchange.db")
    (target / DONE).write_text(json.dumps(spec(), ensure_ascii=False), encoding="utf-8")
    return target


def _rows(city: City, contract: SourceContract) -> pd.DataFrame:
    """All that has been delivered of a table: the last full list, or the rows of every night."""
    table = f"{contract.domain}/{contract.table}"
    nights = city.tables[table][-1:] if contract.delivery.mode == Mode.FULL else city.tables[table]
    return pd.concat(nights, ignore_index=True)


def _batch(contract: Contract) -> str:
    return f"batch-{contract.domain}-{contract.table}"


def _raw(contract: SourceContract, rows: pd.DataFrame, tile: int) -> pa.Table:
    """The rows as a raw table holds them: text columns, and where each row came from."""
    n = len(rows)
    line = rows[LINE].where(rows[LINE].notna(), None) if LINE in rows else pd.Series([None] * n, dtype=object)
    broken = line.notna()
    columns = {}
    for c in contract.delivered:
        values = rows[c.name].astype(object)
        values = values.where(values.notna(), "" if contract.delivery.format in EMPTY_TEXTS else None)
        columns[c.name] = pa.array(values.where(~broken, None), pa.string())
    number = range(1, n + 1) if "cd_id" not in rows else rows["cd_id"].tolist()
    lineage = {
        "_source_file": pa.repeat(pa.scalar(f"{contract.table}_{AS_OF:%Y%m%d}_{tile + 1:02}", pa.string()), n),
        "_row_no": pa.array(number, pa.int64()),
        "_op": pa.array(rows["cd_operation"], pa.string()) if "cd_operation" in rows else pa.repeat(pa.scalar("I"), n),
        "_order": pa.array([f"{tile:04d}{i:012d}" for i in number], pa.string()),
        "_defect": pa.array(broken.map({True: E_COLUMNS, False: None}), pa.string()),
        "_defect_text": pa.array(line, pa.string()),
        "_extra": pa.nulls(n, pa.string()),
    }
    added = {"_business_date": AS_OF.isoformat(), "_batch_id": _batch(contract), "_extract_ts": EXTRACTED}
    assert tuple(lineage) == tuple(name for name, _ in LINEAGE)
    return pa.table({**columns, **lineage, **{k: pa.repeat(pa.scalar(v, pa.string()), n) for k, v in added.items()}})
