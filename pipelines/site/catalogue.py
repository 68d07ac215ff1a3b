"""The catalogue: what every table and column means, where it comes from, what is asked of it.

Here: from contracts and declarations, and of the release each table's rows, version and remark. Not here: values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from assets.declare import declared
from contracts import Contract, Field
from contracts.loader import code_lists
from contracts.registry import ROW_RULES, RowRule
from pipelines.control.freshness import newest_deliveries
from pipelines.control.remarks import Remark
from pipelines.site.reading import Reading
from quality.gates import Gate, plan
from standards.codes import code_list

SYSTEM = {
    "_source_file": ("来源文件", "Delivered file", "string"),
    "_row_no": ("行号", "Line in the delivered file", "bigint"),
    "_batch_id": ("批次", "Batch of the delivery", "string"),
    "_business_date": ("业务日期", "Date that the delivery is about", "date"),
    "_op": ("操作", "U for a live row, D for a deleted key", "string"),
    "_codes": ("代码", "Repairs and warnings of the row, column:CODE", "array<string>"),
}
"""The columns that every cleansed table has besides those of its contract: title, description, type."""


COLUMNS = re.compile(r", columns [A-Z_]+(?=[.;])")
"""What the first sentence of an asset says to readers of its code only."""


@dataclass(frozen=True)
class ColumnFacts:
    """A column with the columns that it follows from: (table, column)."""

    field: Field
    rule: RowRule | None
    up: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TableFacts:
    """A table of the catalogue. version, rows: of the release; None when it has no such table.

    made_from: the tables before it. fresh: as of which date its rows are.
    """

    contract: Contract
    level: str
    columns: tuple[ColumnFacts, ...]
    gates: tuple[Gate, ...]
    made_from: tuple[str, ...]
    version: int | None
    rows: int | None
    remark: Remark | None
    origin: int | None
    fresh: str
    what: str

    @property
    def sql_name(self) -> str:
        return self.contract.name.replace("/", ".")


def catalogue(reading: Reading) -> list[TableFacts]:
    """Return every table of the installation, by name."""
    delivered = newest_deliveries(reading.ledger, reading.release.as_of)
    return [_table(reading, contract, delivered) for _, contract in sorted(reading.contracts.items())]


def _table(reading: Reading, contract: Contract, delivered: Mapping[str, Any]) -> TableFacts:
    assets, release, name = declared(), reading.release, contract.name
    source = name in reading.sources
    made_from = (contract.sibling("raw"),) if source else tuple(sorted(set(assets[name].inputs.values()))) if name in assets else ()
    doc = COLUMNS.sub("", (assets[name].function.__doc__ or "").strip().split("\n")[0]) if name in assets else ""
    there = name in release.versions
    return TableFacts(
        contract=contract,
        level=max(c.classification for c in contract.columns),
        columns=tuple(_column(contract, field) for field in (*contract.columns, *(_system() if source else ()))),
        gates=tuple(plan(contract, _codes())),
        made_from=made_from,
        version=release.versions.get(name),
        rows=reading.count(name) if there else None,
        remark=release.remarks.get(name),
        origin=release.origin(name)[0] if there else None,
        fresh=str(delivered.get(contract.sibling("raw"), "–") if source else release.origin(name)[1]) if there else "–",
        what=doc,
    )


def _system() -> list[Field]:
    return [Field(name, title, said, kind.partition("<")[0], kind, classification="L2") for name, (title, said, kind) in SYSTEM.items()]


def _column(contract: Contract, field: Field) -> ColumnFacts:
    return ColumnFacts(field, ROW_RULES.get(field.rule or ""), tuple(_origins(contract, field)))


def _origins(contract: Contract, field: Field) -> list[tuple[str, str]]:
    """The columns that a column follows from: (table, column)."""
    found = [origin.rpartition(".") for origin in field.derived_from]
    return [(table or contract.name, column) for table, _, column in found]


@cache
def _codes() -> dict[str, tuple[str, ...]]:
    return {name: tuple(code_list(name)) for name in sorted(code_lists())}
