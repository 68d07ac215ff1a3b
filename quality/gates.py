"""Gates: a staged table is validated against its contract before it is published.

Here: which expectations follow from a contract, and running them with Great Expectations on exactly the staged
rows. Not here: what a failed gate does to the run (`pipelines`), rules of single rows (`quality.rows`).

The query of a gate in SQL runs on the session of the staged rows, and Great Expectations judges the one number that it gives. Its own
expectation for queries (`UnexpectedRowsExpectation`) is not used: it can only expect no rows, collects the rows with their values, and
calls the staged rows `tmp_view` for every table of a session.

Results carry counts, never values: expectation results would otherwise list real persons.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from contracts import Contract
from contracts.model import Check
from contracts.queries import TABLE, tables_of, with_names

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

NUMBER = "number"
"""The column of the number that a query gives."""
NO_VERDICT = "could not be evaluated"
ToBatch = Callable[["DataFrame"], Any]


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
def _context() -> Any:
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = _gx().get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context


_idle: list[Any] = []
"""In-memory frame assets that no gate uses. Each judges the frame that it was given last: tables that are made at once need their own."""


@contextmanager
def _batches() -> Iterator[ToBatch]:
    """Gives rows as a batch that can be validated."""
    asset = _idle.pop() if _idle else _asset()
    try:
        yield lambda rows: asset.get_batch({"dataframe": rows})
    finally:
        _idle.append(asset)


def _asset() -> Any:
    sources = _context().data_sources
    source = sources.add_spark(f"lake {len(sources.all())}", persist=False)
    return source.add_dataframe_asset("stage").add_batch_definition_whole_dataframe("rows")


@dataclass(frozen=True, eq=False)
class Expectation:
    """One thing expected of a table, as data: `kind` is its class in Great Expectations' library.

    key: columns in which all rows must differ. The library's own uniqueness expectation sorts all rows; so it is evaluated only for
    its figures, when a count of repeated keys has found some. query: gives the number that the expectation is about, instead of the rows.
    """

    says: str
    kind: str
    arguments: dict[str, Any]
    key: tuple[str, ...] = ()
    query: str = ""


@dataclass(frozen=True)
class Gate:
    """Expectations of one sort that are judged together, such as all required columns."""

    name: str
    blocking: bool
    rule: str
    expectations: tuple[Expectation, ...]


def check(
    contract: Contract,
    staged: DataFrame,
    valid_codes: dict[str, tuple[str, ...]],
    retained: int = 0,
    read: Callable[[str], DataFrame] | None = None,
) -> list[GateResult]:
    """Validate the staged rows against the contract: what is expected of rows in one validation, then the queries one by one.

    Args:
        contract: of the table.
        staged: the rows to be published.
        valid_codes: code list -> its permitted codes.
        retained: number of rows of the table that stay as they are; they passed when they were published, and share no key with
            the staged ones.
        read: gives the tables that queries name: for TABLE all rows as they would be published, and inputs by their names. None: the staged
            rows are all, and there are no inputs.

    Returns:
        One result per gate, in the order of `plan`; a blocking one that failed must stop the publication.
    """
    with _batches() as to_batch:
        return _judged(contract, plan(contract, valid_codes, retained), staged, read or {TABLE: staged}.__getitem__, to_batch)


def _judged(
    contract: Contract, gates: list[Gate], staged: DataFrame, read: Callable[[str], DataFrame], to_batch: ToBatch
) -> list[GateResult]:
    library, batch = _gx().expectations, to_batch(staged)
    made = {e: getattr(library, e.kind)(**e.arguments) for g in gates for e in g.expectations}
    of_rows = [x for e, x in made.items() if not e.key and not e.query]
    suite = _gx().ExpectationSuite(name=contract.name.replace("/", "."), expectations=of_rows)
    found = batch.validate(suite, result_format="BOOLEAN_ONLY").results if suite.expectations else []
    verdicts = {_identity(v.expectation_config): bool(v.success) for v in found}
    verdicts |= {_identity(made[e].configuration): _differ(staged, e.key, to_batch) for e in made if e.key}

    def failure(e: Expectation) -> str | None:
        if e.query:
            return _failure_of_number(contract, e.query, lambda rows: to_batch(rows).validate(made[e], result_format="BASIC"), read)
        return None if verdicts[_identity(made[e].configuration)] else _figures(batch, made[e])

    results = []
    for g in gates:
        failures = {e.says: failure(e) for e in g.expectations}
        failed = {says: figures for says, figures in failures.items() if figures is not None}
        results.append(GateResult(g.name, not failed, g.blocking, g.rule, failed))
    return results


def _failure_of_number(
    contract: Contract, query: str, validate: Callable[[DataFrame], Any], read: Callable[[str], DataFrame]
) -> str | None:
    """By how much the number that a query gives fails what is expected of it; None when it holds."""
    from pyspark.errors import PySparkException
    from pyspark.sql import functions as F
    from pyspark.sql.types import NumericType

    frames = {table: read(table) for table in tables_of(query)}
    with _views(contract, frames) as names:
        try:
            answer = frames[TABLE].sparkSession.sql(with_names(query, names.__getitem__))
            types = [field.dataType for field in answer.schema]
        except PySparkException as e:  # from reading the query and its columns, so that it names no value
            return f"the query {NO_VERDICT}: {str(e).splitlines()[0]}"
        if len(types) != 1 or not isinstance(types[0], NumericType):
            return f"the query gives {', '.join(t.simpleString() for t in types)}, not one number"
        rows = answer.toDF(NUMBER).agg(F.when(F.count(F.lit(1)) == 1, F.max(NUMBER)).alias(NUMBER))
        verdict = validate(rows)
        return None if verdict.success else _shown(verdict.result)


@contextmanager
def _views(contract: Contract, frames: Mapping[str, DataFrame]) -> Iterator[dict[str, str]]:
    """The frames as views: table -> name of its view, which no gate of another table uses."""
    names = {table: f"gate_{contract.name}_{table}".replace("/", "_") for table in frames}
    for table, frame in frames.items():
        frame.createOrReplaceTempView(names[table])
    try:
        yield names
    finally:
        for table, frame in frames.items():
            frame.sparkSession.catalog.dropTempView(names[table])


def _differ(staged: DataFrame, key: tuple[str, ...], to_batch: ToBatch) -> bool:
    """Whether no two rows have the same key. A key of which all columns are NULL counts as none.

    Digests of 64 bits are counted first, because they are grouped faster than texts; the keys themselves only when two digests are equal.
    """
    from pyspark.sql import functions as F

    from standards.text import digest

    values = [F.col(c) for c in key]
    known = staged.select(*key).dropna("all")
    none = _gx().expectations.ExpectTableRowCountToEqual(value=0)

    def repeats(*by: Column) -> bool:
        repeated = known.groupBy(*by).agg(F.count(F.lit(1)).alias("_rows")).where(F.col("_rows") > 1)
        return not to_batch(repeated).validate(none, result_format="BOOLEAN_ONLY").success

    return not repeats(digest(*values).alias("_digest")) or not repeats(*values)


def _figures(batch: Any, expectation: Any) -> str:
    """By how much an expectation fails: counts only."""
    return _shown(batch.validate(expectation, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}).result)


def _shown(detail: Mapping[str, Any]) -> str:
    known = (("observed_value", "observed {}"), ("unexpected_count", "{} failing rows"), ("element_count", "of {}"))
    said = [text.format(detail[key]) for key, text in known if detail.get(key) is not None]
    return " ".join(said) or NO_VERDICT


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
    own = tuple(Gate(c.name, c.blocking, c.says or _asked(c), (_number(c) if c.query else _library(c, retained),)) for c in contract.checks)
    return [g for g in (*follow, *own) if g.expectations]


def _asked(c: Check) -> str:
    return f"{c.metric} {c.comparison} {c.value}"


def _library(c: Check, retained: int) -> Expectation:
    """The expectation for a metric of the contract standard's own library, less the retained rows."""
    return Expectation("number of rows", "ExpectTableRowCountToBeBetween", _limits(c, retained))


def _number(c: Check) -> Expectation:
    """The expectation for the number that a query gives."""
    asked = re.sub("[A-Z]", lambda letter: f" {letter[0].lower()}", c.comparison)
    return Expectation(f"number that {asked} {c.value}", "ExpectColumnMaxToBeBetween", {"column": NUMBER, **_limits(c)}, query=c.query)


def _limits(c: Check, less: int = 0) -> dict[str, Any]:
    """The limits that a comparison sets, lowered by some number."""
    values = [v - less for v in (c.value if isinstance(c.value, list) else [c.value])]
    low, high = {"min_value": values[0]}, {"max_value": values[-1]}
    return {
        "mustBe": low | high,
        "mustBeGreaterThan": low | {"strict_min": True},
        "mustBeGreaterOrEqualTo": low,
        "mustBeLessThan": high | {"strict_max": True},
        "mustBeLessOrEqualTo": high,
        "mustBeBetween": low | high,
    }[c.comparison]
