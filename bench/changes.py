"""A second night for the bench's inputs: of every table a share of the rows has changed, or as many new ones have come.

Here: the raw batches of that night. Not here: the first night's (`data`), running the nights (`contestants.two_nights`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from bench.data import EXTRACTED, PARTITIONS
from bench.job import AS_OF, SOURCES
from bench.tiles import PLACES
from contracts import SourceContract, load_all, sources
from contracts.model import Mode
from pipelines.control.batches import containing, extracted
from resources.rows import dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from resources.lake import Lake

DAY = AS_OF + timedelta(days=1)
NOW = EXTRACTED.replace(AS_OF.isoformat(), DAY.isoformat())
LATER = f"{AS_OF} 20:00:00"
MARK = "80"
"""What new numbers have more than all others: a tile's have one digit more."""


def deliver_changes(lake: Lake, one_of: int) -> int:
    """Append a batch to every raw table of `lake`: of each `one_of` rows one that has changed (or is new, where a table only
    grows), and of a full list all the others, too. Returns how many rows have changed."""
    changed = 0
    for table in SOURCES:
        contract = sources(load_all())[f"cleansed/{table}"]
        raw, batch = contract.sibling("raw"), f"changes-{contract.domain}-{contract.table}"
        handle = lake.open(raw)
        assert handle is not None
        rows = dataset(handle)
        stage = lake.stage(raw, "changes")
        reader = pa.RecordBatchReader.from_batches(rows.schema, _changed(contract, rows, one_of, batch))
        stage.write_arrow(reader, PARTITIONS)
        published = lake.publish(
            stage, base_version=handle.version(), mode="append", partition_by=PARTITIONS,
            transactions=containing(batch) | extracted(batch, NOW),
        )  # fmt: skip
        changed += published.rows // one_of if contract.delivery.mode == Mode.FULL else published.rows
    return changed


def _changed(contract: SourceContract, rows: pa.dataset.Dataset, one_of: int, batch: str) -> Iterator[pa.RecordBatch]:
    full, grows = contract.delivery.mode == Mode.FULL, contract.delivery.mode == Mode.APPEND
    for part in rows.to_batches():
        mine = pc.equal(pc.subtract(part["_row_no"], pc.multiply(pc.divide(part["_row_no"], one_of), one_of)), 0)
        columns = dict(zip(part.schema.names, part.columns, strict=True))
        new: dict[str, pa.Array] = {}
        for name in contract.key if grows else ():
            if name in PLACES:
                at = PLACES[name]
                new[name] = pc.binary_join_element_wise(
                    pc.utf8_slice_codeunits(columns[name], 0, at), MARK, pc.utf8_slice_codeunits(columns[name], at), ""
                )
        if not grows:
            new |= {name: pa.repeat(pa.scalar(LATER), len(part)) for name in contract.delivery.sequence}
            new |= {"_op": pc.if_else(pc.equal(columns["_op"], "I"), "U", columns["_op"])} if not full else {}
        columns |= {name: pc.if_else(mine, values, columns[name]) for name, values in new.items()}
        told = {"_business_date": DAY.isoformat(), "_batch_id": batch, "_extract_ts": NOW}
        columns |= {name: pa.repeat(pa.scalar(value), len(part)) for name, value in told.items()}
        made = pa.RecordBatch.from_arrays([columns[f.name].cast(f.type) for f in rows.schema], schema=rows.schema)
        yield made if full else made.filter(mine)
