"""Gates: a staged table is validated against its contract before it is published.

Here: which expectations follow from a contract, and running them with Great Expectations on exactly the staged
rows. Not here: what a failed gate does to the run (`pipelines`), rules of single rows (`quality.rows`).

Results carry counts, never values: expectation results would otherwise list real persons.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from contracts import Contract
from contracts.model import Check

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


@dataclass(frozen=True)
class GateResult:
    """The verdict of one gate. `found`: what failed, with figures: observed value, failing rows, rows looked at."""

    name: str
    passed: bool
    blocking: bool
    rule: str
    found: dict[str, Any] = field(default_factory=dict)

    def sentence(self) -> str:
        figures = "; ".join(f"{k}: {v}" for k, v in self.found.items())
        return f"{self.name} ({self.rule}) {'holds' if self.passed else 'fails'}{': ' + figures if figures else ''}"


@cache
def _gx() -> Any:
    """Great Expectations, imported when the first gate needs it: that takes seconds.

    Not in a background thread: two threads that import at the same time see partly initialised modules.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import logging
    import warnings

    warnings.filterwarnings("ignore", module="great_expectations")
    import great_expectations as gx

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return gx


@cache
def _asset() -> Any:
    """One in-memory frame asset serves every gate of the process."""
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = _gx().get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context.data_sources.add_spark("lake", persist=False).add_dataframe_asset("stage").add_batch_definition_whole_dataframe("rows")


@dataclass(frozen=True, eq=False)
class Expectation:
    """One thing expected of a table, as data: `kind` is its class in Great Expectations' library.

    key: columns in which all rows must differ. The library's own uniqueness expectation sorts all rows; so it is evaluated only for
    its figures, when a count of repeated keys has found some.
    """

    says: str
    kind: str
    arguments: dict[str, Any]
    key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gate:
    """Expectations of one sort that are judged together, such as all required columns."""

    name: str
    blocking: bool
    rule: str
    expectations: tuple[Expectation, ...]


def check(contract: Contract, staged: DataFrame, valid_codes: dict[str, tuple[str, ...]], retained: int = 0) -> list[GateResult]:
    """Validate the staged rows against the contract, all expectations in one validation.

    Args:
        contract: of the table.
        staged: the rows to be published.
        valid_codes: code list -> its permitted codes.
        retained: number of rows of the table that stay as they are; they passed when they were published, and share no key with
            the staged ones.

    Returns:
        One result per gate, in the order of `plan`; a blocking one that failed must stop the publication.
    """
    library = _gx().expectations
    gates = plan(contract, valid_codes, retained)
    made = {e: getattr(library, e.kind)(**e.arguments) for g in gates for e in g.expectations}
    batch = _asset().get_batch({"dataframe": staged})
    suite = _gx().ExpectationSuite(name=contract.name.replace("/", "."), expectations=[x for e, x in made.items() if not e.key])
    found = batch.validate(suite, result_format="BOOLEAN_ONLY").results if suite.expectations else []
    verdicts = {_identity(v.expectation_config): bool(v.success) for v in found}
    verdicts |= {_identity(made[e].configuration): _differ(staged, e.key) for e in made if e.key}
    results = []
    for g in gates:
        failed = [e for e in g.expectations if not verdicts[_identity(made[e].configuration)]]
        results.append(GateResult(g.name, not failed, g.blocking, g.rule, {e.says: _figures(batch, made[e]) for e in failed}))
    return results


def _differ(staged: DataFrame, key: tuple[str, ...]) -> bool:
    """Whether no two rows have the same key. A key of which all columns are NULL counts as none.

    Digests of 64 bits are counted first, because they are grouped faster than texts; the keys themselves only when two digests are equal.
    """
    from pyspark.sql import functions as F

    from standards.text import digest

    texts = [F.col(c).cast("string") for c in key]
    known = staged.select(*key).where(F.coalesce(*texts).isNotNull())
    none = _gx().expectations.ExpectTableRowCountToEqual(value=0)

    def repeats(*by: Column) -> bool:
        repeated = known.groupBy(*by).agg(F.count(F.lit(1)).alias("_rows")).where(F.col("_rows") > 1)
        return not _asset().get_batch({"dataframe": repeated}).validate(none, result_format="BOOLEAN_ONLY").success

    return not repeats(digest(*texts).alias("_digest")) or not repeats(*map(F.col, key))


def _figures(batch: Any, expectation: Any) -> str:
    """By how much an expectation fails: counts only."""
    detail = batch.validate(expectation, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}).result
    known = (("observed_value", "observed {}"), ("unexpected_count", "{} failing rows"), ("element_count", "of {}"))
    said = [text.format(detail[key]) for key, text in known if detail.get(key) is not None]
    return " ".join(said) or "could not be evaluated"


def _identity(configuration: Any) -> tuple[str, str]:
    """The identity of an expectation within its suite."""
    arguments = {k: v for k, v in configuration.kwargs.items() if k != "batch_id"}
    return configuration.type, repr(sorted((k, str(v)) for k, v in arguments.items()))


def plan(contract: Contract, valid_codes: dict[str, tuple[str, ...]], retained: int = 0) -> list[Gate]:
    """The gates that follow from the contract: its key, required columns, code lists, ranges, and its own checks.

    Args:
        contract: of the table.
        valid_codes: code list -> its permitted codes.
        retained: number of rows of the table that are not staged, which checks of the row count add.

    Returns:
        The gates, each with its expectations.
    """
    key = list(contract.key)
    if len(key) == 1:
        unique = Expectation(f"{key[0]} unique", "ExpectColumnValuesToBeUnique", {"column": key[0]}, contract.key)
    else:
        unique = Expectation(f"({', '.join(key)}) unique", "ExpectCompoundColumnsToBeUnique", {"column_list": key}, contract.key)
    required, listed, ranged = [], [], []
    for c in contract.columns:
        if c.required:
            required.append(Expectation(f"{c.name} not null", "ExpectColumnValuesToNotBeNull", {"column": c.name}))
        codes = c.valid_values or valid_codes.get(c.code_list or "", ())
        if codes and c.logical_type == "string":
            arguments = {"column": c.name, "value_set": list(codes)}
            listed.append(Expectation(f"{c.name} in {c.code_list or 'its list'}", "ExpectColumnValuesToBeInSet", arguments))
        if c.minimum is not None or c.maximum is not None:
            limits = {"column": c.name, "min_value": c.minimum, "max_value": c.maximum}
            ranged.append(Expectation(f"{c.name} in {c.minimum}..{c.maximum}", "ExpectColumnValuesToBeBetween", limits))
    follow = (
        Gate("key_unique", True, f"one row per {', '.join(key)}", (unique,)),
        Gate("required", True, "required columns have a value", tuple(required)),
        Gate("codes", True, "coded columns hold only codes of their lists", tuple(listed)),
        Gate("ranges", True, "numbers lie in the contract's ranges", tuple(ranged)),
    )
    own = tuple(Gate(c.name, c.blocking, f"{c.metric} {c.comparison} {c.value}", (_library(c, retained),)) for c in contract.checks)
    return [g for g in (*follow, *own) if g.expectations]


def _library(c: Check, retained: int) -> Expectation:
    """The expectation for a metric of the contract standard's own library, less the retained rows."""
    low, high = (limit if limit is None else limit - retained for limit in _bounds(c))
    return Expectation("number of rows", "ExpectTableRowCountToBeBetween", {"min_value": low, "max_value": high})


def _bounds(c: Check) -> tuple[float | None, float | None]:
    """The inclusive range a comparison asks for (whole numbers for counts)."""
    step = 1 if isinstance(c.value, int) else 0
    return {
        "mustBe": lambda v: (v, v),
        "mustBeGreaterThan": lambda v: (v + step, None),
        "mustBeGreaterOrEqualTo": lambda v: (v, None),
        "mustBeLessThan": lambda v: (None, v - step),
        "mustBeLessOrEqualTo": lambda v: (None, v),
        "mustBeBetween": lambda v: (v[0], v[1]),
    }[c.comparison](c.value)
