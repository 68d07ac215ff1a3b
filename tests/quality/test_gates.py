"""Gates: for every kind of expectation a frame that holds and one that fails, and no value in what is said about it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from contracts import Contract, load_all
from contracts.model import Check, Field
from quality import gates

CODES = {"sex": ("1", "2"), "yes_no": ("0", "1")}
SECRET = "欧阳测试"


def column(name: str, logical_type: str = "string", **facts: Any) -> Field:
    return Field(name, name, "", logical_type, logical_type, **facts)


def contract(*columns: Field, checks: tuple[Check, ...] = ()) -> Contract:
    return Contract("base/test/thing", "1.0.0", "", "", "health", "", columns, Path("thing.yaml"), checks=checks)


def check(metric: str, comparison: str, value: Any, blocking: bool = True) -> Check:
    return Check(metric, comparison, value, blocking, "asked")


def asked(query: str, comparison: str, value: Any, **other: Any) -> Check:
    """A check of the number that a query gives."""
    return replace(check("sql", comparison, value), query=query, says="as it should be", **other)


KEY = column("no", key_position=1)
PAIR = (column("a", key_position=1), column("b", key_position=2))
Case = tuple[Contract, str, str, list[tuple[Any, ...]], list[tuple[Any, ...]], dict[str, Any]]


def counted(comparison: str, value: Any, *, good: int, bad: int) -> Case:
    """A check of the number of rows: so many rows hold, so many fail."""
    asked = contract(KEY, checks=(check("rowCount", comparison, value),))
    rows = [(f"k{i}",) for i in range(4)]
    return asked, "asked", "no string", rows[:good], rows[:bad], {"number of rows": f"observed {bad}"}


KINDS: dict[str, Case] = {
    # kind: contract, gate, columns, rows that hold, rows that fail, what is found
    "key": (
        contract(KEY), "key_unique", "no string", [("x",), ("y",)], [("x",), (SECRET,), (SECRET,)], {"no unique": "2 failing rows of 3"},
    ),
    "key of two columns": (
        contract(*PAIR), "key_unique", "a string, b string",
        [("x", "1"), ("x", "2"), ("y", "1")], [("x", "1"), (SECRET, "2"), (SECRET, "2")],
        {"(a, b) unique": "2 failing rows of 3"},
    ),
    "required": (
        contract(KEY, column("name", required=True)), "required", "no string, name string", [("x", SECRET)], [("x", None), ("y", SECRET)],
        {"name not null": "1 failing rows of 2"},
    ),
    "code list": (
        contract(KEY, column("sex", code_list="sex")), "codes", "no string, sex string",
        [("x", "1"), ("y", None)], [("x", "1"), ("y", SECRET)],
        {"sex in sex": "1 failing rows of 2"},
    ),
    "listed values": (
        contract(KEY, column("state", valid_values=("OPEN", "SHUT"))), "codes", "no string, state string",
        [("x", "OPEN"), ("y", None)], [("x", "open"), ("y", "SHUT")], {"state in its list": "1 failing rows of 2"},
    ),
    "at least": (
        contract(KEY, column("age", "integer", minimum=0)), "ranges", "no string, age int", [("x", 0), ("y", None)], [("x", -1), ("y", 5)],
        {"age in 0..None": "1 failing rows of 2"},
    ),
    "at most": (
        contract(KEY, column("age", "integer", maximum=130)), "ranges", "no string, age int", [("x", 130)], [("x", 131)],
        {"age in None..130": "1 failing rows of 1"},
    ),
    "number of a query": (
        contract(KEY, checks=(asked("SELECT count(*) FROM {table} WHERE no LIKE '[a-z]%'", "mustBe", 0),)), "asked", "no string",
        [("x",)], [("x",), ("[a-z]",)], {"number that must be 0": "observed 1"},
    ),
    "fraction of a query": (
        contract(KEY, checks=(asked("SELECT avg(age) FROM {table} t", "mustBeLessThan", 0.5),)), "asked", "no string, age int",
        [("x", 0), ("y", 0)], [("x", 0), ("y", 1)], {"number that must be less than 0.5": "observed 0.5"},
    ),
    "number of a query between": (
        contract(KEY, checks=(asked("SELECT sum(age) FROM {table}", "mustBeBetween", [1, 3]),)), "asked", "no string, age decimal(5,1)",
        [("x", Decimal(3))], [("x", Decimal("3.1"))], {"number that must be between [1, 3]": "observed 3.1"},
    ),
    "fewer rows": counted("mustBeLessThan", 2, good=1, bad=2),
    "at most so many rows": counted("mustBeLessOrEqualTo", 1, good=1, bad=2),
    "more rows": counted("mustBeGreaterThan", 1, good=2, bad=1),
    "at least so many rows": counted("mustBeGreaterOrEqualTo", 2, good=2, bad=1),
    "exactly so many rows, not fewer": counted("mustBe", 1, good=1, bad=0),
    "exactly so many rows, not more": counted("mustBe", 1, good=1, bad=2),
    "rows between, not more": counted("mustBeBetween", [1, 2], good=2, bad=3),
    "rows between, not fewer": counted("mustBeBetween", [1, 2], good=1, bad=0),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_expectation_holds_and_fails(kind: str, spark: SparkSession) -> None:
    asked, name, columns, good, bad, found = KINDS[kind]
    assert [r.name for r in gates.check(asked, spark.createDataFrame(good, columns), CODES) if not r.passed] == []
    (failed,) = [r for r in gates.check(asked, spark.createDataFrame(bad, columns), CODES) if not r.passed]
    assert (failed.name, failed.blocking, failed.found) == (name, True, found)
    assert SECRET not in repr(failed)
    assert "fails" in failed.sentence()


def test_warning_does_not_block(spark: SparkSession) -> None:
    mild = contract(KEY, checks=(check("rowCount", "mustBeGreaterThan", 5, blocking=False),))
    failed = [r for r in gates.check(mild, spark.createDataFrame([("x",)], "no string"), CODES) if not r.passed]
    assert [(r.name, r.blocking) for r in failed] == [("asked", False)]


def test_column_that_is_not_there_fails_its_gate(spark: SparkSession) -> None:
    asked = contract(KEY, column("name", required=True))
    results = {r.name: r for r in gates.check(asked, spark.createDataFrame([("x",)], "no string"), CODES)}
    assert results["key_unique"].passed
    assert (results["required"].passed, results["required"].found) == (False, {"name not null": "could not be evaluated"})


def test_every_gate_says_which_of_its_expectations_failed(spark: SparkSession) -> None:
    asked = contract(KEY, column("name", required=True), column("sex", required=True, code_list="sex"), column("ok", code_list="yes_no"))
    frame = spark.createDataFrame([("x", None, "1", "7"), ("y", "n", "2", "0")], "no string, name string, sex string, ok string")
    found = {r.name: list(r.found) for r in gates.check(asked, frame, CODES)}
    assert found == {"key_unique": [], "required": ["name not null"], "codes": ["ok in yes_no"]}


def test_two_checks_of_one_metric_are_judged_apart(spark: SparkSession) -> None:
    some = check("rowCount", "mustBeGreaterThan", 0)
    asked = contract(KEY, checks=(replace(some, name="some"), replace(some, name="many", value=5, blocking=False)))
    results = gates.check(asked, spark.createDataFrame([("x",)], "no string"), CODES)
    assert [(r.name, r.passed, r.blocking) for r in results] == [("key_unique", True, True), ("some", True, True), ("many", False, False)]


def test_results_stand_in_the_order_of_the_plan(spark: SparkSession) -> None:
    asked = contract(
        KEY, column("sex", required=True, code_list="sex"), column("age", "integer", minimum=0, maximum=130),
        checks=(check("rowCount", "mustBeGreaterThan", 0), replace(check("rowCount", "mustBe", 1), name="one_row")),
    )  # fmt: skip
    planned = [g.name for g in gates.plan(asked, CODES)]
    assert planned == ["key_unique", "required", "codes", "ranges", "asked", "one_row"]
    frame = spark.createDataFrame([("x", "1", 5)], "no string, sex string, age int")
    assert [(r.name, r.passed) for r in gates.check(asked, frame, CODES)] == [(name, True) for name in planned]


def test_a_query_that_gives_no_number_fails_its_gate_and_says_why(spark: SparkSession) -> None:
    queries = {
        "nothing": ("SELECT max(age) FROM {table} WHERE age > 7", "could not be evaluated"),
        "several": ("SELECT age FROM {table}", "could not be evaluated"),
        "text": ("SELECT max(no) FROM {table}", "the query gives string, not one number"),
        "two": ("SELECT max(age), min(age) FROM {table}", "the query gives int, int, not one number"),
        "wrong column": ("SELECT max(aeg) FROM {table}", "the query could not be evaluated: "),
        "no query": ("SELECT max(age FROM {table}", "the query could not be evaluated: "),
        "text as number": ("SELECT max(CAST(no AS int)) FROM {table}", "could not be evaluated"),
    }
    checks = tuple(asked(query, "mustBe", 7, name=name) for name, (query, _) in queries.items())
    frame = spark.createDataFrame([("x", 7), (SECRET, 7)], "no string, age int")
    results = {r.name: r for r in gates.check(contract(KEY, checks=checks), frame, CODES) if not r.passed}
    for name, (_, said) in queries.items():
        assert results[name].found["number that must be 7"].startswith(said)
    assert "aeg" in results["wrong column"].sentence()
    assert SECRET not in repr(results)


def test_queries_of_one_table_are_judged_apart_and_read_all_rows_and_inputs(spark: SparkSession) -> None:
    """Staged is one row of three; an input has two."""
    tables = {
        name: spark.createDataFrame([(n,) for n in rows], "no string") for name, rows in {"table": "xyz", "base/test/input": "xy"}.items()
    }
    both = contract(
        KEY,
        checks=(
            asked("SELECT count(*) FROM {table} LEFT ANTI JOIN {base/test/input} USING (no)", "mustBe", 0, name="all", blocking=False),
            asked("SELECT count(*) FROM {base/test/input} LEFT ANTI JOIN {table} USING (no)", "mustBe", 0, name="none"),
        ),
    )
    views = spark.catalog.listTables()
    results = gates.check(both, tables["table"].where("no = 'z'"), CODES, 2, tables.__getitem__)
    assert [(r.name, r.passed, r.blocking) for r in results] == [("key_unique", True, True), ("all", False, False), ("none", True, True)]
    assert results[1].sentence() == "all (as it should be) fails: number that must be 0: observed 1"
    assert spark.catalog.listTables() == views, "it leaves no view behind"


@pytest.mark.proves("H5")
def test_counties_that_do_not_make_the_city_are_not_published(spark: SparkSession) -> None:
    rates = load_all()["themes/health/indicator"]
    columns = ", ".join(f"{c.name} {c.physical_type}" for c in rates.columns)

    def verdict(*places: tuple[str, str, int]) -> list[str]:
        rows = [
            ("usage_rate", "year", "2019", code, level, "clean", n, 20 if level == "city" else 10, Decimal(n), "%", None, "NO_TARGET", "1")
            for code, level, n in places
        ]
        return [r.name for r in gates.check(rates, spark.createDataFrame(rows, columns), CODES) if not r.passed]

    assert verdict(("321002", "county", 1), ("321003", "county", 2), ("321000", "city", 3)) == []
    assert verdict(("321002", "county", 1), ("321003", "county", 3), ("321000", "city", 3)) == ["counties_make_the_city"]
    assert verdict(("321002", "county", 1), ("321003", "county", 3)) == ["counties_make_the_city"]
