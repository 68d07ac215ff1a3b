"""Drift: a delivery whose values are no longer of the types its contract says, seen before it becomes part of the lake.

Here: counting, column by column, what cannot be read, and when that is too much. Not here: single rows, which go to
quarantine (`quality.rows`), what becomes of the delivery (`pipelines.steps.ingest`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from contracts import Column, Contract
from pipelines.holds import DRIFT
from pipelines.runtime import Runtime
from pipelines.steps.cleanse import FEW
from quality.rows import typed
from resources.readers.header import ContractDiffers, Difference

if TYPE_CHECKING:
    from resources.stage import Stage

REMEDY = "Ask the department what has changed; then correct the contract, or release it: the rows that cannot be read go to quarantine"


def refuse_drifted(runtime: Runtime, contract: Contract, stage: Stage, where: str) -> None:
    """Raises ContractDiffers (DELIVERY_DRIFT) when more values of a column cannot be read than `max_error_ratio` allows, or
    more rows would be quarantined than `max_quarantine_ratio`; up to `FEW` rows never are too many.
    """
    rows = stage.rows()
    if rows <= FEW:
        return
    delivery = contract.delivery
    assert delivery is not None
    errors, bad = _errors(runtime, contract, stage)
    over = {name: n for name, n in errors.items() if n > max(delivery.max_error_ratio * rows, FEW)}
    if bad > max(delivery.max_quarantine_ratio * rows, FEW):
        holding = {c.name for c in contract.delivered if c.on_error == "quarantine"} | {"row"}
        over |= {name: n for name, n in errors.items() if n and name in holding}
    if not over:
        return
    found = [_difference(contract, name, n, rows) for name, n in sorted(over.items(), key=lambda x: (-x[1], x[0]))]
    told = ", ".join(f"{d.agreed or 'rows'}: {d.delivered}" for d in found)
    raise ContractDiffers(DRIFT, f"values are not of the contract's types: {told}", where, REMEDY, found)


def _errors(runtime: Runtime, contract: Contract, stage: Stage) -> tuple[dict[str, int], int]:
    """Values that cannot be read by column, rows that cannot be read at all under `row`; and rows to be quarantined."""
    raw = stage.frame(runtime.spark).withColumn("_business_date", F.col("_business_date").cast("date"))
    judged = typed(contract, raw, test_divisions=runtime.test_divisions)
    names = [*(c.name for c in contract.delivered), "row"]
    codes = F.array_join(F.col("_codes"), ",")
    counts = [F.sum(codes.rlike(f"(^|,){name}:E_").cast("int")).alias(name) for name in names]
    found = judged.agg(*counts, F.sum(F.col("_bad").cast("int")).alias("_bad")).collect()[0]
    return {name: found[name] or 0 for name in names}, found["_bad"] or 0


def _difference(contract: Contract, name: str, n: int, rows: int) -> Difference:
    if name == "row":
        return Difference("type", "", "", f"{n:,} of {rows:,} rows cannot be read", "ask for rows with the fields of the header")
    c = contract.column(name)
    return Difference(
        "type", name, f"{c.source or name} ({_expected(c)})", f"{n:,} of {rows:,} cannot be read", f"column {name}: rule, type or codes"
    )


def _expected(c: Column) -> str:
    return f"{c.physical_type}, code list {c.code_list}" if c.code_list else f"{c.physical_type}, {c.rule}"
