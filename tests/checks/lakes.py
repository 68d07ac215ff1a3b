"""A good small lake, and copies of it that are made wrong in one way.

Here: the copy, publishing doctored rows as a fault of the lake itself would. Not here: which way (the tests).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.checks import Finding, View, all_checks, run_check
from pipelines.control.ledger import CONTROL_TABLES, LEDGER
from pipelines.runtime import Runtime
from resources.lake import Lake

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Doctored:
    """A lake to do wrong to."""

    runtime: Runtime

    @classmethod
    def copy(cls, good: Runtime, root: Path) -> Doctored:
        shutil.copytree(good.settings.lake, root / "lake")
        settings = good.settings.model_copy(update={"lake": str(root / "lake")})
        return cls(Runtime(settings, Lake(settings.lake), good.engine))

    @property
    def lake(self) -> Lake:
        return self.runtime.lake

    def publish(self, table: str, change: Callable[[Rows], Any], **how: Any) -> None:
        """Publish a table again with its rows changed, and release it."""
        found = self.lake.arrow(table)
        assert found is not None
        rows = found.to_pylist()
        changed = change(rows)
        handle = self.lake.open(table)
        assert handle is not None
        by = handle.metadata().partition_columns
        stage = self.lake.stage(table, "doctored")
        now, spark = rows if changed is None else changed, self.runtime.spark
        frame = spark.createDataFrame(pa.Table.from_pylist(now, schema=found.schema)) if now else self.lake.read(spark, table).limit(0)
        stage.write(frame, by)
        self.lake.publish(stage, base_version=handle.version(), partition_by=by, **{"metadata": {"run_id": "doctored"}, **how})
        self.release()

    def account(self, table: str, **changed: Any) -> None:
        """One more line in the ledger: the table's newest, changed."""
        found = self.lake.arrow(LEDGER)
        assert found is not None
        line = next(r for r in found.to_pylist() if r["table"] == table)
        self.lake.append(LEDGER, pa.Table.from_pylist([{**line, **changed}], schema=found.schema))

    def release(self, **versions: int) -> None:
        newest = {t: self.lake.version(t) or 0 for t in self.lake.tables() if t not in CONTROL_TABLES}
        last = self.runtime.ledger.releases()[-1]
        self.runtime.ledger.release(as_of=last.as_of, run_id="doctored", versions={**newest, **versions})

    def classify(self, table: str, column: str, level: str) -> None:
        """A contract that says less of a column than is true."""
        contract = self.runtime.contracts[table]
        columns = tuple(replace(c, classification=level) if c.name == column else c for c in contract.columns)
        self.runtime.__dict__["contracts"] = {**self.runtime.contracts, table: replace(contract, columns=columns)}

    def ask(self, name: str, *, thorough: bool = False) -> Finding:
        check = next(c for c in all_checks() if c.name == name)
        return run_check(check, View(self.runtime, self.runtime.ledger.releases()[-1], thorough))
