"""Domain rules H10: personal data is protected in columns, classifications and logs."""

from __future__ import annotations

from pyspark.sql import functions as F

from assets.invariants import Violations
from contracts import Contract
from pipelines.checks.checks import Check, DoesNotApply
from pipelines.checks.view import View

NUMBER = r"^[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])[0-9]{3}[0-9X]\z"
LAKES_OWN = ("operations",)


def checks() -> list[Check]:
    """Return the checks of personal data."""
    return [
        Check("copies_keep_their_level", "H10", "a column copied from another is classified at least as high", _levels),
        Check("no_number_in_plain_columns", "H10", "no column below L3 contains an identity number", _plain),
        Check("log_without_personal_values", "H10", "no Delta log of a table with personal columns contains minimum or maximum", _log),
    ]


def _made(view: View) -> list[Contract]:
    """Return the contracts of the base and thematic tables in the release."""
    found = [c for c in view.runtime.contracts.values() if c.delivery is None and view.has(c.name)]
    if not found:
        raise DoesNotApply("no base or thematic table is in the release")
    return found


def _levels(view: View) -> Violations:
    contracts = view.runtime.contracts
    wrong = []
    for contract in _made(view):
        known = {c.name for c in contract.columns}
        wrong += [f"{contract.name}.{name} is in no contract" for name in view.frame(contract.name).columns if name not in known]
        for column in contract.columns:
            for table, _, name in (origin.rpartition(".") for origin in column.derived_from):
                source = next((c for c in contracts[table].columns if c.name == name == column.name), None) if table else None
                if source and source.classification > column.classification:
                    wrong.append(f"{contract.name}.{column.name} is {column.classification}, in {table} it is {source.classification}")
    return Violations.of(wrong)


def _plain(view: View) -> Violations:
    wrong = []
    for contract in _made(view):
        frame = view.frame(contract.name)
        texts = [c.name for c in contract.columns if not c.personal and c.physical_type == "string" and c.name in frame.columns]
        hits = [F.sum(F.when(F.col(name).rlike(NUMBER), 1).otherwise(0)).alias(name) for name in texts]
        found = frame.agg(*hits).collect()[0].asDict() if hits else {}
        wrong += [f"{contract.name}.{name}: {n} rows" for name, n in found.items() if n]
    return Violations.of(wrong)


def _log(view: View) -> Violations:
    import pyarrow as pa

    wrong = []
    for table in view.tables:
        layer, _, rest = table.partition("/")
        contract = view.runtime.contracts.get(table) or view.runtime.contracts.get(f"cleansed/{rest}")
        if layer in LAKES_OWN or (contract is not None and contract.name == table and contract.statistics):
            continue
        log = pa.table(view.handle(table).get_add_actions(flatten=True))
        stated = [n for n in log.schema.names if n.startswith(("min.", "max.")) and log.column(n).null_count < log.num_rows]
        wrong += [f"{table}: {name}" for name in stated]
    return Violations.of(wrong)
