"""Gates: a staged table is held against its contract before anyone can see it.

Here: which expectations follow from a contract, and running them with Great Expectations on exactly the staged
rows. Not here: what a failed gate does to the run (`pipelines`), rules of single rows (`quality.rows`).

Results carry counts, never values: expectation results would otherwise list real persons.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from threading import Thread
from typing import TYPE_CHECKING, Any

from contracts import Contract
from contracts.loader import Check

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class GateResult:
    """The verdict of one expectation. `found` are figures: observed value, failing rows, rows looked at."""

    name: str
    passed: bool
    blocking: bool
    rule: str
    found: dict[str, Any] = field(default_factory=dict)

    def sentence(self) -> str:
        figures = ", ".join(f"{k} {v}" for k, v in self.found.items())
        return f"{self.name} ({self.rule}): {'holds' if self.passed else 'fails'}{', ' + figures if figures else ''}"


def warm_up() -> None:
    """Import Great Expectations in the background; it takes seconds, which the engine's work can hide."""
    Thread(target=_gx, name="great-expectations-import", daemon=True).start()


@cache
def _gx() -> Any:
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


@dataclass(frozen=True)
class Planned:
    """One expectation a table is held against, as data: `expectation` is the class in Great Expectations' library."""

    name: str
    blocking: bool
    rule: str
    expectation: str
    arguments: dict[str, Any]


def check(contract: Contract, staged: DataFrame, valid_codes: dict[str, tuple[str, ...]]) -> list[GateResult]:
    """Hold the staged rows against the contract.

    valid_codes: the permitted codes of each code list, by its name.
    Returns one result per expectation, in a stable order; blocking ones that failed must stop the publication.
    """
    library = _gx().expectations
    planned = [(p, getattr(library, p.expectation)(**p.arguments)) for p in plan(contract, valid_codes)]
    batch = _asset().get_batch({"dataframe": staged})
    suite = _gx().ExpectationSuite(name=contract.name.replace("/", "."), expectations=[e for _, e in planned])
    verdicts = batch.validate(suite, result_format="BOOLEAN_ONLY").results
    by_identity = {_identity(v.expectation_config): v for v in verdicts}
    results = []
    for p, expectation in planned:
        verdict = by_identity[_identity(expectation.configuration)]
        found: dict[str, Any] = {}
        if not verdict.success:
            detail = batch.validate(expectation, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}).result
            found = {
                label: detail[key]
                for key, label in (("observed_value", "observed"), ("unexpected_count", "failing rows"), ("element_count", "of rows"))
                if detail.get(key) is not None
            }
            found = found or {"error": "the expectation could not be evaluated"}
        results.append(GateResult(p.name, bool(verdict.success), p.blocking, p.rule, found))
    return results


def _identity(configuration: Any) -> tuple[str, str]:
    """What tells two expectations of one suite apart."""
    arguments = {k: v for k, v in configuration.kwargs.items() if k != "batch_id"}
    return configuration.type, repr(sorted((k, str(v)) for k, v in arguments.items()))


def plan(contract: Contract, valid_codes: dict[str, tuple[str, ...]]) -> Iterable[Planned]:
    """The expectations that follow from the contract: keys, required columns, code lists, ranges, and its own checks."""
    key = list(contract.key)
    if len(key) == 1:
        yield Planned("key_unique", True, f"one row per {key[0]}", "ExpectColumnValuesToBeUnique", {"column": key[0]})
    else:
        yield Planned("key_unique", True, f"one row per {', '.join(key)}", "ExpectCompoundColumnsToBeUnique", {"column_list": key})
    for c in contract.columns:
        if c.required:
            yield Planned(f"{c.name}_not_null", True, f"{c.name} is required", "ExpectColumnValuesToNotBeNull", {"column": c.name})
        codes = c.valid_values or valid_codes.get(c.code_list or "", ())
        if codes and c.logical_type == "string":
            rule = f"code list {c.code_list}" if c.code_list else ", ".join(codes)
            yield Planned(f"{c.name}_in_list", True, rule, "ExpectColumnValuesToBeInSet", {"column": c.name, "value_set": list(codes)})
        if c.minimum is not None or c.maximum is not None:
            limits = {"column": c.name, "min_value": c.minimum, "max_value": c.maximum}
            yield Planned(f"{c.name}_in_range", True, f"between {c.minimum} and {c.maximum}", "ExpectColumnValuesToBeBetween", limits)
    for c in contract.checks:
        yield Planned(c.name, c.blocking, f"{c.metric} {c.comparison} {c.value}", *_library(c))


def _library(c: Check) -> tuple[str, dict[str, Any]]:
    """The expectation for a metric of the contract standard's own library."""
    low, high = _bounds(c)
    if c.metric == "rowCount":
        return "ExpectTableRowCountToBeBetween", {"min_value": low, "max_value": high}
    if c.metric == "nullValues":
        return "ExpectColumnValuesToNotBeNull", {"column": c.column, "mostly": 1 - (high or 0) / 100}
    if c.metric == "duplicateValues":
        return "ExpectColumnValuesToBeUnique", {"column": c.column}
    raise ValueError(f"quality metric {c.metric} is not supported on column {c.column}")


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
