"""Drift: a delivery whose values are no longer of the types its contract says, seen before it becomes part of the lake.

Here: counting, column by column, what cannot be read, and when that is too much. Not here: single rows, which go to
quarantine (`quality.rows`), what becomes of the delivery (`pipelines.steps.ingest`).
"""

from __future__ import annotations

from collections import Counter
from math import ceil

import pyarrow as pa
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from contracts import Field, SourceContract
from pipelines.control.holds import DRIFT
from pipelines.runtime import Runtime
from pipelines.steps.cleanse.gate import TOLERATED_ROWS
from quality.rows import typed
from resources.landing import Drop
from resources.readers.header import ContractDiffers, Difference
from resources.stage import Stage

LOOKED_AT = 20_000
"""So many rows tell whether a column has drifted; to judge them all twice would cost as much as the night's largest step."""
MAX_BYTES = 256 << 20
"""A sample of very long cells ends here."""
REASONS_SHOWN = 3
PRIME, STRIDE = 1_000_003, 7_919
REMEDY = "Ask the department what has changed; then correct the contract, or release it: the rows that cannot be read go to quarantine"


class Sample:
    """Of a large delivery every so many rows, from its first to its last, taken while they go by; of a small one all."""

    def __init__(self, declared_rows: int) -> None:
        self._every = max(1, ceil(declared_rows / LOOKED_AT))
        self._taken: list[pa.RecordBatch] = []
        self._bytes = 0

    def see(self, rows: pa.RecordBatch) -> None:
        if self._bytes > MAX_BYTES:
            return
        if self._every > 1:
            numbers = rows["_row_no"].to_numpy()
            rows = rows.filter(pa.array(numbers % PRIME * STRIDE % PRIME % self._every == 0))  # those of a database may all be odd
        self._taken.append(rows)
        self._bytes += rows.nbytes

    @property
    def of_all(self) -> bool:
        return self._every == 1 and self._bytes <= MAX_BYTES

    def __len__(self) -> int:
        return sum(len(rows) for rows in self._taken)

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self._taken[0].schema, self._taken)


def refuse_drifted(runtime: Runtime, contract: SourceContract, sample: Sample, staged: Stage, drop: Drop, run_id: str) -> None:
    """Look at what a delivery's values are; of a small one the typed rows are kept for the step that cleanses it.

    Args:
        runtime: the installation.
        contract: of the cleansed table.
        sample: some rows of the delivery, or all.
        staged: all rows.
        drop: the delivery.
        run_id: of the run, for stages.

    Raises:
        ContractDiffers: DELIVERY_DRIFT: more values of a column cannot be read than `max_error_ratio` allows, or more rows would be
            quarantined than `max_quarantine_ratio`; up to `TOLERATED_ROWS` rows never are too many.

    What is bad in one place of a large delivery only is left to the gate of the cleansed table, which counts every row.
    """
    if len(sample) <= TOLERATED_ROWS:
        return
    delivery = contract.delivery
    rows, (errors, reasons, bad) = len(sample), _errors(runtime, contract, sample, staged, drop, run_id)
    over = {name: n for name, n in errors.items() if n > max(delivery.max_error_ratio * rows, TOLERATED_ROWS)}
    if bad > max(delivery.max_quarantine_ratio * rows, TOLERATED_ROWS):
        holding = {c.name for c in contract.delivered if c.on_error == "quarantine"} | {"row"}
        over |= {name: n for name, n in errors.items() if n and name in holding}
    if not over:
        return
    looked_at = f"{rows:,}{'' if sample.of_all else ' looked at'}"
    found = [_difference(contract, name, n, looked_at, reasons) for name, n in sorted(over.items(), key=lambda x: (-x[1], x[0]))]
    summary = ", ".join(f"{d.agreed or 'rows'}: {d.delivered}" for d in found)
    raise ContractDiffers(DRIFT, f"values are not of the contract's types: {summary}", drop.location, REMEDY, found)


def _errors(
    runtime: Runtime, contract: SourceContract, sample: Sample, staged: Stage, drop: Drop, run_id: str
) -> tuple[Counter[str], Counter[tuple[str, str]], int]:
    """Values that cannot be read by column, rows that cannot be read at all under `row`; the same by column and code; rows to be
    quarantined."""
    if sample.of_all:
        rows = _typed(runtime, contract, staged, drop)
        found = _counted(runtime.judged.keep(contract, drop.batch_id, rows, run_id).frame(runtime.spark))
    else:
        stage = runtime.lake.stage(contract.sibling("raw"), f"{run_id}-sample")
        try:
            stage.write_arrow(sample.reader())
            found = _counted(_typed(runtime, contract, stage, drop))
        finally:
            stage.discard()
    errors, reasons, bad = Counter[str](), Counter[tuple[str, str]](), 0
    for codes, quarantined, n in found:
        bad += n if quarantined else 0
        pairs = {tuple(code.split(":", 1)) for code in codes.split(",") if code}
        errors.update(dict.fromkeys({column for column, _ in pairs}, n))
        reasons.update(dict.fromkeys(pairs, n))
    return errors, reasons, bad


def _typed(runtime: Runtime, contract: SourceContract, stage: Stage, drop: Drop) -> DataFrame:
    rows = stage.frame(runtime.spark)  # first: columns can only be written down when there is a session
    raw = rows.withColumns({"_batch_id": F.lit(drop.batch_id), "_business_date": F.lit(drop.business_date)})
    return typed(contract, raw, test_divisions=runtime.test_divisions)


def _counted(judged: DataFrame) -> list[Row]:
    """Rows by their errors (`column:CODE,column:CODE`) and by whether they are quarantined."""
    wrong = F.array_join(F.filter("_codes", lambda code: code.contains(":E_")), ",")
    return judged.groupBy(wrong.alias("wrong"), "_bad").count().collect()


def _difference(contract: SourceContract, name: str, n: int, rows: str, reasons: Counter[tuple[str, str]]) -> Difference:
    """What differs in one column, with the codes that most of its values have."""
    mine = Counter({code: count for (column, code), count in reasons.items() if column == name})
    most = ", ".join(f"{code} {count:,}" for code, count in sorted(mine.items(), key=lambda x: (-x[1], x[0]))[:REASONS_SHOWN])
    if name == "row":
        return Difference("type", "", "", f"{n:,} of {rows} rows cannot be read ({most})", "ask for rows with the fields of the header")
    c = contract.column(name)
    delivered = f"{n:,} of {rows} cannot be read ({most})"
    return Difference("type", name, f"{c.source or name} ({_expected(c)})", delivered, f"column {name}: rule, type or codes")


def _expected(c: Field) -> str:
    return f"{c.physical_type}, code list {c.code_list}" if c.code_list else f"{c.physical_type}, {c.rule}"
